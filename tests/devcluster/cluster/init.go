// The half of a cluster that is PID 1 of its namespaces. When it ends, the kernel ends all that it started.

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"keyforge.dev/devcluster/cloud"
	"keyforge.dev/devcluster/fakenode"
	"keyforge.dev/devcluster/ingress"
	"keyforge.dev/devcluster/isolation"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
	"keyforge.dev/devcluster/pki"
)

// readyWithin is how long a cluster may take to be ready; it takes seconds.
const readyWithin = 3 * time.Minute

// Init is PID 1 of the cluster's namespaces: it lays the network, starts the components in their order, says that
// they are ready, and ends them when it is told to.
func Init(text string) error {
	var o Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	api, ingressPort, ready := os.NewFile(3, "api"), os.NewFile(4, "ingress"), os.NewFile(5, "ready")
	for _, f := range []*os.File{api, ingressPort, ready} { // components get what they are given, nothing else
		syscall.CloseOnExec(int(f.Fd()))
	}
	ignoreProxies()
	if err := os.Chdir(string(o.Folder)); err != nil {
		return err
	}
	if o.Namespaces {
		if err := isolation.Enter(); err != nil {
			return err
		}
		var err error
		if o.PodNetwork, err = network.Setup(o.Nodes, o.PodNetwork); err != nil {
			return err
		}
		if o.PodNetwork == network.Shared && o.Runtime == Process {
			fmt.Fprintln(os.Stderr, "devcluster: pods share one network: a server must bind $POD_IP")
		}
	}
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, fail := context.WithCancelCause(stopped)
	defer fail(nil)
	s := &supervisor{folder: o.Folder, fail: fail}
	err := startAll(ctx, o, s, door{api}, ingressPort)
	if err == nil {
		ready.WriteString("ready\n") // Up may be gone; then this process is too
		ready.Close()
		<-ctx.Done()
	}
	s.stop()
	switch {
	case stopped.Err() != nil:
		return nil
	case ctx.Err() != nil: // what failed first explains the rest
		return context.Cause(ctx)
	}
	return err
}

func startAll(ctx context.Context, o Options, s *supervisor, d door, ingressPort *os.File) error {
	h, err := newHealth(o)
	if err != nil {
		return err
	}
	orders, err := o.Folder.Listen(layout.ControlSocket)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := openHostPorts(o); err != nil {
		return err
	}
	s.run(etcd(o))
	s.run(apiServer(o, d))
	within, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := until(within, h.apiServerReady); err != nil {
		return fmt.Errorf("API server: not ready: %w", err)
	}
	s.run(controllers(o))
	s.run(schedulers(o))
	for i := 0; i < o.Nodes && o.Runtime == Process; i++ {
		k, err := kubelet(o, i)
		if err != nil {
			return err
		}
		s.run(k)
	}
	if o.Runtime == Fake {
		go fakenode.Run(ctx, h.client, o.Nodes)
	}
	c, err := cloud.Start(ctx, h.client, o.Folder.Volumes(), o.Namespaces)
	if err != nil {
		return err
	}
	authority, err := pki.Open(o.Folder.PKI())
	if err != nil {
		return err
	}
	l, err := net.FileListener(ingressPort)
	if err != nil {
		return err
	}
	go (&ingress.Server{Cloud: c, Client: h.client, Authority: authority}).Serve(l)
	if err := until(within, h.nodesReady); err != nil {
		return fmt.Errorf("nodes: not ready: %w", err)
	}
	go (&control{s, h}).serve(ctx, orders)
	return nil
}

// ignoreProxies keeps requests inside the cluster from a proxy of the machine.
func ignoreProxies() {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
}
