package configs

import (
	"crypto/tls"

	"github.com/gerbang-iot/gerbang/keyfile"
)

// Load reads the files. A renewed certificate is picked up without another Load.
func (t *TLSServer) Load() (*tls.Config, error) { return keyfile.ServerTLS(t.Cert, t.Key, t.ClientCA) }

// Load reads the files; nil gives the system's defaults.
func (t *TLSClient) Load() (*tls.Config, error) {
	if t == nil {
		t = &TLSClient{}
	}
	return keyfile.ClientTLS(t.CA, t.Cert, t.Key, t.ServerName)
}
