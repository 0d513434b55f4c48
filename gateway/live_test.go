package gateway

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// What is about no site shows in no view, so nothing waits to be shown because of it: the loop sleeps.
func TestWhatIsOfNoSiteKeepsNoLoopAwake(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	live := NewLive()
	live.recovered(b.Gateway, begin)
	live.glance()
	live.publish(b.Gateway, begin)
	b.send("gerbang/v1/nowhere/count", counted(1, 1, 0), begin.Add(time.Second))
	batch := b.commit(begin.Add(time.Second))
	if len(batch.Records) == 0 || batch.Records[0].Site == "mall" {
		t.Fatalf("records: %+v, want one of another site", batch.Records)
	}
	live.committed(batch, b.Gateway)
	live.publish(b.Gateway, begin.Add(time.Second))
	if live.pending() {
		t.Errorf("sites %v wait to be shown", live.dirty)
	}
}

// Pages answer before the loop runs. That there is no such site is a last word: a phone gives up what it has to enter.
func TestSitesAreThereBeforeTheLoopRuns(t *testing.T) {
	b, live := newBench(t, newMemory(), "mall"), NewLive()
	NewLoop(LoopOptions{Gateway: b.Gateway, Live: live, Logger: slog.New(slog.DiscardHandler)}).Publish()
	if _, ok := live.Outline("mall"); !ok || len(live.Views()) != 1 {
		t.Error("the site is not there before the loop runs")
	}
}

// A view costs the loop as much as a hundred readings. It is made four times a second for who looks, and once a second where nobody does;
// from then on who looks sees what is new as soon as before.
func TestViewsAreMadeForWhoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newMemory(), "mall")
		live := NewLive()
		live.recovered(b.Gateway, begin)
		made := func(span time.Duration) (n int) {
			for range span / (10 * time.Millisecond) {
				live.dirty["mall"] = true
				n += len(live.publish(b.Gateway, begin))
				time.Sleep(10 * time.Millisecond)
			}
			return n
		}
		if n := made(10 * time.Second); n != 10 {
			t.Errorf("nobody looks: %d views in ten seconds, want 10", n)
		}
		for name, look := range map[string]func(){
			"overview": func() { live.Views() }, "site": func() { live.View("mall") }, "sign": func() { live.Outline("mall") },
		} {
			look()
			if n := made(10 * time.Second); n < 39 || n > 41 {
				t.Errorf("somebody looks at the %s: %d views in ten seconds, want 40", name, n)
			}
			if made(glanceFor); live.pending() {
				t.Errorf("%s: the loop is kept awake for nobody", name)
			}
			if n := made(10 * time.Second); n > 11 {
				t.Errorf("nobody looks at the %s any more: %d views in ten seconds, want 10", name, n)
			}
		}
	})
}
