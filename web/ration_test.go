package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// One account that floods a site takes nothing from the others there; it is told when it may go on, and then it may. Many accounts are held by
// the site, and the next site is not.
func TestRations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRations()
		for _, words := range []bool{true, false} {
			most, each := ration{words: words}.bounds()
			site, other := ration{words: words, site: true, of: "a"}, ration{words: words, site: true, of: "b"}
			try := func(who string, site ration) (time.Duration, bool) {
				return r.take(ration{words: words, of: who}, site, time.Now())
			}
			taken := 0
			for range 5000 {
				if wait, _ := try("flood", site); wait == 0 {
					taken++
				}
			}
			if wait, ofSite := try("flood", site); taken != most || wait != each || ofSite {
				t.Errorf("words %v: took %d of %d, waits %v (of the site: %v), want %v", words, taken, most, wait, ofSite, each)
			}
			if wait, _ := try("siti", site); wait != 0 {
				t.Errorf("words %v: somebody else waits %v", words, wait)
			}
			time.Sleep(each)
			if wait, _ := try("flood", site); wait != 0 {
				t.Errorf("words %v: waits %v after it has waited", words, wait)
			}
			// All day, as fast as it gets: the site's ration does not run out by one account.
			for range 3000 {
				time.Sleep(each / 3)
				_, _ = try("flood", site)
			}
			if wait, _ := try("siti", site); wait != 0 {
				t.Errorf("words %v: after a day of one account somebody else waits %v", words, wait)
			}
			var ofSite bool
			for i := range 20 * most {
				if _, full := try("crowd"+strconv.Itoa(i%20), site); full {
					ofSite = true
				}
			}
			if wait, _ := try("siti", other); !ofSite || wait != 0 {
				t.Errorf("words %v: a crowd is held by the site: %v; at another one somebody waits %v", words, ofSite, wait)
			}
		}
		for i := range 3 * rationsMost {
			r.take(ration{of: strconv.Itoa(i)}, ration{site: true, of: "a"}, time.Now())
		}
		if len(r.each) > rationsMost {
			t.Errorf("%d are remembered, want at most %d", len(r.each), rationsMost)
		}
	})
}

// Whoever floods a site with notes gets a sentence in his language and the time when it works again, as page, as program and as phone; a repeat of what is
// stored is answered all the same, and a colleague writes on.
func TestAFloodOfNotes(t *testing.T) {
	f := newFleet()
	r := staffed(t, f, nil)
	rina, siti := r.hire("rina", "Ibu Rina", "manager", "mpp-gresik"), r.hire("tono", "Tono", "manager", "mpp-gresik")
	note := func(who *running, id string) answer {
		return who.form("/site/mpp-gresik/note?lang=en", "id", id, "text", "banjir")
	}
	first := newUUID()
	for i := range accountWords {
		id := newUUID()
		if i == 0 {
			id = first
		}
		if got := note(rina, id); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("note %d: got %d %.200s", i, got.StatusCode, got.body)
		}
	}
	got := note(rina, newUUID())
	if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "10" || !strings.Contains(got.body, "It works again in 10 seconds.") {
		t.Errorf("one more: got %d, Retry-After %q: %.600s", got.StatusCode, got.Header.Get("Retry-After"), got.body)
	}
	if got := rina.form("/site/mpp-gresik/note?lang=id", "id", newUUID(), "text", "banjir"); !strings.Contains(got.body, "Dapat dilanjutkan dalam 10 detik.") {
		t.Errorf("in Indonesian: %.600s", got.body)
	}
	if got := note(rina, first); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the first one again: got %d, want it answered as before", got.StatusCode)
	}
	if got := note(siti, newUUID()); got.StatusCode != http.StatusSeeOther {
		t.Errorf("a colleague: got %d", got.StatusCode)
	}
	if n := len(f.entries); n != accountWords+1 {
		t.Errorf("%d entries, want %d", n, accountWords+1)
	}
}

// Of two drills that begin at one moment at two rooms of a site one begins.
func TestTwoDrillsAtOnce(t *testing.T) {
	f := newFleet()
	slow := slowDrills{drills{f}}
	r := staffed(t, f, func(o *Options) { o.Reach, o.Entries = &fakeReach{}, slow })
	manager := r.hire("rina", "Ibu Rina", "manager", "mpp-gresik")
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for _, zone := range []string{"", "loket", ""} {
		wg.Go(func() {
			a := manager.form("/site/mpp-gresik/drill", "id", newUUID(), "reason", "latihan", "minutes", "10", "zone", zone)
			mu.Lock()
			defer mu.Unlock()
			got[a.StatusCode]++
		})
	}
	wg.Wait()
	if got[http.StatusSeeOther] != 1 || got[http.StatusConflict] != 2 {
		t.Errorf("got %v, want one begun and two refused as a conflict", got)
	}
}

// slowDrills are drills whose alert comes long after the record.
type slowDrills struct{ drills }

func (d slowDrills) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	time.Sleep(20 * time.Millisecond)
	return d.fleet.Enter(ctx, site, e, at)
}

// One account opens so many live pages and no more; strangers at the signs take half at most; whoever else is signed in finds room.
func TestLivePagesOfOneAccount(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	h, most := r.hub, 300
	open := func(who string) (func(), error) {
		_, leave, err := h.join(topic{page: "overview", lang: "en"}, who, most)
		return leave, err
	}
	var leave []func()
	fill := func(who string, want int, why error) {
		t.Helper()
		n := 0
		for range 5000 {
			l, err := open(who)
			if err != nil {
				if err != why { //nolint:errorlint // the very one
					t.Errorf("%q: got %v, want %v", who, err, why)
				}
				break
			}
			n++
			leave = append(leave, l)
		}
		if n != want {
			t.Errorf("%q has %d live pages, want %d", who, n, want)
		}
	}
	fill("flood", streamsEach, errOwnStreams)
	fill(strangers, most/2, errStreams)
	fill("siti", most-streamsEach-most/2, errStreams)
	for _, l := range leave {
		l()
	}
	if len(h.each) != 0 || h.watchers != 0 {
		t.Errorf("all are gone: %v and %d are left", h.each, h.watchers)
	}
}
