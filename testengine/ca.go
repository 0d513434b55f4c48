package testengine

import (
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
	"strings"
	"testing"
	"time"
)

// CA is a certificate authority that lives as long as one test.
type CA struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

// TLSFiles are the PEM files of one side of a TLS connection: its certificate and key, and the authority that it trusts.
type TLSFiles struct{ CA, Cert, Key string }

// NewCA makes an authority whose files lie in the test's temporary directory.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "testengine"},
		NotBefore:             time.Now().Add(-48 * time.Hour),
		NotAfter:              time.Now().Add(48 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	ca.cert, ca.key = ca.sign(template, template, nil)
	ca.file = ca.write("ca.pem", "CERTIFICATE", ca.cert.Raw)
	return ca
}

// Issue makes a certificate for name, good for a client of that name and for a server on loopback. It was issued yesterday and
// ends when validity has passed from now: a negative validity makes an expired one.
func (ca *CA) Issue(name string, validity time.Duration) TLSFiles {
	ca.t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		ca.t.Fatalf("choosing a serial number: %v", err)
	}
	cert, key := ca.sign(&x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, ca.cert, ca.key)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		ca.t.Fatalf("encoding the key of %s: %v", name, err)
	}
	file := strings.ReplaceAll(name, string(filepath.Separator), "_") + "-" + serial.Text(36)
	return TLSFiles{
		CA:   ca.file,
		Cert: ca.write(file+".pem", "CERTIFICATE", cert.Raw),
		Key:  ca.write(file+"-key.pem", "EC PRIVATE KEY", der),
	}
}

// ClientConfig is the configuration of a Go client that presents the certificate and trusts the authority.
func (f TLSFiles) ClientConfig(t testing.TB) *tls.Config {
	t.Helper()
	authority, err := os.ReadFile(f.CA)
	if err != nil {
		t.Fatalf("reading the authority: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		t.Fatalf("loading the certificate: %v", err)
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

// sign makes a key and a certificate for it, signed by the parent's key, or by its own if that is nil.
func (ca *CA) sign(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	ca.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		ca.t.Fatalf("making a key: %v", err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		ca.t.Fatalf("signing a certificate: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		ca.t.Fatalf("reading back a certificate: %v", err)
	}
	return cert, key
}

func (ca *CA) write(name, kind string, der []byte) string {
	ca.t.Helper()
	path := filepath.Join(ca.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		ca.t.Fatalf("writing %s: %v", name, err)
	}
	return path
}
