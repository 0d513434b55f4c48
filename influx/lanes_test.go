package influx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// arrived are n observations that the gateway learned of a while ago, a second apart.
func arrived(n int, ago time.Duration) []telemetry.Record {
	first := telemetry.InstantOf(time.Now().Add(-ago))
	all := make([]telemetry.Record, n)
	for i := range all {
		all[i] = flow(first+telemetry.Instant(i)*1e9, float64(i%7), 1)
	}
	return all
}

// wordings are the two ways to say that points are older than a database keeps.
var wordings = map[string]func(dropped int) reply{
	"1.8": func(n int) reply {
		return reply{status: 400, header: v1Header, body: fmt.Sprintf(`{"error":"partial write: points beyond retention policy dropped=%d"}`, n)}
	},
	"2.7.12": func(n int) reply {
		return v2Said(422, "unprocessable entity", fmt.Sprintf("failure writing points to database: partial write: dropped %d points outside retention policy of duration 24h0m0s"+
			` - oldest point people_flow,device=counter-1 at 1970-01-01T00:00:01.541Z dropped because it violates a Retention Policy Lower Bound at 2025-05-20T19:06:17.612973Z,`+
			` newest point people_flow,device=counter-1 at 1970-01-01T00:00:01.5410006Z dropped because it violates a Retention Policy Lower Bound at 2025-05-20T19:06:17.612973Z`+
			" dropped=%d for database: 9f282d63c7d3a5c0 for retention policy: autogen", n, n))
	},
}

// Finding I2: 5,000 points that are too old, in the middle of the present, cost a few requests in both wordings, and the present
// does not wait for them.
func TestI2_OldPointsCostFewRequests(t *testing.T) {
	t.Parallel()
	for name, say := range wordings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server := &memoryJournal{}, &fakeServer{}
				cutoff := time.Now().Add(-24 * time.Hour)
				stored := map[string]time.Time{}
				server.answer = func(_ int, lines []string) reply {
					good := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return piece{line: line}.moment() < cutoff.UnixNano() })
					server.store(good)
					for _, line := range good {
						key, _ := splitLine(line)
						stored[key] = time.Now()
					}
					r := reply{}
					if n := len(lines) - len(good); n > 0 {
						r = say(n)
					}
					r.after = 50 * time.Millisecond
					return r
				}
				w, _ := start(t, options(journal, server))
				worst := time.Duration(0)
				old := arrived(5000, 72*time.Hour)
				for i := range old {
					old[i].Received = telemetry.InstantOf(time.Now())
				}
				for second := range 60 {
					at := telemetry.InstantOf(time.Now())
					live := flow(at, 1, 1)
					records := []telemetry.Record{live}
					if second == 10 { // a device sends what it kept for three days
						records = nil
						for i := range old { // among present ones
							if records = append(records, old[i]); i%100 == 99 {
								records = append(records, flow(at+telemetry.Instant(i)*1e6, 2, 1))
							}
						}
						records = append(records, live)
					}
					begin := time.Now()
					head := journal.add(records...)
					w.Committed(head)
					time.Sleep(time.Second)
					synctest.Wait()
					key := fmt.Sprintf("people_flow,device=counter-1,door=main,outside=true,site=magetan %d", momentOf(at, head.Record, 0))
					took := time.Second
					when := func() time.Time {
						server.mu.Lock()
						defer server.mu.Unlock()
						return stored[key]
					}
					for took < time.Minute && when().IsZero() {
						time.Sleep(100 * time.Millisecond)
						took += 100 * time.Millisecond
					}
					worst = max(worst, when().Sub(begin))
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				var about int
				for _, r := range server.requests {
					if slices.ContainsFunc(r.lines, func(line string) bool { return piece{line: line}.moment() < cutoff.UnixNano() }) {
						about++
					}
				}
				t.Logf("5,000 old points: %d requests about them, %d refused; the slowest live point took %v", about, len(journal.rejections()), worst)
				if about > 4 || len(journal.rejections()) != 5000 || len(server.points) != 110 {
					t.Errorf("got %d requests about old points, %d refused, %d stored, want at most 4, 5000, 110", about, len(journal.rejections()), len(server.points))
				}
				if worst > 2*time.Second {
					t.Errorf("the slowest live point took %v, want the linger and a request or two", worst)
				}
			})
		})
	}
}

// Finding I2: after an outage, the backlog is written beside the present, not before it.
func TestI2_ABacklogDoesNotDelayThePresent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(_ int, lines []string) reply {
			return reply{after: 2 * time.Second}
		}
		journal.add(arrived(20_000, 6*time.Hour)...)
		o := options(journal, server)
		o.BatchLines = 1000
		w, _ := start(t, o)
		w.Committed(journal.head())
		time.Sleep(5 * time.Second)
		for range 12 {
			r := flow(telemetry.InstantOf(time.Now()), 3, 1)
			head := journal.add(r)
			w.Committed(head)
			key := fmt.Sprintf("people_flow,device=counter-1,door=main,outside=true,site=magetan %d", momentOf(r.At, head.Record, 0))
			begin := time.Now()
			for {
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				server.mu.Lock()
				_, ok := server.points[key]
				server.mu.Unlock()
				if ok {
					break
				}
				if time.Since(begin) > 4*time.Second {
					t.Fatalf("a live point waits for %v, while %d of the backlog are written", time.Since(begin), len(server.points))
				}
			}
		}
		if n := len(server.points); n > 15_000 {
			t.Fatalf("%d points are stored already: the test wants a backlog", n)
		}
		if p := journal.saved(); p.Record > 20_000 {
			t.Fatalf("position %v is ahead of the past", p)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(server.points) != 20_012 || journal.saved() != journal.head() || w.Health().Waiting != 0 || w.Health().Past != 0 {
			t.Errorf("at the end: got %d points, position %v, %+v, want 20012, %v, nothing waiting", len(server.points), journal.saved(), w.Health(), journal.head())
		}
	})
}

