// Package container starts a local process that sees what a container would see: its own processes, host name and
// file system with the pod's volumes at their real paths. It is separate from the engine because it runs on both
// sides of a fork: Start is called in the kubelet, Main in the new process. It knows nothing of Kubernetes.
package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Subcommand is the hidden subcommand that becomes a container; it calls Main.
const Subcommand = "_container"

const specVariable = "DEVCLUSTER_CONTAINER"

// Mount is one folder or file of the machine at a path of the container.
type Mount struct {
	From, To string
	ReadOnly bool
}

// Spec describes a container.
type Spec struct {
	Args, Env []string
	// Dir is the working folder.
	Dir, Hostname string
	Mounts        []Mount
	// Hidden is a folder of the machine that the container does not see: the cluster's own.
	Hidden string
	// User is the number of the user inside; whatever it is, files are the cluster user's outside.
	User int64
	// ReadOnlyRoot makes all but the mounts read-only. Else /tmp, /run and new top folders are writable.
	ReadOnlyRoot bool
}

// statusFile is the descriptor at which the new process says why it could not become its command. It closes when the
// command starts.
const statusFile = 3

// Start starts the container's process: this program again, in new namespaces. It returns when the command runs
// inside, or why it does not. The caller waits for the command's end.
func (s Spec) Start(stdout, stderr io.Writer) (*exec.Cmd, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("no command")
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("/proc/self/exe", Subcommand)
	cmd.Env = append(append([]string{}, s.Env...), specVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdout, stderr, []*os.File{write}
	cmd.SysProcAttr = s.attributes()
	err = cmd.Start()
	write.Close()
	if err != nil {
		return nil, err
	}
	if said, err := io.ReadAll(read); err != nil || len(said) > 0 {
		cmd.Wait() // it has no more to say
		return nil, errors.Join(err, errors.New(string(said)))
	}
	return cmd, nil
}

// attributes are those of the container's namespaces. Where the user has a number, a user namespace in which the
// cluster's one user has this number, and so owns all its files; the capability is for the mounts and is given up
// before the command starts.
func (s Spec) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
	if s.User != 0 {
		id := []syscall.SysProcIDMap{{ContainerID: int(s.User), HostID: 0, Size: 1}}
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings, a.GidMappings = id, id
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	return a
}

// Main builds the container's view and becomes its command; it returns only when that failed.
func Main() error {
	syscall.CloseOnExec(statusFile)
	err := become()
	os.NewFile(statusFile, "status").WriteString(err.Error())
	return err
}

func become() error {
	var s Spec
	if err := json.Unmarshal([]byte(os.Getenv(specVariable)), &s); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return fmt.Errorf("host name `%s`: %w", s.Hostname, err)
	}
	if err := s.enterRoot(); err != nil {
		return fmt.Errorf("file system: %w", err)
	}
	if err := os.Chdir(s.Dir); err != nil {
		return fmt.Errorf("working folder: %w", err)
	}
	for _, e := range s.Env {
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			os.Setenv("PATH", path)
		}
	}
	program, err := exec.LookPath(s.Args[0])
	if err != nil {
		return fmt.Errorf("command: %w", err)
	}
	runtime.LockOSThread()
	if err := s.dropPrivileges(); err != nil {
		return err
	}
	return fmt.Errorf("command %s: %w", program, syscall.Exec(program, s.Args, s.Env))
}
