// The ingress, from the host.

package suite

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestIngressRoutesByHostAndLongestPrefix(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	s.apply(t, pod("root", "image: web:1")+pod("admin", "image: web:1")+`
apiVersion: v1
kind: Service
metadata: {name: root}
spec: {selector: {app: root}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: admin}
spec: {selector: {app: admin}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: route.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: root, port: {number: 80}}}}
      - {path: /admin, pathType: Prefix, backend: {service: {name: admin, port: {name: http}}}}
      - {path: /empty, pathType: Prefix, backend: {service: {name: nobody, port: {name: http}}}}
`)
	s.wait(t, "pod/root", "condition=Ready")
	s.wait(t, "pod/admin", "condition=Ready")
	s.wait(t, "ingress/web", "jsonpath={.status.loadBalancer.ingress}")
	for url, want := range map[string]string{
		"https://route.example/":            "200 root /",
		"https://route.example/admin/users": "200 admin /admin/users",
		"https://route.example/empty":       "503 no ready endpoint of service " + s.name + "/nobody",
		"https://unknown.example/":          "404 no ingress for unknown.example/",
	} {
		var got string
		eventually(t, url, func() bool {
			got = s.fetchIngress(t, url)
			return got == want || !strings.HasPrefix(got, "503 no ready") && !strings.HasPrefix(got, "404")
		})
		if got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}

func TestIngressServesTheCertificateOfItsSecret(t *testing.T) {
	t.Parallel()
	s := shared(t).space(t)
	cert, key := selfSigned(t, "own.example")
	s.kubectl(t, "create", "secret", "tls", "own", "--cert", cert, "--key", key)
	s.apply(t, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  tls: [{hosts: [own.example], secretName: own}]
  rules: [{host: own.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`)
	s.wait(t, "ingress/web", "jsonpath={.status.loadBalancer.ingress}")
	eventually(t, "the ingress serves the Secret's certificate", func() bool {
		c, err := tls.Dial("tcp", strings.TrimPrefix(s.ingress, "https://"), &tls.Config{ServerName: "own.example", InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Issuer.CommonName == "own.example"
	})
}

func selfSigned(t *testing.T, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	write := func(file, kind string, bytes []byte) string {
		path := filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("tls.crt", "CERTIFICATE", der), write("tls.key", "PRIVATE KEY", private)
}
