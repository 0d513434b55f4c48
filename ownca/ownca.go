// Package ownca is the gateway's own authority: it makes the certificate of the pages where a building has no domain. It can vouch for the addresses that it
// was made for, and for the names and what lies below them, so that whoever steals its key cannot be a bank for those who installed it on a phone; this
// gateway he can be.
package ownca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/keyfile"
)

// The files of an authority, in its folder.
const (
	CertFile = "ca.pem"
	KeyFile  = "ca.key"
)

const (
	life     = 10 * 365 * 24 * time.Hour // of the authority: a phone is set up once
	leafLife = 90 * 24 * time.Hour
	renewAt  = 30 * 24 * time.Hour // before the end of a certificate
	earlier  = 24 * time.Hour      // clocks of phones may be behind
)

// mostNames bounds the names of one authority.
const mostNames = 20

var (
	// ErrNone says that there is no authority in a folder.
	ErrNone = errors.New("there is no authority yet")
	// ErrNames says that an authority may not vouch for a name.
	ErrNames = errors.New("the authority was not made for that")
	// ErrClock says that the machine's clock is wrong.
	ErrClock = errors.New("the clock of this machine is wrong")
)

// Authority makes certificates for one gateway. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
	log  *slog.Logger

	mu    sync.Mutex
	names []string
	leaf  *tls.Certificate
	tried time.Time
}

var hostname = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// CheckName says why nothing can be vouched for by a name: it must be one of a host, or an address.
func CheckName(name string) error {
	if net.ParseIP(name) != nil {
		return nil
	}
	if len(name) > 253 || !hostname.MatchString(name) || !strings.ContainsFunc(name, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
		return fmt.Errorf("%q is no name or address, want such as gerbang.lan or 192.168.10.5: small letters, without https:// and port", name)
	}
	return nil
}

// Make makes an authority for names and addresses in a folder that has none. Its key stays there, for its owner only. A key without a certificate, which is
// what a crash leaves, is put aside.
func Make(dir string, names []string, now time.Time) (*x509.Certificate, error) {
	if len(names) == 0 || len(names) > mostNames {
		return nil, fmt.Errorf("%d names, want 1 to %d", len(names), mostNames)
	}
	if now.Year() < 2026 {
		return nil, fmt.Errorf("%w: it says %s", ErrClock, now.Format(time.DateOnly))
	}
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Gerbang " + names[0], Organization: []string{"Gerbang"}},
		NotBefore: now.Add(-earlier), NotAfter: now.Add(life), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.PermittedIPRanges = append(t.PermittedIPRanges, alone(ip))
		} else {
			t.PermittedDNSDomains = append(t.PermittedDNSDomains, name)
		}
	}
	// Where nothing of a kind is permitted, nothing of it is: a constraint binds the kinds that it names.
	if len(t.PermittedDNSDomains) == 0 {
		t.PermittedDNSDomains = []string{"nothing.invalid"}
	}
	if len(t.PermittedIPRanges) == 0 {
		for _, all := range []string{"0.0.0.0/0", "::/0"} {
			_, n, err := net.ParseCIDR(all)
			if err != nil {
				return nil, err
			}
			t.ExcludedIPRanges = append(t.ExcludedIPRanges, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the authority: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("writing the key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the authority: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, CertFile)); errors.Is(err, fs.ErrNotExist) {
		if _, err := PutAside(dir, now); err != nil {
			return nil, err
		}
	}
	if err := write(filepath.Join(dir, KeyFile), 0o600, "PRIVATE KEY", raw); err != nil {
		return nil, err
	}
	// Where the certificate is there is an authority: it is there whole, after the key, or not at all.
	path, part := filepath.Join(dir, CertFile), filepath.Join(dir, CertFile+".part")
	if err = os.Remove(part); err == nil || errors.Is(err, fs.ErrNotExist) {
		if err = write(part, 0o644, "CERTIFICATE", der); err == nil {
			err = os.Rename(part, path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("writing the authority: %w", errors.Join(err, os.Remove(filepath.Join(dir, KeyFile))))
	}
	syncFolder(dir)
	return x509.ParseCertificate(der)
}

// PutAside gives the files of an authority other names, so that another can be made, and tells their ending. The files that are there are enough.
func PutAside(dir string, now time.Time) (string, error) {
	ending := "." + now.UTC().Format("20060102T150405Z")
	for _, name := range []string{CertFile, KeyFile} {
		path := filepath.Join(dir, name)
		if err := os.Rename(path, path+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("putting the authority aside: %w", err)
		}
	}
	syncFolder(dir)
	return ending, nil
}

// Read reads the certificate of the authority in a folder. The error is ErrNone where there is none.
func Read(dir string) (*x509.Certificate, error) {
	text, err := keyfile.Read(filepath.Join(dir, CertFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrNone, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading the authority: %s holds no certificate", filepath.Join(dir, CertFile))
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	return cert, nil
}

// Open reads the authority in a folder, or makes it where there is none, and makes a first certificate. The error is ErrNames where the one that is there
// was made for other names.
func Open(dir string, names []string, now func() time.Time, log *slog.Logger) (*Authority, error) {
	cert, err := Read(dir)
	if errors.Is(err, ErrNone) {
		if cert, err = Make(dir, names, now()); err == nil {
			log.Info("an authority of the gateway's own was made", "component", "https", "names", names, "fingerprint", Fingerprint(cert))
		}
	}
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, KeyFile)
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(path, 0o600) // others could read it; where that cannot be changed it is as it was
	}
	text, err := keyfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading the key of the authority: %s holds no key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the key of the authority: %w", err)
	}
	own, ok := key.(*ecdsa.PrivateKey)
	if !ok || !own.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("reading the key of the authority: %s is not the key of %s", path, CertFile)
	}
	a := &Authority{cert: cert, key: own, names: names, now: now, log: log}
	if a.leaf, err = a.make(now()); err != nil {
		return nil, err
	}
	return a, nil
}

// Covers reports why an authority may not vouch for names; nil: it may, at a time.
func Covers(cert *x509.Certificate, names []string) error {
	for _, name := range names {
		ip, covered := net.ParseIP(name), false
		for _, n := range cert.PermittedIPRanges {
			covered = covered || ip != nil && n.Contains(ip)
		}
		for _, d := range cert.PermittedDNSDomains {
			covered = covered || ip == nil && (name == d || strings.HasSuffix(name, "."+d))
		}
		if !covered {
			return fmt.Errorf("%w: %s; it is for %s", ErrNames, name, strings.Join(Names(cert), ", "))
		}
	}
	return nil
}

// Names are what an authority may vouch for.
func Names(cert *x509.Certificate) []string {
	var names []string
	for _, d := range cert.PermittedDNSDomains {
		if d != "nothing.invalid" {
			names = append(names, d)
		}
	}
	for _, n := range cert.PermittedIPRanges {
		names = append(names, n.IP.String())
	}
	return names
}

// Certificate is the authority's own, for devices to trust.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// TLS makes a server show certificates of the authority, which it renews by itself.
func (a *Authority) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.current(), nil }}
}

