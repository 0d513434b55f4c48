package influx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// notices collects what a Writer reports.
type notices struct {
	mu    sync.Mutex
	lines []string // read without mu where nothing reports any more
}

func (n *notices) report(name string, firing bool, detail string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf("%s %t %s", name, firing, detail))
}

func (n *notices) has(name string, firing bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.lines, func(s string) bool { return strings.HasPrefix(s, fmt.Sprintf("%s %t", name, firing)) })
}

// html is what a login page looks like.
var html = http.Header{"Content-Type": {"text/html"}}

// Every row of the decision table: a fault holds for three minutes, then the server is well. Nothing may be lost, the
// position may not move meanwhile, and the right alarm must come in time and go again.
func TestEveryFaultKeepsTheReadings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		reply  reply
		class  class
		state  State
		fault  string
		within time.Duration // of the alarm
		tries  [2]int        // fewest and most requests in the three minutes
		hint   string        // part of the alarm's text
	}{
		{"token revoked", reply{status: 401, body: `{"error":"authorization failed: gate:canary-secret"}`}, forbidden, Blocked, FaultAuth, time.Minute, [2]int{3, 4}, "authorization failed"},
		{"token may not write", reply{status: 403, body: `{"code":"forbidden","message":"no"}`}, forbidden, Blocked, FaultAuth, time.Minute, [2]int{3, 4}, "give a token"},
		{"database missing", reply{status: 404, body: `{"error":"database not found: \"gerbang\""}`}, absent, Blocked, FaultMissing, time.Minute, [2]int{3, 4}, `CREATE DATABASE "gerbang"`},
		{"retention policy missing", reply{status: 500, body: `{"error":"retention policy not found: x"}`}, absent, Blocked, FaultMissing, time.Minute, [2]int{3, 4}, "retention policy"},
		{"server error", reply{status: 500, body: `{"error":"disk full"}`}, failing, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "disk full"},
		{"bad gateway", reply{status: 502, header: html, body: "<h1>nginx</h1>"}, failing, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "nginx"},
		{"unavailable", reply{status: 503}, busy, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "503"},
		{"too many requests", reply{status: 429}, busy, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "429"},
		{"connection refused", reply{err: syscall.ECONNREFUSED}, unreachable, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "refused"},
		{"no answer", reply{after: time.Hour, drop: true}, timedOut, Retrying, FaultDown, 2 * time.Minute, [2]int{3, 12}, "deadline"},
		{"lost answer", reply{lose: true}, unreachable, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "EOF"},
		{"captive portal", reply{status: 200, header: html, body: "<form>"}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "login page"},
		{"redirect to a login", reply{status: 302, header: http.Header{"Location": {"http://login.test/"}}}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "login page"},
		{"accepted but not stored", reply{status: 202}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "202"},
		{"204 of a proxy", reply{drop: true, header: html}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "204"},
		{"204 with a body", reply{drop: true, header: http.Header{"Content-Length": {"12"}}}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "204"},
		{"400 of a proxy", reply{status: 400, header: html, body: "The plain HTTP request was sent to HTTPS port"}, unexpected, Retrying, FaultDown, time.Minute, [2]int{5, 60}, "plain HTTP"},
		{"database being dropped", reply{status: 400, drop: true, body: `{"error":"partial write: shard 3 is pending deletion dropped=20"}`}, failing, Retrying, FaultDown, 2 * time.Minute, [2]int{5, 60}, "pending deletion"},
		{"wrong certificate", reply{err: &tls.CertificateVerificationError{Err: errors.New("expired")}}, certificate, Blocked, FaultDown, time.Minute, [2]int{3, 4}, "expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				well := time.Now().Add(3 * time.Minute)
				server.answer = func(int, []string) reply {
					if time.Now().Before(well) {
						return tt.reply
					}
					return reply{}
				}
				j.add(flows(0, 20)...)
				o := options(j, server)
				o.Faults = told.report
				w, stop := start(t, o)
				time.Sleep(tt.within)
				synctest.Wait()
				if !told.has(tt.fault, true) {
					t.Errorf("after %v: got %q, want alarm %s", tt.within, told.lines, tt.fault)
				} else if !strings.Contains(told.lines[0], tt.hint) {
					t.Errorf("alarm: got %q, want %q in it", told.lines[0], tt.hint)
				}
				time.Sleep(time.Until(well) - time.Millisecond)
				synctest.Wait()
				if got := j.saved(); got != (journal.Position{}) {
					t.Errorf("position during the fault: got %v, want none", got)
				}
				h := w.Health()
				if h.State != tt.state || h.Waiting != 0 && h.Waiting != 20 || h.LastError == "" || !h.LastSuccess.IsZero() {
					t.Errorf("health during the fault: got %+v, want state %s, an error, no success", h, tt.state)
				}
				if n := server.count(); n < tt.tries[0] || n > tt.tries[1] {
					t.Errorf("requests during the fault: got %d, want %d to %d", n, tt.tries[0], tt.tries[1])
				}
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if !told.has(tt.fault, false) {
					t.Errorf("after the fault: got %q, want the alarm to end", told.lines)
				}
				if len(server.points) != 20 || len(j.rejections()) != 0 {
					t.Errorf("after the fault: got %d points, %d rejections, want 20, 0", len(server.points), len(j.rejections()))
				}
				if h := w.Health(); h.State != Writing || h.Waiting != 0 || h.LastError != "" || h.Written != 20 {
					t.Errorf("health after the fault: got %+v, want 20 written, no error", h)
				}
				stop()
				if got, want := j.saved(), j.head(); got != want {
					t.Errorf("position: got %v, want %v", got, want)
				}
				for _, text := range append(told.lines, h.LastError) {
					if strings.Contains(text, "canary-secret") {
						t.Errorf("the token is in %q", text)
					}
				}
				if got := metricOf(w, tt.class); got < 1 {
					t.Errorf("requests counted as %s: got %v, want some", tt.class, got)
				}
			})
		})
	}
}

