// kube-proxy in small. Used where service addresses are local to the network namespace.

package cloud

import (
	"errors"
	"net"
	"strconv"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"keyforge.dev/devcluster/splice"
)

// proxy is kube-proxy in small: it listens on each service address, all of which are local here. TCP only.
type proxy struct {
	listeners map[string]net.Listener
}

// pick names a ready endpoint at the time of a connection, "" for none.
type pick func() string

// wanted are the addresses to listen on.
func (c *Cloud) wanted() map[string]pick {
	services, err := c.services.List(labels.Everything())
	if err != nil {
		return nil
	}
	want := map[string]pick{}
	for _, s := range services {
		addresses := append([]string{}, s.Spec.ClusterIPs...)
		for _, i := range s.Status.LoadBalancer.Ingress {
			addresses = append(addresses, i.IP)
		}
		for _, address := range addresses {
			for _, p := range s.Spec.Ports {
				if address != "" && address != v1.ClusterIPNone && p.Protocol == v1.ProtocolTCP {
					want[net.JoinHostPort(address, strconv.Itoa(int(p.Port)))] = func() string { return c.endpoint(s.Namespace, s.Name, p.Name) }
				}
			}
		}
	}
	return want
}

var errNoEndpoint = errors.New("no ready endpoint")

// listen opens and closes listeners until they are those that are wanted. An address that is gone by now fails; the
// next pass does not want it any more.
func (p *proxy) listen(want map[string]pick) {
	for address, l := range p.listeners {
		if want[address] == nil {
			l.Close()
			delete(p.listeners, address)
		}
	}
	if p.listeners == nil {
		p.listeners = map[string]net.Listener{}
	}
	for address, pick := range want {
		if p.listeners[address] != nil {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		p.listeners[address] = l
		go splice.Serve(l, func() (net.Conn, error) {
			target := pick()
			if target == "" {
				return nil, errNoEndpoint
			}
			return net.Dial("tcp", target)
		})
	}
}
