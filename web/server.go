// Package web is the gateway's face: pages for people, a JSON API for programs, live updates, metrics and health. It reads
// the published state through small ports, renders each change once for all who watch, and never touches the journal,
// the broker or InfluxDB itself.
package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/signon"
)

// Bounds of a request. Nothing a browser or a script of ours sends comes near them.
const (
	maxHeader     = 32 << 10
	maxForm       = 16 << 10
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 5 * time.Second
)

// DefaultAddr is where the server listens unless told otherwise: reachable from this computer only.
const DefaultAddr = "127.0.0.1:8080"

// DefaultMaxConnections bounds the connections that are open at a time.
const DefaultMaxConnections = 25_000

// DefaultMaxStreams bounds the live connections that are open at a time.
const DefaultMaxStreams = 20_000

// Options say what the server shows and how it may be reached. Live, Alerts, Entries, Rejections, Rollups and Health are
// required.
type Options struct {
	Live       Live
	Alerts     Alerts
	AlertLog   AlertLog
	Hours      Hours // nil: there is no history
	Entries    Entries
	Rejections Rejections
	Readings   Readings   // nil: there is no such page
	Refused    Refused    // nil: likewise
	Histories  Histories  // nil: verdicts are not added up
	Evidence   Evidence   // nil: no packs are made
	Limits     Limits     // nil: limits are changed by hand only
	Rehearsals Rehearsals // nil: levels are not tried before they are in force
	Plans      Plans      // nil: no site has a floor plan
	Strangers  Strangers  // nil: nobody listens for them
	Ear        Ear        // nil: raw messages are never shown
	Trials     Trials     // nil: messages are not tried in a page
	SiteFiles  SiteFiles  // nil: sites are changed in their files alone
	Photos     Photos     // nil: no photo is kept
	Logs       Logs       // nil: there are no transparency logs
	Rollups    Rollups
	Health     Health
	Reach      Reach // nil: nobody is called on a phone

	// Addr is host:port; empty: DefaultAddr. Port 0 takes a free one, see Server.Addr.
	Addr string
	// Base is the path under which people reach the server, where it is not the root of its host: BasePath of that address.
	Base string
	// TLS, with its certificates, makes the server speak HTTPS; nil: plain HTTP.
	TLS *tls.Config
	// OwnCA is the gateway's own authority that made the certificates of TLS: devices trust them once it is installed there; nil: another made them.
	OwnCA *x509.Certificate
	// Proxy says that a TLS-terminating proxy stands in front: X-Forwarded-For is believed, cookies are Secure.
	Proxy bool
	// Token is the shared access token of a configuration from before there were accounts; empty: there is none. See Guard.
	Token string
	// Accounts knows people, their sessions and tokens. nil: nobody has an account, and sessions end with the process.
	Accounts *accounts.Keeper
	// Origin is where browsers find the server, such as https://gerbang.example.go.id; empty: where they ask for it.
	Origin string
	// PublicSigns shows /sign/ to whoever asks; without it a display needs a link with a key of its own.
	PublicSigns bool

	// Push takes HTTP pushes of devices at /ingest/; nil: 404.
	Push http.Handler
	// PushHasCredentials says that Push checks credentials of its own; without it the access token is asked there too.
	PushHasCredentials bool

	// Gatherer is what /metrics shows; nil: 404.
	Gatherer prometheus.Gatherer
	// Registerer takes the server's own metrics and the domain's gauges; nil: none.
	Registerer prometheus.Registerer

	// MaxConnections bounds connections, whatever comes through them: journal and broker need files of the process as well. One more waits
	// until another has ended. 0: DefaultMaxConnections.
	MaxConnections int
	// MaxStreams bounds live connections; 0: DefaultMaxStreams, at most three quarters of MaxConnections. One more is answered 503.
	MaxStreams int
	// Log must not be nil in production; nil discards.
	Log *slog.Logger
	// Now is the wall clock; nil: time.Now.
	Now func() time.Time
}

func (o *Options) validate() error {
	var errs []error
	for _, port := range []struct {
		name    string
		missing bool
	}{
		{"Live", o.Live == nil}, {"Alerts", o.Alerts == nil}, {"AlertLog", o.AlertLog == nil}, {"Entries", o.Entries == nil},
		{"Rejections", o.Rejections == nil}, {"Rollups", o.Rollups == nil}, {"Health", o.Health == nil},
	} {
		if port.missing {
			errs = append(errs, fmt.Errorf("web option %s: missing", port.name))
		}
	}
	if _, err := BasePath("https://host" + o.Base); err != nil || strings.HasSuffix(o.Base, "/") {
		errs = append(errs, fmt.Errorf("web option Base %q: want what BasePath gives", o.Base))
	}
	errs = append(errs, Guard(Exposure{Addr: o.Addr, TLS: o.TLS != nil, Proxy: o.Proxy, Token: o.Token, Accounts: o.Accounts != nil}))
	return errors.Join(errs...)
}

