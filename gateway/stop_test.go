package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// breakages are what a site's engine can do wrong with a record.
var breakages = map[string]func(*telemetry.Record) error{
	"panic":  func(*telemetry.Record) error { panic("a rule divides by zero") },
	"no end": func(*telemetry.Record) error { return fmt.Errorf("%w: site %q", rules.ErrNoProgress, "bad") },
	"a hang": func(*telemetry.Record) error { select {} },
	"error":  func(*telemetry.Record) error { return fmt.Errorf("unheard of") },
}

// broken is what the engines of all sites do wrong whose id begins with bad, nil: nothing.
var broken atomic.Pointer[func(*telemetry.Record) error]

func init() {
	newJudge = func(id string, e *rules.Engine) func(*telemetry.Record, *rules.Output) error {
		if !strings.HasPrefix(id, "bad") {
			return e.Apply
		}
		return func(rec *telemetry.Record, out *rules.Output) error {
			if f := broken.Load(); f != nil {
				return (*f)(rec)
			}
			return e.Apply(rec, out)
		}
	}
}

// breakBad makes the engines of the site bad fail on every record, until the function it gives is called.
func breakBad(t *testing.T, breakage func(*telemetry.Record) error) (mend func()) {
	t.Helper()
	broken.Store(&breakage)
	t.Cleanup(func() { broken.Store(nil) })
	return func() { broken.Store(nil) }
}

// openAt opens a gateway over two sites, good and bad, whose definitions are in force from a time on.
func openAt(t *testing.T, m *memory, at telemetry.Instant, patience time.Duration, change func(*rules.Definition)) *bench {
	t.Helper()
	b := newBench(t, newMemory(), "bad", "good")
	for i := range b.defs {
		if change != nil {
			change(&b.defs[i])
		}
	}
	g, err := Open(context.Background(), Options{
		Journal: m, Decoder: b.decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Window: 1000, Patience: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Configure(context.Background(), b.defs, "test", at); err != nil {
		t.Fatal(err)
	}
	b.journal, b.Gateway = m, g
	return b
}

// closedNow lets a site open for a minute in twelve hours: counting begins in a closed building, with nobody inside.
func closedNow(d *rules.Definition) {
	now := time.Now().In(d.Site.Location.Location)
	open := (time.Duration(now.Hour())*time.Hour + 12*time.Hour) % (24 * time.Hour)
	for i := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(open), Close: facility.TimeOfDay(open + time.Minute)}}
	}
}

// realLoop runs a loop over two sites, good and bad, on the real clock, with little patience.
func realLoop(t *testing.T, m *memory, do func(send func(site string, in, out int), l *Loop)) {
	t.Helper()
	b := openAt(t, m, telemetry.InstantOf(time.Now()), 300*time.Millisecond, closedNow)
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	seq := 0
	do(func(site string, in, out int) {
		t.Helper()
		seq++
		acked := make(chan struct{})
		var once sync.Once
		if err := l.Intake().Put(ingest.Message{
			Topic: "gerbang/v1/" + site + "/count", Payload: []byte(counted(seq, in, out)), QoS: 1, Received: telemetry.InstantOf(time.Now()),
			Ack: func() { once.Do(func() { close(acked) }) },
		}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-acked:
		case <-time.After(10 * time.Second):
			t.Fatalf("message %d of site %s is not acknowledged", seq, site)
		}
	}, l)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func openAlert(l *Loop, site, rule string) bool {
	return slices.ContainsFunc(l.live.Open(), func(a alerts.Alert) bool { return a.Site == site && a.Rule == rule })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// Promise 10: a site whose engine panics, makes no progress, or does not come back stops that site and no other. Its messages are
// stored and acknowledged, and judged after a restart as if nothing had happened.
func TestOneSiteNeverHarmsAnother(t *testing.T) {
	for name, breakage := range breakages {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			bad := 0
			realLoop(t, m, func(send func(string, int, int), l *Loop) {
				send("bad", 3, 0)
				send("good", 3, 0)
				eventually(t, "both sites to be judged", func() bool {
					v, ok := l.live.View("bad")
					return ok && v.Persons.Persons == 3
				})
				breakBad(t, breakage)
				for range 6 {
					send("bad", 4, 0)
					bad++
				}
				send("good", 9, 0)
				eventually(t, "the good site's alert", func() bool { return openAlert(l, "good", "capacity") })
				eventually(t, "the alert about the stopped site", func() bool { return openAlert(l, "bad", string(alerts.FaultSiteStopped)) })
				if h := l.Health(); h.Stopped["bad"] == "" || len(h.Stopped) != 1 {
					t.Errorf("stopped sites: %v, want the bad one with its reason", h.Stopped)
				}
				eventually(t, "the bad site to be shown as unknown", func() bool {
					v, _ := l.live.View("bad")
					return v.Verdict == rules.Unknown && !v.Persons.Known && v.Persons.Reason == rules.ReasonStopped
				})
				send("good", 0, 9)
				eventually(t, "the good site's alert to end", func() bool { return !openAlert(l, "good", "capacity") })
			})
			if c := m.counters; c.Received != c.Stored+c.Rejected+c.Duplicate+c.Ignored || c.Received != uint64(bad)+4 {
				t.Errorf("counters %+v: want %d received, all accounted for", c, bad+4)
			}
			broken.Store(nil)
			wantSound(t, m, "bad", "good")
		})
	}
}

