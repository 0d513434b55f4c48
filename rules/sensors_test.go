package rules

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sensors puts n more air sensors into the hall: air2, air3 and so on.
func sensors(d *Definition, n int) *Definition {
	for i := range n {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "air" + strconv.Itoa(i+2), Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
	}
	return d
}

func (r *rig) explanation(rule, subject string) Explanation {
	r.t.Helper()
	for _, v := range r.engine.View().Verdicts {
		if v.Rule == rule && v.Subject.ID == subject {
			return v.Explanation
		}
	}
	r.t.Fatalf("no verdict of %s on %s", rule, subject)
	return Explanation{}
}

// Finding R2: the newest reading of a zone won, whoever sent it.
func TestR2EachSensorIsJudged(t *testing.T) {
	type values map[string]float64
	tests := []struct {
		of     string
		values values
		want   string
		shown  float64
		sensor string
	}{
		{"worst", values{"air": 2000, "air2": 600}, "breached", 2000, "air"},
		{"worst", values{"air": 600, "air2": 2000}, "breached", 2000, "air2"},
		{"worst", values{"air": 900, "air2": 600}, "within", 900, "air"},
		{"worst", values{"air": 1600, "air2": 2000, "air3": 1700}, "breached", 2000, "air2"},
		{"any", values{"air": 2000, "air2": 600}, "breached", 2000, "air"},
		{"all", values{"air": 2000, "air2": 600}, "within", 600, "air2"},
		{"all", values{"air": 2000, "air2": 1600}, "breached", 1600, "air2"},
		{"mean", values{"air": 2000, "air2": 600}, "within", 1300, ""},
		{"mean", values{"air": 2000, "air2": 1100}, "breached", 1550, ""},
		{"air2", values{"air": 2000, "air2": 600}, "within", 600, "air2"},
	}
	for _, expr := range []string{"co2 > 1500", "int(co2) > 1500"} { // arithmetic, and CEL
		for _, tt := range tests {
			t.Run(expr+" "+tt.of, func(t *testing.T) {
				rule := airRule(func(p *Expression) { p.Expr, p.Value, p.Limit, p.Of = expr, "co2", 1500, tt.of })
				r := newRig(t, sensors(with(mall(t), rule), 2))
				for i, id := range []string{"air", "air2", "air3"} {
					if v, ok := tt.values[id]; ok {
						r.read(id, "2022-07-04 09:00:0"+strconv.Itoa(i), telemetry.CO2, v)
					}
				}
				r.wantVerdict("air", "hall", tt.want)
				x := r.explanation("air", "hall")
				if x.Value != tt.shown || x.Detail != tt.sensor {
					t.Errorf("explanation: got %v of %q, want %v of %q", x.Value, x.Detail, tt.shown, tt.sensor)
				}
				if tt.sensor != "" && !slices.ContainsFunc(x.Evidence, func(e Evidence) bool { return e.Device == tt.sensor && e.Value == tt.shown }) {
					t.Errorf("evidence: got %+v, want the reading of %s", x.Evidence, tt.sensor)
				}
			})
		}
	}
}

// Finding R2: what is missing makes unknown what nothing breaches.
func TestR2MissingSensor(t *testing.T) {
	tests := []struct{ of, silent, heard string }{
		{"worst", "unknown/silent", "breached"},
		{"any", "within", "breached"},
		{"all", "within", "unknown/silent"},
		{"mean", "unknown/silent", "unknown/silent"},
	}
	for _, tt := range tests {
		t.Run(tt.of, func(t *testing.T) {
			rule := airRule(func(p *Expression) { p.Expr, p.Of = "co2 > 1500", tt.of })
			r := newRig(t, sensors(with(mall(t), rule), 1))
			r.read("air2", "2022-07-04 09:00:00", telemetry.CO2, 600)
			r.read("air", "2022-07-04 10:30:00", telemetry.CO2, 600) // air2 is stale by now
			r.wantVerdict("air", "hall", tt.silent)
			r.read("air", "2022-07-04 10:31:00", telemetry.CO2, 1600)
			r.wantVerdict("air", "hall", tt.heard)
		})
	}
	// One that is known to measure it and never spoke is missing too.
	d := sensors(with(mall(t), airRule(func(p *Expression) { p.Expr = "co2 > 1500" })), 1)
	d.Measures = measures("air2", telemetry.CO2)
	r := newRig(t, d)
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 600)
	r.wantVerdict("air", "hall", "unknown/no_data")
	if got := r.explanation("air", "hall").Detail; got != "air2" {
		t.Errorf("detail: got %q, want air2", got)
	}
}

// Finding R2: two gauges of one device belong together.
func TestR2GaugesOfOneDeviceAreJudgedTogether(t *testing.T) {
	rule := airRule(func(p *Expression) { p.Expr, p.Value = "co2 > 1000 && humidity > 60", "co2" })
	r := newRig(t, sensors(with(mall(t), rule), 1))
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 2000, telemetry.Humidity, 40)
	r.read("air2", "2022-07-04 09:00:01", telemetry.CO2, 600, telemetry.Humidity, 70)
	r.wantVerdict("air", "hall", "within") // no place in the hall is both
	r.read("air2", "2022-07-04 09:00:02", telemetry.CO2, 1100, telemetry.Humidity, 70)
	r.wantVerdict("air", "hall", "breached")
}

