package sqlite

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What an older version recorded has no interval. It gets one here, in whole people, and the same for the pages and for InfluxDB.
func TestSamplesOfAnOlderVersionHaveOneInterval(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_ = open(t, dir).Close()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	const minute = 60_000_000_000
	for i, e := range []float64{2.5, 0, 60} {
		if _, err := db.Exec(`INSERT INTO samples (id, record, site, zone, at, persons, error, lim, verdict) VALUES (?, 1, 's', 'z', ?, 42, ?, 50, 0)`, i+1, (i+1)*minute, e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO samples (id, record, site, zone, at, persons, error, low, high, lim, verdict) VALUES (4, 1, 's', 'z', ?, 42, 3, 40, 46, 50, 0)`, 4*minute); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	want := [][2]float64{{40, 44}, {42, 42}, {0, 102}, {40, 46}}
	j := open(t, dir)
	shown, err := j.Occupancy(t.Context(), "s", "z", 0, 10*minute)
	if err != nil || len(shown) != len(want) {
		t.Fatalf("occupancy: got %d samples (%v), want %d", len(shown), err, len(want))
	}
	written, err := j.Source().Samples(t.Context(), 0, 10, []journal.Sample(nil))
	if err != nil || len(written) != len(want) {
		t.Fatalf("source: got %d samples (%v), want %d", len(written), err, len(want))
	}
	for i, w := range want {
		if got := [2]float64{shown[i].Low, shown[i].High}; got != w {
			t.Errorf("sample %d on the pages: got %v, want %v", i+1, got, w)
		}
		if got := [2]float64{written[i].Low, written[i].High}; got != w {
			t.Errorf("sample %d for InfluxDB: got %v, want %v", i+1, got, w)
		}
	}
}

// What nobody knows and a limit of nobody are kept, and the samples of a day begin with the one that holds when it begins.
func TestSamplesKeepWhatIsNotKnownAndTheLimitOfNobody(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	all := []rules.Sample{
		{Site: "s", Zone: "z", At: 100, Persons: 1, Known: true, Record: 1},
		{Site: "s", Zone: "z", At: 200, Persons: 2, High: 3, Known: true, HasLimit: true, Verdict: rules.Breached, Record: 1},
		{Site: "s", Zone: "z", At: 300, Persons: 2, HasLimit: true, Limit: 50, Verdict: rules.Unknown, Record: 1},
		{Site: "s", Zone: "z", At: 300, Persons: 4, Known: true, HasLimit: true, Limit: 50, Record: 1},
		{Site: "s", Zone: "y", At: 250, Persons: 9, Known: true, Record: 1},
		{Site: "s", Zone: "z", At: 150, Persons: 1, Record: 1}, // a gap that is told later
	}
	commit(t, j, &journal.Batch{Records: records(1, 1), Samples: all})
	for _, tt := range []struct {
		from, until telemetry.Instant
		want        []int
	}{
		{0, 1000, []int{0, 5, 1, 2, 3}},
		{100, 200, []int{0, 5}},
		{100, 250, []int{0, 5, 1}},
		{180, 300, []int{5, 1}},
		{260, 300, []int{1}},
		{400, 500, []int{2, 3}},
		{0, 50, nil},
	} {
		got, err := j.Occupancy(t.Context(), "s", "z", tt.from, tt.until)
		if err != nil {
			t.Fatal(err)
		}
		want := []rules.Sample(nil)
		for _, i := range tt.want {
			want = append(want, all[i])
		}
		if !slices.Equal(got, want) {
			t.Errorf("[%d, %d): got %+v, want %+v", tt.from, tt.until, got, want)
		}
	}
}
