package testengine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// MosquittoServer is a mosquitto broker on a loopback port. With MosquittoPersistence its sessions, retained and queued messages
// stay over Stop and Start; after Kill what is left is what the broker had saved.
type MosquittoServer struct {
	*Engine

	Addr string // 127.0.0.1:port
	URL  string // tcp://127.0.0.1:port, or ssl:// with MosquittoTLS

	store string // the folder of mosquitto.db
}

// Mosquitto starts the installed mosquitto for one test. Without options it has Debian's limits (20 messages in flight, 1,000
// queued a client), takes any client and forgets everything when it stops.
func Mosquitto(t testing.TB, opts ...MosquittoOption) *MosquittoServer {
	t.Helper()
	path := lookProgram("mosquitto")
	if path == "" {
		missing(t, "mosquitto", "install it, on Debian with: apt-get install mosquitto")
	}
	dir := t.TempDir()
	c := mosquittoConfig{t: t, dir: dir, address: loopback(reservePort(t)), store: dir}
	for _, opt := range opts {
		opt(&c)
	}
	conf := c.write("mosquitto.conf", c.text())
	scheme := "tcp://"
	if c.tls != nil {
		scheme = "ssl://"
	}
	s := &MosquittoServer{Addr: c.address, URL: scheme + c.address, store: c.store}
	s.Engine = newEngine(t, "mosquitto", path, []string{"-c", conf}, accepts(c.address))
	s.Start()
	return s
}

// WipeSession makes the broker forget its clients: it is stopped if it runs, its store is removed, and it is started again if it
// ran. Clients that come back find no session.
func (s *MosquittoServer) WipeSession() {
	s.t.Helper()
	ran := s.Running()
	s.Stop()
	if err := os.Remove(filepath.Join(s.store, "mosquitto.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatalf("removing the store of mosquitto: %v", err)
	}
	if ran {
		s.Start()
	}
}