// Finding R2: a norm has a time of its own, by every reading of one sensor.
func TestR2NormWithATime(t *testing.T) {
	rule := airRule(func(p *Expression) { p.Expr, p.Value, p.Limit, p.Over = "co2 > 1000", "co2", 1000, 10*time.Minute })
	r := newRig(t, sensors(with(mall(t), rule), 1))
	read := func(device, at string, v float64, want string) {
		t.Helper()
		r.read(device, "2022-07-04 "+at, telemetry.CO2, v)
		r.wantVerdict("air", "hall", want)
	}
	read("air", "09:00:00", 900, "within")
	read("air2", "09:00:10", 900, "within")
	read("air", "09:01:00", 1200, "within")
	read("air", "09:06:00", 990, "within") // one below begins it anew
	read("air2", "09:06:30", 1100, "within")
	read("air", "09:07:00", 1300, "within")
	read("air2", "09:12:00", 950, "within") // together they were over all the time, neither was for ten minutes
	r.tick("2022-07-04 09:16:59")
	r.wantVerdict("air", "hall", "within")
	r.tick("2022-07-04 09:17:00")
	r.wantVerdict("air", "hall", "breached")
	x := r.explanation("air", "hall")
	if x.Detail != "air" || x.Value != 1300 || !slices.Contains(x.Inputs, Input{Name: "over", Value: 10, Unit: "min"}) {
		t.Errorf("explanation: got %+v, want 1300 of air over 10 min", x)
	}
	read("air", "09:18:00", 1000, "within")
	r.late("air", "2022-07-04 09:10:00", "2022-07-04 09:40:00", telemetry.CO2, 800)
	last := r.transitions()
	if want := "09:17:00 air zone/hall breached>within until 09:18:00"; last[len(last)-1] != want {
		t.Errorf("a late reading below: got %q, want %q", last[len(last)-1], want)
	}
}

// Finding R2: before the time was observed nobody knows.
func TestR2NormWithATimeAtTheStart(t *testing.T) {
	rule := airRule(func(p *Expression) { p.Expr, p.Over = "co2 > 1000", 10*time.Minute })
	r := newRig(t, with(mall(t), rule))
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 1200)
	r.wantVerdict("air", "hall", "unknown/no_data")
	r.tick("2022-07-04 09:10:00")
	r.wantVerdict("air", "hall", "breached")
}

// Finding R2, a sibling: a norm that counts readings.
func TestR2NormOfReadings(t *testing.T) {
	rule := airRule(func(p *Expression) { p.Expr, p.Readings = "co2 > 1000", 3 })
	r := newRig(t, sensors(with(mall(t), rule), 1))
	for i, v := range []float64{1100, 1200, 900, 1100, 1200, 1300} {
		r.read("air2", "2022-07-04 09:0"+strconv.Itoa(i)+":00", telemetry.CO2, 1900-v)
		r.read("air", "2022-07-04 09:0"+strconv.Itoa(i)+":30", telemetry.CO2, v)
		want := "within"
		if i == 5 {
			want = "breached"
		}
		r.wantVerdict("air", "hall", want)
	}
}

// Finding R2 on the sensors of the DTU library: above 1,000 ppm for ten minutes was never breached.
func TestR2DTULibrary(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataDir(t), "dtu-library", "co2_*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no readings of CO₂ (%v)", err)
	}
	type row struct {
		at     telemetry.Instant
		device string
		ppm    float64
	}
	var rows []row
	var devices []string
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all[1:] {
			at, err := time.Parse("2006-01-02T15:04:05.0000000", c[0])
			if err != nil {
				t.Fatal(err)
			}
			ppm, _ := strconv.ParseFloat(c[2], 64)
			rows = append(rows, row{telemetry.InstantOf(at), c[1], ppm})
			devices = append(devices, c[1])
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(max(-1, min(1, a.at-b.at))) })
	slices.Sort(devices)
	devices = slices.Compact(devices)
	d := &Definition{Site: facility.Site{ID: "b", Location: location(t, "Etc/UTC"), Zones: []facility.Zone{{ID: "hall"}}}, Protocols: []Protocol{{ID: "p"}}}
	for _, id := range devices {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
	}
	with(d, airRule(func(p *Expression) { p.Expr, p.Value, p.Limit, p.Over = "co2 > 1000", "co2", 1000, 10*time.Minute }))
	r := &rig{t: t, engine: New("b"), loc: time.UTC}
	r.configure(d, rows[0].at-1)
	for _, row := range rows {
		r.apply(reading(row.device, row.at, row.at, telemetry.CO2, row.ppm))
	}
	var breached time.Duration
	var since telemetry.Instant
	worst := map[string]int{}
	for _, x := range r.out.Transitions {
		if x.To == Breached {
			since = x.At
			worst[x.Explanation.Detail]++
			if x.Explanation.Value <= 1000 {
				t.Fatalf("breached by %v ppm", x.Explanation.Value)
			}
		} else if x.From == Breached {
			breached += x.At.Sub(since)
		}
	}
	// Counted again without the engine: each sensor's stretches above, less their first ten minutes.
	type span struct{ from, to telemetry.Instant }
	var spans []span
	var longest time.Duration
	for _, id := range devices {
		var from, last telemetry.Instant
		var above time.Duration
		end := func(at telemetry.Instant) {
			if from != 0 && at > from.Add(10*time.Minute) {
				spans = append(spans, span{from.Add(10 * time.Minute), at})
			}
			if from != 0 {
				above += at.Sub(from)
			}
			from = 0
		}
		for _, row := range rows {
			if row.device != id {
				continue
			}
			if last != 0 && row.at >= last.Add(time.Hour) {
				end(last.Add(time.Hour))
			}
			if row.ppm <= 1000 {
				end(row.at)
			} else if from == 0 {
				from = row.at
			}
			last = row.at
		}
		end(min(last.Add(time.Hour), rows[len(rows)-1].at))
		longest = max(longest, above)
	}
	slices.SortFunc(spans, func(a, b span) int { return int(max(-1, min(1, a.from-b.from))) })
	var want time.Duration
	var until telemetry.Instant
	for _, s := range spans {
		if s.to > until {
			want += s.to.Sub(max(s.from, until))
			until = s.to
		}
	}
	t.Logf("%d sensors, one above for %v; breached for %v, begun by %v", len(devices), longest, breached, worst)
	if d := breached - want; d < -time.Minute || d > time.Minute || breached < 24*time.Hour {
		t.Errorf("breached for %v, want %v", breached, want)
	}
}

