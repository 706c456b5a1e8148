// Command devcluster runs a real Kubernetes cluster from one program, for tests and demonstrations: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler and the kubelet, without root and without a container engine.
// This file maps subcommands to packages and holds the help text, which is the documentation.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // CronJobs' time zones

	"github.com/spf13/pflag"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"

	"keyforge.dev/devcluster/cluster"
	"keyforge.dev/devcluster/container"
	"keyforge.dev/devcluster/isolation"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/node"
)

const help = `devcluster runs a real Kubernetes cluster from one program, without root and without a container engine.

  devcluster up --dir D [flags]              run a cluster; 'devcluster up --help' lists the flags
  devcluster kubectl ...                     kubectl, of the cluster's version
  devcluster stop --dir D COMPONENT          kill a component and hold it down
  devcluster start --dir D COMPONENT         bring it back; returns when it serves again
  devcluster kill --dir D COMPONENT          kill a component, which is then started again by itself
  devcluster cert --dir D NAME...            issue a server certificate by the cluster's CA; prints CERT= and KEY=

Components: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet-node-0, kubelet-node-1, ...
  A stopped kube-apiserver refuses connections at once. A stopped kubelet is a dead machine: its containers are gone.
  After a long stop of etcd its start takes up to as long again (at most two minutes): the API server's own back-off.

Start and end
  'up' prints, when the cluster is ready, exactly
    KUBECONFIG=<path>   INGRESS=https://127.0.0.1:<port>   CA=<path of the CA's certificate>   RUNTIME=process|fake
  on a line each, and stays. It ends by SIGTERM, SIGINT or SIGHUP, when its standard input (a pipe) closes, or when the
  process that started it is gone; nothing outlives it. The folder D holds the whole state: 'up' in the same folder
  brings the same cluster back. Logs of the components are in D/log.

Runtimes
  process  The real kubelet; a container is a local process with its pod's volumes, network and user, and the machine's
           files read-only around it. Needs user namespaces, which some machines forbid; 'up' then says what to do.
  fake     Nothing runs. Pods are ready at once and jobs succeed; the annotation devcluster/fate: unready or crash gives
           a pod another fate. Carries thousands of pods.
  auto     process where user namespaces are allowed, else fake, with a warning.

Images (--images FILE, a JSON list; the first entry whose 'image' matches the whole reference wins)
    [{"image": "vaultwarden/server:.*", "command": ["/usr/bin/server", "--port", "8080"],
      "env": {"LOG": "info"}, "dir": "/srv", "user": 1000}]
  A container's command replaces 'command', its args follow it, its env stands over 'env'; $POD_IP in these is the
  pod's address. Files that an entry names below /tmp, /run or D, which containers see empty, are made visible.
  An image that no entry matches cannot be pulled (ErrImagePull).

Network
  Addresses are the same in each cluster, for each has a network of its own: the API server 10.0.0.1:6443, services
  10.96.0.0/16, LoadBalancers 10.98.0.0/16, pods 10.244.0.0/16. From the host: the API server (KUBECONFIG), kubectl
  port-forward, and the ingress, which serves class 'devcluster' (the default) on INGRESS: by host name and longest path
  prefix, 404 without a rule, 503 without a ready endpoint, with the Secret of spec.tls or a certificate by the CA.
  There is no DNS and no way out to other networks. NetworkPolicies and cpu and memory limits are not enforced.

From the cluster to the host
  --host-port hook=9443 lets API server and pods reach the host's 127.0.0.1:9443 at https://10.0.0.1:9443, for example a
  webhook. Its certificate: 'devcluster cert --dir D 10.0.0.1'; the caBundle is the file CA. (With --isolation none
  there is no network of the cluster's own: the API server reaches https://127.0.0.1:9443 itself.)

Audit
  --audit-policy FILE lets the API server record in D/log/audit.log what the policy names: who wrote what, and when.

Storage
  StorageClass 'standard' (default): bound by the first pod, may grow, deleted with its claim; a volume is D/volumes/...

Needs of the machine
  Linux 5.12 or later, and mount, umount and nsenter (util-linux) for the runtime process.

Exit codes: 0 ended as told, 2 could not run. kubectl has its own.
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, help)
		os.Exit(2)
	}
	name, args := os.Args[1], os.Args[2:]
	if name == "kubectl" {
		os.Args = os.Args[1:]
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
		return
	}
	os.Args = append([]string{os.Args[0]}, args...) // what a component takes for its own arguments
	controlPlane(name, args)
	err := run(name, args)
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
		os.Exit(2)
	}
}

func run(name string, args []string) error {
	switch name {
	case "help", "--help", "-h":
		fmt.Print(help)
		return nil
	case "up":
		o, err := cluster.ParseOptions(args)
		if err != nil {
			return err
		}
		return cluster.Up(o)
	case "stop", "start", "kill":
		folder, rest, err := parseFolder(name, args)
		if err != nil {
			return err
		}
		if len(rest) != 1 {
			return fmt.Errorf("%s needs one component", name)
		}
		return cluster.Order(folder, name, rest[0])
	case "cert":
		folder, names, err := parseFolder(name, args)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return errors.New("cert needs a name or an address")
		}
		cert, key, err := cluster.Certificate(folder, names)
		if err == nil {
			fmt.Printf("CERT=%s\nKEY=%s\n", cert, key)
		}
		return err
	case cluster.InitCommand:
		return cluster.Init(args[0])
	case cluster.NodeCommand:
		return node.Main(args[0])
	case container.Subcommand:
		return container.Main()
	case isolation.ProbeCommand:
		return isolation.Enter()
	}
	return fmt.Errorf("unknown command `%s`; 'devcluster help' lists them", name)
}

func parseFolder(command string, args []string) (folder layout.Folder, rest []string, err error) {
	set := pflag.NewFlagSet("devcluster "+command, pflag.ContinueOnError)
	dir := set.String("dir", "", "the cluster's folder (required)")
	if err := set.Parse(args); err != nil {
		return "", nil, err
	}
	if *dir == "" {
		return "", nil, errors.New("--dir is required")
	}
	absolute, err := filepath.Abs(*dir)
	return layout.Folder(absolute), set.Args(), err
}
