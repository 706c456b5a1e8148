// Commands in a running container (probes, hooks, `kubectl exec`), and `kubectl port-forward`.

package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"k8s.io/client-go/tools/remotecommand"
	rt "k8s.io/cri-api/pkg/apis/runtime/v1"
	remote "k8s.io/cri-client/pkg"
	utilexec "k8s.io/utils/exec"

	"keyforge.dev/devcluster/splice"
)

// ExecSync runs a probe's or a hook's command.
func (e *Engine) ExecSync(ctx context.Context, id string, cmd []string, timeout time.Duration) ([]byte, []byte, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var out, errs bytes.Buffer
	err := e.inside(ctx, id, cmd, nil, &out, &errs)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w after %s", remote.ErrCommandTimedOut, timeout)
	}
	return out.Bytes(), errs.Bytes(), err
}

// inside runs a command in the container's namespaces. The command's exit code is an utilexec.CodeExitError, which
// the kubelet tells from a command that could not run.
func (e *Engine) inside(ctx context.Context, id string, cmd []string, in io.Reader, out, errs io.Writer) error {
	e.mu.Lock()
	p := e.containers[id]
	running := p != nil && p.status.State == rt.ContainerState_CONTAINER_RUNNING
	e.mu.Unlock()
	if !running {
		return fmt.Errorf("container %s does not run", id)
	}
	args := []string{"--target", strconv.Itoa(p.cmd.Process.Pid), "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", "--preserve-credentials"}
	if p.cmd.SysProcAttr.Cloneflags&syscall.CLONE_NEWUSER != 0 {
		args = append(args, "--user")
	}
	x := exec.CommandContext(ctx, "nsenter", append(append(args, "--"), cmd...)...)
	x.Env, x.Stdin, x.Stdout, x.Stderr = p.env, in, out, errs
	if err := p.pod.network.Within(x.Start); err != nil {
		return err
	}
	err := x.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

// Exec gives the address at which a `kubectl exec` is streamed.
func (e *Engine) Exec(_ context.Context, q *rt.ExecRequest) (*rt.ExecResponse, error) {
	return e.stream.GetExec(q)
}

// PortForward gives the address at which a `kubectl port-forward` is streamed.
func (e *Engine) PortForward(_ context.Context, q *rt.PortForwardRequest) (*rt.PortForwardResponse, error) {
	return e.stream.GetPortForward(q)
}

// streams is what the streaming server calls.
type streams struct{ *Engine }

func (s streams) Exec(ctx context.Context, id string, cmd []string, in io.Reader, out, errs io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize) error {
	return s.inside(ctx, id, cmd, in, out, errs)
}

func (s streams) Attach(context.Context, string, io.Reader, io.WriteCloser, io.WriteCloser, bool, <-chan remotecommand.TerminalSize) error {
	return errors.New("attach is not supported; use exec")
}

// PortForward connects to the pod's loopback, as Kubernetes does, or else to its address.
func (s streams) PortForward(_ context.Context, pod string, port int32, stream io.ReadWriteCloser) error {
	s.mu.Lock()
	p := s.pods[pod]
	s.mu.Unlock()
	if p == nil {
		return notFound("sandbox", pod)
	}
	var c net.Conn
	err := p.network.Within(func() (err error) {
		for _, host := range []string{"127.0.0.1", p.address} {
			if c, err = net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(int(port)))); err == nil {
				return nil
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	splice.Join(c, stream)
	return nil
}
