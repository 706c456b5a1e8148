// A pod's network namespace. The only file that moves threads between namespaces: a thread comes home or ends.

package network

import (
	"fmt"
	"net"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"keyforge.dev/devcluster/layout"
)

// Pod is a pod's network namespace. The zero value stands for the cluster's own namespace, which pods with
// `hostNetwork` and pods in mode Shared are in.
type Pod struct {
	handle netns.NsHandle
	open   bool
}

// NewPod makes a namespace with a wire to the node's bridge. It lives until Close, and as long as a process is in it.
func NewPod(node int, address, wire string) (Pod, error) {
	p := Pod{}
	bridge, err := netlink.LinkByName(bridgeName(node))
	if err != nil {
		return p, err
	}
	// The thread that was in the new namespace goes home; where that fails it stays locked and ends with its goroutine.
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return p, err
	}
	defer home.Close()
	p.handle, err = netns.New()
	if err != nil {
		runtime.UnlockOSThread()
		return p, err
	}
	p.open = true
	err = wireUp(node, address, wire, home)
	if back := netns.Set(home); back != nil {
		p.Close()
		return Pod{}, back
	}
	runtime.UnlockOSThread()
	if err == nil {
		err = plug(wire, bridge)
	}
	if err != nil {
		p.Close()
		return Pod{}, fmt.Errorf("pod network: %w", err)
	}
	return p, nil
}

// wireUp runs inside the pod's namespace.
func wireUp(node int, address, wire string, home netns.NsHandle) error {
	mac := layout.PodMAC(address)
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0", HardwareAddr: mac[:]}, PeerName: wire, PeerNamespace: netlink.NsFd(home)}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	if err := Loopback(); err != nil {
		return err
	}
	eth, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	gateway, bits := layout.PodGateway(node)
	if err := addAddress(eth, address, bits); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(eth); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(gateway)})
}

func plug(wire string, bridge netlink.Link) error {
	peer, err := netlink.LinkByName(wire)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetMaster(peer, bridge); err != nil {
		return err
	}
	return netlink.LinkSetUp(peer)
}

// Close lets the namespace go.
func (p *Pod) Close() {
	if p.open {
		p.handle.Close()
		p.open = false
	}
}

// Within calls f on a thread in the pod's namespace; what f starts or opens belongs to it.
func (p Pod) Within(f func() error) error {
	if !p.open {
		return f()
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer home.Close()
	if err := netns.Set(p.handle); err != nil {
		return err
	}
	err = f()
	if back := netns.Set(home); back != nil {
		return back // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}
