// Several nodes, and the ways to a pod.

package suite

import (
	"strings"
	"testing"
)

func TestPodsOfTwoNodesReachEachOtherAndServices(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("one", "image: web:1", "nodeName: node-0")+pod("two", "image: web:1", "nodeName: node-1")+`
apiVersion: v1
kind: Service
metadata: {name: two}
spec: {type: LoadBalancer, selector: {app: two}, ports: [{name: http, port: 80, targetPort: 8080}]}
`)
	s.wait(t, "pod/one", "condition=Ready")
	s.wait(t, "pod/two", "condition=Ready")
	s.wait(t, "service/two", "jsonpath={.status.loadBalancer.ingress}")
	for what, address := range map[string]string{
		"pod":           s.field(t, "pod/two", "{.status.podIP}") + ":8080",
		"cluster IP":    s.field(t, "service/two", "{.spec.clusterIP}"),
		"load balancer": s.field(t, "service/two", "{.status.loadBalancer.ingress[0].ip}"),
	} {
		var out string
		eventually(t, what+" "+address+" answers", func() bool { // the service proxy follows the endpoints
			out, _ = s.try("", "--namespace", s.name, "exec", "one", "--", program, "get", "http://"+address+"/x")
			return out == "two /x"
		})
	}
}

func TestNodeTakesHundredsOfPods(t *testing.T) {
	t.Parallel()
	c := shared(t)
	if got := c.kubectl(t, "get", "nodes", "-o", "jsonpath={.items[*].status.allocatable.pods}"); got != "1k 1k" {
		t.Errorf("allocatable pods: got %s, want 1k 1k", got)
	}
}

func TestPortForwardReachesAPod(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", `{image: "web:1", env: [{name: ADDRESS, value: "127.0.0.1:8080"}],
      readinessProbe: {periodSeconds: 1, exec: {command: [`+program+`, get, "http://127.0.0.1:8080/"]}}}`))
	s.wait(t, "pod/web", "condition=Ready")
	url, stop := portForward(t, s, "pod/web", "8080")
	defer stop()
	if got := fetch(t, url+"/x"); got != "200 web /x" {
		t.Errorf("got %s", got)
	}
}

func TestServiceIsReachableThroughTheAPIServer(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("web", "image: web:1")+`
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
`)
	s.wait(t, "pod/web", "condition=Ready")
	path := "/api/v1/namespaces/" + s.name + "/services/web:http/proxy/x"
	eventually(t, "the service proxy answers", func() bool {
		out, err := s.try("", "get", "--raw", path)
		return err == nil && strings.HasSuffix(out, "web /x")
	})
}
