package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestAFullBatchDoesNotWaitAndOthersLinger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		o := options(journal, server)
		o.BatchLines = 100
		w, _ := start(t, o)
		synctest.Wait()

		begin := time.Now()
		for i := range 5 {
			w.Committed(journal.add(flows(i, 1)...))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if server.count() != 1 || len(server.points) != 5 {
			t.Fatalf("five readings: got %d requests, %d points, want 1, 5", server.count(), len(server.points))
		}
		if got := server.requests[0].at.Sub(begin); got != time.Second {
			t.Errorf("five readings: got a request after %v, want 1s", got)
		}

		begin = time.Now()
		w.Committed(journal.add(flows(5, 250)...))
		synctest.Wait()
		if server.count() < 3 || time.Since(begin) != 0 {
			t.Errorf("250 readings: got %d requests after %v, want 3 or more at once", server.count(), time.Since(begin))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(server.points) != 255 {
			t.Errorf("points: got %d, want 255", len(server.points))
		}
		for _, r := range server.requests {
			if len(r.lines) > 100 {
				t.Errorf("got a request of %d lines, want at most 100", len(r.lines))
			}
		}
	})
}

func TestAMissedCommitIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		start(t, options(journal, server))
		synctest.Wait()
		journal.add(flows(0, 1)...)
		time.Sleep(idleLook + time.Second)
		synctest.Wait()
		if len(server.points) != 1 {
			t.Errorf("points: got %d, want 1", len(server.points))
		}
	})
}

func TestStoppingWritesWhatWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fake reply
		want int
		took time.Duration // at most
	}{
		{"server well", reply{}, 30, 0},
		{"server failing", reply{status: 503}, 0, 0},
		{"server hanging", reply{after: time.Hour, drop: true}, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server := &memoryJournal{}, &fakeServer{}
				server.answer = func(int, []string) reply { return tt.fake }
				w, stop := start(t, options(journal, server))
				synctest.Wait()
				w.Committed(journal.add(flows(0, 30)...))
				synctest.Wait()
				begin := time.Now()
				stop()
				if took := time.Since(begin); took > tt.took {
					t.Errorf("stopping: got %v, want at most %v", took, tt.took)
				}
				if len(server.points) != tt.want || journal.saved().Record != uint64(tt.want) {
					t.Errorf("got %d points, position %v, want %d", len(server.points), journal.saved(), tt.want)
				}
			})
		})
	}
}

// A stop in the middle of a request must not change what the batch becomes: an event that was moved by a nanosecond is
// moved by the same nanosecond when it is sent again.
func TestStoppingInTheMiddleOfARequestDoublesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(n int, lines []string) reply {
			if n == 1 {
				server.store(lines)
				return reply{after: time.Hour, drop: true}
			}
			return reply{}
		}
		journal.add(flow(epoch, 1, 1), flow(epoch, 2, 1), flow(epoch, 3, 1))
		_, stop := start(t, options(journal, server))
		synctest.Wait()
		stop()
		start(t, options(journal, server))
		time.Sleep(time.Second)
		synctest.Wait()
		if len(server.points) != 3 || journal.saved().Record != 3 {
			t.Errorf("got %d points, position %v, want 3, 3", len(server.points), journal.saved())
		}
	})
}

func TestAFailingJournalIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Position", "Records", "Transitions", "Samples", "Advance"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				well := time.Now().Add(10 * time.Minute)
				journal.fail = func(m string) error {
					if m == method && time.Now().Before(well) {
						return errors.New("database is locked")
					}
					return nil
				}
				journal.add(flow(epoch, 1, 1), flow(epoch, 2, 2))
				o := options(journal, server)
				o.Faults = told.report
				_, _ = start(t, o)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if !told.has(FaultSource, true) || journal.saved() != (Position{}) {
					t.Errorf("while failing: got %q, position %v, want %s, none", told.lines, journal.saved(), FaultSource)
				}
				time.Sleep(7 * time.Minute)
				synctest.Wait()
				if !told.has(FaultSource, false) || len(server.points) != 2 || journal.saved().Record != 2 {
					t.Errorf("after: got %q, %d points, position %v, want the end of %s, 2, 2", told.lines, len(server.points), journal.saved(), FaultSource)
				}
			})
		})
	}
}

