// Machines and users that allow less, and mistakes on the command line.

package suite

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestOrdinaryUserNeedsNoRoot is about `nobody` when the tests run as root, and about whoever runs them otherwise.
func TestOrdinaryUserNeedsNoRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var through []string
	if os.Geteuid() == 0 {
		dir, through = asNobody(t)
	}
	c, err := upAs(through, dir, "--runtime", "process")
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	s := c.space(t, "pod-security.kubernetes.io/enforce=restricted")
	s.apply(t, workload)
	s.wait(t, "pod/web", "condition=Ready")
	if got := s.kubectl(t, "exec", "web", "--", "id", "-u"); got != "1000" {
		t.Errorf("the container runs as %s, want 1000", got)
	}
	c.run(t, "stop", "kube-apiserver")
	c.run(t, "start", "kube-apiserver")
	if got := s.kubectl(t, "exec", "web", "--", "cat", "/data/file"); got != "kept" {
		t.Errorf("got %q", got)
	}
}

// asNobody makes a folder of nobody's and a command that becomes nobody.
func asNobody(t *testing.T) (dir string, through []string) {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no user `nobody`")
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = os.MkdirTemp(filepath.Dir(images), "nobody-"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return dir, []string{"setpriv", "--reuid", nobody.Uid, "--regid", nobody.Gid, "--clear-groups", "--"}
}

// forbidden is a command in a user namespace that may have no others below it.
func forbidden(t *testing.T) []string {
	t.Helper()
	return []string{"unshare", "--user", "--map-root-user", "sh", "-c", `echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"`, "sh"}
}

func TestForbiddenNamespacesAreExplained(t *testing.T) {
	t.Parallel()
	out, err := command(forbidden(t), "up", "--dir", t.TempDir(), "--runtime", "process")
	want := "devcluster: user namespaces are not allowed here (fork/exec /proc/self/exe: no space left on device)\n" +
		"  hint: `sysctl user.max_user_namespaces=10000`; or choose `--runtime fake`, in which nothing runs in pods\n"
	if err == nil || out != want {
		t.Errorf("got: %s (%v)\nwant: %s", out, err, want)
	}
}

func TestForbiddenNamespacesLeaveTheFakeRuntime(t *testing.T) {
	t.Parallel()
	c, err := upAs(forbidden(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	if c.runtime != "fake" || !strings.Contains(c.stderr.String(), "warning: nothing will run in pods (runtime fake)") {
		t.Errorf("runtime %s, said: %s", c.runtime, c.stderr)
	}
	fakePods(t, c)
}

func TestFakeRuntimeWithoutNamespaces(t *testing.T) {
	t.Parallel()
	c := start(t, "--runtime", "fake", "--isolation", "none")
	if c.runtime != "fake" || strings.Contains(c.stderr.String(), "warning") {
		t.Errorf("runtime %s, said: %s", c.runtime, c.stderr)
	}
	fakePods(t, c)
}

// fakePods tries what a pod of the fake runtime may become.
func fakePods(t *testing.T, c *cluster) {
	t.Helper()
	s := c.space(t)
	s.apply(t, pod("ready", "image: any:1")+strings.ReplaceAll(pod("crash", "image: any:1"), "labels:", "annotations: {devcluster/fate: crash}, labels:"))
	s.kubectl(t, "create", "job", "done", "--image", "any:1")
	s.wait(t, "pod/ready", "condition=Ready")
	s.wait(t, "pod/crash", "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff")
	s.wait(t, "job/done", "condition=Complete")
	s.kubectl(t, "delete", "pod", "ready", "crash")
}

func TestPodsShareOneNetworkWhereThereAreNoBridges(t *testing.T) {
	t.Parallel()
	c := start(t, "--runtime", "process", "--nodes", "2", "--pod-network", "shared")
	s := c.space(t)
	s.apply(t, pod("one", "image: web:1", "nodeName: node-0")+pod("two", "image: web:1", "nodeName: node-1"))
	s.wait(t, "pod/one", "condition=Ready")
	s.wait(t, "pod/two", "condition=Ready")
	if got := s.kubectl(t, "exec", "one", "--", program, "get", "http://"+s.field(t, "pod/two", "{.status.podIP}")+":8080/x"); got != "two /x" {
		t.Errorf("got %s", got)
	}
}

func TestMistakesAreToldBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`[{"image": "a(", "command": ["x"]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for args, want := range map[string]string{
		"":                                      "--dir is required",
		"--dir D --images " + bad:               "images file " + bad + ": entry 1: `a(` is not a regular expression: error parsing regexp: missing closing ): `^(?:a()$`",
		"--dir D --runtime docker":              "--runtime is `docker`; allowed are process, fake, auto",
		"--dir D --host-port hook":              "--host-port is `hook`; NAME=PORT is needed",
		"--dir D --host-port hook=6443":         "--host-port hook=6443: the API server has this port at 10.0.0.1",
		"--dir D --control-plane /nowhere":      "--control-plane /nowhere is not a program",
		"--dir D --audit-policy /nowhere":       "--audit-policy: stat /nowhere: no such file or directory",
		"--dir D --runtime process --nodes 100": "--nodes is 100; with runtime process at most 16 fit",
		"--dir D now":                           "unexpected argument `now`",
	} {
		out, err := command(nil, append([]string{"up"}, strings.Fields(strings.ReplaceAll(args, " D", " "+dir))...)...)
		if err == nil || out != "devcluster: "+want+"\n" {
			t.Errorf("%s\n got: %s (%v)\nwant: %s", args, out, err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("something was started in %s: %v", dir, entries)
	}
}

func TestMissingGoIsExplained(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("../build.sh")
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + pathWithout(t, "go")}
	out, err := cmd.CombinedOutput()
	want := "devcluster/build.sh: Go is not installed; Go 1.24 or later is needed: https://go.dev/dl, or your distribution's package (golang-go)\n"
	if err == nil || string(out) != want {
		t.Errorf("got: %s (%v)\nwant: %s", out, err, want)
	}
}

// pathWithout is a folder with links to what build.sh needs, but for one.
func pathWithout(t *testing.T, missing string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"sh", "dirname", "find", "grep", "sort", "xargs", "sha256sum", "cut", "mkdir", "flock", "ls", "tail", "rm", "mv", "touch", "go"} {
		path, err := exec.LookPath(name)
		if err != nil || name == missing {
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
