// A host port crosses network namespaces through a unix socket in the folder, since a path is the same in all of
// them: Init listens inside and connects to the socket, Up serves the socket and connects to the host's server.

package cluster

import (
	"fmt"
	"net"
	"strconv"

	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/splice"
)

// serveHostPorts is Up's half.
func serveHostPorts(o Options) error {
	for _, p := range o.HostPorts {
		l, err := o.Folder.Listen(layout.HostSocket(p.Port))
		if err != nil {
			return fmt.Errorf("host port %s: %w", p.Name, err)
		}
		go splice.Serve(l, func() (net.Conn, error) {
			return net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)))
		})
	}
	return nil
}

// openHostPorts is Init's half. Without namespaces there is nothing to cross.
func openHostPorts(o Options) error {
	for _, p := range o.HostPorts {
		if !o.Namespaces {
			return nil
		}
		l, err := net.Listen("tcp", net.JoinHostPort(layout.APIAddress, strconv.Itoa(p.Port)))
		if err != nil {
			return fmt.Errorf("host port %s: %w", p.Name, err)
		}
		go splice.Serve(l, func() (net.Conn, error) { return o.Folder.Dial(layout.HostSocket(p.Port)) })
	}
	return nil
}
