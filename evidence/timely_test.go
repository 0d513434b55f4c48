package evidence

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"
)

// A record of a time that no pack can have is refused: the engine would live through all days up to it.
func TestARecordOfTheFarFutureIsRefused(t *testing.T) {
	pack := packOf(t, newHouse(t), 9*time.Hour, 10*time.Hour)
	files, order := filesOf(t, pack), orderOf(t, pack)
	lines := bytes.SplitAfter(files[fileRecords], []byte("\n"))
	last := len(lines) - 2
	var r Record
	if err := decode(bytes.TrimSuffix(lines[last], []byte("\n")), &r); err != nil {
		t.Fatal(err)
	}
	for _, year := range []int{2126, 2261} {
		late := r
		late.Received = at(0).Add(time.Duration(year-2026) * 365 * 24 * time.Hour)
		line, err := encode(nil, &late)
		if err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(files)
		changed[fileRecords] = bytes.Join(append(append([][]byte{}, lines[:last]...), line), nil)
		begun := time.Now()
		report := reportOf(t, mended(t, changed, order))
		t.Logf("year %d: %v", year, time.Since(begun))
		if report.Outcome() != Fails || !strings.Contains(report.Findings[len(report.Findings)-1].Detail, "received") {
			t.Errorf("year %d: %+v", year, report.Findings)
		}
	}
}
