package ownca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, now *time.Time, names ...string) *Authority {
	t.Helper()
	a, err := Open(dir, names, func() time.Time { return *now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// verify is a device that trusts the authority, and types a name.
func (a *Authority) verify(name string, now time.Time) error {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	_, err := a.current().Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err
}

// A device that trusts the authority trusts the names that it was made for, for years, through a restart and renewals.
func TestWhatPeopleTypeIsTrusted(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "authority"), begin
	a := open(t, dir, &now, "gerbang.lan", "192.168.10.5", "fd00::5")
	for _, name := range []string{"gerbang.lan", "192.168.10.5", "[fd00::5]"} {
		if err := a.verify(name, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"bank.example", "www.gerbang.lan", "192.168.10.6", "localhost"} {
		if err := a.verify(name, now); err == nil {
			t.Errorf("%s is trusted", name)
		}
	}
	for name, mode := range map[string]os.FileMode{KeyFile: 0o600, "": 0o700} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%q: %v, %v, want mode %v", name, info.Mode(), err, mode)
		}
	}
	if ca := a.Certificate(); !ca.IsCA || !ca.MaxPathLenZero || !ca.PermittedDNSDomainsCritical || !slices.Equal(Names(ca), []string{"gerbang.lan", "192.168.10.5", "fd00::5"}) {
		t.Errorf("the authority: %v", Names(ca))
	}
	same := open(t, dir, &now, "192.168.10.5") // fewer names
	if Fingerprint(same.Certificate()) != Fingerprint(a.Certificate()) || len(Fingerprint(a.Certificate())) != 64+15 {
		t.Errorf("after a restart: another authority, %s", Fingerprint(same.Certificate()))
	}
	first := a.current().Leaf
	for range 9 * 12 {
		now = now.Add(31 * 24 * time.Hour)
		if err := a.verify("gerbang.lan", now); err != nil {
			t.Fatalf("at %v: %v", now, err)
		}
		if left := a.current().Leaf.NotAfter.Sub(now); left < renewAt-time.Hour {
			t.Fatalf("at %v it ends in %v", now, left)
		}
	}
	if a.current().Leaf.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("never renewed")
	}
	// A clock that is set back makes another one, which holds then.
	now = begin
	if err := a.verify("gerbang.lan", now); err != nil {
		t.Errorf("the clock was set back: %v", err)
	}
}

// Whoever steals the key makes no certificate that devices trust for anything else.
func TestAStolenKeyIsOfNoUseElsewhere(t *testing.T) {
	for names, forged := range map[string]*x509.Certificate{
		"gerbang.lan":              {DNSNames: []string{"bank.example"}},
		"gerbang.lan ":             {DNSNames: []string{"evilgerbang.lan"}},
		"gerbang.lan  ":            {IPAddresses: []net.IP{net.ParseIP("192.0.2.1")}},
		"192.168.10.5":             {DNSNames: []string{"bank.example"}},
		"192.168.10.5 ":            {IPAddresses: []net.IP{net.ParseIP("192.168.10.6")}},
		"192.168.10.5  ":           {IPAddresses: []net.IP{net.ParseIP("fd00::1")}},
		"gerbang.lan 192.168.10.5": {DNSNames: []string{"gerbang.lan", "bank.example"}},
	} {
		dir, now := filepath.Join(t.TempDir(), "authority"), begin
		a := open(t, dir, &now, strings.Fields(names)...)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		forged.SerialNumber, forged.NotBefore, forged.NotAfter = serial(), now, now.Add(time.Hour)
		forged.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		der, err := x509.CreateCertificate(rand.Reader, forged, a.cert, key.Public(), a.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, _ := x509.ParseCertificate(der)
		pool := x509.NewCertPool()
		pool.AddCert(a.cert)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now}); err == nil {
			t.Errorf("an authority for %s vouches for %v %v", names, forged.DNSNames, forged.IPAddresses)
		}
		// Nor an authority below it.
		below := &x509.Certificate{SerialNumber: serial(), NotBefore: now, NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
		if der, err = x509.CreateCertificate(rand.Reader, below, a.cert, key.Public(), a.key); err != nil {
			t.Fatal(err)
		}
		middle, _ := x509.ParseCertificate(der)
		good := &x509.Certificate{SerialNumber: serial(), NotBefore: now, NotAfter: now.Add(time.Hour), DNSNames: []string{"gerbang.lan"}}
		if der, err = x509.CreateCertificate(rand.Reader, good, middle, key.Public(), key); err != nil {
			t.Fatal(err)
		}
		leaf, _ = x509.ParseCertificate(der)
		between := x509.NewCertPool()
		between.AddCert(middle)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, CurrentTime: now}); err == nil {
			t.Errorf("an authority for %s makes others", names)
		}
	}
}

