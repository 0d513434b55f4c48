// Package reach calls people: it carries out the calls that the escalation of an alert asks for, on their phones by Web Push and by the
// channels of a building (an ntfy server, an SMS modem, a siren), and reports what became of each.
//
// A push is a hint: whether it arrives is in other hands. The escalation is the guarantee, and it is not here: which call comes when is decided by
// alerts.Book and stands in the journal before this package hears of it.
package reach

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Options are what a Reach needs.
type Options struct {
	// Store keeps phones and the key of the pushes; People are the accounts.
	Store  accounts.Store
	People People
	Texts  *alerts.Texts
	// URL of the pages, for links; Language of channels, which are read by many.
	URL, Language string
	// Contact is whom a push service may write to about the pushes: mailto: or https:. Empty: the URL, where that is https.
	Contact string
	// Private are push services in networks of one's own, as host or host:port: others must be on the Internet.
	Private []string
	// TLS is for such push services; nil: the system's authorities are trusted.
	TLS *tls.Config
	// Channels are those that steps name.
	Channels map[string]Channel
	// Sirens are the places that sirens of Channels are called from, by site.
	Sirens []Place
	// Open are the alerts that are open at the start: their unfinished calls are finished.
	Open []alerts.Alert
	// Report takes what became of calls. It must not block.
	Report func([]alerts.Report)
	// Show publishes MQTT messages. It must not block. nil: sirens are silent.
	Show func([]alerts.Signal)
	Log  *slog.Logger
	Now  func() time.Time
	// Transport is how push services are asked; nil: over the network, within the bounds of dial.
	Transport http.RoundTripper
}

// People are the accounts that there are.
type People interface {
	Accounts() []*accounts.Account
	// Living reports whether a session lasts, by its id. A phone is called as long as the session does that told of it.
	Living(session string) bool
}

// Place is a channel as a site calls it.
type Place struct{ Site, Channel string }

// Reach calls people. Its methods are safe for concurrent use.
type Reach struct {
	o      Options
	log    *slog.Logger
	vapid  vapid
	client *http.Client
	wake   chan struct{}
	sends  chan struct{} // what goes out at a time

	changing sync.Mutex // held while phones are stored

	sounding sync.Mutex // held while sirens are switched: what is published last is what is so

	mu      sync.Mutex
	phones  map[string]*Phone // by id
	open    map[string]*alerts.Alert
	queue   []job
	awaited map[string]awaited // notifications that may answer, by the hash of their token
	probes  map[string]*Probe
	watches map[string]Watch
	sirens  map[string]bool // whether a topic is on, as it was published last
	last    map[string]Outcome
}

// job is a call to be carried out.
type job struct {
	alert alerts.Alert
	call  alerts.Call
}

// awaited is what an answer is about.
type awaited struct {
	alert string // empty: a probe
	call  int
	phone string
	probe string
}

// Outcome is what became of the last use of a channel.
type Outcome struct {
	At     time.Time
	Failed string // a Failure; empty: it went out
}

// atOnce bounds how many messages are on their way at a time.
const atOnce = 16

// New reads phones and key, and makes the key at the first start.
func New(ctx context.Context, o Options) (*Reach, error) {
	if o.Store == nil || o.People == nil || o.Texts == nil || o.Report == nil {
		return nil, errors.New("making a reach: want a store, people, texts and somebody to report to")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Show == nil {
		o.Show = func([]alerts.Signal) {}
	}
	r := &Reach{
		o: o, log: o.Log.With("component", "reach"), wake: make(chan struct{}, 1), sends: make(chan struct{}, atOnce),
		phones: map[string]*Phone{}, open: map[string]*alerts.Alert{}, awaited: map[string]awaited{}, probes: map[string]*Probe{},
		watches: map[string]Watch{}, sirens: map[string]bool{}, last: map[string]Outcome{},
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		transport = guarded(o.Private, o.TLS)
	}
	r.client = &http.Client{Transport: transport, Timeout: pushTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := range o.Open {
		a := &o.Open[i]
		r.open[a.ID] = a
		for k := range a.Calls {
			c := &a.Calls[k]
			for _, d := range c.Deliveries {
				if d.Via == alerts.ViaPush {
					r.awaited[d.Key] = awaited{alert: a.ID, call: c.Number, phone: d.Device}
				}
			}
			if !c.Done && needs(a) {
				r.queue = append(r.queue, job{*a, *c})
			}
		}
	}
	if len(r.queue) > 0 {
		r.wake <- struct{}{}
	}
	return r, nil
}

// SetURL says where the pages are, before Run.
func (r *Reach) SetURL(url string) { r.o.URL = url }

// needs reports whether people are still to be called about an alert.
func needs(a *alerts.Alert) bool { return a.Open() && a.Ack == nil && a.Silenced == nil }

// Notify takes changes of alerts that are durable. It never blocks.
func (r *Reach) Notify(changes []alerts.Change) {
	if len(changes) == 0 {
		return
	}
	r.mu.Lock()
	for i := range changes {
		a := &changes[i].Alert
		if !a.Open() {
			delete(r.open, a.ID)
			maps.DeleteFunc(r.awaited, func(_ string, w awaited) bool { return w.alert == a.ID })
			continue
		}
		held := *a
		r.open[a.ID] = &held
		if n := len(a.Calls); changes[i].What == alerts.Called && n > 0 {
			r.queue = append(r.queue, job{held, a.Calls[n-1]})
		}
	}
	r.mu.Unlock()
	r.sound(false)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run carries out calls until ctx ends. What is on its way then is given up: the next run takes it up.
func (r *Reach) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	r.sound(true)
	tidy := time.NewTicker(time.Hour)
	defer tidy.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tidy.C:
			r.tidy(ctx)
		case <-r.wake:
		}
		r.mu.Lock()
		jobs := r.queue
		r.queue = nil
		r.mu.Unlock()
		for i := range jobs {
			wg.Go(func() { r.carryOut(ctx, &jobs[i]) })
		}
	}
}