// wantSound restarts with sound engines: what was stored is judged, and the history is that of a journal that was judged without
// a fault.
func wantSound(t *testing.T, m *memory, sites ...string) {
	t.Helper()
	b := newBench(t, m, sites...)
	if n := len(b.Stopped()); n != 0 {
		t.Errorf("%d sites are stopped after a restart: %v", n, b.Stopped())
	}
	for _, a := range b.Gateway.Open() {
		if a.Rule == string(alerts.FaultSiteStopped) {
			t.Errorf("the alert is still open after a restart: %+v", a)
		}
	}
	for _, id := range sites {
		e := rules.New(id)
		var out rules.Output
		var want []string
		for i := range m.records {
			if rec := &m.records[i]; rec.Site == id && rec.Kind != telemetry.KindRejection {
				out.Reset()
				if err := e.Apply(rec, &out); err != nil {
					t.Fatal(err)
				}
				for _, tr := range out.Transitions {
					if tr.Site == id {
						want = append(want, fmt.Sprint(tr.Record, tr.Index, tr.Rule, tr.Subject, tr.At, tr.To))
					}
				}
			}
		}
		var got []string
		for _, tr := range m.transitions {
			if tr.Site == id {
				got = append(got, fmt.Sprint(tr.Record, tr.Index, tr.Rule, tr.Subject, tr.At, tr.To))
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("site %s: changes of verdict\n got %s\nwant %s", id, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		v, _ := b.View(id)
		if again := e.View(); v.Persons != again.Persons {
			t.Errorf("site %s: %+v after a restart, want %+v", id, v.Persons, again.Persons)
		}
	}
}

// A view, a snapshot and a tick can fail as well.
func TestEngineFailsBesideRecords(t *testing.T) {
	t.Run("a tick", func(t *testing.T) {
		m := newMemory()
		b := newBench(t, m, "bad", "good")
		mend := breakBad(t, breakages["panic"])
		for i := range 5 {
			at := begin.Add(time.Duration(i+1) * 10 * time.Minute)
			if err := b.Advance(context.Background(), at); err != nil {
				t.Fatal(err)
			}
			b.commit(at)
		}
		if b.Stopped()["bad"] == "" || b.Stopped()["good"] != "" {
			t.Errorf("stopped: %v, want the bad site", b.Stopped())
		}
		mend()
		wantSound(t, m, "bad", "good")
	})
	t.Run("a snapshot", func(t *testing.T) {
		m := newMemory()
		b := newBench(t, m, "bad", "good")
		b.sites["bad"].engine = nil
		for i := range 3 {
			at := begin.Add(time.Duration(i+1) * 2 * time.Minute)
			b.send("gerbang/v1/good/count", counted(i, 1, 0), at)
			b.sites["bad"].applied = 1
			b.commit(at)
		}
		if b.Stopped()["bad"] == "" || len(m.snapshots["good"].Body) == 0 {
			t.Errorf("stopped: %v, want the bad site, and a snapshot of the good one", b.Stopped())
		}
		wantSound(t, m, "bad", "good")
	})
	t.Run("a reload begins again", func(t *testing.T) {
		m := newMemory()
		b := newBench(t, m, "bad", "good")
		mend := breakBad(t, breakages["no end"])
		b.send("gerbang/v1/bad/count", counted(1, 12, 0), begin)
		b.commit(begin)
		mend()
		b.send("gerbang/v1/bad/count", counted(2, 1, 0), begin.Add(time.Second)) // not committed yet
		b.retry(context.Background(), map[string]bool{})
		batch := b.commit(begin.Add(time.Second))
		if len(b.Stopped()) != 0 || !slices.ContainsFunc(batch.Changes, func(c alerts.Change) bool { return c.Alert.Rule == "capacity" && c.What == alerts.Opened }) {
			t.Errorf("stopped: %v, changes %+v: want the breach of the record that was not judged", b.Stopped(), batch.Changes)
		}
		wantSound(t, m, "bad", "good")
	})
}

// An engine that does not come back while the journal is read does not keep the others from starting.
func TestEngineHangsAtTheStart(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin)
	b.send("gerbang/v1/good/count", counted(1, 12, 0), begin)
	b.commit(begin)
	clear(m.snapshots)
	breakBad(t, breakages["a hang"])
	g, err := Open(context.Background(), Options{
		Journal: m, Decoder: b.decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Patience: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.Stopped()["bad"] == "" || g.Stopped()["good"] != "" {
		t.Fatalf("stopped: %v, want the bad site", g.Stopped())
	}
	if v, _ := g.View("good"); v.Persons.Persons != 12 {
		t.Errorf("the good site: %v persons, want 12", v.Persons.Persons)
	}
}

// Finding T1 and promise 10: in every zone, over the changes of its clocks, beside a site that is broken, messages are
// acknowledged and judged.
func TestT1_EveryZoneBesideABrokenSite(t *testing.T) {
	from, until := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
	names, changes := testengine.SomeZones(), 0
	kinds := []string{"panic", "no end"}
	for n, name := range names {
		loc := testengine.Zone(t, name)
		all := testengine.Changes(loc, from, until)
		// Every change is seen by the calendar's own tests; here a few of each zone go through the gateway.
		for i := 0; i < len(all); i += max(1, len(all)/2) {
			changes++
			broken.Store(nil)
			at := telemetry.InstantOf(all[i].Add(-30 * time.Hour))
			b := openAt(t, newMemory(), at, 0, func(d *rules.Definition) {
				reset := facility.TimeOfDay(0)
				d.Site.Location, d.Site.Reset, d.Site.Hours = facility.Location{Location: loc}, &reset, facility.Hours{} // unknown until midnight
			})
			breakBad(t, breakages[kinds[n%2]])
			breaches := 0
			for h := range 30 {
				now := at.Add(time.Duration(h) * 2 * time.Hour)
				in, out := 12, 0
				if h%2 == 1 {
					in, out = 0, 12
				}
				b.send("gerbang/v1/bad/count", counted(h, in, out), now)
				b.send("gerbang/v1/good/count", counted(h, in, out), now)
				if err := b.Advance(context.Background(), now); err != nil {
					t.Fatal(err)
				}
				for _, tr := range b.commit(now).Transitions {
					if tr.Site == "good" && tr.Rule == "capacity" && tr.To == rules.Breached {
						breaches++
					}
				}
				if due := b.Due(); due <= now {
					t.Fatalf("%s: due at %v, now it is %v", name, due, now)
				}
			}
			if c := b.Counters(); c.Received != 60 || c.Stored+c.Rejected != 60 || b.Stopped()["bad"] == "" || b.Stopped()["good"] != "" {
				t.Fatalf("%s: counters %+v, stopped %v", name, c, b.Stopped())
			}
			if breaches == 0 {
				t.Fatalf("%s at %v: no breach was found at the good site", name, all[i])
			}
		}
	}
	if changes < 600 && !testengine.Racing {
		t.Errorf("%d changes were looked at, want some of each zone", changes)
	}
}

// A site that stops while it is recovered keeps its configuration: a start writes no other one.
func TestAStoppedSiteIsNotConfiguredAgain(t *testing.T) {
	for _, name := range []string{"panic", "a hang"} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			b := newBench(t, m, "bad", "good")
			b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin.Add(time.Second))
			b.commit(begin.Add(time.Second))
			clear(m.snapshots)
			breakBad(t, breakages[name])
			for range 3 {
				b.openWith(little)
			}
			if b.Stopped()["bad"] == "" {
				t.Fatalf("stopped: %v, want the bad site", b.Stopped())
			}
			configured := 0
			for i := range m.records {
				if rec := &m.records[i]; rec.Site == "bad" && rec.Kind == telemetry.KindConfiguration {
					configured++
				}
			}
			if configured != 1 {
				t.Errorf("%d configurations in the journal, want the one", configured)
			}
		})
	}
}

