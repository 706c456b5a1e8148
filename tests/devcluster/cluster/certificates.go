// Who has which certificate.

package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"keyforge.dev/devcluster/layout"
	"keyforge.dev/devcluster/pki"
)

// Names of certificates and kubeconfigs in the folder's PKI.
const (
	apiServerCert      = "apiserver"
	serviceAccountCert = "service-accounts"
	healthCert         = "health"
	admin              = "admin"
	controllerManager  = "controller-manager"
	scheduler          = "scheduler"
	kubeletClient      = "kubelet-client"
	frontProxy         = "front-proxy"
)

// certificates issues what the components need and writes their kubeconfigs.
func certificates(a *pki.Authority, o Options) error {
	inside := "https://" + net.JoinHostPort(layout.APIAddress, strconv.Itoa(layout.APIPort))
	if !o.Namespaces {
		inside = "https://" + o.APIOnHost
	}
	server := func(name string, names ...string) error { return a.Issue(name, pki.Server(names...)) }
	client := func(name, user string, groups ...string) error {
		if err := a.Issue(name, pki.Client(user, groups...)); err != nil {
			return err
		}
		return a.Kubeconfig(a.Path(name+".kubeconfig"), name, inside)
	}
	steps := []error{
		server(apiServerCert, "127.0.0.1", "localhost", layout.APIAddress, layout.APIService, "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
		server(serviceAccountCert, "service-accounts"),
		server(healthCert, "127.0.0.1"),
		client(admin, "admin", "system:masters"),
		client(controllerManager, "system:kube-controller-manager"),
		client(scheduler, "system:kube-scheduler"),
		client(kubeletClient, "kube-apiserver-kubelet-client", "system:masters"),
		client(frontProxy, frontProxy),
	}
	for i := 0; i < o.Nodes && o.Runtime == Process; i++ {
		name := layout.NodeName(i)
		steps = append(steps, client(name, "system:node:"+name, "system:nodes"), server(name+"-serving", name, layout.NodeAddress(i)))
	}
	for _, err := range steps {
		if err != nil {
			return fmt.Errorf("certificates: %w", err)
		}
	}
	return nil
}

// Certificate issues a server certificate for names and addresses, signed by the cluster's CA, for servers that the
// cluster calls. The same names get the same files, also from several callers at once.
func Certificate(folder layout.Folder, names []string) (cert, key string, err error) {
	if err := os.MkdirAll(folder.Certificates(), 0o700); err != nil {
		return "", "", err
	}
	file, err := os.OpenFile(filepath.Join(folder.Certificates(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", "", err
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return "", "", err
	}
	a, err := pki.Open(folder.PKI())
	if err != nil {
		return "", "", err
	}
	digest := sha256.Sum256([]byte(strings.Join(names, "\n")))
	path := filepath.Join(folder.Certificates(), hex.EncodeToString(digest[:8]))
	return path + ".crt", path + ".key", a.IssueAt(path, pki.Server(names...))
}
