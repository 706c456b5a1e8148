// The control plane's four components, as subcommands. This file alone, with the main of skew/ (where it is a link),
// is the control plane of another Kubernetes version, so it names no package of this module. How it is called
// (arguments, the listener at descriptor 3, insideVariable) is decided in cluster/components.go.

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// insideVariable holds the address in the cluster's network namespace that the API server serves beside the host's.
const insideVariable = "DEVCLUSTER_API_INSIDE"

// controlPlane runs a component and ends with it; it returns where the name is none.
func controlPlane(name string, args []string) {
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		os.Exit(0)
	case "kube-apiserver":
		if err := runAPIServer(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	}
}

// runAPIServer is kube-apiserver serving an inherited listener beside its own. A socket belongs to the network
// namespace that it was made in, so the host's listener is the way in from the host.
func runAPIServer(args []string) error {
	s := apioptions.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, f := range s.Flags().FlagSets {
		flags.AddFlagSet(f)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	host, err := net.FileListener(os.NewFile(3, "host"))
	if err != nil {
		return fmt.Errorf("the host's listener: %w", err)
	}
	s.SecureServing.Listener = host
	if address := os.Getenv(insideVariable); address != "" {
		inside, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		s.SecureServing.Listener = merge(inside, host)
	}
	ctx := genericapiserver.SetupSignalContext()
	complete, err := s.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := complete.Validate(); len(errs) > 0 {
		return errors.Join(errs...)
	}
	return apiserver.Run(ctx, complete)
}

// merged accepts from several listeners; its address is the first one's.
type merged struct {
	net.Listener
	all         []net.Listener
	connections chan net.Conn
	done        context.Context
	stop        context.CancelFunc
}

func merge(all ...net.Listener) net.Listener {
	m := &merged{Listener: all[0], all: all, connections: make(chan net.Conn)}
	m.done, m.stop = context.WithCancel(context.Background())
	for _, l := range all {
		go func() {
			defer m.stop()
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				select {
				case m.connections <- c:
				case <-m.done.Done():
					c.Close()
					return
				}
			}
		}()
	}
	return m
}

func (m *merged) Accept() (net.Conn, error) {
	select {
	case c := <-m.connections:
		return c, nil
	case <-m.done.Done():
		return nil, net.ErrClosed
	}
}

func (m *merged) Close() error {
	m.stop()
	var errs []error
	for _, l := range m.all {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