// current is the certificate of now. One that cannot be renewed serves until its end and beyond: an old one is better than none.
func (a *Authority) current() *tls.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if now.Before(a.leaf.Leaf.NotAfter.Add(-renewAt)) && !now.Before(a.leaf.Leaf.NotBefore) || now.Sub(a.tried) < time.Hour && !now.Before(a.tried) {
		return a.leaf
	}
	a.tried = now
	leaf, err := a.make(now)
	if err != nil {
		a.log.Error("the certificate of the pages cannot be renewed", "component", "https", "until", a.leaf.Leaf.NotAfter, "err", err)
		return a.leaf
	}
	a.leaf = leaf
	return leaf
}

// make makes a certificate, and sees that devices which trust the authority take it.
func (a *Authority) make(now time.Time) (*tls.Certificate, error) {
	if err := Covers(a.cert, a.names); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: a.names[0]}, NotBefore: later(now.Add(-earlier), a.cert.NotBefore),
		NotAfter: sooner(now.Add(leafLife), a.cert.NotAfter), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range a.names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now}); err != nil {
		return nil, fmt.Errorf("the authority cannot vouch for %s: %w", strings.Join(a.names, ", "), err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// Fingerprint is what people compare: SHA-256 of a certificate, in groups of four digits.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	var groups []string
	for len(digits) > 0 {
		groups, digits = append(groups, digits[:4]), digits[4:]
	}
	return strings.Join(groups, " ")
}

func alone(ip net.IP) *net.IPNet {
	if four := ip.To4(); four != nil {
		return &net.IPNet{IP: four, Mask: net.CIDRMask(32, 32)}
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

// write puts a file in place that was not there, and makes it lasting.
func write(path string, mode fs.FileMode, kind string, der []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("writing the authority: %w", err)
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// syncFolder makes names of files lasting, where a folder can be synced at all.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
