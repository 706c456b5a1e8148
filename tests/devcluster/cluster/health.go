// Whether components serve, asked the way their clients would.

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"keyforge.dev/devcluster/layout"
)

const healthPoll = 50 * time.Millisecond

// health asks components whether they serve.
type health struct {
	options Options
	client  *kubernetes.Clientset
	http    *http.Client
}

func newHealth(o Options) (*health, error) {
	pki := func(file string) string { return filepath.Join(o.Folder.PKI(), file) }
	config, err := clientcmd.BuildConfigFromFlags("", pki(admin+".kubeconfig"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(pki(kubeletClient+".crt"), pki(kubeletClient+".key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(pki("ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &health{o, client, &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}}}, nil
}

// until asks again and again until the answer is yes, or the context ends.
func until(ctx context.Context, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(healthPoll):
		}
	}
}

// serves asks a component. Without namespaces controller manager and scheduler have no port to be asked at.
func (h *health) serves(ctx context.Context, component string) error {
	switch component {
	case etcdName:
		c, err := net.Dial("unix", etcdSocket) // Init runs in the folder
		if err == nil {
			c.Close()
		}
		return err
	case apiServerName:
		return h.apiServerReady(ctx)
	case controllerManagerName:
		return h.loopback(ctx, layout.ControllerManagerPort)
	case schedulerName:
		return h.loopback(ctx, layout.SchedulerPort)
	}
	name := strings.TrimPrefix(component, kubeletPrefix)
	for i := range h.options.Nodes {
		if layout.NodeName(i) == name {
			return h.get(ctx, layout.NodeAddress(i), layout.KubeletPort)
		}
	}
	return nil
}

func (h *health) loopback(ctx context.Context, port int) error {
	if !h.options.Namespaces {
		return nil
	}
	return h.get(ctx, "127.0.0.1", port)
}

func (h *health) get(ctx context.Context, host string, port int) error {
	url := fmt.Sprintf("https://%s:%d/healthz", host, port)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := h.http.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return nil
}

func (h *health) apiServerReady(ctx context.Context) error {
	_, err := h.client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

// nodesReady says whether all nodes are Ready and take pods.
func (h *health) nodesReady(ctx context.Context) error {
	for i := range h.options.Nodes {
		if err := h.nodeReady(ctx, layout.NodeName(i)); err != nil {
			return err
		}
	}
	return nil
}

func (h *health) nodeReady(ctx context.Context, name string) error {
	n, err := h.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range n.Status.Conditions {
		if c.Type == v1.NodeReady && c.Status == v1.ConditionTrue && len(n.Spec.Taints) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s is not ready", name)
}
