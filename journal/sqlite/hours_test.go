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
	"github.com/gerbang-iot/gerbang/testengine"
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
			if _, err := w.conn.ExecContext(t.Context(), hourSQL, "mall", "hall", int64(s.At), int64(time.Hour), 3600*s.Persons, 0, 0, sampleText(&s), sampleText(&s)); err != nil {
				return err
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
	most := 300 * time.Millisecond
	if testengine.Racing {
		most *= 10
	}
	if best > most {
		t.Errorf("a year of hours: %v, want at most %v", best, most)
	}
}

// peopled commits a record with samples of zones: each {zone, minutes since begin, people}.
func peopled(t *testing.T, j *Journal, seq uint64, site string, begin, received telemetry.Instant, zones map[string][][2]float64) {
	t.Helper()
	var all []rules.Sample
	for zone, list := range zones {
		for _, s := range list {
			all = append(all, rules.Sample{Site: site, Zone: zone, Record: seq, At: begin.Add(time.Duration(s[0]) * time.Minute), Persons: s[1], Known: true})
		}
	}
	rec := telemetry.Record{Seq: seq, Kind: telemetry.KindTick, Site: site, At: received, Received: received}
	commit(t, j, &journal.Batch{Records: []telemetry.Record{rec}, Samples: all})
}

// Finding: what samples of the future had left in the hours stayed there for ever when they were set aside.
func TestHoursForgetWhatIsSetAside(t *testing.T) {
	j := open(t, t.TempDir())
	begin := rules.HourOf(telemetry.Instant(1_700_000_000e9))
	peopled(t, j, 1, "mall", begin, begin, map[string][][2]float64{"hall": {{10, 3}, {70, 4}}, "other": {{10, 8}}})
	now := begin.Add(2 * time.Hour)
	// The clock is ahead by a month: one sample lies in an hour that has others, one in the future; another site is not concerned.
	month := begin.Add(30 * 24 * time.Hour)
	peopled(t, j, 2, "mall", begin, month, map[string][][2]float64{"hall": {{90, 900}, {30 * 24 * 60, 700}}})
	peopled(t, j, 3, "quiet", begin, begin, map[string][][2]float64{"hall": {{90, 5}}})
	if _, err := j.Condense(t.Context(), month.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	until := month.Add(5 * time.Hour)
	if h := hoursOf(t, j, begin, until); len(h) != 3 || h[1].Peak.Persons != 900 || h[2].Peak.Persons != 700 {
		t.Fatalf("with the clock ahead: %+v", h)
	}
	all, err := j.Future(t.Context(), now)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d records of the future (%v), want 1", len(all), err)
	}
	if err := j.SetAside(t.Context(), all, journal.FutureAlerts{}, now); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"set aside", "condensed again"} {
		h := hoursOf(t, j, begin, until)
		if len(h) != 2 || h[0].Peak.Persons != 3 || h[1].Peak.Persons != 4 || h[1].Last.Persons != 4 {
			t.Errorf("%s: %+v, want two hours with 3 and 4 people", when, h)
		}
		if _, err := j.Condense(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	for site, zone := range map[string]string{"mall": "other", "quiet": "hall"} {
		if h, err := j.Hours(t.Context(), site, zone, begin, until); err != nil || len(h) != 1 {
			t.Errorf("%s of %s: %+v (%v), want its hour", zone, site, h, err)
		}
	}
}

// Finding: the first sample of an hour that was not over held up everybody's, and a late one behind a thousand others was not seen.
func TestAnUnfinishedHourHoldsUpNobody(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	begin := rules.HourOf(telemetry.Instant(1_700_000_000e9))
	peopled(t, j, 1, "ahead", begin, begin, map[string][][2]float64{"hall": {{60 * 24 * 365, 9}}})
	peopled(t, j, 2, "mall", begin, begin, map[string][][2]float64{"hall": {{10, 3}, {70, 4}, {130, 5}}})
	now := begin.Add(2*time.Hour + 30*time.Minute)
	if made, err := j.Condense(t.Context(), now); err != nil || made != 2 {
		t.Errorf("behind one of the future: condensed %d (%v), want 2 hours", made, err)
	}
	crowd := make([][2]float64, 1500)
	for i := range crowd {
		crowd[i] = [2]float64{121, float64(i)}
	}
	peopled(t, j, 3, "fair", begin, begin, map[string][][2]float64{"hall": crowd})
	peopled(t, j, 4, "mall", begin, begin, map[string][][2]float64{"hall": {{20, 60}}})
	if h := hoursOf(t, j, begin, now); len(h) != 3 || h[0].Peak.Persons != 60 || h[2].Peak.Persons != 5 {
		t.Errorf("with a late sample behind 1500 others: %+v, want its peak at once", h)
	}
	if made, err := j.Condense(t.Context(), now); err != nil || made != 2 { // its hour, and the next one, which it begins
		t.Errorf("condensed %d (%v), want 2", made, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if made, err := j.Condense(t.Context(), begin.Add(3*time.Hour)); err != nil || made != 2 {
		t.Errorf("when the hour is over, behind a restart: condensed %d (%v), want those of two sites", made, err)
	}
	if h := hoursOf(t, j, begin, begin.Add(3*time.Hour)); len(h) != 3 || h[0].Peak.Persons != 60 || h[1].Peak.Persons != 60 || h[2].Peak.Persons != 5 {
		t.Errorf("hours: %+v, want peaks of 60, 60 and 5", h)
	}
	if made, err := j.Condense(t.Context(), begin.Add(400*24*time.Hour)); err != nil || made != 1 {
		t.Errorf("when the future has come: condensed %d (%v), want its hour", made, err)
	}
}
