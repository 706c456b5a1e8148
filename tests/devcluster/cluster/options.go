// Package cluster starts, watches and ends a whole cluster. `Up` stays on the host's side; `Init` is PID 1 of the
// cluster's namespaces and supervises the components. Nothing outlives either: the kernel ends the rest.
package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"keyforge.dev/devcluster/images"
	"keyforge.dev/devcluster/isolation"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
)

// Runtime says what containers are.
type Runtime string

const (
	// Process is the real kubelet, and containers are local processes. It needs user namespaces.
	Process Runtime = "process"
	// Fake runs nothing: pods are ready at once.
	Fake Runtime = "fake"
	auto         = "auto"
)

// HostPort is a server on the host that the cluster reaches at layout.APIAddress.
type HostPort struct {
	Name string
	Port int
}

// Options describe a cluster; Up hands them to Init.
type Options struct {
	Folder layout.Folder
	// APIPort and IngressPort are ports of the host's 127.0.0.1; 0 is any free one.
	APIPort, IngressPort int
	Nodes                int
	Runtime              Runtime
	// Namespaces says whether the cluster has namespaces of its own.
	Namespaces bool
	PodNetwork network.Mode
	Images     string
	// ControlPlane is the program of the control plane's components; empty for this one.
	ControlPlane string
	FeatureGates string
	// AuditPolicy is a file that says which requests the API server records in layout.Folder.Log("audit"); empty for none.
	AuditPolicy string
	HostPorts   []HostPort
	// APIOnHost is the address at which the host reaches the API server.
	APIOnHost string
}

const usageWidth = 110

// flags are the options as written.
type flags struct {
	dir, runtime, isolation, podNetwork string
	hostPorts                           []string
}

// ParseOptions reads the flags of `devcluster up` and checks all that can be checked before anything starts.
func ParseOptions(args []string) (Options, error) {
	var o Options
	var f flags
	set := pflag.NewFlagSet("devcluster up", pflag.ContinueOnError)
	set.SortFlags = false
	set.Usage = func() {
		fmt.Fprintf(os.Stderr, "devcluster up: run a cluster; 'devcluster help' says more\n\n%s", set.FlagUsagesWrapped(usageWidth))
	}
	set.StringVar(&f.dir, "dir", "", "`folder` that holds the whole state; used again, it brings the same cluster back (required)")
	set.IntVar(&o.APIPort, "port", 0, "port of the API server on 127.0.0.1; 0 is any free one")
	set.IntVar(&o.IngressPort, "ingress-port", 0, "port of the ingress (HTTPS) on 127.0.0.1; 0 is any free one")
	set.IntVar(&o.Nodes, "nodes", 1, "number of nodes")
	set.StringVar(&f.runtime, "runtime", auto, "`runtime` of pods; process: containers are local processes, fake: nothing runs and pods are ready at once, auto: process where user namespaces are allowed, else fake")
	set.StringVar(&o.Images, "images", "", "JSON `file` that says what command an image stands for")
	set.StringArrayVar(&f.hostPorts, "host-port", nil, "`NAME=PORT`: the cluster reaches the host's 127.0.0.1:PORT at "+layout.APIAddress+":PORT; may be repeated")
	set.StringVar(&o.ControlPlane, "control-plane", "", "`program` for etcd, API server, controller manager and scheduler of another version (see build.sh --skew)")
	set.StringVar(&o.FeatureGates, "feature-gates", "", "`gates` passed on to the API server, the controller manager and the scheduler")
	set.StringVar(&o.AuditPolicy, "audit-policy", "", "`file` with an audit policy: the API server writes the requests that it names to D/log/audit.log")
	set.StringVar(&f.podNetwork, "pod-network", string(network.Auto), "`mode` of pods; bridge: each pod has its own network, shared: all pods share one and must bind $POD_IP, auto: bridge where the kernel has bridges")
	set.StringVar(&f.isolation, "isolation", auto, "`mode` of the cluster; namespaces: it has its own, none: it has not (only with --runtime fake), auto: it has its own where they are allowed")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument `%s`", set.Arg(0))
	}
	if err := o.check(f); err != nil {
		return o, err
	}
	return o, o.chooseRuntime(f)
}