// Other names want another authority, which is said and not done by itself: every device must install it.
func TestOtherNames(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "authority"), begin
	a := open(t, dir, &now, "gerbang.lan")
	_, err := Open(dir, []string{"gerbang.lan", "10.0.0.1"}, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if !errors.Is(err, ErrNames) || !strings.Contains(err.Error(), "10.0.0.1") || !strings.Contains(err.Error(), "gerbang.lan") {
		t.Errorf("another address: got %v, want ErrNames that says which, and for what it is", err)
	}
	ending, err := PutAside(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, dir, &now, "gerbang.lan", "10.0.0.1")
	if Fingerprint(a.Certificate()) == Fingerprint(b.Certificate()) {
		t.Error("the new authority is the old one")
	}
	if _, err := os.Stat(filepath.Join(dir, KeyFile+ending)); err != nil {
		t.Errorf("the old one is not kept: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, KeyFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, []string{"gerbang.lan"}, func() time.Time { return now }, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a key that is none is taken")
	}
	wrong := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := Make(t.TempDir(), []string{"gerbang.lan"}, wrong); !errors.Is(err, ErrClock) {
		t.Errorf("in 1970: got %v, want ErrClock", err)
	}
	for name, good := range map[string]bool{
		"gerbang.lan": true, "gerbang": true, "10.0.0.1": true, "fd00::5": true, "g1.mpp-1.example.go.id": true,
		"": false, "https://gerbang.lan": false, "gerbang.lan:8443": false, "Gerbang.lan": false, "*.lan": false, "a b": false, "-a.lan": false, "10.0.0.300": false, "10.0.0": false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("CheckName(%q): got %v, want good: %t", name, err, good)
		}
	}
}

// A crash between the key and the certificate, or in the middle of one of them, stops no start after it; the key that is left is kept under another name.
func TestACrashWhileItIsMade(t *testing.T) {
	for name, left := range map[string]map[string]string{
		"a lone key": {KeyFile: "whatever"}, "half a key": {KeyFile: ""}, "half a certificate": {KeyFile: "whatever", CertFile + ".part": "-----BEGIN"},
	} {
		dir, now := t.TempDir(), begin
		for file, text := range left {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := Open(dir, []string{"gerbang.lan"}, func() time.Time { return now }, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: got %v, want an authority", name, err)
			continue
		}
		if err := a.verify("gerbang.lan", now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b := open(t, dir, &now, "gerbang.lan"); Fingerprint(a.Certificate()) != Fingerprint(b.Certificate()) {
			t.Errorf("%s: the next start makes another authority", name)
		}
		if aside, err := os.ReadFile(filepath.Join(dir, KeyFile+".20261130T080000Z")); err != nil || string(aside) != left[KeyFile] {
			t.Errorf("%s: the key that was left is not kept: %v", name, err)
		}
	}
	// One that is whole is not touched.
	dir, now := t.TempDir(), begin
	a := open(t, dir, &now, "gerbang.lan")
	if _, err := Make(dir, []string{"gerbang.lan"}, now); !errors.Is(err, os.ErrExist) {
		t.Errorf("where there is one: got %v, want an error that it is there", err)
	}
	if b := open(t, dir, &now, "gerbang.lan"); Fingerprint(a.Certificate()) != Fingerprint(b.Certificate()) {
		t.Error("the authority that was there is gone")
	}
}

// What a server shows is taken by a client that trusts the authority, and by no other.
func TestServing(t *testing.T) {
	now := time.Now()
	a := open(t, filepath.Join(t.TempDir(), "authority"), &now, "127.0.0.1")
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Listener = tls.NewListener(srv.Listener, a.TLS())
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	defer srv.Close()
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	for trusts, roots := range map[bool]*x509.CertPool{true: pool, false: x509.NewCertPool()} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		resp, err := client.Get(strings.Replace(srv.URL, "http:", "https:", 1)) //nolint:noctx // a test
		if err == nil {
			_ = resp.Body.Close()
		}
		client.CloseIdleConnections()
		if (err == nil) != trusts {
			t.Errorf("a client that trusts: %t: got %v", trusts, err)
		}
	}
}
