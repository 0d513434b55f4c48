package alerts

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/endpoint"
)

// ExternalOptions configure Alertmanagers of your own.
type ExternalOptions struct {
	// URLs of all members of one Alertmanager cluster, http or https, with the path prefix if there is one. Alerts go to
	// all of them, as Alertmanager asks for.
	URLs []string
	// Username and Password, or Token, authenticate to each of them; empty: nothing does.
	Username, Password, Token string
	// TLS for https; nil: the system's roots.
	TLS *tls.Config
	// Timeout of one request. Default 10 s.
	Timeout    time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

// External is a cluster of Alertmanagers reached by URL through their API v2. It keeps nothing: close idle connections
// with Close.
type External struct {
	o       ExternalOptions
	secret  atomic.Pointer[externalSecret]
	targets []*target
	client  *http.Client
	log     *slog.Logger
}

// externalSecret authenticates to an Alertmanager.
type externalSecret struct{ password, token string }

// SetSecret brings another password and token into force; where there was none of its kind, it is used by no request.
func (e *External) SetSecret(password, token string) {
	e.secret.Store(&externalSecret{password, token})
}

// target is one Alertmanager.
type target struct {
	base string // without a trailing slash
	name string // host and port
	up   prometheus.Gauge

	mu   sync.Mutex
	down bool
}

var _ Router = (*External)(nil)

// NewExternal checks the options; it connects to nothing.
func NewExternal(o ExternalOptions) (*External, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("making a client of Alertmanager: want at least one URL")
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	up := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "gerbang", Subsystem: "alertmanager", Name: "up",
		Help: "Whether the last request to this Alertmanager succeeded."}, []string{"target"})
	e := &External{o: o, log: slog.New(redactor{o.Logger.Handler()}).With("component", "alertmanager")}
	e.SetSecret(o.Password, o.Token)
	for _, raw := range o.URLs {
		u, err := parseURL(raw)
		if err != nil {
			return nil, fmt.Errorf("making a client of Alertmanager: %w", err)
		}
		e.targets = append(e.targets, &target{base: strings.TrimRight(raw, "/"), name: u.Host, up: up.WithLabelValues(u.Host)})
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(up)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = o.TLS
	e.client = &http.Client{
		Transport: transport,
		// A redirect leads to a login page or a captive portal. Following it would send alerts and credentials there.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return e, nil
}

// CheckURL says what is wrong with the URL of an Alertmanager; nil: nothing.
func CheckURL(raw string) error {
	_, err := parseURL(raw)
	return err
}

func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		// The text may hold a password.
		return nil, errors.New("URL: want http or https, a host, and neither password nor query")
	}
	if err := endpoint.Check(u); err != nil {
		return nil, fmt.Errorf("URL: %w", err)
	}
	return u, nil
}

// Close closes idle connections.
func (e *External) Close() { e.client.CloseIdleConnections() }

// wireAlert is an alert in Alertmanager's API v2.
type wireAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send posts the alerts to every member. It succeeds when one of them took them: the members repeat each other, and
// whoever was away gets them with the next round.
func (e *External) Send(ctx context.Context, notices []Notice) error {
	body := make([]wireAlert, 0, len(notices))
	for i := range notices {
		n := &notices[i]
		body = append(body, wireAlert{n.Labels, n.Annotations, n.Starts, n.Ends, n.URL})
	}
	errs := make([]error, len(e.targets))
	var wg sync.WaitGroup
	for i, t := range e.targets {
		wg.Go(func() {
			errs[i] = e.post(ctx, t, body)
			e.note(t, errs[i])
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			return nil
		}
	}
	return errors.Join(errs...)
}

// post sends one member all alerts, in halves where a proxy finds them too large together.
func (e *External) post(ctx context.Context, t *target, list []wireAlert) error {
	err := e.do(ctx, t, http.MethodPost, "/api/v2/alerts", list, nil)
	if s, ok := errors.AsType[*statusError](err); ok && s.code == http.StatusRequestEntityTooLarge && len(list) > 1 {
		half := len(list) / 2
		return errors.Join(e.post(ctx, t, list[:half]), e.post(ctx, t, list[half:]))
	}
	return err
}

// statusError is an answer other than success.
type statusError struct {
	target string
	code   int
	text   string // what the server says, bounded
}

func (s *statusError) Error() string {
	msg := fmt.Sprintf("%s answers %d %s", s.target, s.code, http.StatusText(s.code))
	switch {
	case s.code >= 300 && s.code < 400:
		msg += ", a redirect: give the URL it leads to"
	case s.code == http.StatusUnauthorized || s.code == http.StatusForbidden:
		msg += ": check username, password or token"
	case s.code == http.StatusNotFound:
		msg += ": give the URL without /api, and with the path prefix if there is one"
	case s.text != "":
		msg += ": " + s.text
	}
	return msg
}

// Unwrap says that a bad request stays bad. Everything else may be another tomorrow: a member starts, a password is set.
func (s *statusError) Unwrap() error {
	if s.code == http.StatusBadRequest || s.code == http.StatusUnprocessableEntity {
		return ErrRefused
	}
	return nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// do makes one request; in is sent and out is filled from the answer unless nil.
func (e *External) do(ctx context.Context, t *target, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%w: encoding a request to %s: %w", ErrRefused, t.name, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, t.base+path, body)
	if err != nil {
		return fmt.Errorf("making a request to %s: %w", t.name, err)
	}
	req.Header.Set("User-Agent", "gerbang")
	req.Header.Set("Content-Type", "application/json")
	switch secret := e.secret.Load(); {
	case e.o.Token != "":
		req.Header.Set("Authorization", "Bearer "+secret.token)
	case e.o.Username != "":
		req.SetBasicAuth(e.o.Username, secret.password)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", t.name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", t.name, err)
	}
	switch {
	case resp.StatusCode != http.StatusOK:
		return &statusError{target: t.name, code: resp.StatusCode, text: bounded(string(answer), 200)}
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return fmt.Errorf("asking %s: it answers with a web page, want an Alertmanager's API v2", t.name)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", t.name, err)
	}
	return nil
}

// note logs when a member goes and comes.
func (e *External) note(t *target, err error) {
	t.mu.Lock()
	was := t.down
	t.down = err != nil && !errors.Is(err, ErrRefused)
	now := t.down
	t.mu.Unlock()
	switch {
	case now:
		t.up.Set(0)
	default:
		t.up.Set(1)
	}
	switch {
	case now && !was && len(e.targets) > 1:
		e.log.Warn("an Alertmanager of the cluster is down", "target", t.name, "err", err)
	case was && !now && len(e.targets) > 1:
		e.log.Info("an Alertmanager of the cluster is back", "target", t.name)
	}
}

func bounded(s string, n int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	if r := []rune(s); len(r) > n {
		s = string(r[:n]) + "…"
	}
	return s
}