// shortened is a journal from which retention has deleted what was written.
type shortened struct{ *memoryJournal }

func (j shortened) Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	return j.memoryJournal.Records(ctx, max(after, j.saved().Record), limit, dst)
}

func TestRetentionMayDeleteWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, left := range []int{0, 10, 3000} {
		t.Run(strconv.Itoa(left), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal, server := &memoryJournal{}, &fakeServer{}
				journal.add(flows(0, 2000+left)...)
				journal.position = Position{Record: 2000}
				o := options(journal, server)
				o.Source = shortened{journal}
				start(t, o)
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(server.points) != left || journal.saved() != journal.head() {
					t.Errorf("got %d points, position %v, want %d, %v", len(server.points), journal.saved(), left, journal.head())
				}
			})
		})
	}
}

// A long backlog of readings does not hold up the verdicts.
func TestDerivedStreamsKeepUpWithABacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		journal.add(flows(0, 3000)...)
		for i := range 300 {
			journal.transitions = append(journal.transitions, Transition{ID: int64(i + 1), Transition: rules.Transition{
				Site: "magetan", Rule: "capacity", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: epoch + telemetry.Instant(i)}})
			journal.samples = append(journal.samples, Sample{ID: int64(i + 1), Sample: rules.Sample{Site: "magetan", Zone: "hall", At: epoch + telemetry.Instant(i)}})
		}
		o := options(journal, server)
		o.BatchLines = 400
		server.answer = func(int, []string) reply { return reply{after: time.Second} }
		start(t, o)
		time.Sleep(4*time.Second + time.Millisecond)
		synctest.Wait()
		if got := journal.saved(); got.Transition != 300 || got.Sample != 300 || got.Record == 0 || got.Record == 3000 {
			t.Errorf("after four batches: got %v, want all transitions and samples, some of the records", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := journal.saved(), journal.head(); got != want {
			t.Errorf("position: got %v, want %v", got, want)
		}
		if len(server.points) != 3600 {
			t.Errorf("points: got %d, want 3600", len(server.points))
		}
	})
}

func TestPlacesChangeForWhatIsStillToBeWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		journal.add(flows(0, 1)...)
		w, _ := start(t, options(journal, server))
		time.Sleep(time.Second)
		synctest.Wait()
		site := testSite()
		site.Devices[0].Place = facility.Place{Kind: facility.AtZone, ID: "hall"}
		w.Committed(journal.add(append([]telemetry.Record{configuration(site)}, flows(1, 1)...)...))
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, want := range []string{"device=counter-1,door=main,outside=true,site=magetan ", "device=counter-1,site=magetan,zone=hall "} {
			if i >= len(server.order) || !strings.Contains(server.order[i], want) {
				t.Errorf("points: got %q, want %q in number %d", server.order, want, i)
			}
		}
	})
}

// chaos is a server with every fault there is, in random order, which keeps score.
type chaos struct {
	fakeServer
	random *rand.Rand
	calm   atomic.Bool
	// condemned are the points that a 413 has refused on their own. A Writer that is restarted before it could save that
	// sends them again, behind others.
	condemned map[string]bool
}

func (c *chaos) next(lines []string) reply {
	bad := func(line string) bool { return strings.Contains(line, "_in=6i") }
	if c.calm.Load() {
		return c.partial(lines, bad)
	}
	switch c.random.IntN(12) {
	case 0:
		return reply{status: []int{429, 500, 502, 503, 504}[c.random.IntN(5)], header: http.Header{"Retry-After": {strconv.Itoa(c.random.IntN(20))}}}
	case 1:
		return reply{status: []int{401, 403, 404}[c.random.IntN(3)]}
	case 2:
		if len(lines) == 1 {
			key, _ := splitLine(lines[0])
			c.condemned[key] = true
		}
		return reply{status: 413}
	case 3:
		return reply{status: 302, header: http.Header{"Location": {"/login"}}}
	case 4:
		return reply{status: 200, header: html}
	case 5:
		return reply{err: io.EOF}
	case 6:
		c.partial(lines, bad) // stored, but the answer is lost
		return reply{err: io.ErrUnexpectedEOF}
	case 7:
		c.partial(lines[:c.random.IntN(len(lines)+1)], bad) // a part is stored, and the answer never comes
		return reply{after: time.Hour, drop: true}
	}
	return c.partial(lines, bad)
}

