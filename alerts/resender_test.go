package alerts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fakeRouter remembers what it took; down makes every call fail, hang makes Send wait for its deadline.
type fakeRouter struct {
	mu       sync.Mutex
	down     error
	hang     bool
	rounds   [][]Notice
	times    []time.Time
	silences map[string]Silence
	made     int
	// during runs while Send is under way, once.
	during func()
}

func (f *fakeRouter) Send(ctx context.Context, notices []Notice) error {
	f.mu.Lock()
	hang, down, during := f.hang, f.down, f.during
	f.during = nil
	f.mu.Unlock()
	if during != nil {
		during()
	}
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if down != nil {
		return down
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rounds, f.times = append(f.rounds, notices), append(f.times, time.Now())
	return nil
}

func (f *fakeRouter) Silences(context.Context) ([]Silence, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Silence
	for _, s := range f.silences {
		out = append(out, s)
	}
	return out, f.down
}

func (f *fakeRouter) SetSilence(_ context.Context, s Silence) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down != nil {
		return "", f.down
	}
	if s.ID == "" {
		f.made++
		s.ID = fmt.Sprint("silence-", f.made)
	}
	if f.silences == nil {
		f.silences = make(map[string]Silence)
	}
	f.silences[s.ID] = s
	return s.ID, nil
}

func (f *fakeRouter) ExpireSilence(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.silences, id)
	return f.down
}

func (f *fakeRouter) set(down error, hang bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down, f.hang = down, hang
}

// take gives the rounds since the last call that had something in them.
func (f *fakeRouter) take() [][]Notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	rounds := slices.DeleteFunc(f.rounds, func(r []Notice) bool { return len(r) == 0 })
	f.rounds, f.times = nil, nil
	return rounds
}

// running starts a Resender in a bubble and ends it with the test.
func running(t *testing.T, router Router, initial ...Alert) *Resender {
	t.Helper()
	r, err := NewResender(ResenderOptions{Router: router, Texts: sampleTexts(t), Initial: initial, URL: "https://gerbang.example"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v, want nil", err)
		}
	})
	return r
}

// nowAlert opens an alert at the bubble's time.
func nowAlert(zone string) Alert {
	s := rules.Subject{Kind: rules.SubjectZone, ID: zone}
	now := telemetry.InstantOf(time.Now())
	return Alert{ID: alertID("magetan", "capacity", s, now), Site: "magetan", Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach,
		Severity: rules.Critical, Subject: s, Opened: now, Updated: now}
}

func resolved(a Alert) Alert {
	a.Resolved = telemetry.InstantOf(time.Now())
	return a
}

func TestResenderLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{}
		r := running(t, router)
		synctest.Wait()
		router.take()

		a := nowAlert("hall")
		began := time.Now()
		r.Notify([]Change{{Alert: a, What: Opened}})
		r.Notify([]Change{{Alert: nowAlert("play"), What: Opened}})
		time.Sleep(150 * time.Millisecond)
		rounds := router.take()
		if len(rounds) != 1 || len(rounds[0]) != 2 {
			t.Fatalf("after two changes: %d rounds, want one with both within 100 ms", len(rounds))
		}
		n := rounds[0][0]
		if !n.Starts.Equal(began) || !n.Ends.Equal(began.Add(100*time.Millisecond+4*time.Minute)) {
			t.Errorf("starts %v, ends %v; want %v and four intervals after sending", n.Starts, n.Ends, began)
		}
		if want := "https://gerbang.example/site/" + a.Site + "#alert-" + a.ID; n.URL != want {
			t.Errorf("URL is %q, want %q", n.URL, want)
		}

		time.Sleep(10 * time.Minute)
		if rounds := router.take(); len(rounds) != 10 || len(rounds[0]) != 2 {
			t.Errorf("%d rounds in ten minutes, want one a minute with both", len(rounds))
		}

		ended := time.Now()
		r.Notify([]Change{{Alert: resolved(a), What: Resolved}})
		time.Sleep(time.Minute + time.Second)
		rounds = router.take()
		if len(rounds) != 2 || len(rounds[0]) != 1 || !rounds[0][0].Ends.Equal(ended) {
			t.Errorf("after the end: %d rounds, want the end at once and repeated with the next full one", len(rounds))
		}
		time.Sleep(time.Hour)
		rounds = router.take()
		if last := rounds[len(rounds)-1]; len(last) != 1 || last[0].Labels["subject"] != "play" {
			t.Errorf("an hour later %d alerts are sent, want the open one only", len(last))
		}
	})
}

