package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/keyfile"
)

// loadServerTLS makes a server's TLS from files. A renewed certificate is picked up without a restart.
func loadServerTLS(c *configs.TLSServer) (*tls.Config, error) {
	files := &keyPair{cert: c.Cert, key: c.Key}
	if _, err := files.get(nil); err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}
	if c.ClientCA != "" {
		pool, err := loadPool(c.ClientCA)
		if err != nil {
			return nil, err
		}
		t.ClientCAs, t.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	return t, nil
}

// loadClientTLS makes a client's TLS from files; nil gives the system's defaults.
func loadClientTLS(c *configs.TLSClient) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c == nil {
		return t, nil
	}
	t.ServerName = c.ServerName
	if c.CA != "" {
		pool, err := loadPool(c.CA)
		if err != nil {
			return nil, err
		}
		t.RootCAs = pool
	}
	if c.Cert != "" {
		pair, err := keyfile.Pair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func loadPool(file string) (*x509.CertPool, error) {
	pem, err := keyfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading certificates: %w", errors.New(file+" holds no PEM certificate"))
	}
	return pool, nil
}

// keyPair is a certificate that is read again when its file changes.
type keyPair struct {
	cert, key string

	mu      sync.Mutex
	checked time.Time
	changed time.Time
	pair    *tls.Certificate
}

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
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
	pair, loadErr := keyfile.Pair(k.cert, k.key)
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
