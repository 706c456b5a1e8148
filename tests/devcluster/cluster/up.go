// The half of a cluster that stays in the host's namespaces. It does little on purpose: open ports, start Init, wait.

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"keyforge.dev/devcluster/isolation"
	"keyforge.dev/devcluster/pki"
)

// InitCommand is the hidden subcommand that Up starts in new namespaces; it calls Init.
const InitCommand = "_init"

// stopWithin is how long an orderly stop may take before the kernel ends what is left.
const stopWithin = 15 * time.Second

// Up runs a cluster until it is told to end: by a signal, by the end of standard input where that is a pipe, or
// because the process that started it is gone. It stays on the host's side, where it has opened the ports.
func Up(o Options) error {
	began := time.Now()
	if err := os.MkdirAll(filepath.Dir(o.Folder.Log("")), 0o700); err != nil {
		return err
	}
	unlock, err := lock(o)
	if err != nil {
		return err
	}
	defer unlock()
	os.Remove(o.Folder.Kubeconfig()) // of a cluster that was killed; who waits for it means the new one
	// The ports are opened before anything starts: they cannot be lost to another process.
	api, apiAddress, err := openPort(o.APIPort)
	if err != nil {
		return fmt.Errorf("port of the API server: %w", err)
	}
	ingress, ingressAddress, err := openPort(o.IngressPort)
	if err != nil {
		return fmt.Errorf("port of the ingress: %w", err)
	}
	o.APIOnHost = apiAddress
	authority, err := pki.Open(o.Folder.PKI())
	if err != nil {
		return err
	}
	if err := certificates(authority, o); err != nil {
		return err
	}
	if err := serveHostPorts(o); err != nil {
		return err
	}
	stop := make(chan os.Signal, 4)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go watchParent(stop)
	inner, ready, err := startInit(o, api, ingress)
	if err != nil {
		return err
	}
	defer os.Remove(o.Folder.Kubeconfig())
	for {
		select {
		case <-ready:
			ready = nil
			if err := authority.Kubeconfig(o.Folder.Kubeconfig(), "admin", "https://"+apiAddress); err != nil {
				return errors.Join(err, inner.stop())
			}
			fmt.Printf("KUBECONFIG=%s\nINGRESS=https://%s\nCA=%s\nRUNTIME=%s\n", o.Folder.Kubeconfig(), ingressAddress, authority.Path("ca.crt"), o.Runtime)
			fmt.Fprintf(os.Stderr, "devcluster: ready after %.1f s\n", time.Since(began).Seconds())
		case err := <-inner.ended:
			return fmt.Errorf("the cluster ended (%w), see the logs in %s", err, filepath.Dir(o.Folder.Log("")))
		case <-stop:
			return inner.stop()
		}
	}
}

// lock keeps a second cluster out of the folder.
func lock(o Options) (unlock func(), err error) {
	file, err := os.OpenFile(o.Folder.Lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("folder %s is in use by another devcluster", o.Folder)
	}
	return func() { file.Close() }, nil
}

// inner is the process that runs Init.
type inner struct {
	process *os.Process
	ended   chan error
}

var errUnexpected = errors.New("unexpectedly")

// startInit starts Init. ready is closed when it says so.
func startInit(o Options, api, ingress *os.File) (*inner, <-chan struct{}, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command("/proc/self/exe", InitCommand, string(text))
	cmd.Args[0] = filepath.Base(os.Args[0]) // for who reads a list of processes
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.ExtraFiles = []*os.File{api, ingress, write}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if o.Namespaces {
		cmd.SysProcAttr = isolation.Attributes()
	}
	// If this process is killed, the kernel kills Init, and as PID 1 of its namespace Init takes all others along.
	// The signal follows the thread, so the thread must stay.
	cmd.SysProcAttr.Pdeathsig, cmd.SysProcAttr.Setpgid = syscall.SIGKILL, true
	runtime.LockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the cluster: %w", err)
	}
	write.Close()
	i := &inner{process: cmd.Process, ended: make(chan error, 1)}
	go func() {
		err := cmd.Wait()
		if err == nil {
			err = errUnexpected
		}
		i.ended <- err
	}()
	ready := make(chan struct{})
	go func() {
		if said, err := io.ReadAll(read); err == nil && len(said) > 0 {
			close(ready)
		}
	}()
	return i, ready, nil
}

func (i *inner) stop() error {
	if err := i.process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-i.ended:
	case <-time.After(stopWithin):
		i.process.Kill()
		<-i.ended
	}
	return nil
}

// watchParent stops the cluster when standard input (a pipe) ends or the parent is gone. A parent's death signal is
// no help: it would come as soon as the thread ends that started the cluster, such as one test's.
func watchParent(stop chan<- os.Signal) {
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0 {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop <- syscall.SIGTERM
		}()
	}
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(parentPoll)
	}
	stop <- syscall.SIGTERM
}

const parentPoll = 250 * time.Millisecond
