package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// little is a patience that a test can wait for.
const little = 300 * time.Millisecond

// hangOn is a breakage: the engine of a site does not come back from a kind of record.
func hangOn(site string, kind telemetry.Kind) func(*telemetry.Record) error {
	return func(rec *telemetry.Record) error {
		if rec.Site == site && rec.Kind == kind {
			select {}
		}
		return nil
	}
}

// runLoop runs a loop until the function it gives is called, which gives what Run returned.
func runLoop(t *testing.T, l *Loop) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return fmt.Errorf("it has not ended within 10 s")
		}
	}
}

// What the journal gave back is published whole, also where the engine of one site does not come back from being looked at.
func TestAHangBeforeAnythingIsShownHidesNoSite(t *testing.T) {
	was := newLook
	t.Cleanup(func() { newLook = was })
	newLook = func(id string, e *rules.Engine) func() rules.View {
		first := true
		return func() rules.View {
			// The gateway looks once when it opens a site that it knows.
			if id == "bad" && !first {
				select {}
			}
			first = false
			return e.View()
		}
	}
	m := newMemory()
	newBench(t, m, "bad", "good", "other")
	b := openAt(t, m, begin, little, nil)
	live := NewLive()
	changed, cancel := live.Subscribe()
	defer cancel()
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: live, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return begin.Time() }})
	stop := runLoop(t, l)
	shown := 0
	for end := time.After(5 * time.Second); shown == 0; {
		select {
		case <-changed:
			shown = len(live.Views())
		case <-end:
			t.Fatal("no site is shown within 5 s")
		}
	}
	if shown != 3 {
		t.Errorf("%d sites were shown first, want all three", shown)
	}
	if v, ok := live.View("bad"); !ok || v.Verdict != rules.Unknown || v.Persons.Reason != rules.ReasonStopped {
		t.Errorf("the bad site is shown as %+v (%v): want it stopped", v, ok)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A reload that an engine holds up is answered when it is done, and not before: also the sites behind the one that hangs are
// tried again.
func TestAReloadGoesOnBehindAHang(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "bad2", "good")
	breakBad(t, breakages["no end"])
	b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin.Add(time.Second))
	b.send("gerbang/v1/bad2/count", counted(1, 12, 0), begin.Add(time.Second))
	b.commit(begin.Add(time.Second))
	if n := len(b.Stopped()); n != 2 {
		t.Fatalf("stopped: %v, want two sites", b.Stopped())
	}
	b.patience = little
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return begin.Time().Add(time.Minute) }})
	stop := runLoop(t, l)
	newJudgeWas := newJudge
	t.Cleanup(func() { newJudge = newJudgeWas })
	newJudge = func(id string, e *rules.Engine) func(*telemetry.Record, *rules.Output) error {
		return func(rec *telemetry.Record, out *rules.Output) error {
			if id == "bad" && rec.Kind == telemetry.KindObservation {
				select {}
			}
			return e.Apply(rec, out)
		}
	}
	if err := l.Configure(t.Context(), b.defs, b.decoder, "test"); err != nil {
		t.Fatal(err)
	}
	if h := l.Health(); h.Stopped["bad"] == "" || len(h.Stopped) != 1 || !strings.Contains(h.Stopped["bad"], "come back") {
		t.Errorf("stopped after the reload: %v, want the one that hangs", h.Stopped)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if breaches(m, "bad2") != 1 {
		t.Errorf("%d breaches of the site that came back, want one", breaches(m, "bad2"))
	}
}

// several is a decoder whose message is several observations.
type several []telemetry.Record

func (s several) Decode(msg *ingest.Message, dst []telemetry.Record) []telemetry.Record {
	for _, rec := range s {
		rec.At, rec.Received = msg.Received, msg.Received
		dst = append(dst, rec)
	}
	return dst
}