// carryOut makes one call.
func (r *Reach) carryOut(ctx context.Context, j *job) {
	c := &j.call
	switch {
	case c.Channel != "":
		r.byChannel(ctx, j)
	case c.Receiver != "":
		// The router repeats it by itself, and says of nobody whether he was told.
		r.report(j, alerts.Delivery{Key: c.Receiver, To: c.Receiver, Via: alerts.ViaReceiver, Sent: r.now()})
	default:
		r.byPush(ctx, j)
	}
	if ctx.Err() == nil {
		r.o.Report([]alerts.Report{{Alert: j.alert.ID, Call: c.Number, Done: true}})
	}
}

// report tells what became of a call at one place.
func (r *Reach) report(j *job, d alerts.Delivery) {
	r.o.Report([]alerts.Report{{Alert: j.alert.ID, Call: j.call.Number, Delivery: d}})
}

// went reports whether a call has gone out to a place already, before a restart.
func (j *job) went(key string) bool {
	return slices.ContainsFunc(j.call.Deliveries, func(d alerts.Delivery) bool { return d.Key == key && d.Sent != 0 })
}

// byPush calls the phones of the accounts that a call means.
func (r *Reach) byPush(ctx context.Context, j *job) {
	people := r.called(&j.call, j.alert.Site)
	var wg sync.WaitGroup
	found := false
	for _, person := range people {
		for _, p := range r.phonesOf(person.ID) {
			found = true
			token := r.vapid.token(j.alert.ID, j.call.Number, p.ID)
			if j.went(keyOf(token)) {
				continue
			}
			if !r.await(j, keyOf(token), p.ID) {
				return
			}
			wg.Go(func() {
				d := alerts.Delivery{Key: keyOf(token), To: person.Display, Via: alerts.ViaPush, Device: p.ID}
				r.persist(ctx, j, d, func(ctx context.Context) (time.Duration, error) { return r.pushAlert(ctx, p, &j.alert, token) }, nil)
			})
		}
	}
	wg.Wait()
	if !found {
		who := cmp.Or(j.call.Account, j.call.Role)
		r.report(j, alerts.Delivery{Key: "nobody", To: who, Via: alerts.ViaNobody, Failed: NoPhone})
	}
}

// await lets a notification answer as long as its alert is open; false: it is not any more.
func (r *Reach) await(j *job, key, phone string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[j.alert.ID] == nil {
		return false
	}
	r.awaited[key] = awaited{alert: j.alert.ID, call: j.call.Number, phone: phone}
	return true
}

// patience is how long a message is tried again that cannot be sent; then the next step of the escalation has long come.
const patience = 10 * time.Minute

// attempt tells, beside an error, after how long to try again; 0: it is for good.
type attempt func(context.Context) (time.Duration, error)

// persist sends until it is sent, refused for good, or of no use any more. confirm waits until what was handed over has gone out, and keeps nobody
// else from sending meanwhile; nil: it has.
func (r *Reach) persist(ctx context.Context, j *job, d alerts.Delivery, send, confirm attempt) {
	begin := r.o.Now()
	for try := 0; ; try++ {
		select {
		case r.sends <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if !r.needed(j.alert.ID) { // somebody is on it since it was asked for
			<-r.sends
			return
		}
		again, err := send(ctx)
		<-r.sends
		if err == nil && confirm != nil {
			again, err = confirm(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		r.note(&d, err)
		if err == nil {
			d.Sent, d.Failed = r.now(), ""
			r.report(j, d)
			return
		}
		d.Failed = codeOf(err)
		r.report(j, d)
		if again == 0 {
			return
		}
		again = max(again, min(time.Second<<min(try, 6), time.Minute))
		if r.o.Now().Add(again).Sub(begin) > patience {
			return
		}
		timer := time.NewTimer(again)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// note remembers what became of a channel last.
func (r *Reach) note(d *alerts.Delivery, err error) {
	if d.Via == alerts.ViaPush {
		return
	}
	o := Outcome{At: r.o.Now()}
	if err != nil {
		o.Failed = codeOf(err)
	}
	r.mu.Lock()
	r.last[d.To] = o
	r.mu.Unlock()
}

func (r *Reach) needed(alert string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.open[alert]
	return a != nil && needs(a)
}

func (r *Reach) now() telemetry.Instant { return telemetry.InstantOf(r.o.Now()) }