// Finding R13: a value whose error bar contains the limit is near it, whatever rule compares it.
func TestR13ErrorOfASensor(t *testing.T) {
	t.Run("expression", func(t *testing.T) {
		for _, expr := range []string{"co2 > 1500", "int(co2) > 1500"} {
			d := with(mall(t), airRule(func(p *Expression) { p.Expr, p.Value, p.Limit = expr, "co2", 1500 }))
			d.Site.Devices[4].Error = 50
			r := newRig(t, d)
			for _, s := range []struct {
				at, want string
				ppm      float64
			}{{"09:00:00", "within", 1449}, {"09:01:00", "unknown/near", 1490}, {"09:02:00", "unknown/near", 1549}, {"09:03:00", "breached", 1551}} {
				r.read("air", "2022-07-04 "+s.at, telemetry.CO2, s.ppm)
				r.wantVerdict("air", "hall", s.want)
				if x := r.explanation("air", "hall"); x.Value != s.ppm || x.Error != 50 {
					t.Errorf("%s at %v ppm: got %v ± %v, want ± 50", expr, s.ppm, x.Value, x.Error)
				}
			}
		}
	})
	t.Run("distance", func(t *testing.T) {
		rule := distancingRule(func(p *Distancing) { p.Density, p.Readings = false, 1 })
		rule.Subjects = []string{"hall"}
		d := with(mall(t), rule)
		d.Site.Devices[4].Error = 0.1
		r := newRig(t, d)
		for _, s := range []struct {
			at, want string
			m        float64
		}{{"09:00:00", "within", 1.2}, {"09:01:00", "unknown/near", 1.05}, {"09:02:00", "unknown/near", 0.95}, {"09:03:00", "breached", 0.85}} {
			r.read("air", "2022-07-04 "+s.at, telemetry.Distance, s.m)
			r.wantVerdict("distance", "hall", s.want)
		}
	})
	t.Run("temperature of a device with an error of its own", func(t *testing.T) {
		d := with(mall(t), feverRule(func(p *Temperature, _ *Rule) { p.UseError = true }))
		d.Site.Devices[3].Error = 0.5
		r := newRig(t, d)
		r.read("thermo", "2022-07-04 09:00:00", body, 36.9)
		r.wantVerdict("fever", "thermo", "unknown/near")
	})
}

// Finding R5: a level that the protocol does not know, or none, is no limit of 100 %.
func TestR5NoLevel(t *testing.T) {
	for _, level := range []string{"", "l4"} {
		d := exact(with(mall(t), capacityRule(nil), airRule(func(p *Expression) { p.Expr = "persons > 100.0 * share" })))
		d.Site.Levels = nil
		if level != "" {
			d.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 2000, Month: 1, Day: 1}, Level: level}}
			d.Protocols = append(d.Protocols, Protocol{ID: "other", Levels: map[string]float64{"l4": 0.25}})
		}
		r := newRig(t, d)
		r.read("c-main", "2022-07-04 09:00:00", in, 10)
		r.wantVerdict("capacity", "hall", "unknown/no_level")
		r.wantVerdict("air", "hall", "unknown/no_level")
		if x := r.explanation("capacity", "hall"); x.Detail != level || x.HasLimit {
			t.Errorf("level %q: got %+v, want its name and no limit", level, x)
		}
		r.enter("2022-07-04 09:10:00", telemetry.Entry{Kind: telemetry.EntryLevel, Text: "l2"})
		r.wantVerdict("capacity", "hall", "within")
	}
}
