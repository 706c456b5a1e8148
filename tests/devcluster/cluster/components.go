// The components and their arguments: what is started, not how it is watched.

package cluster

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/node"
)

// NodeCommand is the hidden subcommand of a node; it calls node.Main.
const NodeCommand = "_node"

// Components' names, for people and for the orders of `devcluster stop`, `start` and `kill`.
const (
	etcdName              = "etcd"
	apiServerName         = "kube-apiserver"
	controllerManagerName = "kube-controller-manager"
	schedulerName         = "kube-scheduler"
	kubeletPrefix         = "kubelet-"
)

// etcdAddress is a socket file in the folder, so that etcd needs no port; etcd insists on the form host:port.
const (
	etcdSocket  = "etcd.sock:0"
	etcdAddress = "unix://" + etcdSocket
)

// component is a process that the supervisor keeps running.
type component struct {
	name string
	// client is the name that the component has as a client.
	client  string
	program string
	args    []string
	env     []string
	files   []*os.File
	// node says that it is PID 1 of its own PID namespace, so that it takes its containers along when it dies.
	node bool
	// opened and shut are called before each start and after each end.
	opened, shut func() error
}

// controlPlaneComponent is one of this program, or of the one of another version.
func (o Options) controlPlaneComponent(name string, args ...string) component {
	program := o.ControlPlane
	if program == "" {
		program = "/proc/self/exe"
	}
	return component{name: name, client: name, program: program, args: append([]string{name}, args...)}
}

func pkiFile(file string) string { return filepath.Join("pki", file) } // components run in the folder

func etcd(o Options) component {
	c := o.controlPlaneComponent(etcdName, "--data-dir=etcd",
		"--listen-client-urls="+etcdAddress, "--advertise-client-urls="+etcdAddress, "--listen-peer-urls=unix://peer.sock:0",
		"--initial-advertise-peer-urls=http://localhost:2380", "--initial-cluster=default=http://localhost:2380",
		"--unsafe-no-fsync", "--log-level=warn", "--quota-backend-bytes=8589934592",
		"--auto-compaction-mode=periodic", "--auto-compaction-retention=10m")
	c.opened = func() error { // a socket file outlives the etcd that was killed
		os.Remove(filepath.Join(string(o.Folder), etcdSocket))
		return nil
	}
	return c
}

func apiServer(o Options, d door) component {
	inside, reconciler := "", "none"
	if o.Namespaces {
		inside, reconciler = net.JoinHostPort(layout.APIAddress, strconv.Itoa(layout.APIPort)), "lease"
	}
	var audit []string
	if o.AuditPolicy != "" {
		audit = []string{"--audit-policy-file=" + o.AuditPolicy, "--audit-log-path=" + o.Folder.Log("audit")}
	}
	c := o.controlPlaneComponent(apiServerName, append(audit, o.withFeatureGates(
		"--etcd-servers="+etcdAddress, "--secure-port="+strconv.Itoa(layout.APIPort), "--advertise-address="+layout.APIAddress,
		"--tls-cert-file="+pkiFile(apiServerCert+".crt"), "--tls-private-key-file="+pkiFile(apiServerCert+".key"), "--client-ca-file="+pkiFile("ca.crt"),
		"--service-account-key-file="+pkiFile(serviceAccountCert+".crt"), "--service-account-signing-key-file="+pkiFile(serviceAccountCert+".key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range="+layout.ServiceRange,
		"--kubelet-client-certificate="+pkiFile(kubeletClient+".crt"), "--kubelet-client-key="+pkiFile(kubeletClient+".key"),
		"--kubelet-certificate-authority="+pkiFile("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--proxy-client-cert-file="+pkiFile(frontProxy+".crt"), "--proxy-client-key-file="+pkiFile(frontProxy+".key"),
		"--requestheader-client-ca-file="+pkiFile("ca.crt"), "--requestheader-allowed-names="+frontProxy,
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--endpoint-reconciler-type="+reconciler, "--profiling=false",
		"--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000", "--shutdown-delay-duration=0s", "--event-ttl=10m")...)...)
	c.env = []string{"DEVCLUSTER_API_INSIDE=" + inside}
	c.files = []*os.File{d.file}
	c.opened, c.shut = d.open, d.shut
	return c
}

func controllers(o Options) component {
	return o.controlPlaneComponent(controllerManagerName, o.withFeatureGates(append(o.client(controllerManager, layout.ControllerManagerPort),
		"--service-account-private-key-file="+pkiFile(serviceAccountCert+".key"), "--root-ca-file="+pkiFile("ca.crt"),
		"--cluster-signing-cert-file="+pkiFile("ca.crt"), "--cluster-signing-key-file="+pkiFile("ca.key"),
		"--use-service-account-credentials=true", "--pvclaimbinder-sync-period=2s")...)...)
}

func schedulers(o Options) component {
	return o.controlPlaneComponent(schedulerName, o.withFeatureGates(o.client(scheduler, layout.SchedulerPort)...)...)
}

// client are the arguments that controller manager and scheduler share. There is one of each, so they elect nobody.
// Without a network namespace they open no port.
func (o Options) client(kubeconfig string, port int) []string {
	if !o.Namespaces {
		port = 0
	}
	file := pkiFile(kubeconfig + ".kubeconfig")
	return []string{"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file,
		"--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000",
		"--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + pkiFile(healthCert+".crt"), "--tls-private-key-file=" + pkiFile(healthCert+".key")}
}

func (o Options) withFeatureGates(args ...string) []string {
	if o.FeatureGates != "" {
		args = append(args, "--feature-gates="+o.FeatureGates)
	}
	return args
}

func kubelet(o Options, i int) (component, error) {
	text, err := json.Marshal(node.Options{Number: i, Folder: o.Folder, Images: o.Images, Network: o.PodNetwork})
	return component{name: kubeletPrefix + layout.NodeName(i), client: "kubelet", program: "/proc/self/exe", args: []string{NodeCommand, string(text)}, node: true}, err
}
