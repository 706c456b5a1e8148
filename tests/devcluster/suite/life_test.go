// How clusters end and begin again.

package suite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestNothingIsLeftWhenItsEndComes(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*cluster){
		"SIGTERM":             func(c *cluster) { c.cmd.Process.Signal(unix.SIGTERM) },
		"stdin closes":        func(c *cluster) { c.stdin.Close() },
		"killed":              func(c *cluster) { c.cmd.Process.Kill() },
		"its parent's killed": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var through []string
			if end == nil {
				// A shell as the parent, which starts it in the background: exec would replace the shell.
				through = []string{"sh", "-c", `"$@" <&3 & wait`, "sh"}
				end = func(c *cluster) { c.cmd.Process.Kill() }
			}
			c, err := upWithOpenStdin(t, through)
			if err != nil {
				t.Fatal(err)
			}
			s := space{c, "default"}
			s.apply(t, pod("web", "image: web:1"))
			s.wait(t, "pod/web", "condition=Ready")
			all := descendants(t, c.cmd.Process.Pid)
			if len(all) < 7 {
				t.Fatalf("only %d processes were found", len(all))
			}
			end(c)
			for _, p := range all {
				p.awaitEnd(t)
			}
			c.cmd.Wait()
		})
	}
}

// upWithOpenStdin starts a cluster; through a shell its standard input is a descriptor that stays open.
func upWithOpenStdin(t *testing.T, through []string) (*cluster, error) {
	t.Helper()
	if through != nil {
		through = append([]string{"sh", "-c", `exec 3< /dev/null; exec "$@"`, "sh"}, through...)
	}
	return upAs(through, t.TempDir(), "--runtime", "process")
}

func TestSameFolderBringsTheSameClusterBack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40)) // longer than the path of a socket may be
	c, err := up(dir, "--runtime", "process")
	if err != nil {
		t.Fatal(err)
	}
	s := c.space(t)
	s.apply(t, claimAndPod)
	s.wait(t, "pod/web", "condition=Ready")
	uid := s.field(t, "pod/web", "{.metadata.uid}")
	s.kubectl(t, "exec", "web", "--", "sh", "-c", "echo more >> /data/file")
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig of a stopped cluster is still there: %v", err)
	}
	if c, err = up(dir, "--runtime", "process"); err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	s.cluster = c
	s.wait(t, "pod/web", "jsonpath={.status.containerStatuses[0].restartCount}=1")
	s.wait(t, "pod/web", "condition=Ready")
	if got := s.field(t, "pod/web", "{.metadata.uid}"); got != uid {
		t.Errorf("another pod: %s, was %s", got, uid)
	}
	if got := s.kubectl(t, "exec", "web", "--", "cat", "/data/file"); got != "kept\nmore" {
		t.Errorf("the volume holds %q", got)
	}
}

func TestSeveralClustersRunAtOnce(t *testing.T) {
	t.Parallel()
	ready := make(chan error)
	for range 2 {
		c := start(t, "--runtime", "process")
		go func() {
			out, err := c.try("", "create", "namespace", "mine")
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			ready <- err
		}()
	}
	for range 2 {
		if err := <-ready; err != nil {
			t.Error(err)
		}
	}
}

func TestSecondClusterInAFolderIsRefused(t *testing.T) {
	t.Parallel()
	c := shared(t)
	_, err := up(c.dir)
	want := "not ready: devcluster: folder " + c.dir + " is in use by another devcluster\n"
	if err == nil || err.Error() != want {
		t.Errorf("got: %v\nwant: %s", err, want)
	}
	c.kubectl(t, "get", "namespaces")
}

// process is one that is held by a descriptor, so that its number cannot come to mean another.
type process struct {
	fd   int
	name string
}

func descendants(t *testing.T, pid int) []process {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil // it has ended meanwhile
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	all := []process{{fd, strings.ReplaceAll(string(name), "\x00", " ")}}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, descendants(t, child)...)
		}
	}
	return all
}

func (p process) awaitEnd(t *testing.T) {
	t.Helper()
	defer unix.Close(p.fd)
	limit, err := time.ParseDuration(patience)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(limit); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(max(0, time.Until(end).Milliseconds())))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			t.Errorf("still there: %s (%v)", p.name, err)
		}
		return
	}
}

// command runs devcluster through another command and returns what it said.
func command(through []string, args ...string) (string, error) {
	line := append(append([]string{}, through...), append([]string{devcluster}, args...)...)
	out, err := exec.Command(line[0], line[1:]...).CombinedOutput()
	return string(out), err
}
