package sqlite

import (
	"log/slog"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func hoursOf(t testing.TB, j *Journal, from, until telemetry.Instant) []rules.Hour {
	t.Helper()
	all, err := j.Hours(t.Context(), "mall", "hall", from, until)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].Last, all[i].Peak = plainSample(all[i].Last), plainSample(all[i].Peak)
	}
	return all
}

// plainSample leaves out what hours do not keep.
func plainSample(s rules.Sample) rules.Sample {
	s.Site, s.Zone, s.Record, s.Error = "", "", 0, 0
	if !s.Known {
		s.Persons, s.Low, s.High = 0, 0, 0
	}
	return s
}

// Hours say the same before and after they are condensed, after a restart, and where a sample comes late.
func TestHoursSayWhatTheSamplesSaid(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(t.Context(), Options{Dir: dir, Window: 100, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	begin := rules.HourOf(telemetry.Instant(1_700_000_000e9))
	n := uint64(0)
	add := func(samples ...rules.Sample) {
		n++
		for i := range samples {
			samples[i].Site, samples[i].Zone, samples[i].Record = "mall", "hall", n
		}
		rec := telemetry.Record{Seq: n, Kind: telemetry.KindTick, Site: "mall", At: begin, Received: begin}
		if err := j.Commit(t.Context(), &journal.Batch{Records: []telemetry.Record{rec}, Samples: samples}); err != nil {
			t.Fatal(err)
		}
	}
	at := func(minutes int, persons float64, known bool, v rules.Verdict) rules.Sample {
		return rules.Sample{At: begin.Add(time.Duration(minutes) * time.Minute), Persons: persons, Low: persons, High: persons, Known: known, Limit: 50, HasLimit: true, Verdict: v, Near: v == rules.Unknown && known}
	}
	add(at(10, 10, true, rules.Within), at(40, 60, true, rules.Breached), at(70, 20, true, rules.Within), at(90, 0, false, rules.Unknown), at(250, 5, true, rules.Within), at(300, 48, true, rules.Unknown))
	end := begin.Add(6 * time.Hour)
	want := hoursOf(t, j, begin, end)
	if len(want) != 4 {
		t.Fatalf("hours: %+v, want 4 in which something changed", want)
	}
	first := want[0]
	mean, ok := first.Mean()
	if first.Known != 50*time.Minute || first.Over != 20*time.Minute || first.Peak.Persons != 60 || first.Peak.At != begin.Add(40*time.Minute) || !ok || math.Abs(mean-30) > 1e-9 {
		t.Errorf("the first hour: %+v, mean %v", first, mean)
	}
	if second := want[1]; second.Known != 30*time.Minute || second.Over != 10*time.Minute || second.Peak.Persons != 60 || second.Last.Known {
		t.Errorf("the second hour: %+v", second)
	}
	if last := want[3]; last.Near != time.Hour {
		t.Errorf("the last hour: %+v", last)
	}
	made, err := j.Condense(t.Context(), begin.Add(6*time.Hour))
	if err != nil || made != 4 {
		t.Fatalf("condensed %d hours (%v), want 4", made, err)
	}
	if got := hoursOf(t, j, begin, end); !reflect.DeepEqual(got, want) {
		t.Errorf("condensed:\n%+v\nwant\n%+v", got, want)
	}
	if made, err = j.Condense(t.Context(), begin.Add(6*time.Hour)); err != nil || made != 0 {
		t.Errorf("condensed once more: %d (%v)", made, err)
	}
	// One comes late, and another one in the hour that is running.
	add(at(95, 55, true, rules.Breached), at(361, 7, true, rules.Within))
	if _, err := j.Condense(t.Context(), begin.Add(6*time.Hour+2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(t.Context(), Options{Dir: dir, Window: 100, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	got := hoursOf(t, j, begin, begin.Add(7*time.Hour))
	samples, err := j.Occupancy(t.Context(), "mall", "hall", begin, begin.Add(7*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	all := rules.FoldHours(samples, begin, begin.Add(7*time.Hour))
	for i := range all {
		all[i].Last, all[i].Peak = plainSample(all[i].Last), plainSample(all[i].Peak)
	}
	if !reflect.DeepEqual(got, all) || len(got) != 5 || got[1].Over != 35*time.Minute {
		t.Errorf("behind a late sample:\n%+v\nwant\n%+v", got, all)
	}
	// What held before the beginning comes first.
	if from := hoursOf(t, j, begin.Add(3*time.Hour), end); len(from) != 3 || from[0].At != begin.Add(time.Hour) {
		t.Errorf("from an hour in which nothing changed: %+v", from)
	}
}

// A year of a busy zone is read in far less than the 300 ms that a page has.
func TestAYearOfHoursIsReadAtOnce(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir(), Window: 100, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	begin := rules.HourOf(telemetry.Instant(1_700_000_000e9))
	w, err := j.working()
	if err != nil {
		t.Fatal(err)
	}
	err = w.transaction(func() error {
		for i := range 365 * 24 {
			s := rules.Sample{At: begin.Add(time.Duration(i) * time.Hour), Persons: float64(i % 60), Known: true, Limit: 50, HasLimit: true}
			for _, zone := range []string{"hall"} {
				if _, err := w.conn.ExecContext(t.Context(), hourSQL, "mall", zone, int64(s.At), int64(time.Hour), 3600*s.Persons, 0, 0, sampleText(&s), sampleText(&s)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	best := time.Hour
	for range 3 {
		start := time.Now()
		all, err := j.Hours(t.Context(), "mall", "hall", begin, begin.Add(365*24*time.Hour))
		best = min(best, time.Since(start))
		if err != nil || len(all) != 365*24 {
			t.Fatalf("%d hours (%v)", len(all), err)
		}
	}
	t.Logf("a year of hours: %v", best)
	if best > 300*time.Millisecond {
		t.Errorf("a year of hours: %v, want at most 300 ms", best)
	}
}
