// Routing, rules in and target out.

package ingress

import (
	"testing"

	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const rules = `
- host: acme.example
  http:
    paths:
    - {path: /, pathType: Prefix, backend: {service: {name: root}}}
    - {path: /admin, pathType: Prefix, backend: {service: {name: admin}}}
    - {path: /admin/alive, pathType: Exact, backend: {service: {name: alive}}}
    - {path: /docs/, pathType: ImplementationSpecific, backend: {service: {name: docs}}}
- host: '*.example'
  http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: wildcard}}}]}
`

func TestRouteByHostAndLongestPrefix(t *testing.T) {
	all := []*networking.Ingress{ingress(t, "one", "devcluster", rules), ingress(t, "two", "nginx", rules)}
	for request, want := range map[string]string{
		"acme.example/":                  "root",
		"acme.example/index.html":        "root",
		"acme.example/admin":             "admin",
		"acme.example/admin/users":       "admin",
		"acme.example/administrator":     "root",
		"acme.example/admin/alive":       "alive",
		"acme.example/admin/alive/again": "admin",
		"acme.example/docs":              "docs",
		"ACME.example/docs/a":            "docs",
		"other.example/admin":            "wildcard",
		"a.b.example/":                   "",
		"example/":                       "",
		"unknown/":                       "",
	} {
		host, path := request, "/"
		for i := range request {
			if request[i] == '/' {
				host, path = request[:i], request[i:]
				break
			}
		}
		target, _ := Route(all, "devcluster", host, path)
		if target.Service != want {
			t.Errorf("%s: got %q, want %q", request, target.Service, want)
		}
		if want != "" && target.Namespace != "one" {
			t.Errorf("%s: served for another class", request)
		}
	}
}

func TestDefaultBackendTakesTheRest(t *testing.T) {
	i := ingress(t, "one", "devcluster", rules)
	i.Spec.DefaultBackend = &networking.IngressBackend{Service: &networking.IngressServiceBackend{Name: "rest"}}
	if target, ok := Route([]*networking.Ingress{i}, "devcluster", "unknown", "/"); !ok || target.Service != "rest" {
		t.Errorf("got %+v", target)
	}
}

func ingress(t *testing.T, namespace, class, text string) *networking.Ingress {
	t.Helper()
	i := &networking.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}}
	i.Spec.IngressClassName = &class
	if err := yaml.Unmarshal([]byte(text), &i.Spec.Rules); err != nil {
		t.Fatal(err)
	}
	return i
}