func (o *Options) setDefaults() {
	if o.Addr == "" {
		o.Addr = DefaultAddr
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = min(DefaultMaxStreams, o.MaxConnections*3/4)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("component", "web")
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Server serves pages, API, live updates, metrics and health. New makes it and takes the port, Run serves.
type Server struct {
	opts     Options
	listener net.Listener
	handler  http.Handler
	mux      *http.ServeMux // of the table's routes; only asked what there is
	base     base
	metrics  *metrics
	photos   sync.Mutex // held while a photo and its entry come or go
	inbox    *inbox     // of photos that are coming in
	drills   sync.Mutex // held while a drill begins or ends
	rations  *rations   // of what people enter

	tongues   tongues
	texts     *alerts.Texts
	zones     zones
	assets    assets
	pages     pages
	access    *access
	signOn    atomic.Pointer[signon.Provider] // whom people may sign in with; nil: nobody
	comebacks *accounts.Backoff[netip.Prefix] // from there in vain, each of which costs a question
	exposed   bool                            // to others than this computer
	hub       *hub
	sparks    *sparks
	figures   *figures
	tallies   *tallies
	adding    chan struct{} // reports that are being added up
	document  []byte        // the API's description of itself

	stopping chan struct{} // closed when streams must end
	stopOnce sync.Once
}

// New checks the options, compiles templates and languages and binds the address, so that all that can fail fails here.
// The caller must call Run, which releases the port, or Close.
func New(opts Options) (*Server, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	s := &Server{opts: opts, base: base(opts.Base), stopping: make(chan struct{})}
	var err error
	if s.tongues, err = loadTongues(); err != nil {
		return nil, fmt.Errorf("loading languages: %w", err)
	}
	if s.texts, err = alerts.NewTexts(); err != nil {
		return nil, fmt.Errorf("loading the texts of verdicts: %w", err)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("loading static files: %w", err)
	}
	if s.pages, err = parsePages(s.tongues, s.assets, s.base); err != nil {
		return nil, fmt.Errorf("parsing templates: %w", err)
	}
	if s.metrics, err = newMetrics(opts.Registerer, opts.Live, opts.Alerts, opts.Now); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	keeper := opts.Accounts
	if keeper == nil {
		if keeper, err = accounts.New(context.Background(), accounts.Options{Store: accounts.NewMemory(), Now: opts.Now, Log: opts.Log}); err != nil {
			return nil, err
		}
	}
	reachable, _ := reachableAt(opts.Addr) // it is an address: validate has seen it
	s.exposed = reachable || opts.Proxy
	s.access = newAccess(opts.Token, s.base.to("/"), opts.TLS != nil || opts.Proxy, opts.Now, keeper)
	s.access.identify = s.identify
	s.comebacks = accounts.NewBackoff[netip.Prefix]()
	s.adding = make(chan struct{}, mostReports)
	s.sparks, s.figures = newSparks(opts.Rollups), newFigures()
	s.tallies = newTallies()
	s.rations, s.inbox = newRations(), newInbox()
	s.hub = newHub(s.compose, s.metrics, opts.Log)
	if s.handler, err = s.routes(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP: %w", err)
	}
	s.listener = newBounded(l.(*net.TCPListener), opts.MaxConnections)
	return s, nil
}

// Addr is the address that is listened on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Handler is the whole server as a handler, for tests and for mounting.
func (s *Server) Handler() http.Handler { return s.handler }

// Close releases the port of a server that was never run.
func (s *Server) Close() error {
	s.stopOnce.Do(func() { close(s.stopping) })
	return s.listener.Close()
}

// Run serves until ctx ends, then ends the live streams, lets other requests finish for a few seconds and returns nil. It
// returns an error only when serving fails by itself.
func (s *Server) Run(ctx context.Context) error {
	srv := &http.Server{
		Handler:           s.handler,
		TLSConfig:         s.opts.TLS,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { s.hub.run(ctx, s.opts.Live) })
	wg.Go(func() { s.addUp(ctx) })
	wg.Go(func() { s.addUpPeriods(ctx) })

	served := make(chan error, 1)
	wg.Go(func() {
		if s.opts.TLS != nil {
			served <- srv.ServeTLS(s.listener, "", "")
			return
		}
		served <- srv.Serve(s.listener)
	})
	s.opts.Log.Info("serving", "addr", s.Addr(), "tls", s.opts.TLS != nil, "token", s.opts.Token != "")

	select {
	case err := <-served:
		cancel()
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	// Streams never end by themselves, so they go before Shutdown waits.
	s.stopOnce.Do(func() { close(s.stopping) })
	stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelStop()
	if err := srv.Shutdown(stop); err != nil {
		_ = srv.Close() // what is left is cut off
	}
	if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the pages: %w", err)
	}
	s.opts.Log.Info("stopped")
	return nil
}
