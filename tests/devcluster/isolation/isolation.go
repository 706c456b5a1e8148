// Package isolation finds out whether this machine lets the caller make user namespaces, in which a cluster has its
// own network, processes and mounts without root. It is separate because the answer is needed before anything
// starts, and because the advice is worth testing.
package isolation

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"keyforge.dev/devcluster/network"
)

// ProbeCommand is the hidden subcommand that Probe starts in new namespaces; it calls Enter.
const ProbeCommand = "_probe"

// Attributes are those of a process that becomes PID 1 of new namespaces, with the caller as its root.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// Enter makes the new namespaces usable: mounts stay private, /proc shows the own processes, loopback is up.
func Enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := network.Loopback(); err != nil {
		return fmt.Errorf("loopback interface: %w", err)
	}
	return nil
}

// Probe tries what a cluster needs, in a process of its own, and says what to do where it is forbidden.
func Probe() error {
	cmd := exec.Command("/proc/self/exe", ProbeCommand)
	cmd.SysProcAttr = Attributes()
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	why := strings.TrimSpace(said.String())
	if why == "" {
		why = err.Error()
	}
	return &Forbidden{Why: why, Advice: advice(os.DirFS("/proc/sys"), os.Geteuid() == 0)}
}

// Forbidden says that user namespaces cannot be used here.
type Forbidden struct {
	// Why is what the kernel refused.
	Why string
	// Advice is what to do about it.
	Advice string
}

func (f *Forbidden) Error() string {
	return fmt.Sprintf("user namespaces are not allowed here (%s)\n  hint: %s", f.Why, f.Advice)
}

// advice names the setting that most likely forbids user namespaces.
func advice(sysctls fs.FS, root bool) string {
	is := func(name, value string) bool {
		text, err := fs.ReadFile(sysctls, strings.ReplaceAll(name, ".", "/"))
		return err == nil && strings.TrimSpace(string(text)) == value
	}
	set := "allow them in the container's security profile (seccomp, AppArmor)"
	switch {
	case is("user.max_user_namespaces", "0"):
		set = "`sysctl user.max_user_namespaces=10000`"
	case !root && is("kernel.unprivileged_userns_clone", "0"):
		set = "`sysctl kernel.unprivileged_userns_clone=1`, or run as root"
	case !root && is("kernel.apparmor_restrict_unprivileged_userns", "1"):
		set = "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run as root"
	case !root:
		set += ", or run as root"
	}
	return set + "; or choose `--runtime fake`, in which nothing runs in pods"
}
