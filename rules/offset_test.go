package rules

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func (r *rig) calibrate(at, device string, offset float64) {
	r.t.Helper()
	r.enter(at, telemetry.Entry{ID: at, Kind: telemetry.EntryCalibration, Subject: device, Value: offset, Text: facility.CalibrationText(12, 0.3)})
}

// A calibration holds for what is measured from then on, over the configuration; what comes late keeps the offset of its time.
func TestCalibrationHoldsFromThenOn(t *testing.T) {
	d := with(mall(t), feverRule(nil))
	d.Site.Devices[3].Offset = 0.5
	r := newRig(t, d)
	value := func() float64 { return r.engine.View().Devices[3].Readings[0].Value }
	r.read("thermo", "2022-07-04 09:00:00", body, 36.0)
	if got := value(); got != 36.5 {
		t.Errorf("as configured: got %v, want 36.5", got)
	}
	r.calibrate("2022-07-04 09:10:00", "thermo", 1.3)
	r.calibrate("2022-07-04 09:10:00", "nothing", 1.3)
	r.read("thermo", "2022-07-04 09:20:00", body, 36.1)
	r.wantVerdict("fever", "thermo", "breached/waiting")
	if got := value(); got != 37.4 {
		t.Errorf("calibrated: got %v, want 37.4", got)
	}
	r.late("thermo", "2022-07-04 09:05:00", "2022-07-04 09:21:00", body, 36.1)
	if got := len(r.cases()); got != 1 {
		t.Errorf("what was measured before the calibration: %d cases, want one", got)
	}
	d.Site.Devices[3].Offset = 0
	r.configure(d, r.at("2022-07-04 09:30:00"))
	r.read("thermo", "2022-07-04 09:31:00", body, 35.0)
	if got := value(); got != 36.3 {
		t.Errorf("configured anew: got %v, want 36.3 by the calibration", got)
	}
	snap, _ := r.engine.Snapshot()
	e := New("mpp")
	if err := e.Restore(snap); err != nil {
		t.Fatal(err)
	}
	if got := e.View().Devices[3].Offsets; len(got) != 1 || got[0].Value != 1.3 || got[0].Pairs != 12 {
		t.Errorf("restored: got %+v", got)
	}
}

// faces are people whose face and mouth were measured, of a file of the study.
func faces(t *testing.T, file, column string) (pairs []facility.Pair) {
	dir := os.Getenv("GERBANG_DATA")
	if dir == "" {
		t.Skip("GERBANG_DATA names no folder with the series")
	}
	f, err := os.Open(filepath.Join(dir, "face-oral-temp", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	oral, rounds := -1, []int(nil)
	for k, name := range rows[2] {
		name = strings.TrimSpace(name)
		if name == "aveOralM" {
			oral = k
		}
		if len(name) == len(column)+1 && strings.HasPrefix(name, column) {
			rounds = append(rounds, k)
		}
	}
	if oral < 0 || len(rounds) == 0 {
		t.Fatalf("%s has no columns %s and aveOralM among %q", file, column, rows[2])
	}
	for _, row := range rows[3:] {
		reference, err := strconv.ParseFloat(strings.TrimSpace(row[oral]), 64)
		if err != nil || reference < 30 || reference > 43 {
			continue
		}
		sum, n := 0.0, 0.0
		for _, k := range rounds {
			if v, err := strconv.ParseFloat(strings.TrimSpace(row[k]), 64); err == nil && v >= 20 && v <= 50 {
				sum, n = sum+v, n+1
			}
		}
		if n > 0 {
			pairs = append(pairs, facility.Pair{Face: math.Round(sum/n*100) / 100, Reference: reference})
		}
	}
	return pairs
}

// Of surface temperatures a fixed limit finds almost nobody. An offset that was found on one group of people finds the feverish of
// another; the figures stand in docs/thermometers.md.
func TestOffsetOfOneGroupScreensAnother(t *testing.T) {
	for _, tt := range []struct {
		name, column string
		least        float64 // sensitivity with the offset, a little below what was found
		most         float64 // false alarms
	}{{"eye corner", "canthiMax", 0.75, 0.15}, {"forehead", "T_FHCC", 0.7, 0.3}} {
		offset, spread, err := facility.Calibrate(faces(t, "FLIR_group1.csv", tt.column))
		if err != nil {
			t.Fatal(err)
		}
		second := faces(t, "FLIR_group2.csv", tt.column)
		screen := func(offset float64) (found, feverish, alarms, well int) {
			d := with(mall(t), feverRule(func(p *Temperature, _ *Rule) { p.Above, p.Operator, p.PlausibleMin = 37.5, ">=", 28 }))
			d.Site.Hours = facility.Hours{}
			r := newRig(t, d)
			if offset != 0 {
				r.calibrate("2022-07-04 08:00:00", "thermo", offset)
			}
			at, warm := r.at("2022-07-04 09:00:00"), 0.0
			for i, p := range second {
				r.apply(reading("thermo", at.Add(time.Duration(i)*30*time.Second), at.Add(time.Duration(i)*30*time.Second), body, p.Face))
				now := r.engine.doorByID["main"].tooWarm
				switch hot := float64(now) > warm; {
				case p.Reference >= 37.5 && hot:
					found, feverish = found+1, feverish+1
				case p.Reference >= 37.5:
					feverish++
				case hot:
					alarms, well = alarms+1, well+1
				default:
					well++
				}
				warm = float64(now)
			}
			return found, feverish, alarms, well
		}
		without, feverish, falseWithout, well := screen(0)
		found, _, alarms, _ := screen(offset)
		t.Logf("%s: offset %+.2f ± %.2f Cel by group 1; of group 2, sensitivity %d/%d = %.0f %% without, %d/%d = %.0f %% with; specificity %.1f %% without, %.1f %% with (%d of %d well people alarmed)",
			tt.name, offset, spread, without, feverish, 100*float64(without)/float64(feverish), found, feverish, 100*float64(found)/float64(feverish),
			100-100*float64(falseWithout)/float64(well), 100-100*float64(alarms)/float64(well), alarms, well)
		if got := float64(found) / float64(feverish); got < tt.least || without*4 > found {
			t.Errorf("%s: %d of %d feverish people are found with the offset, %d without: want %.0f %% at least, and few without", tt.name, found, feverish, without, 100*tt.least)
		}
		if got := float64(alarms) / float64(well); got > tt.most {
			t.Errorf("%s: %d of %d well people are alarmed, want at most %.0f %%", tt.name, alarms, well, 100*tt.most)
		}
	}
}
