package journal

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/gerbang-iot/gerbang/influx"
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
	written, err := j.Source().Samples(t.Context(), 0, 10, []influx.Sample(nil))
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
