// Components that are killed, stopped and started.

package suite

import (
	"errors"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestComponentsAreKilledAndComeBack(t *testing.T) {
	t.Parallel()
	c := start(t, "--runtime", "process")
	s := c.space(t)
	s.apply(t, pod("web", "image: web:1"))
	s.wait(t, "pod/web", "condition=Ready")
	for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet-node-0"} {
		c.run(t, "kill", component)
		c.run(t, "start", component) // returns when it serves
	}
	s.wait(t, "pod/web", "jsonpath={.status.containerStatuses[0].restartCount}=1")
	s.wait(t, "pod/web", "condition=Ready")
	s.apply(t, pod("second", "image: web:1"))
	s.wait(t, "pod/second", "condition=Ready")
	if n := strings.Count(c.stderr.String(), "starting it again"); n != 0 {
		t.Errorf("%d components died by themselves", n)
	}
}

func TestStoppedAPIServerRefusesConnections(t *testing.T) {
	t.Parallel()
	c := start(t, "--runtime", "fake")
	server, err := url.Parse(c.kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.run(t, "stop", "kube-apiserver")
		if _, err := net.Dial("tcp", server.Host); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("got %v, want connection refused", err)
		}
		c.run(t, "start", "kube-apiserver")
		c.kubectl(t, "get", "namespaces")
	}
}

func TestHeldControllersDoNotWorkUntilTheyAreStarted(t *testing.T) {
	t.Parallel()
	c := start(t, "--runtime", "fake", "--nodes", "3")
	c.run(t, "stop", "kube-controller-manager")
	c.run(t, "kill", "kube-controller-manager") // a held component stays down
	s := c.space(t)
	s.kubectl(t, "create", "deployment", "web", "--image", "web:1", "--replicas", "300")
	if got := s.kubectl(t, "get", "pods"); !strings.Contains(got, "No resources found") {
		t.Errorf("pods were made: %s", got)
	}
	c.run(t, "start", "kube-controller-manager")
	s.wait(t, "deployment/web", "jsonpath={.status.readyReplicas}=300")
}

func TestUnknownComponentIsNamed(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(devcluster, "stop", "--dir", shared(t).dir, "kubelet").CombinedOutput()
	want := "devcluster: no component `kubelet`; there are etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet-node-0, kubelet-node-1\n"
	if err == nil || string(out) != want {
		t.Errorf("got: %s (%v)\nwant: %s", out, err, want)
	}
}
