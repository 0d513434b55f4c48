// Package keyfile reads the small files that secrets, keys and certificates stand in. A device file or a log that is named by mistake
// is refused before it fills the memory.
package keyfile

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
)

// Most is the largest file that is read, in bytes: more than any key or bundle of certificates has.
const Most = 1 << 20

// Read reads a file of at most Most bytes. Its errors name the file and nothing that stands in it.
func Read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err != nil {
		return nil, err
	}
	if len(text) > Most {
		return nil, fmt.Errorf("file %s is larger than 1 MiB, want one with a secret, a key or certificates", name)
	}
	return text, nil
}

// Pair reads a certificate and its key, both in PEM.
func Pair(cert, key string) (tls.Certificate, error) {
	certPEM, err := Read(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := Read(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}
