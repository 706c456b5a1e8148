// The pod half of CRI.

package engine

import (
	"context"
	"fmt"
	"os"
	"time"

	rt "k8s.io/cri-api/pkg/apis/runtime/v1"

	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
)

// sandbox is what a pod's containers share: an address and, in mode Bridge, a network namespace.
type sandbox struct {
	id      string
	config  *rt.PodSandboxConfig
	address string
	network network.Pod
	state   rt.PodSandboxState
	created int64
}

// RunPodSandbox gives a pod its address.
func (e *Engine) RunPodSandbox(_ context.Context, c *rt.PodSandboxConfig, _ string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &sandbox{id: newID(), config: c, created: time.Now().UnixNano(), address: layout.NodeAddress(e.options.Node)}
	if c.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() != rt.NamespaceMode_NODE {
		s.address = e.freeAddress()
		if e.options.Network == network.Bridge {
			var err error
			if s.network, err = network.NewPod(e.options.Node, s.address, "p"+s.id[:12]); err != nil {
				return "", err
			}
		}
	}
	if err := os.MkdirAll(c.LogDirectory, 0o755); err != nil {
		s.network.Close()
		return "", err
	}
	e.pods[s.id] = s
	return s.id, nil
}

// freeAddress is the next address of the node's share that no running pod has; there are more of them than pods.
func (e *Engine) freeAddress() string {
	used := map[string]bool{}
	for _, s := range e.pods {
		used[s.address] = s.state == rt.PodSandboxState_SANDBOX_READY
	}
	for {
		address := layout.PodAddress(e.options.Node, e.addresses)
		e.addresses++
		if !used[address] {
			return address
		}
	}
}

// StopPodSandbox ends the pod's containers and gives its address back.
func (e *Engine) StopPodSandbox(ctx context.Context, id string) error {
	for _, c := range e.of(id) {
		if err := e.StopContainer(ctx, c.id, 0); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.pods[id]; s != nil {
		s.state = rt.PodSandboxState_SANDBOX_NOTREADY
		s.network.Close()
	}
	return nil
}

// RemovePodSandbox forgets a pod and its containers.
func (e *Engine) RemovePodSandbox(ctx context.Context, id string) error {
	for _, c := range e.of(id) {
		if err := e.RemoveContainer(ctx, c.id); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.pods, id)
	return nil
}

func (e *Engine) of(pod string) (list []*process) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.pod.id == pod {
			list = append(list, c)
		}
	}
	return list
}

// PodSandboxStatus describes a pod.
func (e *Engine) PodSandboxStatus(_ context.Context, id string, _ bool) (*rt.PodSandboxStatusResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.pods[id]
	if s == nil {
		return nil, notFound("sandbox", id)
	}
	namespaces := s.config.GetLinux().GetSecurityContext().GetNamespaceOptions()
	return &rt.PodSandboxStatusResponse{Timestamp: time.Now().UnixNano(), Status: &rt.PodSandboxStatus{
		Id: id, Metadata: s.config.Metadata, State: s.state, CreatedAt: s.created,
		Network: &rt.PodSandboxNetworkStatus{Ip: s.address}, Labels: s.config.Labels, Annotations: s.config.Annotations,
		Linux: &rt.LinuxPodSandboxStatus{Namespaces: &rt.Namespace{Options: namespaces}}}}, nil
}

// ListPodSandbox lists pods.
func (e *Engine) ListPodSandbox(_ context.Context, f *rt.PodSandboxFilter) (list []*rt.PodSandbox, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.pods {
		if f.GetId() != "" && f.Id != s.id || f.GetState() != nil && f.State.State != s.state || !matches(f.GetLabelSelector(), s.config.Labels) {
			continue
		}
		list = append(list, &rt.PodSandbox{Id: s.id, Metadata: s.config.Metadata, State: s.state, CreatedAt: s.created,
			Labels: s.config.Labels, Annotations: s.config.Annotations})
	}
	return list, nil
}

// UpdatePodSandboxResources does nothing: there are no cgroups.
func (e *Engine) UpdatePodSandboxResources(context.Context, *rt.UpdatePodSandboxResourcesRequest) (*rt.UpdatePodSandboxResourcesResponse, error) {
	return &rt.UpdatePodSandboxResourcesResponse{}, nil
}

func notFound(what, id string) error { return fmt.Errorf("no %s %s: NotFound", what, id) }
