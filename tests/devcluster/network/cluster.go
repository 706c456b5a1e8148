// Package network lays the cluster's network inside its own network namespace: node addresses, service addresses,
// a bridge per node and a namespace per pod. It is separate because it alone speaks netlink; it touches nothing
// outside the namespace of the thread that calls it.
package network

import (
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"keyforge.dev/devcluster/layout"
)

// Mode says how pods get their addresses.
type Mode string

const (
	// Bridge gives every pod a network namespace of its own, so that a server may bind 0.0.0.0.
	Bridge Mode = "bridge"
	// Shared lets all pods share the cluster's namespace: a server must bind its pod's address, $POD_IP.
	Shared Mode = "shared"
	// Auto is Bridge where the kernel has bridges and virtual wires, else Shared.
	Auto Mode = "auto"
)

// Setup gives the namespace its addresses and returns the mode that pods will have. Service addresses become local
// ("AnyIP"): the service proxy can listen on each without adding it to an interface.
func Setup(nodes int, mode Mode) (Mode, error) {
	if err := Loopback(); err != nil {
		return "", err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return "", err
	}
	addresses := []string{layout.APIAddress}
	for i := range nodes { // the kubelet insists on an address of an interface
		addresses = append(addresses, layout.NodeAddress(i))
	}
	for _, a := range addresses {
		if err := addAddress(lo, a, 32); err != nil {
			return "", fmt.Errorf("address %s: %w", a, err)
		}
	}
	local := []string{layout.ServiceRange, layout.BalancerRange}
	if mode != Shared {
		err := bridges(nodes)
		switch {
		case err == nil:
			mode = Bridge
		case mode == Bridge:
			return "", fmt.Errorf("pod network: %w; --pod-network shared does without bridges", err)
		default:
			mode = Shared
		}
	}
	if mode == Shared {
		local = append(local, layout.PodRange)
	}
	for _, cidr := range local {
		_, target, err := net.ParseCIDR(cidr)
		if err != nil {
			return "", err
		}
		route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: target, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST}
		if err := netlink.RouteAdd(route); err != nil {
			return "", fmt.Errorf("route %s: %w", cidr, err)
		}
	}
	return mode, nil
}

// Loopback sets the namespace's loopback interface up.
func Loopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// bridges makes each node's bridge and lets packets pass between them. A wire is tried too: a kernel may have the
// one and not the other. What was made before a failure is taken away again.
func bridges(nodes int) (err error) {
	defer func() {
		for i := 0; err != nil && i < nodes; i++ {
			if b, missing := netlink.LinkByName(bridgeName(i)); missing == nil {
				netlink.LinkDel(b)
			}
		}
	}()
	trial := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "trial"}, PeerName: "trial-peer"}
	if err := netlink.LinkAdd(trial); err != nil {
		return fmt.Errorf("virtual wire: %w", err)
	}
	if err := netlink.LinkDel(trial); err != nil {
		return err
	}
	for i := range nodes {
		b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName(i)}}
		if err := netlink.LinkAdd(b); err != nil {
			return fmt.Errorf("bridge: %w", err)
		}
		gateway, bits := layout.PodGateway(i)
		if err := addAddress(b, gateway, bits); err != nil {
			return err
		}
		if err := netlink.LinkSetUp(b); err != nil {
			return err
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}

func bridgeName(node int) string { return "pods-" + layout.NodeName(node) }

func addAddress(link netlink.Link, address string, bits int) error {
	a, err := netlink.ParseAddr(fmt.Sprintf("%s/%d", address, bits))
	if err != nil {
		return err
	}
	return netlink.AddrAdd(link, a)
}
