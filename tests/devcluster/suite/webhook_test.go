// From the cluster to a server on the host.

package suite

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestServerOnTheHostIsReached serves an admission webhook in this process, behind the shared cluster's --host-port. The
// API server asks it, and pods reach it too.
func TestServerOnTheHostIsReached(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t, "webhook=yes")
	_, port, err := net.SplitHostPort(common.hook.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, line := range strings.Fields(s.run(t, "cert", "10.0.0.1")) {
		name, value, _ := strings.Cut(line, "=")
		files[name] = value
	}
	pair, err := tls.LoadX509KeyPair(files["CERT"], files["KEY"])
	if err != nil {
		t.Fatal(err)
	}
	go (&http.Server{Handler: http.HandlerFunc(review)}).Serve(tls.NewListener(common.hook, &tls.Config{Certificates: []tls.Certificate{pair}}))
	ca, err := os.ReadFile(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	s.apply(t, fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: host}
webhooks:
- name: host.devcluster.example
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  namespaceSelector: {matchLabels: {webhook: "yes"}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  clientConfig: {url: "https://10.0.0.1:%s/review", caBundle: %s}
`, port, base64.StdEncoding.EncodeToString(ca)))
	var out string
	eventually(t, "the webhook refuses", func() bool { // the API server reads its webhooks a moment later
		s.try("", "--namespace", s.name, "delete", "configmap", "refused")
		out, err = s.try("", "--namespace", s.name, "create", "configmap", "refused")
		return err != nil
	})
	if !strings.Contains(out, `admission webhook "host.devcluster.example" denied the request: not on this host`) {
		t.Errorf("refused with: %s", out)
	}
	s.kubectl(t, "create", "configmap", "allowed")
	s.apply(t, pod("web", "image: web:1"))
	s.wait(t, "pod/web", "condition=Ready")
	if got := s.kubectl(t, "exec", "web", "--", program, "get", "https://10.0.0.1:"+port); got != "this is the host" {
		t.Errorf("the pod got %q", got)
	}
}

// review allows what is called `allowed`.
func review(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		fmt.Fprint(w, "this is the host")
		return
	}
	var q struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID  string `json:"uid"`
			Name string `json:"name"`
		} `json:"request"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"apiVersion": q.APIVersion, "kind": q.Kind, "response": map[string]any{
		"uid": q.Request.UID, "allowed": q.Request.Name == "allowed" || q.Request.Name == "kube-root-ca.crt",
		"status": map[string]any{"message": "not on this host"}}})
}
