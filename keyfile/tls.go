package keyfile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// ServerTLS makes a server's TLS from PEM files. A renewed certificate is picked up without a restart. clientCA are the authorities of
// client certificates, which every client needs then; empty: none needs one.
func ServerTLS(cert, key, clientCA string) (*tls.Config, error) {
	files := &renewed{cert: cert, key: key}
	if _, err := files.get(nil); err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}
	if clientCA != "" {
		pool, err := loadPool(clientCA)
		if err != nil {
			return nil, err
		}
		t.ClientCAs, t.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return t, nil
}

// ClientTLS makes a client's TLS from PEM files, each of which may be empty: ca are the authorities to trust, else the system's; cert
// and key are the client's own; serverName is the name in the server's certificate where it differs from the address.
func ClientTLS(ca, cert, key, serverName string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: serverName}
	if ca != "" {
		pool, err := loadPool(ca)
		if err != nil {
			return nil, err
		}
		t.RootCAs = pool
	}
	if cert != "" {
		pair, err := Pair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func loadPool(file string) (*x509.CertPool, error) {
	pem, err := Read(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading certificates: %w", errors.New(file+" holds no PEM certificate"))
	}
	return pool, nil
}

// renewed is a certificate that is read again when its file changes.
type renewed struct {
	cert, key string

	mu      sync.Mutex
	checked time.Time
	changed time.Time
	pair    *tls.Certificate
}

func (k *renewed) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair != nil && time.Since(k.checked) < time.Minute {
		return k.pair, nil
	}
	k.checked = time.Now()
	info, err := os.Stat(k.cert)
	if err == nil && k.pair != nil && info.ModTime().Equal(k.changed) {
		return k.pair, nil
	}
	pair, loadErr := Pair(k.cert, k.key)
	if loadErr != nil {
		if k.pair != nil {
			return k.pair, nil // half-written files: the old certificate serves until they are whole
		}
		return nil, fmt.Errorf("reading the certificate: %w", loadErr)
	}
	k.pair = &pair
	if info != nil {
		k.changed = info.ModTime()
	}
	return k.pair, nil
}
