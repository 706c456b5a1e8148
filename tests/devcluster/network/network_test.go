// Networks are laid for real, in namespaces that each test makes for itself.

package network_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/vishvananda/netlink"

	"keyforge.dev/devcluster/isolation"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
)

// isolated runs the test again, in namespaces of its own, and returns true there.
func isolated(t *testing.T) bool {
	t.Helper()
	if os.Getpid() == 1 {
		if err := isolation.Enter(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.SysProcAttr = isolation.Attributes()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestPodsOfTwoNodesReachEachOther(t *testing.T) {
	if !isolated(t) {
		return
	}
	mode, err := network.Setup(2, network.Auto)
	if err != nil || mode != network.Bridge {
		t.Fatal(mode, err)
	}
	server := newPod(t, 1, layout.PodAddress(1, 0))
	var l net.Listener
	err = server.Within(func() (err error) {
		l, err = net.Listen("tcp", "0.0.0.0:8080")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := newPod(t, 0, layout.PodAddress(0, 0))
	err = client.Within(func() error {
		c, err := net.Dial("tcp", layout.PodAddress(1, 0)+":8080")
		if err == nil {
			c.Close()
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A link that has the bridge's name already stands for a kernel without bridges.
func TestPodsShareTheNetworkWhereBridgesFail(t *testing.T) {
	if !isolated(t) {
		return
	}
	taken := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "pods-" + layout.NodeName(0)}, PeerName: "other"}
	if err := netlink.LinkAdd(taken); err != nil {
		t.Skip("no virtual wires here: ", err)
	}
	mode, err := network.Setup(1, network.Auto)
	if err != nil || mode != network.Shared {
		t.Fatal(mode, err)
	}
	l, err := net.Listen("tcp", layout.PodAddress(0, 0)+":8080")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestMissingBridgesAreToldWhereTheyAreAskedFor(t *testing.T) {
	if !isolated(t) {
		return
	}
	taken := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "pods-" + layout.NodeName(0)}, PeerName: "other"}
	if err := netlink.LinkAdd(taken); err != nil {
		t.Skip("no virtual wires here: ", err)
	}
	_, err := network.Setup(1, network.Bridge)
	want := "pod network: bridge: file exists; --pod-network shared does without bridges"
	if err == nil || err.Error() != want {
		t.Errorf("got: %v\nwant: %s", err, want)
	}
}

func newPod(t *testing.T, node int, address string) network.Pod {
	t.Helper()
	p, err := network.NewPod(node, address, fmt.Sprintf("wire-%d", node))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