// Whatever the server does, in whatever order, and however often the gateway is restarted: what is stored is what was
// recorded, less what was rejected; the position is never ahead of it; and points arrive in the order of the records. (A
// random 413 can condemn any single line.)
func TestRandomFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if s := os.Getenv("GERBANG_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	for round := range 60 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { randomFaults(t, seed, uint64(round)) })
		})
	}
}

func randomFaults(t *testing.T, seed, round uint64) {
	// A source of chance for each goroutine. (The Writer's own jitter is not among them, so a seed repeats the faults, not
	// every moment.)
	random := rand.New(rand.NewPCG(seed, round))
	trouble := rand.New(rand.NewPCG(seed, round+1e6))
	journal := &memoryJournal{}
	server := &chaos{random: rand.New(rand.NewPCG(seed, round+2e6)), condemned: make(map[string]bool)}
	server.answer = func(_ int, lines []string) reply { return server.next(lines) }
	places := newPlaces(testSite())

	// The oracle is made of what was added, by nobody who takes part.
	reference := encoder{places: places}
	var expected batch
	expect := func(p Position) {
		for expected.to.Record < p.Record {
			reference.record(&expected, &journal.records[expected.to.Record])
		}
	}
	journal.fail = func(string) error {
		if !server.calm.Load() && trouble.IntN(30) == 0 {
			return errors.New("database is locked")
		}
		return nil
	}
	rejectedKeys := make(map[string]bool)
	journal.advanced = func(to Position, rejected []Rejected) {
		expect(to)
		for _, r := range rejected {
			key, _ := splitLine(r.Line)
			rejectedKeys[key] = true
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		for i := range expected.sources {
			key, _ := splitLine(lineOf(&expected, i))
			if _, ok := server.points[key]; !ok && !rejectedKeys[key] {
				t.Errorf("seed %d, round %d: position %v is ahead of %q", seed, round, to, key)
				return
			}
		}
	}

	o := options(journal, server)
	o.BatchLines = 1 + random.IntN(60)
	w, stop := start(t, o)
	for step := range 30 {
		var more []telemetry.Record
		for range random.IntN(40) {
			r := flow(epoch+telemetry.Instant(step*1000+random.IntN(20))*1e6, float64(random.IntN(7)), 1)
			if random.IntN(5) == 0 {
				r = telemetry.Record{Kind: telemetry.KindTick, Site: "magetan"}
			}
			more = append(more, r)
		}
		w.Committed(journal.add(more...))
		time.Sleep(time.Duration(random.IntN(60_000)) * time.Millisecond)
		if random.IntN(6) == 0 {
			stop()
			w, stop = start(t, o)
			w.Committed(journal.head())
		}
	}
	synctest.Wait()
	server.calm.Store(true)
	time.Sleep(20 * time.Minute)
	synctest.Wait()
	stop()

	if got, want := journal.saved(), journal.head(); got != want {
		t.Errorf("seed %d, round %d: position %v, want %v", seed, round, got, want)
	}
	expect(journal.head())
	want := make(map[string]string)
	for i := range expected.sources {
		key, fields := splitLine(lineOf(&expected, i))
		want[key] = fields
	}
	for _, r := range journal.rejections() {
		key, fields := splitLine(r.Line)
		if want[key] != fields {
			t.Errorf("seed %d, round %d: rejected %q, which nobody recorded", seed, round, r.Line)
		}
	}
	for key, fields := range want {
		switch got, stored := server.points[key]; {
		case strings.Contains(fields, "_in=6i") && !rejectedKeys[key]:
			t.Errorf("seed %d, round %d: %q is bad, and not among the rejections", seed, round, key)
		case !stored && !rejectedKeys[key]:
			t.Errorf("seed %d, round %d: %q is lost", seed, round, key)
		case stored && got != fields:
			t.Errorf("seed %d, round %d: %q: got %q, want %q", seed, round, key, got, fields)
		}
	}
	for key := range server.points {
		if _, ok := want[key]; !ok {
			t.Errorf("seed %d, round %d: %q is stored, and nobody recorded it", seed, round, key)
		}
	}
	place := make(map[string]int)
	for i := range expected.sources {
		key, _ := splitLine(lineOf(&expected, i))
		place[key] = i
	}
	arrived := slices.DeleteFunc(slices.Clone(server.order), func(key string) bool { return server.condemned[key] })
	if !slices.IsSortedFunc(arrived, func(a, b string) int { return place[a] - place[b] }) {
		t.Errorf("seed %d, round %d: points did not arrive in the order of the records", seed, round)
	}
	if rejections := len(journal.rejections()); rejections > 0 && testing.Verbose() {
		t.Logf("%d points, %d rejected, %d requests", len(want), rejections, server.count())
	}
}

func lineOf(b *batch, i int) string { return string(b.text[b.start(i) : b.sources[i].end-1]) }

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	s := NewSecret("canary-secret")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", s, "server", Server{Token: s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", s)
	encoded, err := json.Marshal(Server{Token: s})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		log.String(), string(encoded), s.String(), fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s),
		fmt.Sprintf("%v %+v %#v", Server{Token: s}, Options{Server: Server{Token: s}}, &Server{Token: s}),
		NewSecret("gate:canary-secret").scrub("you said gate:canary-secret and canary-secret"),
	} {
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("got the secret in %q", text)
		}
	}
	if s.Reveal() != "canary-secret" {
		t.Errorf("revealed: got %q", s.Reveal())
	}
}