// Where the engine hangs on the first part of a message, and the gateway has something of its own to note then, the other parts
// are what they were.
func TestAHangInAMessageLosesNoPart(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	part := func(site string, in float64, identity uint64) telemetry.Record {
		return telemetry.Record{Kind: telemetry.KindObservation, Site: site, Identity: identity, Observation: telemetry.Observation{
			Device: "count", Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: in}}}}
	}
	b.Use(several{part("bad", 1, 11), part("good", 2, 12), part("good", 3, 13)})
	b.patience = little
	var ahead atomic.Int64
	start := time.Now()
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler),
		Now:     func() time.Time { return begin.Time().Add(time.Since(start) + time.Duration(ahead.Load())) },
		Elapsed: func() time.Duration { return time.Since(start) + time.Duration(ahead.Load()) },
	})
	stop := runLoop(t, l)
	breakBad(t, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindObservation {
			ahead.Store(int64(5 * time.Minute)) // longer than nobody may listen without a word
			select {}
		}
		return nil
	})
	acked := make(chan struct{})
	if err := l.Intake().Put(ingest.Message{Topic: "x", QoS: 1, Received: begin.Add(time.Second), Ack: func() { close(acked) }}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-acked:
	case <-time.After(10 * time.Second):
		t.Fatal("the message is not acknowledged within 10 s")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	var got []string
	paused := 0
	for i := range m.records {
		switch rec := &m.records[i]; rec.Kind {
		case telemetry.KindObservation:
			got = append(got, fmt.Sprintf("%s %v", rec.Site, rec.Observation.Readings[0].Value))
		case telemetry.KindService:
			paused++
		}
	}
	if want := "bad 1, good 2, good 3"; strings.Join(got, ", ") != want || paused == 0 {
		t.Errorf("stored: %s, and %d notes of a pause: want %s, and some", strings.Join(got, ", "), paused, want)
	}
	if c := m.counters; c.Received != 1 || c.Stored != 1 {
		t.Errorf("counters %+v, want one message stored", c)
	}
}

// After a hang, a journal that refuses commits does not keep the gateway from ending.
func TestAHangThenAFullDiskCanBeStopped(t *testing.T) {
	m := newMemory()
	b := openAt(t, m, begin, little, nil)
	b.commit(begin)
	live := NewLive()
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: live, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return begin.Time() }})
	stop := runLoop(t, l)
	breakBad(t, hangOn("bad", telemetry.KindObservation))
	m.mu.Lock()
	m.fail = func(int) (error, bool) { return journal.ErrFull, false }
	m.mu.Unlock()
	if err := l.Intake().Put(ingest.Message{Topic: "gerbang/v1/bad/count", Payload: []byte(counted(1, 1, 0)), QoS: 1, Received: begin}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the journal's refusal behind the hang", func() bool { return openAlert(l, "bad", string(alerts.FaultSiteStopped)) && live.Journal() != nil })
	if err := stop(); err == nil || !strings.Contains(err.Error(), "uncommitted") {
		t.Errorf("run ended with %v, want that a batch is not committed", err)
	}
}

// What a second attempt has told before it hung as well is not told by the third.
func TestAHangOfASecondAttemptIsToldOnce(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	mend := breakBad(t, breakages["no end"])
	b.send("gerbang/v1/bad/count", counted(1, 12, 0), begin.Add(time.Second))
	b.send("gerbang/v1/bad/count", counted(2, 1, 0), begin.Add(2*time.Second))
	last := b.LastSeq()
	b.commit(begin.Add(2 * time.Second))
	mend()
	b.patience = little
	l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return begin.Time().Add(time.Minute) }})
	stop := runLoop(t, l)
	was := newJudge
	t.Cleanup(func() { newJudge = was })
	newJudge = func(id string, e *rules.Engine) func(*telemetry.Record, *rules.Output) error {
		return func(rec *telemetry.Record, out *rules.Output) error {
			if id == "bad" && rec.Seq == last {
				select {}
			}
			return e.Apply(rec, out)
		}
	}
	reload := func() {
		t.Helper()
		if err := l.Configure(t.Context(), b.defs, b.decoder, "test"); err != nil {
			t.Fatal(err)
		}
	}
	reload()
	if h := l.Health(); len(h.Stopped) != 1 {
		t.Fatalf("stopped after the second attempt: %v, want the bad site", h.Stopped)
	}
	newJudge = was
	reload()
	if h := l.Health(); len(h.Stopped) != 0 {
		t.Errorf("stopped after the third attempt: %v, want none", h.Stopped)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := breaches(m, "bad"); n != 1 {
		t.Errorf("%d breaches in the history, want one", n)
	}
}
