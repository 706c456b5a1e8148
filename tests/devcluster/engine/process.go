// The container half of CRI. A container's state moves only forward: created, running, exited.

package engine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"
	rt "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// process is a container: created, then running, then exited, never started again.
type process struct {
	id     string
	pod    *sandbox
	config *rt.ContainerConfig
	status *rt.ContainerStatus
	log    *logFile
	// cmd is set once it runs, env is what its command was given.
	cmd *exec.Cmd
	env []string
	// done is closed when it has exited.
	done chan struct{}
}

// CreateContainer notes a container and opens its log.
func (e *Engine) CreateContainer(_ context.Context, pod string, c *rt.ContainerConfig, s *rt.PodSandboxConfig) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sandbox := e.pods[pod]
	if sandbox == nil {
		return "", notFound("sandbox", pod)
	}
	log, err := openLog(filepath.Join(s.LogDirectory, c.LogPath))
	if err != nil {
		return "", err
	}
	p := &process{id: newID(), pod: sandbox, config: c, log: log, done: make(chan struct{})}
	p.status = &rt.ContainerStatus{Id: p.id, Metadata: c.Metadata, Image: c.Image, ImageRef: c.Image.Image, ImageId: c.Image.Image,
		Labels: c.Labels, Annotations: c.Annotations, Mounts: c.Mounts, LogPath: log.path, CreatedAt: time.Now().UnixNano(),
		State: rt.ContainerState_CONTAINER_CREATED}
	e.containers[p.id] = p
	return p.id, nil
}

// StartContainer starts the container's process in its pod's network. The kubelet starts a container once and asks
// nothing of it meanwhile, so the engine stays open for others.
func (e *Engine) StartContainer(_ context.Context, id string) error {
	e.mu.Lock()
	p := e.containers[id]
	e.mu.Unlock()
	if p == nil {
		return notFound("container", id)
	}
	spec, err := e.spec(p)
	if err != nil {
		return err
	}
	var cmd *exec.Cmd
	err = p.pod.network.Within(func() (err error) {
		cmd, err = spec.Start(p.log.stream("stdout"), p.log.stream("stderr"))
		return err
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	p.status.StartedAt = time.Now().UnixNano()
	if err != nil {
		p.exited(startFailed, "StartError", err.Error())
		return err
	}
	p.cmd, p.env, p.status.State = cmd, spec.Env, rt.ContainerState_CONTAINER_RUNNING
	go e.await(p)
	return nil
}

// startFailed is the exit code of a command that could not start, as other engines have it.
const startFailed = 128

// await notes how a container ended.
func (e *Engine) await(p *process) {
	err := p.cmd.Wait()
	code, reason, message := int32(p.cmd.ProcessState.ExitCode()), "Completed", ""
	if ws := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
		code = 128 + int32(ws.Signal())
	}
	if err != nil {
		reason, message = "Error", err.Error()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	p.exited(code, reason, message)
}

func (p *process) exited(code int32, reason, message string) {
	p.log.close()
	p.status.State, p.status.FinishedAt = rt.ContainerState_CONTAINER_EXITED, time.Now().UnixNano()
	p.status.ExitCode, p.status.Reason, p.status.Message = code, reason, message
	close(p.done)
}

// StopContainer asks the container's process to end and kills it after the grace period (seconds).
func (e *Engine) StopContainer(_ context.Context, id string, grace int64) error {
	e.mu.Lock()
	p := e.containers[id]
	running := p != nil && p.cmd != nil
	e.mu.Unlock()
	if !running {
		return nil
	}
	if grace > 0 {
		p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
		select {
		case <-p.done:
			return nil
		case <-time.After(time.Duration(grace) * time.Second):
		}
	}
	p.cmd.Process.Kill()
	<-p.done
	return nil
}

// RemoveContainer forgets a container and its log.
func (e *Engine) RemoveContainer(ctx context.Context, id string) error {
	if err := e.StopContainer(ctx, id, 0); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.containers[id]; p != nil {
		os.Remove(p.log.path)
		delete(e.containers, id)
	}
	return nil
}

// ListContainers lists containers.
func (e *Engine) ListContainers(_ context.Context, f *rt.ContainerFilter) (list []*rt.Container, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.containers {
		if f.GetId() != "" && f.Id != p.id || f.GetPodSandboxId() != "" && f.PodSandboxId != p.pod.id ||
			f.GetState() != nil && f.State.State != p.status.State || !matches(f.GetLabelSelector(), p.config.Labels) {
			continue
		}
		list = append(list, &rt.Container{Id: p.id, PodSandboxId: p.pod.id, Metadata: p.config.Metadata, Image: p.config.Image,
			ImageRef: p.config.Image.Image, ImageId: p.config.Image.Image, State: p.status.State, CreatedAt: p.status.CreatedAt,
			Labels: p.config.Labels, Annotations: p.config.Annotations})
	}
	return list, nil
}

// ContainerStatus describes a container.
func (e *Engine) ContainerStatus(_ context.Context, id string, _ bool) (*rt.ContainerStatusResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.containers[id]
	if p == nil {
		return nil, notFound("container", id)
	}
	return &rt.ContainerStatusResponse{Status: proto.Clone(p.status).(*rt.ContainerStatus)}, nil
}

// UpdateContainerResources does nothing: there are no cgroups.
func (e *Engine) UpdateContainerResources(context.Context, string, *rt.ContainerResources) error {
	return nil
}

// ReopenContainerLog follows the kubelet's rotation of a log.
func (e *Engine) ReopenContainerLog(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.containers[id]
	if p == nil {
		return fmt.Errorf("reopen log: %w", notFound("container", id))
	}
	return p.log.reopen()
}
