package influx

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// chaos is a server with every fault there is, in random order, which keeps score.
type chaos struct {
	fakeServer
	random *rand.Rand
	calm   atomic.Bool
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
// recorded, less what InfluxDB refused in words about it; the position is never ahead of it. (The order of arrival is promised within
// a lane only: what holds one batch up is left behind.)
func TestRandomFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	seed := testengine.Seed(t)
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
	j := &memoryJournal{}
	server := &chaos{random: rand.New(rand.NewPCG(seed, round+2e6))}
	server.answer = func(_ int, lines []string) reply { return server.next(lines) }
	places := newPlaces(testSite())

	// The oracle is made of what was added, by nobody who takes part.
	reference := encoder{places: places}
	var expected batch
	expect := func(p journal.Position) {
		for expected.to.Record < p.Record {
			reference.record(&expected, &j.records[expected.to.Record])
		}
	}
	j.fail = func(string) error {
		if !server.calm.Load() && trouble.IntN(30) == 0 {
			return errors.New("database is locked")
		}
		return nil
	}
	rejectedKeys := make(map[string]bool)
	j.advanced = func(to journal.Position, rejected []journal.Rejected) {
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

	o := options(j, server)
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
		w.Committed(j.add(more...))
		time.Sleep(time.Duration(random.IntN(60_000)) * time.Millisecond)
		if random.IntN(6) == 0 {
			stop()
			w, stop = start(t, o)
			w.Committed(j.head())
		}
	}
	synctest.Wait()
	server.calm.Store(true)
	time.Sleep(20 * time.Minute)
	synctest.Wait()
	stop()

	if got, want := j.saved(), j.head(); got != want {
		t.Errorf("seed %d, round %d: position %v, want %v", seed, round, got, want)
	}
	expect(j.head())
	want := make(map[string]string)
	for i := range expected.sources {
		key, fields := splitLine(lineOf(&expected, i))
		want[key] = fields
	}
	for _, r := range j.rejections() {
		key, fields := splitLine(r.Line)
		if !strings.Contains(fields, "_in=6i") {
			t.Errorf("seed %d, round %d: refused %q, which is well", seed, round, r.Line)
		}
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
	if rejections := len(j.rejections()); rejections > 0 && testing.Verbose() {
		t.Logf("%d points, %d rejected, %d requests", len(want), rejections, server.count())
	}
}

func lineOf(b *batch, i int) string { return string(b.text[b.start(i) : b.sources[i].end-1]) }
