// Package layout says where everything in a cluster is: addresses inside its network namespace, and files in its
// folder. It is separate because every other package needs it and it needs none. Addresses are constants: each
// cluster has its own network namespace, so they are the same in every cluster and never clash.
package layout

import "fmt"

// Addresses inside the cluster's network namespace.
const (
	// APIAddress is where the API server listens, and where host ports appear.
	APIAddress = "10.0.0.1"
	// APIPort is the API server's port at APIAddress.
	APIPort = 6443
	// ControllerManagerPort and SchedulerPort serve /healthz on the namespace's own loopback.
	ControllerManagerPort = 10257
	SchedulerPort         = 10259
	// KubeletPort and StreamingPort are open on every node's address: the kubelet's API, and exec and port-forward.
	KubeletPort   = 10250
	StreamingPort = 10251
	// ServiceRange holds the ClusterIPs; APIService is the API server's own.
	ServiceRange = "10.96.0.0/16"
	APIService   = "10.96.0.1"
	// BalancerRange holds the addresses of LoadBalancer services: 10.96.a.b is balanced at 10.98.a.b.
	BalancerRange = "10.98.0.0/16"
	// PodRange holds the pods of all nodes.
	PodRange = "10.244.0.0/16"
)

// MaxProcessNodes is how many nodes PodRange can be shared among, and PodsPerNode how many pods each admits: the
// kernel's limit is 1,024 wires on a node's bridge.
const (
	MaxProcessNodes = 16
	PodsPerNode     = 1000
)

// NodeName is the name of the i-th node.
func NodeName(i int) string { return fmt.Sprintf("node-%d", i) }

// NodeAddress is the address of the i-th node.
func NodeAddress(i int) string { return fmt.Sprintf("10.0.%d.%d", 1+i/250, 1+i%250) }

// PodGateway is the address of the i-th node's bridge, with the prefix length of the node's share of PodRange.
func PodGateway(i int) (address string, bits int) { return fmt.Sprintf("10.244.%d.1", 16*i), 20 }

// PodAddress is the n-th address, counted round and round, for pods of the i-th node.
func PodAddress(i, n int) string { return fmt.Sprintf("10.244.%d.%d", 16*i+n/250%16, 2+n%250) }

// PodMAC is the hardware address that belongs to a pod's address. It is derived, not drawn: an address that is used
// again by a newer pod must not meet its predecessor's entry in a neighbour's ARP cache.
func PodMAC(address string) [6]byte {
	var a, b, c, d byte
	fmt.Sscanf(address, "%d.%d.%d.%d", &a, &b, &c, &d)
	return [6]byte{0x02, 0x00, a, b, c, d}
}