// What the gateway finds out by itself has the time of the call, also where no record came for long, and never goes back.
func TestAStopHasItsTime(t *testing.T) {
	stopped := func(b *bench, now telemetry.Instant) telemetry.Instant {
		t.Helper()
		b.sites["bad"].engine, b.sites["bad"].applied, b.sites["bad"].snapshotDue = nil, 1, true
		for _, c := range b.commit(now).Changes {
			if c.Alert.Rule == string(alerts.FaultSiteStopped) {
				return c.Alert.Opened
			}
		}
		t.Fatal("no alert about the stopped site")
		return 0
	}
	later := begin.Add(10 * time.Minute)
	if got := stopped(newBench(t, newMemory(), "bad", "good"), later); got != later {
		t.Errorf("opened at %v, want the time of the commit, %v", got, later)
	}
	b := newBench(t, newMemory(), "bad", "good")
	if err := b.Advance(context.Background(), later); err != nil {
		t.Fatal(err)
	}
	b.send("gerbang/v1/good/count", counted(1, 1, 0), later.Add(-time.Second)) // it was on its way
	b.stop(b.sites["bad"], b.LastSeq(), errHung)
	if got := b.commit(later).Changes; !slices.ContainsFunc(got, func(c alerts.Change) bool {
		return c.Alert.Rule == string(alerts.FaultSiteStopped) && c.Alert.Opened == later
	}) {
		t.Errorf("changes %+v: want the alert at %v", got, later)
	}
}