// A state that the present writes about an earlier time is not replaced by the older one that the past writes later.
func TestI2_TheNewestStateOfATimeStays(t *testing.T) {
	t.Parallel()
	for _, remembered := range []bool{true, false} {
		t.Run(fmt.Sprint(remembered), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, server := &memoryJournal{}, &fakeServer{}
				server.answer = func(int, []string) reply { return reply{after: time.Second} }
				j.add(arrived(5000, 6*time.Hour)...)
				at := telemetry.InstantOf(time.Now().Add(-3 * time.Hour))
				passed := func(in float64, record uint64) {
					j.mu.Lock()
					defer j.mu.Unlock()
					j.flows = append(j.flows, journal.Flow{ID: int64(len(j.flows) + 1), Flow: rules.Flow{Site: "magetan", Device: "counter-1", Channel: "t", At: at, In: in, Record: record}})
				}
				passed(1, 4900)
				o := options(j, server)
				o.BatchLines = 500
				w, stop := start(t, o)
				w.Committed(j.head())
				time.Sleep(3 * time.Second)
				passed(2, 5001)
				w.Committed(j.add(flow(telemetry.InstantOf(time.Now()), 1, 1)))
				time.Sleep(3 * time.Second)
				if !remembered {
					w.lanes.mu.Lock()
					w.lanes.past.late, w.lanes.past.tooMany = nil, true
					w.lanes.mu.Unlock()
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				stop()
				for key, fields := range server.points {
					if strings.Contains(key, "channel=t,") && !strings.Contains(fields, "persons_in=2i") {
						t.Errorf("%s: got %q, want the newest, 2", key, fields)
					}
				}
				if j.saved() != j.head() {
					t.Errorf("position: got %v, want %v", j.saved(), j.head())
				}
			})
		})
	}
}

// Points that are neither taken nor refused hold up the past alone, and people are told which.
func TestL5_WhatIsHeldDoesNotHoldUpThePresent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
		var cured atomic.Bool
		server.answer = func(_ int, lines []string) reply {
			if !cured.Load() && slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "persons_in=666i") }) {
				return reply{status: 403, header: html, body: "blocked"}
			}
			return reply{}
		}
		o := options(journal, server)
		o.Faults = told.report
		w, _ := start(t, o)
		w.Committed(journal.add(flow(telemetry.InstantOf(time.Now()), 666, 1)))
		for range 20 {
			time.Sleep(time.Minute)
			w.Committed(journal.add(flow(telemetry.InstantOf(time.Now()), 1, 1)))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(server.points) != 20 || journal.saved().Record != 0 || len(journal.rejections()) != 0 {
			t.Errorf("got %d points, position %v, want the 20 others, and no step", len(server.points), journal.saved())
		}
		if !told.has(FaultHeld, true) || !told.has(FaultDown, false) || told.has(FaultHeld, false) {
			t.Errorf("alarms: got %q, want %s alone to fire at the end", told.lines, FaultHeld)
		}
		if h := w.Health(); h.Held == "" || h.Waiting == 0 || h.Age < 20*time.Minute {
			t.Errorf("health: got %+v, want that something is held, since when", h)
		}
		cured.Store(true)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if len(server.points) != 21 || journal.saved() != journal.head() || !told.has(FaultHeld, false) || w.Health().Held != "" {
			t.Errorf("after: got %d points, position %v, %q, want all", len(server.points), journal.saved(), told.lines)
		}
	})
}

// Finding I7: the lag is the age of the oldest record that is not in InfluxDB, at every moment.
func TestI7_LagIsTheAgeOfTheOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(int, []string) reply { return reply{after: time.Second} }
		journal.add(arrived(10_000, 48*time.Hour)...)
		o := options(journal, server)
		o.BatchLines = 500
		w, _ := start(t, o)
		w.Committed(journal.head())
		for range 300 {
			time.Sleep(100*time.Millisecond + time.Microsecond)
			w.Committed(journal.add(flow(telemetry.InstantOf(time.Now()), 1, 1)))
			synctest.Wait()
			at := journal.saved().Record
			if at >= journal.head().Record {
				continue
			}
			oldest := journal.records[at].Received
			got, want := w.Health().Age, time.Since(oldest.Time())
			if got < want-time.Second || got > want+time.Second {
				t.Fatalf("lag with position %d: got %v, want %v", at, got, want)
			}
		}
	})
}

// Finding L11: nothing stored for 30 s is an alert, also where no answer comes at all.
func TestL11_HalfAMinuteWithoutInfluxDBIsAnAlert(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]reply{
		"refused": {err: errors.New("connection refused")}, "hanging": {after: time.Hour, drop: true}, "failing": {status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				server.answer = func(int, []string) reply { return r }
				journal.add(flows(0, 1)...)
				o := options(journal, server)
				o.Faults = told.report
				start(t, o)
				time.Sleep(29 * time.Second)
				synctest.Wait()
				if told.has(FaultDown, true) {
					t.Errorf("after 29 s: got %q, want nothing yet", told.lines)
				}
				time.Sleep(2500 * time.Millisecond)
				synctest.Wait()
				if !told.has(FaultDown, true) {
					t.Errorf("after 31.5 s: got %q, want %s", told.lines, FaultDown)
				}
			})
		})
	}
}