// An alarm says why InfluxDB cannot be written to, also when the reason changes; it repeats nothing.
func TestAnAlarmTellsItsPresentCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
		server.answer = func(n int, _ []string) reply {
			switch {
			case n <= 3:
				return reply{status: 200, header: html, body: "log in"}
			case n <= 5:
				return reply{err: &tls.CertificateVerificationError{Err: errors.New("expired")}}
			}
			return reply{}
		}
		journal.add(flows(0, 3)...)
		o := options(journal, server)
		o.Faults = told.report
		start(t, o)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(told.lines) != 3 {
			t.Fatalf("got %q, want two causes and the end", told.lines)
		}
		for i, want := range []string{"log in", "expired", FaultDown + " false"} {
			if !strings.Contains(told.lines[i], want) {
				t.Errorf("report %d: got %q, want %q in it", i, told.lines[i], want)
			}
		}
	})
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// value is the header, sent at the given time.
		value func(now time.Time) string
		want  time.Duration
	}{
		{"seconds", func(time.Time) string { return "90" }, 90 * time.Second},
		{"date", func(now time.Time) string { return now.Add(2 * time.Minute).UTC().Format(http.TimeFormat) }, 2 * time.Minute},
		{"far too long", func(time.Time) string { return "31536000" }, maxRetryAfter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server := &memoryJournal{}, &fakeServer{}
				server.answer = func(n int, _ []string) reply {
					if n == 1 {
						return reply{status: 503, header: http.Header{"Retry-After": {tt.value(time.Now())}}}
					}
					return reply{}
				}
				journal.add(flows(0, 3)...)
				_, stop := start(t, options(journal, server))
				time.Sleep(tt.want + tt.want/10 + time.Second)
				synctest.Wait()
				if server.count() != 2 {
					t.Fatalf("requests: got %d, want 2", server.count())
				}
				got := server.requests[1].at.Sub(server.requests[0].at)
				if got < tt.want || got > tt.want+tt.want/10 {
					t.Errorf("pause: got %v, want %v to %v", got, tt.want, tt.want+tt.want/10)
				}
				stop()
			})
		})
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2022, 7, 5, 3, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, " 7 ": 7 * time.Second, "-3": 0, "soon": 0, "99999999999999999999": 0,
		"Tue, 05 Jul 2022 03:01:00 GMT": time.Minute, "Tue, 05 Jul 2022 02:00:00 GMT": 0, "9223372036854775807": maxRetryAfter,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func TestDelaysGrowWithFullJitter(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 2000; n++ {
		bound := min(maxDelay, firstDelay<<min(n-1, 10))
		if d := delay(unreachable, io.EOF, n); d <= 0 || d > bound {
			t.Fatalf("failure %d: got %v, want up to %v", n, d, bound)
		}
	}
	if d := delay(forbidden, io.EOF, 50); d != configDelay {
		t.Errorf("refused token: got %v, want %v", d, configDelay)
	}
}