// TestResenderStarvation: a change every 50 ms must not put off the sending for ever.
func TestResenderStarvation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{}
		r := running(t, router)
		synctest.Wait()
		router.take()
		for range 20 {
			r.Notify([]Change{{Alert: nowAlert("hall"), What: Updated}})
			time.Sleep(50 * time.Millisecond)
		}
		if n := len(router.take()); n < 5 {
			t.Errorf("%d rounds in a second of changes, want one every 100 to 150 ms", n)
		}
	})
}

func TestResenderRouterDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{down: errors.New("connection refused")}
		r := running(t, router)
		opened := time.Now()
		lasting, gone := nowAlert("hall"), nowAlert("play")
		r.Notify([]Change{{Alert: lasting, What: Opened}, {Alert: gone, What: Opened}})
		time.Sleep(3 * time.Hour)
		ended := time.Now()
		r.Notify([]Change{{Alert: resolved(gone), What: Resolved}})
		time.Sleep(3 * time.Hour)

		h := r.Health()
		if h.OK || h.Waiting != 2 || !h.Since.Equal(opened) || h.Err == nil {
			t.Errorf("health after six hours is %+v, want not OK, two waiting, since %v", h, opened)
		}
		router.set(nil, false)
		time.Sleep(time.Minute + time.Second)
		rounds := router.take()
		if len(rounds) == 0 {
			t.Fatal("nothing was sent within a minute of the router's return")
		}
		byZone := make(map[string]Notice)
		for _, n := range rounds[0] {
			byZone[n.Labels["subject"]] = n
		}
		if n := byZone["hall"]; !n.Starts.Equal(opened) || !n.Ends.After(time.Now()) {
			t.Errorf("the lasting alert starts %v and ends %v, want it firing since %v", n.Starts, n.Ends, opened)
		}
		if n := byZone["play"]; !n.Starts.Equal(opened) || !n.Ends.Equal(ended) {
			t.Errorf("the past alert is %v to %v, want its true times %v to %v", n.Starts, n.Ends, opened, ended)
		}
		if h := r.Health(); !h.OK || h.Waiting != 0 || h.Err != nil {
			t.Errorf("health is %+v, want OK and nothing waiting", h)
		}
	})
}

// TestResenderHangingRouter: whoever notifies never waits, and what changes while a request hangs is not lost.
func TestResenderHangingRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{hang: true}
		r := running(t, router)
		synctest.Wait() // the first round hangs
		before := time.Now()
		r.Notify([]Change{{Alert: nowAlert("hall"), What: Opened}})
		if d := time.Since(before); d != 0 {
			t.Errorf("Notify took %v with a hanging router, want no time", d)
		}
		time.Sleep(time.Minute)
		if h := r.Health(); h.OK || h.Waiting != 1 {
			t.Errorf("health is %+v, want not OK, one waiting", h)
		}
		router.set(nil, false)
		time.Sleep(2 * time.Minute)
		if h := r.Health(); !h.OK || h.Waiting != 0 {
			t.Errorf("health is %+v, want OK", h)
		}
	})
}

// TestResenderChangeDuringSend: what changes while its old state is being sent is sent too, at once.
func TestResenderChangeDuringSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{}
		r := running(t, router)
		synctest.Wait()
		router.take()
		a := nowAlert("hall")
		router.mu.Lock()
		router.during = func() { r.Notify([]Change{{Alert: resolved(a), What: Resolved}}) }
		router.mu.Unlock()
		r.Notify([]Change{{Alert: a, What: Opened}})
		time.Sleep(time.Second)
		rounds := router.take()
		if len(rounds) != 2 || !rounds[1][0].Ends.Before(time.Now()) {
			t.Errorf("%d rounds, want the opening and at once the end", len(rounds))
		}
	})
}

// TestResenderRestart: a new run tells the router what is open, and how what it knew of ended.
func TestResenderRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{}
		ended := nowAlert("play")
		time.Sleep(time.Minute)
		running(t, router, resolved(ended), nowAlert("hall"))
		synctest.Wait()
		rounds := router.take()
		if len(rounds) != 1 || len(rounds[0]) != 2 {
			t.Errorf("%d rounds at the start, want one with the open and the ended alert", len(rounds))
		}
	})
}

