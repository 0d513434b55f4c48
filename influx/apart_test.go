package influx

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestDifferentEventsAtOneTimeAreKeptApart(t *testing.T) {
	t.Parallel()
	warm := func(v float64) telemetry.Record {
		return observed("counter-1", telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: v})
	}
	records := []telemetry.Record{
		warm(36.1), warm(36.2),
		// Another field or series at the same time keeps its exact time.
		observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 1}),
		observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleOut, Value: 1}),
		observed("air-1", telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.3}),
		warm(36.4),
		// in was used once, out once: both move.
		observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 2}, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: 2}),
	}
	got := strings.Split(strings.TrimSuffix(encodeAll(NewPlaces([]facility.Site{testSite()}), records), "\n"), "\n")
	want := []string{"1000000000", "1000000001", "1000000000", "1000000000", "1000000000", "1000000002", "1000000001"}
	for i, line := range got {
		if at := line[strings.LastIndexByte(line, ' ')+1:]; at != want[i] {
			t.Errorf("%s: got time %s, want %s", line, at, want[i])
		}
	}
}

// Whatever position a Writer starts at, an element becomes the same points: else a repeated write would double it.
func TestOffsetsDoNotDependOnWhereWritingStarts(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	records := make([]telemetry.Record, 3*apartSpan+100)
	for i := range records {
		// Few times and values of a field: collisions everywhere, also across spans.
		records[i] = flow(epoch+telemetry.Instant(i/2000)*1e9, 1, 1)
		records[i].Seq = uint64(i + 1)
	}
	places := NewPlaces([]facility.Site{testSite()})
	lines := func(from, to int) []string {
		e := encoder{places: places}
		var b batch
		begin := int(apartStart(uint64(from)))
		for i := begin; i < from; i++ {
			e.record(&b, &records[i])
		}
		b.reset(Position{})
		for i := from; i < to; i++ {
			e.record(&b, &records[i])
		}
		return strings.Split(strings.TrimSuffix(string(b.text), "\n"), "\n")
	}
	all := lines(0, len(records))
	for range 20 {
		from := random.IntN(len(records) - 200)
		for i, line := range lines(from, from+200) {
			if want := all[from+i]; line != want {
				t.Fatalf("record %d, written from %d on: got %s, want %s", from+i+1, from, line, want)
			}
		}
	}
	distinct := make(map[string]bool)
	for _, line := range all {
		key, _ := splitLine(line)
		distinct[key] = true
	}
	if len(distinct) != len(records) {
		t.Errorf("points: got %d, want %d", len(distinct), len(records))
	}
}

func TestApartStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ after, want uint64 }{
		{0, 0}, {apartSpan - 1, 0}, {2*apartSpan - 2, 0}, {2*apartSpan - 1, apartSpan - 1}, {2*apartSpan + 5, apartSpan - 1}, {3*apartSpan - 1, 2*apartSpan - 1},
	} {
		if got := apartStart(tt.after); got != tt.want {
			t.Errorf("after %d: got %d, want %d", tt.after, got, tt.want)
		}
	}
}
