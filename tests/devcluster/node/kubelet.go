// Package node runs one node: the real kubelet (its sync loop, probes, volumes, restarts and logs), built the way
// kubemark builds it, but with real mounts and with engine in place of a container engine's socket. It is separate
// because it alone depends on the kubelet's packages. It is PID 1 of its own PID namespace: when it dies, its
// containers die with it, like those of a machine.
package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	noop "go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/config"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/server"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"

	"keyforge.dev/devcluster/engine"
	"keyforge.dev/devcluster/images"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
)

// stopGrace is how many seconds containers have to end when the whole cluster stops.
const stopGrace = 2

// Options describe one node.
type Options struct {
	Number  int
	Folder  layout.Folder
	Images  string
	Network network.Mode
}

// Main runs the node that the JSON of Options describes, until it is told to end.
func Main(text string) error {
	var o Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	if err := o.enter(); err != nil {
		return err
	}
	verbosity := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(verbosity)
	if err := verbosity.Set("v", "2"); err != nil {
		return err
	}
	if err := utilfeature.DefaultMutableFeatureGate.Set("KubeletInUserNamespace=true"); err != nil {
		return err
	}
	ctx := genericapiserver.SetupSignalContext()
	list, err := images.Load(o.Images)
	if err != nil {
		return err
	}
	containers, err := engine.New(engine.Options{Node: o.Number, Images: list, Network: o.Network, Hidden: string(o.Folder)})
	if err != nil {
		return err
	}
	settings, err := o.settings()
	if err != nil {
		return err
	}
	dependencies, err := o.dependencies(ctx, containers)
	if err != nil {
		return err
	}
	if err := kubeletapp.RunKubelet(ctx, settings, dependencies); err != nil {
		return err
	}
	<-ctx.Done()
	containers.StopAll(stopGrace)
	return nil
}

// root is the kubelet's root folder: the node's own folder, bound to a short path, since the kubelet opens sockets
// below it and a socket's path may have no more than 107 characters. The place is an empty mount point that each /proc
// has, and this /proc is the node's own; no other empty folder is sure to be on a machine.
const root = "/proc/fs/nfsd"

// enter makes the node's mounts.
func (o Options) enter() error {
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	folder := o.Folder.Node(o.name())
	if err := os.MkdirAll(filepath.Join(folder, manifests), 0o700); err != nil {
		return err
	}
	if err := unix.Mount(folder, root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", folder, err)
	}
	return nil
}

func (o Options) name() string { return layout.NodeName(o.Number) }

func (o Options) pki(file string) string { return filepath.Join(o.Folder.PKI(), file) }

// clients are the kubelet's connections to the API server; heartbeats have a timeout of their own.
func (o Options) clients() (client, heartbeat *clientset.Clientset, err error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.pki(o.name()+".kubeconfig"))
	if err != nil {
		return nil, nil, err
	}
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	if client, err = clientset.NewForConfig(config); err != nil {
		return nil, nil, err
	}
	beat := rest.CopyConfig(config)
	beat.Timeout = 10 * time.Second
	heartbeat, err = clientset.NewForConfig(beat)
	return client, heartbeat, err
}

func (o Options) dependencies(ctx context.Context, containers *engine.Engine) (*kubelet.Dependencies, error) {
	client, heartbeat, err := o.clients()
	if err != nil {
		return nil, err
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	mounter, startup := mount.New(""), kubeletutil.NewPodStartupLatencyTracker()
	pods := kubeletconfig.NewPodConfig(kubeletconfig.PodConfigNotificationIncremental, record.NewFakeRecorder(1), startup)
	go watchPods(ctx, client, o.name(), pods.Channel(ctx, kubetypes.ApiserverSource))
	return &kubelet.Dependencies{
		PodConfig:  pods,
		KubeClient: client, HeartbeatClient: heartbeat, EventClient: client.CoreV1(),
		RemoteRuntimeService: containers, RemoteImageService: containers,
		CAdvisorInterface: &machine{}, ContainerManager: cm.NewStubContainerManager(),
		OSInterface: kubecontainer.RealOS{}, OOMAdjuster: oom.NewFakeOOMAdjuster(),
		Mounter: mounter, Subpather: subpath.New(mounter), HostUtil: hostutil.NewHostUtil(), VolumePlugins: volumePlugins(),
		PodStartupLatencyTracker: startup, NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(),
		TracerProvider: noop.NewTracerProvider(),
		TLSOptions: &server.TLSOptions{CertFile: o.pki(o.name() + "-serving.crt"), KeyFile: o.pki(o.name() + "-serving.key"),
			Config: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, MinVersion: tls.VersionTLS12}},
	}, nil
}

func (o Options) roots() (*x509.CertPool, error) {
	ca, err := os.ReadFile(o.pki("ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return roots, nil
}

func (o Options) settings() (*kubeletoptions.KubeletServer, error) {
	f := kubeletoptions.NewKubeletFlags()
	f.RootDirectory, f.CertDirectory = root, filepath.Join(root, "pki")
	f.HostnameOverride, f.NodeIP = o.name(), layout.NodeAddress(o.Number)
	f.MinimumGCAge = metav1.Duration{Duration: time.Minute}
	f.MaxContainerCount, f.MaxPerPodContainerCount = -1, 1
	c, err := kubeletoptions.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	configure(c, o.Number)
	return &kubeletoptions.KubeletServer{KubeletFlags: *f, KubeletConfiguration: *c}, nil
}