// TestResenderRefused: what a router will never take holds up nothing else.
func TestResenderRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{down: fmt.Errorf("%w: bad label", ErrRefused)}
		r, err := NewResender(ResenderOptions{Router: refusing{router}, Texts: sampleTexts(t), Initial: []Alert{nowAlert("hall")}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
		if h := r.Health(); !h.OK || h.Waiting != 0 {
			t.Errorf("health is %+v, want OK: the router is there", h)
		}
	})
}

// refusing refuses alerts only.
type refusing struct{ *fakeRouter }

func (refusing) Silences(context.Context) ([]Silence, error) { return nil, nil }

func TestResenderAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{}
		r := running(t, router)
		a := nowAlert("hall")
		a.Ack = &Acknowledgement{By: "satpam", Reason: "sedang ditangani", Until: a.Opened.Add(time.Hour)}
		r.Notify([]Change{{Alert: a, What: Acknowledged}})
		time.Sleep(time.Second)
		all, _ := router.Silences(t.Context())
		if len(all) != 1 || !all[0].Ends.Equal(a.Ack.Until.Time()) || all[0].By != "satpam" {
			t.Fatalf("silences are %+v, want one until %v", all, a.Ack.Until)
		}
		want := map[string]string{"alertname": "capacity", "gateway": "gerbang", "site": "magetan", "subject_kind": "zone", "subject": "hall"}
		for _, m := range all[0].Matchers {
			if want[m.Name] != m.Value || m.Regex || m.Not {
				t.Errorf("matcher %+v, want one of %v", m, want)
			}
			delete(want, m.Name)
		}
		if len(want) > 0 {
			t.Errorf("no matchers for %v", want)
		}

		// The router loses it: the next full round sets it again.
		router.mu.Lock()
		clear(router.silences)
		router.mu.Unlock()
		time.Sleep(time.Minute + time.Second)
		if all, _ := router.Silences(t.Context()); len(all) != 1 {
			t.Errorf("%d silences after the router lost one, want it again", len(all))
		}

		longer := a
		longer.Ack = &Acknowledgement{By: "satpam", Until: a.Opened.Add(3 * time.Hour)}
		r.Notify([]Change{{Alert: longer, What: Acknowledged}})
		time.Sleep(time.Second)
		if all, _ := router.Silences(t.Context()); len(all) != 1 || !all[0].Ends.Equal(longer.Ack.Until.Time()) {
			t.Errorf("silences are %+v, want the one moved to %v", all, longer.Ack.Until)
		}

		longer.Ack = nil
		r.Notify([]Change{{Alert: longer, What: Expired}})
		time.Sleep(time.Second)
		if all, _ := router.Silences(t.Context()); len(all) != 0 {
			t.Errorf("silences are %+v after the acknowledgement was withdrawn, want none", all)
		}
	})
}

// TestResenderForgottenSilence: a silence that an earlier run left for an alert that is over is ended.
func TestResenderForgottenSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router := &fakeRouter{silences: map[string]Silence{
			"ours":  {ID: "ours", Comment: acknowledgedMark + "0123456789abcdef: moved", Ends: time.Now().Add(time.Hour)},
			"other": {ID: "other", Comment: "maintenance", Ends: time.Now().Add(time.Hour)},
		}}
		running(t, router)
		synctest.Wait()
		all, _ := router.Silences(t.Context())
		if len(all) != 1 || all[0].ID != "other" {
			t.Errorf("silences are %+v, want only the one that is not ours", all)
		}
	})
}

func TestResenderMetricsAndLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		reg := prometheus.NewRegistry()
		router := &fakeRouter{down: errors.New("connection refused")}
		r, err := NewResender(ResenderOptions{Router: router, Texts: sampleTexts(t), Registerer: reg,
			Logger: slog.New(slog.NewTextHandler(&log, nil)), Initial: []Alert{nowAlert("hall")}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
		if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP gerbang_router_alerts Alerts that are open.
# TYPE gerbang_router_alerts gauge
gerbang_router_alerts 1
# HELP gerbang_router_up Whether the last exchange with the alert router succeeded.
# TYPE gerbang_router_up gauge
gerbang_router_up 0
# HELP gerbang_router_waiting Alerts whose present state the alert router has not taken.
# TYPE gerbang_router_waiting gauge
gerbang_router_waiting 1
`), "gerbang_router_alerts", "gerbang_router_up", "gerbang_router_waiting"); err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "cannot be reached"); n != 1 {
			t.Errorf("half an hour of outage was logged %d times, want once:\n%s", n, log.String())
		}
	})
}
