// Package suite tests the built devcluster from outside, as its users use it: by its command line, with kubectl and
// over HTTP. It imports nothing of devcluster, so that its program links in a second and not in the minutes that
// Kubernetes takes. Variables: DEVCLUSTER is the program, DEVCLUSTER_CONTROL_PLANE that of another version.
package suite

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take before a test fails. It is a bound, not a wait.
const patience = "90s"

// All of these are in a folder that every user can read, which the cache of build.sh need not be.
var (
	// devcluster and controlPlane are what the variables name; there need not be a controlPlane.
	devcluster, controlPlane string
	// images is an images file; program is this test's own program, for pods.
	images, program string
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && runProgram(os.Args[1:]) {
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "devcluster-suite-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer stopShared()
	return m.Run()
}

func prepare(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for path, copied := range map[string]*string{
		os.Getenv("DEVCLUSTER"): &devcluster, os.Getenv("DEVCLUSTER_CONTROL_PLANE"): &controlPlane, self: &program,
	} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		*copied = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(*copied, text, 0o755); err != nil {
			return err
		}
	}
	if devcluster == "" {
		return errors.New("DEVCLUSTER must name the program; test.sh sets it")
	}
	images = filepath.Join(dir, "images.json")
	return os.WriteFile(images, fmt.Appendf(nil, `[
		{"image": "web:.*", "command": [%q, "serve"], "env": {"ADDRESS": "$POD_IP:8080"}},
		{"image": "shell:.*", "command": ["/bin/sh", "-c"]}
	]`, program), 0o644)
}

// cluster is a running devcluster.
type cluster struct {
	cmd                              *exec.Cmd
	stdin                            io.Closer
	stderr                           *safeBuffer
	dir                              string
	kubeconfig, ingress, ca, runtime string
}

// safeBuffer may be read while the process still writes.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// up starts a cluster in a folder and waits until it is ready.
func up(dir string, args ...string) (*cluster, error) {
	return upAs(nil, dir, args...)
}

// upAs starts a cluster through another command, such as one that changes the user.
func upAs(through []string, dir string, args ...string) (*cluster, error) {
	line := append(append([]string{}, through...), devcluster, "up", "--dir", dir, "--images", images)
	if controlPlane != "" {
		line = append(line, "--control-plane", controlPlane)
	}
	line = append(line, args...)
	c := &cluster{cmd: exec.Command(line[0], line[1:]...), dir: dir, stderr: &safeBuffer{}}
	c.cmd.Stderr = c.stderr
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	values := map[string]*string{"KUBECONFIG": &c.kubeconfig, "INGRESS": &c.ingress, "CA": &c.ca, "RUNTIME": &c.runtime}
	for lines := bufio.NewScanner(stdout); c.runtime == "" && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if values[name] == nil {
			return nil, fmt.Errorf("unexpected line on stdout: %s", lines.Text())
		}
		*values[name] = value
	}
	if c.runtime == "" {
		c.cmd.Wait()
		return nil, fmt.Errorf("not ready: %s", c.stderr)
	}
	return c, nil
}

func (c *cluster) stop() error {
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return c.cmd.Wait()
}

// start starts a cluster for one test.
func start(t *testing.T, args ...string) *cluster {
	t.Helper()
	c, err := up(t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			c.stop()
		}
		if t.Failed() {
			t.Logf("devcluster said:\n%s", c.stderr)
		}
	})
	return c
}

// run runs a subcommand on the cluster's folder.
func (c *cluster) run(t *testing.T, verb string, args ...string) string {
	t.Helper()
	out, err := exec.Command(devcluster, append([]string{verb, "--dir", c.dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", verb, args, err, out)
	}
	return string(out)
}

// try runs kubectl.
func (c *cluster) try(input string, args ...string) (string, error) {
	cmd := exec.Command(devcluster, append([]string{"kubectl", "--kubeconfig", c.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *cluster) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.try("", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// space is a namespace of a cluster, one per test.
type space struct {
	*cluster
	name string
}

func (c *cluster) space(t *testing.T, labels ...string) space {
	t.Helper()
	var name strings.Builder // TestOneTwo → one-two
	for n, r := range strings.TrimPrefix(t.Name(), "Test") {
		if r >= 'A' && r <= 'Z' {
			if n > 0 {
				name.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		name.WriteRune(r)
	}
	s := space{c, name.String()}
	c.kubectl(t, "create", "namespace", s.name)
	if len(labels) > 0 {
		c.kubectl(t, append([]string{"label", "namespace", s.name}, labels...)...)
	}
	return s
}

func (s space) apply(t *testing.T, manifests string) {
	t.Helper()
	if out, err := s.try(manifests, "--namespace", s.name, "apply", "-f", "-"); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
}

func (s space) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return s.cluster.kubectl(t, append([]string{"--namespace", s.name}, args...)...)
}

// wait waits by a watch until a condition holds.
func (s space) wait(t *testing.T, object, condition string) {
	t.Helper()
	out, err := s.try("", "--namespace", s.name, "wait", object, "--for", condition, "--timeout", patience)
	if err != nil {
		state, _ := s.try("", "--namespace", s.name, "get", object, "-o", "yaml")
		events, _ := s.try("", "--namespace", s.name, "get", "events")
		t.Fatalf("%s: %s: %v\n%s\n%s\n%s", object, condition, err, out, state, events)
	}
}

// field reads a field by JSONPath.
func (s space) field(t *testing.T, object, path string) string {
	t.Helper()
	return s.kubectl(t, "get", object, "-o", "jsonpath="+path)
}

// eventually is for what has no watch; it fails when patience is over.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit, err := time.ParseDuration(patience)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
