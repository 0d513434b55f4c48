package gateway

import (
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
)

// Of thousands of sites the verdicts are not kept; who looks at one gets them all the same, as the engine says them, and then they
// are kept for a while. So it is where the journal refuses commits.
func TestVerdictsAreMadeForWhoLooks(t *testing.T) {
	for _, full := range []bool{false, true} {
		m := newMemory()
		b := newBench(t, m, "a", "b", "c")
		live := NewLive()
		live.shelf.most = 0
		l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: live, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return begin.Time() }})
		want, _ := b.View("b")
		stop := runLoop(t, l)
		eventually(t, "the sites", func() bool { return len(live.Views()) == 3 })
		for _, v := range live.Views() {
			if v.Outline == nil || v.Verdicts != nil {
				t.Errorf("site %s is shown with its %d verdicts, want an outline", v.Site, len(v.Verdicts))
			}
		}
		if full {
			m.mu.Lock()
			m.fail = func(int) (error, bool) { return journal.ErrFull, false }
			m.mu.Unlock()
			if err := l.Intake().Put(ingest.Message{Topic: "gerbang/v1/a/count", Payload: []byte(counted(1, 1, 0)), QoS: 1, Received: begin}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the refusal", func() bool { return live.Journal() != nil })
		}
		v, ok := live.View("b")
		if !ok || v.Outline != nil || len(want.Verdicts) == 0 || !reflect.DeepEqual(v.Verdicts, want.Verdicts) {
			t.Errorf("full %v: looking gave %+v (%v), want the engine's verdicts %+v", full, v, ok, want.Verdicts)
		}
		if again, _ := live.Outline("b"); again.Outline != nil {
			t.Errorf("full %v: what was looked at just now is an outline again", full)
		}
		if other, _ := live.Outline("c"); other.Outline == nil {
			t.Errorf("full %v: verdicts are kept that nobody looked at", full)
		}
		if _, ok := live.View("nowhere"); ok {
			t.Errorf("a site that is not there was found")
		}
		if err := stop(); (err != nil) != full {
			t.Errorf("full %v: the loop ended with %v", full, err)
		}
	}
}

// Where the loop does not come the outline is given, and nobody waits for ever.
func TestWhoLooksWaitsNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newMemory(), "mall")
		live := NewLive()
		live.shelf.most = 0
		live.recovered(b.Gateway, begin)
		since := time.Now()
		if v, ok := live.View("mall"); !ok || v.Outline == nil || v.Site != "mall" {
			t.Errorf("got %+v (%v), want the outline", v, ok)
		}
		if took := time.Since(since); took != awaitFor {
			t.Errorf("it took %v, want %v", took, awaitFor)
		}
	})
}

// The shelf lets go of what was looked at longest ago, and of nothing that somebody looks at.
func TestTheShelfHasRoomForThoseWhoLook(t *testing.T) {
	h, now := shelf{most: 30}, time.Unix(1_000_000, 0)
	looked := map[string]time.Time{}
	keeps := func(site string, want bool, gone ...string) {
		t.Helper()
		if keep, less := h.keeps(site, 10, looked, now); keep != want || !slices.Equal(less, gone) {
			t.Errorf("%s: kept %v, let go %v: want %v, %v", site, keep, less, want, gone)
		}
	}
	keeps("a", true)
	keeps("b", true)
	keeps("c", true)
	keeps("d", false)
	keeps("b", true) // it changed
	looked["d"], looked["b"] = now, now
	keeps("d", true, "a")
	looked["a"] = now
	keeps("a", true, "c")
	looked["c"] = now
	keeps("c", true) // all are looked at
	if h.held != 40 {
		t.Errorf("%d verdicts are kept, want 40", h.held)
	}
	now = now.Add(2 * lookFor)
	keeps("c", false)
	if h.held != 30 || len(h.full) != 3 {
		t.Errorf("%d verdicts of %d sites are kept, want 30 of 3", h.held, len(h.full))
	}
}

// A site of which an outline was kept says the same as one with its verdicts, when it is stopped: every verdict is there, and unknown.
func TestAnOutlineOfAStoppedSiteKnowsNothing(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	v, _ := b.View("mall")
	v.Zones[0].Near, v.Zones[0].Held, v.Verdicts[0].Near = true, "air", true
	got, want := unjudged(v.Outlined(), "mall"), unjudged(v, "mall")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if len(want.Verdicts) != len(v.Verdicts) || len(v.Verdicts) == 0 {
		t.Fatalf("%d verdicts, want the %d that there were", len(want.Verdicts), len(v.Verdicts))
	}
	for i, w := range got.Verdicts {
		was := &v.Verdicts[i]
		if w.Verdict != rules.Unknown || w.Near || w.Explanation.Reason != rules.ReasonStopped {
			t.Errorf("%s about %v is %+v, want it unknown: stopped", w.Rule, w.Subject, w)
		}
		if w.Rule != was.Rule || w.Kind != was.Kind || w.Class != was.Class || w.Severity != was.Severity || w.Subject != was.Subject || w.SubjectName != was.SubjectName || w.Since != was.Since || w.Legal != was.Legal || !maps.Equal(w.Title, was.Title) {
			t.Errorf("got %+v, want what is judged as before: %+v", w, was)
		}
	}
	signals := func(v *rules.View) []alerts.Signal { return alerts.NewDisplays().Signals(v, nil) }
	told := signals(&got)
	if !reflect.DeepEqual(told, signals(&want)) {
		t.Errorf("the displays are told %+v, want %+v", told, signals(&want))
	}
	for _, s := range told {
		if !strings.Contains(string(s.Payload), `"verdict":"unknown"`) || strings.Contains(string(s.Payload), `"near":true`) {
			t.Errorf("a display is told %s, want an unknown verdict", s.Payload)
		}
	}
}

// The same, through the loop's view: a rule panics at a site that nobody ever looked at.
func TestAStoppedSiteBeyondTheShelfKeepsItsList(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	live := NewLive()
	live.shelf.most = 0
	live.recovered(b.Gateway, begin)
	before, _ := b.View("mall")
	b.stop(b.sites["mall"], b.seq+1, errPanic)
	if v, _ := b.View("mall"); len(v.Verdicts) != len(before.Verdicts) || len(v.Verdicts) == 0 || v.Counts().Unknown != len(v.Verdicts) {
		t.Errorf("%d verdicts, %+v: want %d unknown ones", len(v.Verdicts), v.Counts(), len(before.Verdicts))
	}
}

// Of two sites that are made together the second may take the room of the first: that one is then published without its verdicts.
func TestASiteLetGoAsItIsMadeKeepsNoVerdicts(t *testing.T) {
	b := newBench(t, newMemory(), "a", "b")
	va, _ := b.View("a")
	vb, _ := b.View("b")
	live := NewLive()
	live.shelf.most = len(va.Verdicts)
	live.looked["b"] = time.Now()
	held := 0
	for _, v := range live.shown(b.Gateway, va, vb) {
		held += len(v.Verdicts)
		if (v.Outline == nil) != (v.Site == "b") {
			t.Errorf("site %s is published with %d verdicts, want those of b alone", v.Site, len(v.Verdicts))
		}
	}
	if held != live.shelf.held {
		t.Errorf("%d verdicts are published, %d are counted", held, live.shelf.held)
	}
}