func TestConfigurationProblemsAreAllReported(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Server: Server{
		URL: "ftp://influx", Token: NewSecret("canary\nsecret"), CertFile: "a", Timeout: -1, Compression: "zip",
	}, BatchLines: -1, Linger: -1})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"url", "bucket: empty", "token: holds a control character", "certificate and key", "timeout", "compression", "source", "batch size", "linger"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
	for _, u := range []string{"http://gate:canary@influx:8086", "http://gate:canary@[::1:8086", "http://influx?token=canary"} {
		if err := (Server{URL: u, Bucket: "b"}).Validate(); err == nil || strings.Contains(err.Error(), "canary@") {
			t.Errorf("%s: got %v, want an error without the password", u, err)
		}
	}
	for _, name := range []string{"/does/not/exist", os.DevNull} {
		if _, err := New(Options{Server: Server{URL: "https://influx", Bucket: "b", CAFile: name}, Source: &memoryJournal{}}); err == nil || !strings.Contains(err.Error(), "certificate authority") {
			t.Errorf("CA %s: got %v, want an error", name, err)
		}
	}
}

func TestCompressionByDefaultSparesTheSameMachine(t *testing.T) {
	t.Parallel()
	got := make(map[string]bool)
	for _, u := range []string{"http://127.0.0.1:8086", "http://localhost:8086", "http://[::1]:8086", "http://influx:8086", "http://10.1.2.3"} {
		got[u] = Server{URL: u}.compress()
	}
	want := map[string]bool{"http://127.0.0.1:8086": false, "http://localhost:8086": false, "http://[::1]:8086": false, "http://influx:8086": true, "http://10.1.2.3": true}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !(Server{URL: "http://127.0.0.1", Compression: CompressionOn}).compress() || (Server{URL: "http://influx", Compression: CompressionOff}).compress() {
		t.Error("a choice is not followed")
	}
}

// A Writer must have let go of everything when it ends, whatever it was doing.
func TestRunEndsAtOnceWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(int, []string) reply { return reply{status: 401} }
		journal.add(flows(0, 3)...)
		w, err := New(options(journal, server))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := w.Run(ctx); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if took := time.Since(begin); took != 10*time.Second || server.count() != 1 {
			t.Errorf("got an end after %v and %d requests, want 10s, 1", took, server.count())
		}
	})
}
