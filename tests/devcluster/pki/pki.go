// Package pki keeps the cluster's certificate authority and what it signed, as PEM files in one folder. It is
// separate because `devcluster cert` needs it without a running cluster. What is there and still good is used again,
// so that a cluster started again in its folder is trusted by the same clients.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	caYears = 10
	// renewBefore is how long a certificate must still be valid to be used again.
	renewBefore = 30 * 24 * time.Hour
)

// Authority is a CA in a folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// Open loads the CA in a folder, or makes one.
func Open(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &Authority{dir: dir}
	root := &x509.Certificate{Subject: pkix.Name{CommonName: "devcluster"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if err := a.Issue("ca", root); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(a.Path("ca.crt"), a.Path("ca.key"))
	if err != nil {
		return nil, err
	}
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(crypto.Signer)
	return a, nil
}

// Path is the path of a file in the authority's folder.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// Issue writes NAME.crt and NAME.key, unless they are there and still good for the same purpose.
func (a *Authority) Issue(name string, t *x509.Certificate) error {
	return a.IssueAt(a.Path(name), t)
}

// IssueAt is Issue with a path of its own, without the file extensions.
func (a *Authority) IssueAt(path string, t *x509.Certificate) error {
	if pair, err := tls.LoadX509KeyPair(path+".crt", path+".key"); err == nil && a.covers(pair.Leaf, t) {
		return nil
	}
	cert, key, err := a.Sign(t)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".key", key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(path+".crt", cert, 0o600)
}

func (a *Authority) covers(have, want *x509.Certificate) bool {
	sameAddress := func(x, y net.IP) bool { return x.Equal(y) }
	return time.Until(have.NotAfter) > renewBefore &&
		have.Subject.String() == want.Subject.String() &&
		slices.Equal(have.DNSNames, want.DNSNames) &&
		slices.EqualFunc(have.IPAddresses, want.IPAddresses, sameAddress) &&
		(want.IsCA || have.CheckSignatureFrom(a.cert) == nil)
}

// Sign makes a key and a certificate for it, both PEM; without a CA yet it signs itself.
func (a *Authority) Sign(t *x509.Certificate) (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, err
	}
	t.NotBefore, t.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	parent, signer := a.cert, a.key
	if t.IsCA {
		parent, signer, t.NotAfter = t, k, time.Now().AddDate(caYears, 0, 0)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, k.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), nil
}

// Server describes a server's certificate for names and addresses; the first is its common name.
func Server(names ...string) *x509.Certificate {
	t := &x509.Certificate{Subject: pkix.Name{CommonName: names[0]}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return t
}

// Client describes a client's certificate: the common name is the user, the organizations are the groups.
func Client(user string, groups ...string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: user, Organization: groups},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}
