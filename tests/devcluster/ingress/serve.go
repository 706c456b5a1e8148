// The HTTPS server of the ingress: certificates, routing, forwarding.

package ingress

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"

	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"keyforge.dev/devcluster/cloud"
	"keyforge.dev/devcluster/pki"
)

// Server routes requests to ready endpoints.
type Server struct {
	Cloud     *cloud.Cloud
	Client    kubernetes.Interface
	Authority *pki.Authority

	certificates sync.Map // server name → *tls.Certificate, signed on demand
}

type endpointKey struct{}

// Serve serves until the listener closes. HTTP/1.1 only: it is what carries WebSockets.
func (s *Server) Serve(l net.Listener) error {
	config := &tls.Config{NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12, GetCertificate: s.certificate}
	forward := &httputil.ReverseProxy{Transport: &http.Transport{}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: r.In.Context().Value(endpointKey{}).(string)})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
	route := func(w http.ResponseWriter, r *http.Request) {
		target, ok := Route(s.ingresses(), cloud.IngressClass, hostname(r.Host), r.URL.Path)
		if !ok {
			http.Error(w, "no ingress for "+r.Host+r.URL.Path, http.StatusNotFound)
			return
		}
		endpoint := s.Cloud.Endpoint(target.Namespace, target.Service, target.Port)
		if endpoint == "" {
			http.Error(w, "no ready endpoint of service "+target.Namespace+"/"+target.Service, http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), endpointKey{}, endpoint)))
	}
	return (&http.Server{Handler: http.HandlerFunc(route)}).Serve(tls.NewListener(l, config))
}

func (s *Server) ingresses() []*networking.Ingress {
	all, err := s.Cloud.Ingresses.List(labels.Everything())
	if err != nil {
		return nil
	}
	return all
}

func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// certificate is the one of the Secret that an ingress names for this host, else one that the cluster's CA signs now.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hello.ServerName
	if name == "" {
		name = "localhost"
	}
	if c := s.ownCertificate(hello.Context(), name); c != nil {
		return c, nil
	}
	if c, ok := s.certificates.Load(name); ok {
		return c.(*tls.Certificate), nil
	}
	cert, key, err := s.Authority.Sign(pki.Server(name, "127.0.0.1"))
	if err != nil {
		return nil, err
	}
	c, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	s.certificates.Store(name, &c)
	return &c, nil
}

// ownCertificate reads the Secret at each handshake: renewed certificates count at once, and nothing is kept.
func (s *Server) ownCertificate(ctx context.Context, name string) *tls.Certificate {
	for _, i := range s.ingresses() {
		for _, t := range i.Spec.TLS {
			if t.SecretName == "" || !slices.Contains(t.Hosts, name) {
				continue
			}
			secret, err := s.Client.CoreV1().Secrets(i.Namespace).Get(ctx, t.SecretName, metav1.GetOptions{})
			if err != nil {
				continue
			}
			if c, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"]); err == nil {
				return &c
			}
		}
	}
	return nil
}
