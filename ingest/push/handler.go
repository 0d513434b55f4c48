// Package push is the front door for vendors that only speak HTTP: POST /ingest/{model} with a payload, answered with 204
// when it is on disk.
package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Options of a Handler.
type Options struct {
	Credentials []access.Credential
	// AllowAnonymous takes requests without a credential, for every device.
	AllowAnonymous bool
	// Known reports whether a model is configured; others are answered with 404. Default: all are.
	Known func(model string) bool
	// MaxBody bounds a body, bytes, before and after decompression; default 256 KiB.
	MaxBody int
	// MaxMultipart bounds a multipart body, bytes, before and after decompression: cameras send pictures behind what they have to
	// say. MaxBody then bounds the one part that is kept. Default 4 MiB.
	MaxMultipart int
	// MaxWaiting bounds the requests that wait for their commit at one time; more are answered with 503. Default 256.
	MaxWaiting int
	// MaxRequests bounds the requests of one credential that are under way at one time; default 64. One more takes the place of the
	// one whose body has been coming for longest; if all are there already it is answered with 429.
	MaxRequests int
	// Proxy says that a proxy stands in front: the last entry of X-Forwarded-For is the client's address.
	Proxy bool
	// CommitTimeout bounds the wait of one request; default 10 s.
	CommitTimeout time.Duration

	Logger     *slog.Logger          // default: none
	Registerer prometheus.Registerer // default: none
}

// bodiesOfAll is how many requests are under way for each that may wait for its commit: bodies take their time.
const bodiesOfAll = 2

// readTimeout bounds how long a client may take to send its body.
const readTimeout = 10 * time.Second

// Handler answers POST /ingest/{model} and POST /ingest/{model}/{device}. A body becomes a message on the topic
// push/{model}/{device}; a device's own credential need not name its device. A client identifies itself with basic
// authentication or with the bearer token name:password. Of a multipart body only the first part that is XML or JSON is taken.
//
// 2xx means on disk. After any other answer, and after none, the client sends the message again: what was committed all
// the same is recognised as a duplicate. Safe for concurrent use.
type Handler struct {
	options   Options
	intake    ingest.Intake
	log       *slog.Logger
	metrics   *metrics
	mux       *http.ServeMux
	anonymous *access.Account // nil: not allowed
	accounts  atomic.Pointer[access.Set]
	waiting   chan struct{} // one for each request that waits
	callers   *callers
	attempts  *access.Attempts
	notes     *access.Notes

	mu     sync.Mutex
	closed bool
	puts   sync.WaitGroup // Add under mu while closed is false
}

var _ http.Handler = (*Handler)(nil)

// New validates the options.
func New(o Options, intake ingest.Intake) (*Handler, error) {
	set, err := access.NewSet(o.Credentials, nil)
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 256 << 10
	}
	if o.MaxMultipart <= 0 {
		o.MaxMultipart = 4 << 20
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = 256
	}
	if o.MaxRequests <= 0 {
		o.MaxRequests = 64
	}
	if o.CommitTimeout <= 0 {
		o.CommitTimeout = 10 * time.Second
	}
	if o.Known == nil {
		o.Known = func(string) bool { return true }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Handler{options: o, intake: intake, log: o.Logger.With("component", "push"), waiting: make(chan struct{}, o.MaxWaiting)}
	h.callers = newCallers(o.MaxRequests, bodiesOfAll*o.MaxWaiting)
	h.attempts, h.notes = access.NewAttempts(nil), access.NewNotes(h.log, nil)
	h.accounts.Store(set)
	if o.AllowAnonymous {
		h.anonymous = access.Anonymous()
	}
	h.metrics = newMetrics(o.Registerer, h)
	h.mux = http.NewServeMux()
	h.mux.HandleFunc("POST /ingest/{model}", h.answer)
	h.mux.HandleFunc("POST /ingest/{model}/{device...}", h.answer)
	return h, nil
}

