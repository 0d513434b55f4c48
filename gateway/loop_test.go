package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// withLoop runs a loop over a journal in memory in a bubble of its own time.
func withLoop(t *testing.T, m *memory, do func(t *testing.T, l *Loop, b *bench, wait func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(begin.Time()))
		b := newBench(t, m, "mall")
		l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		var result error
		var waited bool
		wait := func() error {
			if !waited {
				waited = true
				cancel()
				result = <-done
			}
			return result
		}
		do(t, l, b, wait)
		_ = wait()
	})
}

func message(seq int, ack func()) ingest.Message {
	return ingest.Message{
		Topic: "gerbang/v1/mall/count", Payload: []byte(counted(seq, 1, 0)), QoS: 1, Received: telemetry.InstantOf(time.Now()), Ack: ack,
	}
}

func TestAcknowledgedMeansCommitted(t *testing.T) {
	m := newMemory()
	refuse := atomic.Bool{}
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, _ func() error) {
		m.mu.Lock()
		m.fail = func(int) (error, bool) {
			if refuse.Load() {
				return journal.ErrFull, false
			}
			return nil, false
		}
		m.mu.Unlock()
		refuse.Store(true)
		var acked atomic.Int64
		for seq := range 50 {
			if err := l.Intake().Put(message(seq, func() { acked.Add(1) })); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if n := acked.Load(); n != 0 {
			t.Fatalf("%d messages acknowledged while the journal refuses commits", n)
		}
		if l.live.Journal() == nil {
			t.Error("the journal's refusal is not shown")
		}
		full := func(a alerts.Alert) bool { return a.Rule == string(alerts.FaultDiskFull) }
		if !slices.ContainsFunc(l.live.Open(), full) {
			t.Errorf("open alerts %+v: want the full disk's among them", l.live.Open())
		}
		refuse.Store(false)
		time.Sleep(time.Minute)
		if n := acked.Load(); n != 50 {
			t.Errorf("%d messages acknowledged after the journal recovered, want 50", n)
		}
		if slices.ContainsFunc(l.live.Open(), full) {
			t.Error("the alert about the full disk is open although the journal recovered")
		}
		if err := l.live.Journal(); err != nil {
			t.Errorf("the journal is still shown as refusing: %v", err)
		}
	})
	if c := m.counters; c.Stored != 50 || c.Received != 50 {
		t.Errorf("counters %+v: want 50 stored once each", c)
	}
}

// Another process that writes the journal is as fatal: what this one knows is not what is there.
func TestAnotherWriterIsFatal(t *testing.T) {
	m := newMemory()
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, wait func() error) {
		m.mu.Lock()
		m.fail = func(int) (error, bool) { return fmt.Errorf("fenced: %w", journal.ErrInUse), false }
		m.mu.Unlock()
		acked := atomic.Int64{}
		_ = l.Intake().Put(message(1, func() { acked.Add(1) }))
		time.Sleep(time.Minute)
		if err := wait(); !errors.Is(err, journal.ErrInUse) || acked.Load() != 0 {
			t.Errorf("run ended with %v after %d acknowledgements, want ErrInUse and none", err, acked.Load())
		}
	})
}

func TestUnknownOutcomeIsFatal(t *testing.T) {
	for _, stored := range []bool{false, true} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			m := newMemory()
			withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, wait func() error) {
				m.mu.Lock()
				m.fail = func(int) (error, bool) { return fmt.Errorf("fsync: %w", journal.ErrOutcomeUnknown), stored }
				m.mu.Unlock()
				acked := atomic.Int64{}
				_ = l.Intake().Put(message(1, func() { acked.Add(1) }))
				time.Sleep(time.Minute)
				if err := wait(); !errors.Is(err, journal.ErrOutcomeUnknown) {
					t.Errorf("run ended with %v, want ErrOutcomeUnknown", err)
				}
				if acked.Load() != 0 {
					t.Error("a message of unknown outcome was acknowledged")
				}
				if err := l.Intake().Put(message(2, nil)); !errors.Is(err, ErrStopping) {
					t.Errorf("putting after the end: %v, want ErrStopping", err)
				}
			})
			// The device sends it again to the process that has recovered: it is stored exactly once.
			m.fail = nil
			b := newBench(t, m, "mall")
			b.send("gerbang/v1/mall/count", counted(1, 1, 0), begin)
			b.commit(begin)
			n := 0
			for _, rec := range m.records {
				if rec.Kind == telemetry.KindObservation {
					n++
				}
			}
			if n != 1 {
				t.Errorf("the message is stored %d times, want once", n)
			}
		})
	}
}

