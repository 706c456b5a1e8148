// What is issued is checked by the standard library, as a client would.

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
)

func TestIssuedCertificateIsTrustedForItsNamesOnly(t *testing.T) {
	a := open(t, t.TempDir())
	if err := a.Issue("web", Server("web.example", "10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(a.Path("web.crt"), a.Path("web.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	ca, err := os.ReadFile(a.Path("ca.crt"))
	if err != nil || !roots.AppendCertsFromPEM(ca) {
		t.Fatal("no CA", err)
	}
	for name, trusted := range map[string]bool{"web.example": true, "10.0.0.1": true, "other.example": false, "10.0.0.2": false} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		if (err == nil) != trusted {
			t.Errorf("%s: trusted should be %v: %v", name, trusted, err)
		}
	}
}

func TestCertificatesAreUsedAgainWhileTheyFit(t *testing.T) {
	dir := t.TempDir()
	read := func(names ...string) string {
		a := open(t, dir)
		if err := a.Issue("web", Server(names...)); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(a.Path("web.crt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := read("web.example")
	if read("web.example") != first {
		t.Error("the same names got another certificate")
	}
	if read("web.example", "10.0.0.1") == first {
		t.Error("other names got the old certificate")
	}
	second := read("web.example", "10.0.0.1")
	for _, file := range []string{"ca.crt", "ca.key"} {
		if err := os.Remove(dir + "/" + file); err != nil {
			t.Fatal(err)
		}
	}
	if read("web.example", "10.0.0.1") == second {
		t.Error("a certificate of a lost CA was used again")
	}
}

func open(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
