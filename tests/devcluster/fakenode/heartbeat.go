// The fake nodes themselves: Node objects, their status and leases.

package fakenode

import (
	"context"
	"fmt"
	"os"
	"time"

	coordination "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"keyforge.dev/devcluster/layout"
)

const (
	leaseNamespace = "kube-node-lease"
	leaseSeconds   = int32(40)
	interval       = 10 * time.Second
)

// beat registers the nodes and keeps them Ready. A failure is said once and tried again at the next beat.
func beat(ctx context.Context, client kubernetes.Interface, nodes int) {
	for {
		for i := range nodes {
			if err := beatOnce(ctx, client, i); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "devcluster: unable to keep %s ready: %v; retrying in %s\n", layout.NodeName(i), err, interval)
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

func beatOnce(ctx context.Context, client kubernetes.Interface, i int) error {
	name := layout.NodeName(i)
	nodes := client.CoreV1().Nodes()
	node, err := nodes.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		node, err = nodes.Create(ctx, &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "devcluster/runtime": "fake"}}}, metav1.CreateOptions{})
	}
	if err != nil {
		return err
	}
	much := v1.ResourceList{"cpu": resource.MustParse("256"), "memory": resource.MustParse("1Ti"),
		"pods": resource.MustParse("10000"), "ephemeral-storage": resource.MustParse("1Ti")}
	node.Status.Capacity, node.Status.Allocatable = much, much
	node.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "KubeletReady",
		LastHeartbeatTime: metav1.Now(), LastTransitionTime: node.CreationTimestamp}}
	node.Status.Addresses = []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: layout.NodeAddress(i)}}
	if _, err := nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return err
	}
	seconds, now := leaseSeconds, metav1.NowMicro()
	spec := coordination.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &now}
	leases := client.CoordinationV1().Leases(leaseNamespace)
	lease, err := leases.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		lease = &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: leaseNamespace}, Spec: spec}
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	} else if err == nil {
		lease.Spec = spec
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	return err
}