func TestStoppingCommitsWhatWaits(t *testing.T) {
	m := newMemory()
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, wait func() error) {
		acked := atomic.Int64{}
		for seq := range 1000 {
			_ = l.Intake().Put(message(seq, func() { acked.Add(1) }))
		}
		if err := wait(); err != nil {
			t.Fatal(err)
		}
		if acked.Load() != 1000 {
			t.Errorf("%d of 1000 messages acknowledged at the end", acked.Load())
		}
	})
}

func TestDeadlineBecomesATickRecord(t *testing.T) {
	m := newMemory()
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, _ func() error) {
		_ = l.Intake().Put(message(1, nil))
		// The counter reports every minute; three minutes of silence are a fault.
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		open := l.live.Open()
		if len(open) != 1 || open[0].Class != "sensor" {
			t.Errorf("open alerts %+v: want the silent counter's", open)
		}
	})
	ticks := 0
	for _, rec := range m.records {
		if rec.Kind == telemetry.KindTick {
			ticks++
		}
	}
	if ticks == 0 {
		t.Error("no tick was recorded: a replay would not know when the silence was found")
	}
}

// TestAnEntryIsDoneOnce: a phone that sends its count again, at once or after a restart, counts nobody twice.
func TestAnEntryIsDoneOnce(t *testing.T) {
	m := newMemory()
	entries := func() (found []telemetry.Record) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, rec := range m.records {
			if rec.Kind == telemetry.KindEntry {
				found = append(found, rec)
			}
		}
		return found
	}
	correction := telemetry.Entry{ID: "3f0c", Kind: telemetry.EntryCorrection, Author: "guard", Claimed: true, Reason: "missed", Subject: "hall", Value: 3}
	var at telemetry.Instant
	for start := range 2 {
		withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, _ func() error) {
			if start == 0 {
				at = telemetry.InstantOf(time.Now().Add(-10 * time.Minute))
			}
			for range 3 {
				if err := l.Enter(t.Context(), "mall", correction, at); err != nil {
					t.Fatal(err)
				}
			}
			other := correction
			other.ID = fmt.Sprint("other", start)
			if err := l.Enter(t.Context(), "mall", other, telemetry.Never); err != nil {
				t.Fatal(err)
			}
		})
	}
	got := entries()
	if len(got) != 3 || got[0].Entry.ID != "3f0c" || got[0].At != at || got[0].Identity == 0 {
		t.Fatalf("entries in the journal: got %d, want the correction once at its own time, and the two others", len(got))
	}
	if got[1].At != got[1].Received {
		t.Errorf("an entry of the future: got %v, want the time of its receipt %v", got[1].At, got[1].Received)
	}
}

func TestEntryReturnsWhenDurable(t *testing.T) {
	m := newMemory()
	withLoop(t, m, func(t *testing.T, l *Loop, _ *bench, _ func() error) {
		for seq := range 3 {
			_ = l.Intake().Put(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte(counted(seq, 5, 0)), QoS: 1,
				Received: telemetry.InstantOf(time.Now())})
		}
		time.Sleep(time.Second)
		open := l.live.Open()
		if len(open) != 1 {
			t.Fatalf("%d open alerts, want 1", len(open))
		}
		err := l.Enter(t.Context(), "mall", telemetry.Entry{
			ID: "1", Kind: telemetry.EntryAcknowledge, Author: "guard", Reason: "on my way", Subject: open[0].ID,
			Until: telemetry.InstantOf(time.Now().Add(time.Hour)),
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		m.mu.Lock()
		ack := m.open[open[0].ID].Ack
		m.mu.Unlock()
		if ack == nil || ack.By != "guard" {
			t.Errorf("acknowledgement in the journal: %+v", ack)
		}
		// It expires: an alert nobody works on is loud again.
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		for _, a := range l.live.Open() {
			if a.ID == open[0].ID && a.Ack != nil {
				t.Errorf("still acknowledged after its end: %+v", a.Ack)
			}
		}
	})
}
