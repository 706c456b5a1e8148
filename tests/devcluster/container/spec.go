// Package container starts a local process that sees what a container would see: its own processes, host name and
// file system with the pod's volumes at their real paths. It is separate from the engine because it runs on both
// sides of a fork: Command prepares in the kubelet, Main finishes in the new process. It knows nothing of Kubernetes.
package container

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Command makes the process that becomes the container: this program again, in new namespaces.
func (s Spec) Command() (*exec.Cmd, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("no command")
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", Subcommand)
	cmd.Env = append(append([]string{}, s.Env...), specVariable+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS}
	if s.User != 0 {
		// A user namespace in which the cluster's one user has this number, and so owns all its files. The
		// capability is for the mounts; it is given up before the command starts.
		id := []syscall.SysProcIDMap{{ContainerID: int(s.User), HostID: 0, Size: 1}}
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = id, id
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	return cmd, nil
}

// Main builds the container's view and becomes its command; it returns only when that failed.
func Main() error {
	var s Spec
	if err := json.Unmarshal([]byte(os.Getenv(specVariable)), &s); err != nil {
		return fmt.Errorf("container: %w", err)
	}
	if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
		return fmt.Errorf("host name %s: %w", s.Hostname, err)
	}
	if err := s.enterRoot(); err != nil {
		return fmt.Errorf("container file system: %w", err)
	}
	if err := os.Chdir(s.Dir); err != nil {
		return err
	}
	for _, e := range s.Env {
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			os.Setenv("PATH", path)
		}
	}
	program, err := exec.LookPath(s.Args[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec(program, s.Args, s.Env)
}
