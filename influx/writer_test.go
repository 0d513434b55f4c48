package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
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
				j, server, told := &memoryJournal{}, &fakeServer{}, &notices{}
				well := time.Now().Add(10 * time.Minute)
				j.fail = func(m string) error {
					if m == method && time.Now().Before(well) {
						return errors.New("database is locked")
					}
					return nil
				}
				j.add(flow(epoch, 1, 1), flow(epoch, 2, 2))
				o := options(j, server)
				o.Faults = told.report
				_, _ = start(t, o)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if !told.has(FaultSource, true) || j.saved() != (journal.Position{}) {
					t.Errorf("while failing: got %q, position %v, want %s, none", told.lines, j.saved(), FaultSource)
				}
				time.Sleep(7 * time.Minute)
				synctest.Wait()
				if !told.has(FaultSource, false) || len(server.points) != 2 || j.saved().Record != 2 {
					t.Errorf("after: got %q, %d points, position %v, want the end of %s, 2, 2", told.lines, len(server.points), j.saved(), FaultSource)
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
				j, server := &memoryJournal{}, &fakeServer{}
				j.add(flows(0, 2000+left)...)
				j.position = journal.Position{Record: 2000}
				o := options(j, server)
				o.Source = shortened{j}
				start(t, o)
				time.Sleep(time.Minute)
				synctest.Wait()
				if len(server.points) != left || j.saved() != j.head() {
					t.Errorf("got %d points, position %v, want %d, %v", len(server.points), j.saved(), left, j.head())
				}
			})
		})
	}
}

// A long backlog of readings does not hold up the verdicts.
func TestDerivedStreamsKeepUpWithABacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j, server := &memoryJournal{}, &fakeServer{}
		j.add(flows(0, 3000)...)
		for i := range 300 {
			j.transitions = append(j.transitions, journal.Transition{ID: int64(i + 1), Transition: rules.Transition{
				Site: "magetan", Rule: "capacity", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: epoch + telemetry.Instant(i)}})
			j.samples = append(j.samples, journal.Sample{ID: int64(i + 1), Sample: rules.Sample{Site: "magetan", Zone: "hall", At: epoch + telemetry.Instant(i)}})
		}
		o := options(j, server)
		o.BatchLines = 400
		server.answer = func(int, []string) reply { return reply{after: time.Second} }
		start(t, o)
		time.Sleep(4*time.Second + time.Millisecond)
		synctest.Wait()
		if got := j.saved(); got.Transition != 300 || got.Sample != 300 || got.Record == 0 || got.Record == 3000 {
			t.Errorf("after four batches: got %v, want all transitions and samples, some of the records", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, want := j.saved(), j.head(); got != want {
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

// What an earlier run has left waits from the first moment on, also where nothing is committed any more; and before the Writer knows where
// it stands it does not say that nothing waits.
func TestWhatWaitsAtTheStartIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		server.answer = func(int, []string) reply { return reply{status: 503} }
		o := options(journal, server)
		o.Head = journal.add(flows(0, 250)...)
		w, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if h := w.Health(); h.Known || h.Waiting != 0 {
			t.Errorf("before it runs: got %+v, want nothing known", h)
		}
		w, _ = start(t, o)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if h := w.Health(); !h.Known || h.Waiting != 250 {
			t.Errorf("got %d waiting (known: %v), want 250", h.Waiting, h.Known)
		}
	})
}