// Prepare does all that can fail of replacing who may push; swap does the rest, or is never called and nothing has changed. One caller
// prepares and swaps at a time.
func (h *Handler) Prepare(credentials []access.Credential) (swap func(), err error) {
	set, err := access.NewSet(credentials, h.accounts.Load())
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	return func() { h.accounts.Store(set) }, nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Close refuses further requests with 503 and waits until those under way have left the intake, which must be stopping
// or taking messages. Safe twice.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.puts.Wait()
}

// answer makes the response; take does the work.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) {
	status := http.StatusNoContent
	var no *refusal
	switch err := h.take(w, r); {
	case err == nil:
		w.WriteHeader(status)
	case errors.As(err, &no):
		status = no.status
		switch status {
		case http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", `Basic realm="gerbang", charset="UTF-8"`)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			w.Header().Set("Retry-After", "5")
		}
		http.Error(w, no.Error(), status)
	}
	h.metrics.answered(status)
}

// refusal is an answer other than 204. Its text is safe to show.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// take returns nil when the message is on disk, else a refusal.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) error {
	a, err := h.authenticate(r)
	if err != nil {
		return err
	}
	err = h.takeFrom(a, w, r)
	h.callers.count(nameOf(a, h.anonymous), err == nil)
	return err
}

// nameOf is the name by which an account's requests are bounded and counted.
func nameOf(a, anonymous *access.Account) string {
	if a == anonymous {
		return ":anonymous"
	}
	return a.Name
}

// takeFrom is take for an account.
func (h *Handler) takeFrom(a *access.Account, w http.ResponseWriter, r *http.Request) error {
	if a.Role == access.Reader {
		return refuse(http.StatusForbidden, "this credential may only read")
	}
	topic, err := h.topic(a, r.PathValue("model"), strings.Trim(r.PathValue("device"), "/"))
	if err != nil {
		return err
	}
	if a.Limiter != nil && !a.Limiter.Allow() {
		return refuse(http.StatusTooManyRequests, "too many messages for this credential")
	}
	call := h.callers.enter(nameOf(a, h.anonymous), http.NewResponseController(w).SetReadDeadline)
	if call == nil {
		return refuse(http.StatusTooManyRequests, "too many requests of this credential are under way")
	}
	defer call.leave()
	payload, err := h.readBody(w, r)
	if call.read() {
		return refuse(http.StatusRequestTimeout, "the body came too slowly while others of this credential waited")
	}
	if err != nil {
		return err
	}
	select {
	case h.waiting <- struct{}{}:
	default:
		return refuse(http.StatusServiceUnavailable, "too many messages are waiting to be stored")
	}
	// The place is given back when the message has left for the intake, which may be after the answer.
	place := func() { <-h.waiting }
	return h.commit(r.Context(), place, ingest.Message{
		Topic:    topic,
		Payload:  payload,
		QoS:      1,
		Received: telemetry.InstantOf(time.Now()),
		Sender:   a.Sender,
	})
}

// commit hands a message over and waits until it is on disk.
func (h *Handler) commit(ctx context.Context, place func(), m ingest.Message) error {
	committed := make(chan struct{})
	refused := make(chan struct{})
	m.Ack = func() { close(committed) }

	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		place()
		return refuse(http.StatusServiceUnavailable, "the gateway is stopping")
	}
	h.puts.Go(func() { // Put knows no deadline
		defer place()
		if err := h.intake.Put(m); err != nil {
			close(refused)
		}
	})
	h.mu.Unlock()

	timeout := time.NewTimer(h.options.CommitTimeout)
	defer timeout.Stop()
	select {
	case <-committed:
		return nil
	case <-refused:
		return refuse(http.StatusServiceUnavailable, "the gateway is stopping")
	case <-timeout.C:
		return refuse(http.StatusServiceUnavailable, "the message could not be stored in time")
	case <-ctx.Done():
		return refuse(http.StatusServiceUnavailable, "the client has gone")
	}
}
