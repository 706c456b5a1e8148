// Package engine is a container engine whose containers are local processes. The kubelet calls it in-process
// through the container runtime interface (CRI), so that everything above (probes, volumes, restarts, logs, exec) is
// Kubernetes' own code. It keeps no state on disk: it lives and dies with its kubelet and so do its containers.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"

	cri "k8s.io/cri-api/pkg/apis"
	rt "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/kubelet/pkg/cri/streaming"

	"keyforge.dev/devcluster/images"
	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/network"
)

// Options are what an engine needs to know.
type Options struct {
	Node    int
	Images  images.Images
	Network network.Mode
	// Hidden is the cluster's folder, which containers do not see but for their volumes.
	Hidden string
}

// Engine implements the parts of CRI that a kubelet asks for; embedding the nil interfaces leaves the rest out.
type Engine struct {
	cri.RuntimeService
	cri.ImageManagerService
	options Options
	stream  streaming.Server

	mu         sync.Mutex
	addresses  int // how many pod addresses were given out
	pods       map[string]*sandbox
	containers map[string]*process
}

// New makes an engine and serves exec and port-forward on the node's address.
func New(o Options) (*Engine, error) {
	e := &Engine{options: o, pods: map[string]*sandbox{}, containers: map[string]*process{}}
	c := streaming.DefaultConfig
	c.Addr = net.JoinHostPort(layout.NodeAddress(o.Node), strconv.Itoa(layout.StreamingPort))
	var err error
	if e.stream, err = streaming.NewServer(c, streams{e}); err != nil {
		return nil, err
	}
	go e.stream.Start(true)
	return e, nil
}

// newID is random, since the kubelet remembers the ids of an engine that died before this one.
func newID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Version names the engine.
func (e *Engine) Version(context.Context, string) (*rt.VersionResponse, error) {
	return &rt.VersionResponse{Version: "0.1.0", RuntimeName: "devcluster", RuntimeVersion: "0.1.0", RuntimeApiVersion: "v1"}, nil
}

// Status says that all is ready, always.
func (e *Engine) Status(context.Context, bool) (*rt.StatusResponse, error) {
	return &rt.StatusResponse{Status: &rt.RuntimeStatus{Conditions: []*rt.RuntimeCondition{
		{Type: rt.RuntimeReady, Status: true}, {Type: rt.NetworkReady, Status: true}}}}, nil
}

// RuntimeConfig has nothing to tell: there are no cgroups.
func (e *Engine) RuntimeConfig(context.Context) (*rt.RuntimeConfigResponse, error) {
	return &rt.RuntimeConfigResponse{}, nil
}

// UpdateRuntimeConfig is told the node's pod range, which the engine has from its layout.
func (e *Engine) UpdateRuntimeConfig(context.Context, *rt.RuntimeConfig) error { return nil }

// ListContainerStats has none: nothing is measured.
func (e *Engine) ListContainerStats(context.Context, *rt.ContainerStatsFilter) ([]*rt.ContainerStats, error) {
	return nil, nil
}

// ListPodSandboxStats has none: nothing is measured.
func (e *Engine) ListPodSandboxStats(context.Context, *rt.PodSandboxStatsFilter) ([]*rt.PodSandboxStats, error) {
	return nil, nil
}

// Close has nothing to close: see StopAll.
func (e *Engine) Close() error { return nil }

// StopAll ends all containers at the same time.
func (e *Engine) StopAll(grace int64) {
	e.mu.Lock()
	all := slices.Collect(maps.Values(e.containers))
	e.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Add(1)
		go func() {
			defer wg.Done()
			e.StopContainer(context.Background(), c.id, grace)
		}()
	}
	wg.Wait()
}

func matches(want, have map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}
