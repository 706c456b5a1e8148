// HTTP from the host, for the tests.

package suite

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// fetch gets a URL and returns `STATUS BODY`.
func fetch(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return statusAndBody(t, answer)
}

// fetchIngress gets a URL through the ingress, trusting only the cluster's CA.
func (c *cluster) fetchIngress(t *testing.T, url string) string {
	t.Helper()
	roots := x509.NewCertPool()
	ca, err := os.ReadFile(c.ca)
	if err != nil || !roots.AppendCertsFromPEM(ca) {
		t.Fatal("no CA", err)
	}
	address := strings.TrimPrefix(c.ingress, "https://")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return statusAndBody(t, answer)
}

func statusAndBody(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, strings.TrimSpace(string(body)))
}

// portForward runs kubectl port-forward and returns its URL.
func portForward(t *testing.T, s space, object, port string) (url string, stop func()) {
	t.Helper()
	cmd := exec.Command(devcluster, "kubectl", "--kubeconfig", s.kubeconfig, "--namespace", s.name, "port-forward", object, ":"+port)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n') // Forwarding from 127.0.0.1:40001 -> 8080
	words := strings.Fields(line)
	if err != nil || len(words) < 3 {
		stop()
		t.Fatalf("port-forward said %q (%v)", line, err)
	}
	return "http://" + words[2], stop
}
