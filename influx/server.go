package influx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"

	"github.com/gerbang-iot/gerbang/endpoint"
	"github.com/gerbang-iot/gerbang/keyfile"
)

// Server says where InfluxDB is and how to talk to it.
type Server struct {
	// URL is http or https with host and optional port and path; no credentials, query or fragment.
	URL string
	// Org is the organisation of InfluxDB 2.x. Empty means InfluxDB 1.8.
	Org string
	// Bucket is the bucket of 2.x; for 1.8 "database" or "database/retention-policy".
	Bucket string
	// Token is the API token of 2.x; for 1.8 "user:password"; empty where authentication is off.
	Token Secret
	// CAFile holds the certificates (PEM) that alone are trusted for https; empty: those of the system.
	CAFile string
	// CertFile and KeyFile are this client's certificate and key (PEM), where the server asks for one.
	CertFile, KeyFile string
	// Timeout of one write; 0: 15 s. While a server is slow it grows to four times as long.
	Timeout time.Duration
	// Compression of writes; empty: CompressionAuto.
	Compression Compression
}

// Compression says whether writes are compressed with gzip.
type Compression string

// The choices. Auto compresses unless the server is on this machine, where the processor time costs more than it saves.
const (
	CompressionAuto Compression = "auto"
	CompressionOn   Compression = "gzip"
	CompressionOff  Compression = "none"
)

// defaultTimeout is how long one write may take.
const defaultTimeout = 15 * time.Second

// CheckURL says what is wrong with the URL of a server, never showing a password; nil: nothing.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		// The parser quotes the whole URL, which may hold a password.
		return errors.New("url: not a URL; want http://host:8086")
	case u.User != nil:
		return errors.New("url: holds a user or password; put user:password into the token")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("url %q: want http://host:8086 or https://host", raw)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("url %q: want no query and no fragment", raw)
	}
	if err := endpoint.Check(u); err != nil {
		return fmt.Errorf("url %q: %w", raw, err)
	}
	return nil
}

// Validate checks what can be checked without the server, and reports all problems at once.
func (s Server) Validate() error {
	errs := []error{CheckURL(s.URL)}
	if s.Bucket == "" {
		errs = append(errs, errors.New("bucket: empty; want a bucket, or a database for InfluxDB 1.8"))
	}
	for name, text := range map[string]string{"bucket": s.Bucket, "org": s.Org, "token": s.Token.value} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			errs = append(errs, fmt.Errorf("%s: holds a control character, perhaps a line break", name))
		}
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		errs = append(errs, errors.New("certificate and key: want both or none"))
	}
	if s.Timeout < 0 {
		errs = append(errs, fmt.Errorf("timeout %v: want a positive duration", s.Timeout))
	}
	switch s.Compression {
	case "", CompressionAuto, CompressionOn, CompressionOff:
	default:
		errs = append(errs, fmt.Errorf("compression %q: want auto, gzip or none", s.Compression))
	}
	return errors.Join(errs...)
}

// v1 reports whether the server is InfluxDB 1.8.
func (s Server) v1() bool { return s.Org == "" }

// database splits the bucket of a 1.8 server into database and retention policy.
func (s Server) database() (db, rp string) {
	db, rp, _ = strings.Cut(s.Bucket, "/")
	return db, rp
}

// compress reports whether writes are compressed.
func (s Server) compress() bool {
	switch s.Compression {
	case CompressionOn:
		return true
	case CompressionOff:
		return false
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && !ip.IsLoopback()
}

// transport makes the connection pool: one writer needs one connection.
func (s Server) transport() (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if s.CAFile != "" {
		pem, err := keyfile.Read(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate authority: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the certificate authority %q: want certificates in PEM", s.CAFile)
		}
	}
	if s.CertFile != "" {
		pair, err := keyfile.Pair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// client makes an InfluxDB client whose every request goes through d.
func (s Server) client(d *doer) influxdb2.Client {
	opts := influxdb2.DefaultOptions().SetApplicationName("gerbang").SetPrecision(time.Nanosecond)
	opts.HTTPOptions().SetHTTPDoer(d)
	return influxdb2.NewClientWithOptions(s.URL, s.Token.Reveal(), opts)
}

// target names where points go, for people.
func (s Server) target() string {
	switch db, rp := s.database(); {
	case !s.v1():
		return fmt.Sprintf("bucket %q of organisation %q", s.Bucket, s.Org)
	case rp != "":
		return fmt.Sprintf("retention policy %q of database %q", rp, db)
	default:
		return fmt.Sprintf("database %q", db)
	}
}

// missing says what has to be created when the server, in these words, does not know the bucket. The gateway does not create it
// itself: how long data is kept is the operator's decision.
func (s Server) missing(said string) string {
	if s.v1() {
		db, rp := s.database()
		if rp != "" {
			return fmt.Sprintf("create them with: CREATE DATABASE %s, CREATE RETENTION POLICY %s ON %s DURATION 52w REPLICATION 1",
				identifier(db), identifier(rp), identifier(db))
		}
		return "create it with: CREATE DATABASE " + identifier(db)
	}
	if strings.Contains(said, "organization") { // "organization name "x" not found"
		return fmt.Sprintf("the organisation %q is not there: correct org in the configuration, or create it with: influx org create --name %q", s.Org, s.Org)
	}
	return fmt.Sprintf("correct bucket in the configuration, or create it with: influx bucket create --name %q --org %q", s.Bucket, s.Org)
}
