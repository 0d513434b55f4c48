package rules

import (
	"bufio"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// dataDir is where the real series lie; the test is skipped without them.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("GERBANG_DATA")
	if dir == "" {
		t.Skip("GERBANG_DATA does not point to the data sets")
	}
	return dir
}

// building has one hall with a counter at each of the doors.
func building(t *testing.T, zone string, interval time.Duration, doors ...string) *Definition {
	midnight := clockTime(0, 0)
	d := &Definition{Site: facility.Site{ID: "b", Location: location(t, zone), Reset: &midnight, Zones: []facility.Zone{{ID: "hall", Capacity: 100}}},
		Protocols: []Protocol{{ID: "p", Rules: []Rule{capacityRule(nil), silenceRule(nil)}}}}
	for _, id := range doors {
		d.Site.Doors = append(d.Site.Doors, facility.Door{ID: id, From: facility.Outside, To: "hall"})
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: id}, Interval: interval})
	}
	return d
}

func TestCalIt2(t *testing.T) {
	f, err := os.Open(filepath.Join(dataDir(t), "calit2", "CalIt2.data"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := building(t, "America/Los_Angeles", 30*time.Minute, "main")
	r := &rig{t: t, engine: New("b"), loc: d.Site.Location.Location}
	r.configure(d, r.at("2005-07-24 00:00:00"))
	negative := make(map[string]bool)
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Split(s.Text(), ",")
		at, err := time.ParseInLocation("01/02/06 15:04:05", fields[1]+" "+fields[2], r.loc)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(fields[3])
		quantity := telemetry.PeopleIn
		if fields[0] == "7" {
			quantity = telemetry.PeopleOut
		}
		i := telemetry.InstantOf(at)
		r.apply(reading("main", i, i, quantity, n))
		est, _ := r.engine.zones[0].estimate(r.engine.clock)
		if est.raw < 0 && quantity == telemetry.PeopleIn {
			negative[at.Format(time.DateOnly)] = true
		}
		if est.persons < 0 {
			t.Fatalf("%v: %v persons", at, est.persons.number())
		}
	}
	door := r.engine.View().Doors[0]
	if door.InTotal != 19_597 || door.OutTotal != 18_837 {
		t.Errorf("totals: got %v in, %v out, want 19597 and 18837", door.InTotal, door.OutTotal)
	}
	if len(negative) < 90 {
		t.Errorf("days with a negative balance: got %d, want about 97 of 105", len(negative))
	}
	for _, s := range r.out.Samples {
		if s.Persons < 0 {
			t.Fatalf("a sample of %v persons", s.Persons)
		}
	}
}

func TestDTULibrary(t *testing.T) {
	f, err := os.Open(filepath.Join(dataDir(t), "dtu-library", "Occu_data_library.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := building(t, "Europe/Copenhagen", 30*time.Minute, "dtu-lyn-indgang", "dtu-lyn-boghandel")
	r := &rig{t: t, engine: New("b"), loc: d.Site.Location.Location}
	r.configure(d, r.at("2021-08-02 09:30:00"))
	check := func(want ...string) {
		t.Helper()
		if got := r.verdict("capacity", "hall"); !slices.Contains(want, got) {
			t.Errorf("at %s: got %s, want one of %q", r.engine.clock.In(r.loc).Format(time.DateTime), got, want)
		}
	}
	inGap, after := false, 0
	for _, row := range rows[1:] {
		at := r.at(row[0])
		if !inGap && at > r.at("2021-10-05 00:00:00") {
			for day := range 25 { // 31 days in which nothing is heard
				r.tick(time.Date(2021, 10, 2+day, 12, 0, 0, 0, time.UTC).Format(time.DateTime))
				check("unknown/silent")
			}
			inGap = true
		}
		n, _ := strconv.Atoi(row[2])
		m, _ := strconv.Atoi(row[3])
		r.apply(reading(row[1], at, at, telemetry.PeopleIn, n, telemetry.PeopleOut, m))
		if inGap && after < 4 { // back in the middle of a day: the balance is lost until midnight
			check("unknown/gap", "unknown/silent")
			after++
		}
	}
	var in, out float64
	for _, door := range r.engine.View().Doors {
		in += door.InTotal
		out += door.OutTotal
	}
	if in != 146_968 || out != 147_735 {
		t.Errorf("totals: got %v in, %v out, want 146968 and 147735", in, out)
	}
	var peak float64
	for _, s := range r.out.Samples {
		peak = max(peak, s.Persons)
	}
	if peak < 500 {
		t.Errorf("peak: got %v, want about 568", peak)
	}
}