func (o *Options) check(f flags) error {
	if f.dir == "" {
		return errors.New("--dir is required")
	}
	dir, err := filepath.Abs(f.dir)
	if err != nil {
		return err
	}
	o.Folder = layout.Folder(dir)
	if o.Nodes < 1 {
		return fmt.Errorf("--nodes is %d; at least 1 is needed", o.Nodes)
	}
	o.PodNetwork = network.Mode(f.podNetwork)
	switch o.PodNetwork {
	case network.Bridge, network.Shared, network.Auto:
	default:
		return fmt.Errorf("--pod-network is `%s`; allowed are bridge, shared, auto", f.podNetwork)
	}
	if o.Images != "" {
		if o.Images, err = filepath.Abs(o.Images); err != nil {
			return err
		}
	}
	if _, err := images.Load(o.Images); err != nil {
		return err
	}
	if o.ControlPlane != "" {
		if o.ControlPlane, err = filepath.Abs(o.ControlPlane); err != nil {
			return err
		}
		if info, err := os.Stat(o.ControlPlane); err != nil || info.Mode()&0o111 == 0 {
			return fmt.Errorf("--control-plane %s is not a program", o.ControlPlane)
		}
	}
	if o.AuditPolicy != "" {
		if o.AuditPolicy, err = filepath.Abs(o.AuditPolicy); err != nil {
			return err
		}
		if _, err := os.Stat(o.AuditPolicy); err != nil {
			return fmt.Errorf("--audit-policy: %w", err)
		}
	}
	for _, text := range f.hostPorts {
		port, err := parseHostPort(text)
		if err != nil {
			return err
		}
		o.HostPorts = append(o.HostPorts, port)
	}
	return nil
}

func parseHostPort(text string) (HostPort, error) {
	name, number, ok := strings.Cut(text, "=")
	port, err := strconv.Atoi(number)
	if !ok || name == "" || err != nil || port < 1 || port > 65535 {
		return HostPort{}, fmt.Errorf("--host-port is `%s`; NAME=PORT is needed", text)
	}
	if port == layout.APIPort {
		return HostPort{}, fmt.Errorf("--host-port %s: the API server has this port at %s", text, layout.APIAddress)
	}
	return HostPort{name, port}, nil
}

// chooseRuntime decides between what was asked for and what the machine allows.
func (o *Options) chooseRuntime(f flags) error {
	switch f.isolation {
	case auto, "namespaces", "none":
	default:
		return fmt.Errorf("--isolation is `%s`; allowed are namespaces, none, auto", f.isolation)
	}
	o.Runtime = Runtime(f.runtime)
	switch o.Runtime {
	case Process, Fake, auto:
	default:
		return fmt.Errorf("--runtime is `%s`; allowed are process, fake, auto", f.runtime)
	}
	if f.isolation == "none" {
		if o.Runtime == Process {
			return errors.New("--isolation none needs --runtime fake")
		}
		o.Runtime = Fake
		return nil
	}
	forbidden := isolation.Probe()
	o.Namespaces = forbidden == nil
	switch {
	case forbidden == nil && o.Runtime == auto:
		o.Runtime = Process
	case forbidden != nil && (o.Runtime == Process || f.isolation == "namespaces"):
		return forbidden
	case forbidden != nil && o.Runtime == auto:
		fmt.Fprintf(os.Stderr, "devcluster: warning: nothing will run in pods (runtime fake): %v\n", forbidden)
		o.Runtime = Fake
	}
	if o.Runtime == Process && o.Nodes > layout.MaxProcessNodes {
		return fmt.Errorf("--nodes is %d; with runtime process at most %d fit", o.Nodes, layout.MaxProcessNodes)
	}
	return nil
}
