package influx

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// lineTime is when a line says that it happened.
func lineTime(t *testing.T, line string) telemetry.Instant {
	t.Helper()
	ns, err := strconv.ParseInt(line[strings.LastIndexByte(line, ' ')+1:], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.Instant(ns)
}

// linesOf are what a record becomes, whatever was written before.
func linesOf(p *places, rec telemetry.Record) []string {
	e := encoder{places: p}
	var b batch
	e.record(&b, &rec)
	return strings.Split(strings.TrimSuffix(string(b.text), "\n"), "\n")
}

// Finding L4: what a record becomes depends on the record alone, and no two records become one point: a device with a clock of a
// second at 1,000 messages a second, three quarters of an hour of one stuck time among other traffic, several visitors a message.
func TestL4_EveryRecordHasItsOwnPoint(t *testing.T) {
	t.Parallel()
	p := newPlaces(testSite())
	visitors := func(n int) []telemetry.Reading {
		all := make([]telemetry.Reading, n)
		for i := range all {
			all[i] = telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36 + float64(i)/10}
		}
		return all
	}
	for _, tt := range []struct {
		name    string
		n       int
		seq     func(i int) uint64
		at      func(i int) telemetry.Instant
		reading []telemetry.Reading
	}{
		{"seconds, a thousand each", 100_000, func(i int) uint64 { return uint64(i) + 1 },
			func(i int) telemetry.Instant { return epoch + telemetry.Instant(i/1000)*1e9 }, visitors(1)},
		{"one stuck time", 2_700, func(i int) uint64 { return 987_654_321 + uint64(i)*370 },
			func(int) telemetry.Instant { return epoch }, visitors(1)},
		{"four visitors a message", 20_000, func(i int) uint64 { return 999_990 + uint64(i) },
			func(int) telemetry.Instant { return epoch }, visitors(4)},
		{"nanoseconds", 10_000, func(i int) uint64 { return uint64(i) + 1 },
			func(i int) telemetry.Instant { return epoch + telemetry.Instant(10_000-i) }, visitors(1)},
	} {
		seen := make(map[string]bool)
		for i := range tt.n {
			rec := observed("counter-1", tt.reading...)
			rec.Seq, rec.At, rec.Received = tt.seq(i), tt.at(i), tt.at(i)
			for _, line := range linesOf(p, rec) {
				key, _ := splitLine(line)
				seen[key] = true
				if at := lineTime(t, line); at/1e6 != rec.At/1e6 {
					t.Fatalf("%s, record %d: got time %v, want %v to the millisecond", tt.name, rec.Seq, at, rec.At)
				}
			}
		}
		if want := tt.n * len(tt.reading); len(seen) != want {
			t.Errorf("%s: got %d points, want %d", tt.name, len(seen), want)
		}
	}
}

// Finding L4: how far apart the numbers of two records are, at the least, that share a point of one time is as moment.go and
// docs/influxdb.md say, for messages with several values of one field too.
func TestL4_RecordsThatShareAPointAreFarApart(t *testing.T) {
	t.Parallel()
	for values := 1; values <= 64; values++ {
		nearest := uint64(millisecond)
		for n := 1; n < values; n++ {
			// The first value of the record with number id has the place of the n-th of the one with number 1.
			id := uint64(momentOf(epoch, 1, n) - epoch)
			if momentOf(epoch, id, 0) != momentOf(epoch, 1, n) {
				t.Fatalf("value %d: no record %d shares its point", n, id)
			}
			nearest = min(nearest, id-1, millisecond+1-id)
		}
		if want := uint64(400_000 / values); values == 1 && nearest != millisecond || nearest < want {
			t.Errorf("%d values a message: got %d records apart, want %d at least", values, nearest, want)
		}
	}
}

// Finding L4: from wherever and in whatever order records are written, and whatever retention has deleted, they become the same
// points: else a repeated write would double events or swallow some.
func TestL4_PointsDoNotDependOnWhereWritingStarts(t *testing.T) {
	t.Parallel()
	seed := testengine.Seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	p := newPlaces(testSite())
	records := make([]telemetry.Record, 50_000)
	for i := range records {
		records[i] = flow(epoch+telemetry.Instant(i/2000)*1e9, 1, 1)
		records[i].Seq = uint64(i + 1)
	}
	e := encoder{places: p}
	var b batch
	for i := range records {
		e.record(&b, &records[i])
	}
	all := strings.Split(strings.TrimSuffix(string(b.text), "\n"), "\n")
	for range 2000 {
		i := random.IntN(len(records))
		if got := linesOf(p, records[i])[0]; got != all[i] {
			t.Fatalf("record %d alone: got %s, want %s", i+1, got, all[i])
		}
	}
}

// Finding L4, as it was found: five messages with one time, a restart, five more with it, when the first are gone from the
// journal: 10 there, 10 in InfluxDB.
func TestL4_ARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal, server := &memoryJournal{}, &fakeServer{}
		five := func() []telemetry.Record {
			all := make([]telemetry.Record, 5)
			for i := range all {
				all[i] = flow(epoch, float64(i), 0)
			}
			return all
		}
		journal.add(five()...)
		o := options(journal, server)
		o.Source = shortened{journal}
		_, stop := start(t, o)
		time.Sleep(time.Minute)
		stop()
		w, _ := start(t, o)
		w.Committed(journal.add(five()...))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(server.points) != 10 {
			t.Errorf("points: got %d, want 10", len(server.points))
		}
	})
}

// Of two revisions by late data, the end of one must not hide the beginning of the other, in whichever order they were found.
func TestL4_RevisionsThatTouch(t *testing.T) {
	t.Parallel()
	revision := func(from, to telemetry.Instant, v rules.Verdict) rules.Transition {
		return rules.Transition{Site: "s", Rule: "r", Late: true, At: epoch + from*1e9, Until: epoch + to*1e9, From: rules.Within, To: v}
	}
	early, late := revision(5, 10, rules.Unknown), revision(10, 15, rules.Breached)
	for _, order := range [][]rules.Transition{{early, late}, {late, early}} {
		e := encoder{places: newPlaces()}
		var b batch
		for i, tr := range order {
			e.transition(&b, &journal.Transition{ID: int64(i + 1), Transition: tr})
		}
		state, at := "", telemetry.Instant(0)
		for line := range strings.Lines(string(b.text)) {
			line = strings.TrimSuffix(line, "\n")
			if moment := lineTime(t, line); moment <= epoch+12e9 && moment > at {
				at = moment
				_, state = splitLine(line)
			}
		}
		if !strings.HasPrefix(state, "state=1i") {
			t.Errorf("between 10 and 15 s: got %s, want breached", state)
		}
	}
}