// One point that will never be accepted must not hold up the others, whatever the words of the server.
func TestOnlyTheBadPointIsRejected(t *testing.T) {
	t.Parallel()
	bad := func(line string) bool { return strings.Contains(line, "_in=6i") }
	for _, tt := range []struct {
		name   string
		answer func(s *fakeServer, lines []string) reply
	}{
		{"1.8: 400, the good ones are stored", func(s *fakeServer, lines []string) reply { return s.partial(lines, bad) }},
		{"2.x: 422, the good ones are stored", func(s *fakeServer, lines []string) reply {
			r := s.partial(lines, bad)
			if r.status != 0 {
				r.status, r.body = 422, `{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict"}`
			}
			return r
		}},
		{"3: 400, none is stored", func(_ *fakeServer, lines []string) reply {
			if slices.ContainsFunc(lines, bad) {
				return reply{status: 400, body: `{"error":"partial write of line protocol occurred"}`}
			}
			return reply{}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				server.answer = func(_ int, lines []string) reply { return tt.answer(server, lines) }
				j.add(flows(0, 100)...)
				o := options(j, server)
				o.Faults = told.report
				w, _ := start(t, o)
				time.Sleep(time.Minute)
				synctest.Wait()
				rejected := j.rejections()
				if len(rejected) != 14 || len(server.points) != 86 {
					t.Fatalf("got %d rejected, %d stored, want 14, 86", len(rejected), len(server.points))
				}
				for i, r := range rejected {
					if want := uint64(7*i + 7); uint64(r.ID) != want || r.Stream != journal.StreamRecords || r.Site != "magetan" || r.Device != "counter-1" || !bad(r.Line) || r.Reason == "" {
						t.Errorf("rejection %d: got %+v, want record %d with line and reason", i, r, want)
					}
				}
				if got, want := j.saved(), j.head(); got != want {
					t.Errorf("position: got %v, want %v", got, want)
				}
				if !slices.IsSorted(server.order) {
					t.Errorf("order: got %q, want that of the records", server.order)
				}
				if !told.has(FaultRejected, true) || told.has(FaultRejected, false) {
					t.Errorf("alarms: got %q, want %s", told.lines, FaultRejected)
				}
				if h := w.Health(); h.Rejected < 14 || h.Written < 86 || h.State != Writing {
					t.Errorf("health: got %+v, want 86 written, 14 rejected, or more where they were sent twice", h)
				}
				time.Sleep(rejectedQuiet)
				synctest.Wait()
				if !told.has(FaultRejected, false) {
					t.Errorf("alarms after %v: got %q, want none firing", rejectedQuiet, told.lines)
				}
			})
		})
	}
}

// A backlog that is older than what the database keeps is set aside in one request, not line by line.
func TestBacklogBeyondRetentionIsSetAsideAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(_ int, lines []string) reply {
			return reply{status: 400, body: fmt.Sprintf(`{"error":"partial write: points beyond retention policy dropped=%d"}`, len(lines))}
		}
		journal.add(flows(0, 500)...)
		start(t, options(journal, server))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(journal.rejections()) != 500 || server.count() != 1 {
			t.Errorf("got %d rejections in %d requests, want 500 in 1", len(journal.rejections()), server.count())
		}
	})
}

func TestTooLargeBodiesAreHalved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(_ int, lines []string) reply {
			if len(lines) > 30 {
				return reply{status: 413}
			}
			return reply{}
		}
		journal.add(flows(0, 1000)...)
		start(t, options(journal, server))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(server.points) != 1000 || len(journal.rejections()) != 0 || !slices.IsSorted(server.order) {
			t.Errorf("got %d stored, %d rejected, ordered %t; want 1000, 0, true", len(server.points), len(journal.rejections()), slices.IsSorted(server.order))
		}
	})
}

// A server that needs longer than the timeout for everything must still make progress.
func TestASlowServerIsGivenMoreTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(int, []string) reply { return reply{after: 30 * time.Second} }
		journal.add(flows(0, 1000)...)
		o := options(journal, server)
		o.BatchLines = 100
		w, _ := start(t, o)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if h := w.Health(); h.Waiting != 0 || len(server.points) != 1000 {
			t.Errorf("after ten minutes: got %+v, %d points, want none waiting, 1000", h, len(server.points))
		}
		if n := metricOf(w, timedOut); n > 3 {
			t.Errorf("timeouts: got %v, want at most 3: the time that was needed is remembered", n)
		}
	})
}

// A proxy that starts to answer for a server that used to name itself is not believed.
func TestASuccessMustComeFromTheServerThatWasKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(n int, _ []string) reply {
			if n == 2 {
				return reply{drop: true, header: http.Header{"Server": {"proxy"}}}
			}
			return reply{}
		}
		journal.add(flows(0, 5)...)
		w, _ := start(t, options(journal, server))
		time.Sleep(time.Second)
		synctest.Wait()
		w.Committed(journal.add(flows(5, 5)...))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(server.points) != 10 || metricOf(w, unexpected) != 1 {
			t.Errorf("got %d points, %v unexpected answers, want 10, 1", len(server.points), metricOf(w, unexpected))
		}
	})
}

func TestErrorBodiesAreBounded(t *testing.T) {
	t.Parallel()
	endless := &endlessBody{}
	d := newDoer(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 500, Body: endless, Header: http.Header{}}, nil
	}), 204, false, Secret{})
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://influx.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := d.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("got a success")
	}
	if len(err.Error()) > 2*maxText {
		t.Errorf("error: got %d bytes, want at most %d", len(err.Error()), 2*maxText)
	}
	if endless.read > 2*maxErrorBody || !endless.closed {
		t.Errorf("got %d bytes read, closed %t, want at most %d, true", endless.read, endless.closed, 2*maxErrorBody)
	}
}

type endlessBody struct {
	read   int
	closed bool
}

func (b *endlessBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	b.read += len(p)
	return len(p), nil
}

func (b *endlessBody) Close() error { b.closed = true; return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
