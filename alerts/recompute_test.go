package alerts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// judge is a real engine over a building with one of everything, open from 08:00 to 16:00.
type judge struct {
	t      *testing.T
	engine *rules.Engine
	seq    uint64
	now    telemetry.Instant
}

var jakarta = time.FixedZone("WIB", 7*3600)

func newJudge(t *testing.T, rule rules.Rule, level string, zone facility.Zone) *judge {
	t.Helper()
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	var hours facility.Hours
	for i := range hours.Weekly {
		hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(8 * time.Hour), Close: facility.TimeOfDay(16 * time.Hour)}}
	}
	zone.ID, zone.Name = "hall", "Aula"
	rule.ID = "r"
	d := rules.Definition{
		Site: facility.Site{
			ID: "mpp", Name: "Mal", Location: loc, Hours: hours, Zones: []facility.Zone{zone, {ID: "play", Name: "Ruang bermain", Capacity: 7}},
			Doors: []facility.Door{{ID: "main", Name: "Utama", From: facility.Outside, To: "hall"}},
			Devices: []facility.Device{
				{ID: "count", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Accuracy: 0.95},
				{ID: "exact", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Accuracy: 1},
				{ID: "thermo", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
				{ID: "air", Model: "native", Interval: 10 * time.Minute, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
				{ID: "near", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
				{ID: "soap", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
			},
			Tasks: []facility.Task{{ID: "wipe", Name: "Lap", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Items: []string{"pintu", "tangga", "lift"}}},
		},
		Protocols: []rules.Protocol{{ID: "p", Title: "P", Levels: map[string]float64{"1": 1, "2": .5}, Rules: []rules.Rule{rule}}},
	}
	d.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 2020, Month: 1, Day: 1}, Level: level}}
	body, err := json.Marshal(&d)
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{t: t, engine: rules.New("mpp")}
	j.apply("00:00", telemetry.Record{Kind: telemetry.KindConfiguration, Configuration: &telemetry.Configuration{Version: "1", Definition: body}})
	return j
}

// apply gives the engine a record at a time of the day.
func (j *judge) apply(clock string, rec telemetry.Record) {
	j.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2026-03-02 "+clock, jakarta)
	if err != nil {
		j.t.Fatal(err)
	}
	j.seq++
	j.now = telemetry.InstantOf(at)
	rec.Seq, rec.Site, rec.At, rec.Received = j.seq, "mpp", j.now, j.now
	var out rules.Output
	if err := j.engine.Apply(&rec, &out); err != nil {
		j.t.Fatal(err)
	}
}

func (j *judge) read(clock, device string, q telemetry.Quantity, values ...float64) {
	for _, v := range values {
		j.apply(clock, telemetry.Record{Kind: telemetry.KindObservation, Observation: telemetry.Observation{Device: device, Readings: []telemetry.Reading{{Quantity: q, Value: v}}}})
	}
}

func (j *judge) count(clock string, people float64) { j.countIn(clock, "hall", people) }

func (j *judge) countIn(clock, zone string, people float64) {
	j.apply(clock, telemetry.Record{Kind: telemetry.KindEntry, Entry: &telemetry.Entry{Kind: telemetry.EntryCount, Subject: zone, Value: people}})
}

func (j *judge) log(clock string, items ...string) {
	for _, item := range items {
		j.apply(clock, telemetry.Record{Kind: telemetry.KindObservation, Observation: telemetry.Observation{Device: "soap", Task: &telemetry.TaskLog{Task: "wipe", Done: true, Item: item}}})
	}
}

func (j *judge) wait(clock string) { j.apply(clock, telemetry.Record{Kind: telemetry.KindTick}) }

func kind(t *testing.T, name string, change func(p rules.Params)) rules.Rule {
	t.Helper()
	p, err := rules.NewParams(name)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(p)
	}
	return rules.Rule{Kind: name, Params: p}
}

// Finding R18: nobody could compute a verdict again from what was shown. This takes every kind of rule in each of its states
// and both languages, reads the sentence as a person would, and computes the verdict, and the limit on people, from its numbers.
func TestR18EveryVerdictCanBeComputedAgainFromItsSentence(t *testing.T) {
	seats := facility.Zone{Seats: 80, SeatPitch: 0.5}
	area := facility.Zone{Area: 52.5, Fixtures: 12}
	capacity := func(change func(*rules.Capacity)) rules.Rule {
		return kind(t, "capacity", func(p rules.Params) {
			if change != nil {
				change(p.(*rules.Capacity))
			}
		})
	}
	temperature := func(change func(*rules.Temperature)) rules.Rule {
		r := kind(t, "temperature", func(p rules.Params) {
			if change != nil {
				change(p.(*rules.Temperature))
			}
		})
		r.Subjects = []string{"thermo"}
		return r
	}
	expression := func(subject rules.SubjectKind, id, expr, value string, limit float64, unit string) rules.Rule {
		r := kind(t, "expression", func(p rules.Params) {
			e := p.(*rules.Expression)
			e.SubjectKind, e.Expr, e.Value, e.Limit, e.Unit = subject, expr, value, limit, unit
		})
		r.Subjects = []string{id}
		return r
	}
	task := func(before, after, every time.Duration) rules.Rule {
		return kind(t, "disinfection", func(p rules.Params) {
			d := p.(*rules.Disinfection)
			d.BeforeOpening, d.AfterClosing, d.Every, d.Grace = before, after, every, 15*time.Minute
		})
	}
	silence := kind(t, "silence", nil)
	silence.Subjects = []string{"air"}
	waking := kind(t, "silence", func(p rules.Params) { p.(*rules.Silence).OnlyOpen = true })
	waking.Subjects = []string{"air"}
	distances := kind(t, "distancing", func(p rules.Params) { p.(*rules.Distancing).Density = false })
	distances.Subjects = []string{"hall"}
	density := kind(t, "distancing", func(p rules.Params) { p.(*rules.Distancing).Spacing = 1.5 })
	building := capacity(func(p *rules.Capacity) { p.Site = true })
	building.Subjects = []string{"mpp"}
	co2 := expression(rules.SubjectZone, "hall", "co2 > 1000.0", "co2", 1000, "ppm")
	fill := expression(rules.SubjectDevice, "soap", "fill_level < 15.0", "fill_level", 15, "%")
	fillEdge := expression(rules.SubjectDevice, "soap", "fill_level <= 15.0", "fill_level", 15, "%")
	warm := expression(rules.SubjectZone, "hall", "temperature >= 30.0", "temperature", 30, "Cel")
	afterHours := expression(rules.SubjectZone, "hall", "!open && persons > 20.0", "persons", 20, "1")

	people := func(n float64) func(*judge) {
		return func(j *judge) { j.read("09:00", "exact", telemetry.PeopleIn, n) }
	}
	passing := func(n float64) func(*judge) {
		return func(j *judge) { j.count("09:00", 0); j.read("09:01", "count", telemetry.PeopleIn, n) }
	}
	hot := func(values ...float64) func(*judge) {
		return func(j *judge) { j.read("09:00", "thermo", telemetry.BodyTemperature, values...) }
	}
	one := func(clock, device string, q telemetry.Quantity, v float64) func(*judge) {
		return func(j *judge) { j.read(clock, device, q, v) }
	}
	all := []string{"pintu", "tangga", "lift"}
	logged := func(log, now string, items ...string) func(*judge) {
		return func(j *judge) {
			if log != "" {
				j.log(log, items...)
			}
			j.wait(now)
		}
	}

	for _, tc := range []struct {
		name  string
		rule  rules.Rule
		level string
		zone  facility.Zone
		do    func(*judge)
		want  string
	}{
		{"capacity by seats, within", capacity(nil), "1", seats, people(40), "within"},
		{"capacity by seats, full", capacity(nil), "1", seats, people(41), "breached"},
		{"capacity by seats at half", capacity(nil), "2", seats, people(21), "breached"},
		{"capacity by wide seats", capacity(nil), "1", facility.Zone{Seats: 30}, people(31), "breached"},
		{"capacity by area", capacity(nil), "1", area, people(40), "within"},
		{"capacity by hexagons", capacity(func(p *rules.Capacity) { p.Grid = rules.Hexagonal }), "2", area, people(24), "breached"},
		{"capacity by bare area", capacity(nil), "1", facility.Zone{Area: 33}, people(33), "within"},
		{"capacity as declared", capacity(nil), "2", facility.Zone{Capacity: 33}, people(17), "breached"},
		{"capacity near its limit", capacity(nil), "1", facility.Zone{Capacity: 100}, passing(101), "near"},
		{"capacity of the building", building, "1", facility.Zone{Capacity: 20}, func(j *judge) { j.countIn("09:00", "", 0); j.read("09:01", "count", telemetry.PeopleIn, 28) }, "near"},
		{"density within", density, "1", area, people(18), "within"},
		{"density breached", density, "1", area, people(19), "breached"},
		{"density near", density, "1", facility.Zone{Area: 225}, passing(101), "near"},
		{"one close pair", distances, "1", area, one("09:00", "near", telemetry.Distance, 0.4), "within"},
		{"pairs too close", distances, "1", area, func(j *judge) { j.read("09:00", "near", telemetry.Distance, .9, .8, .999) }, "breached"},
		{"far apart", distances, "1", area, one("09:00", "near", telemetry.Distance, 1), "within"},
		{"no fever", temperature(nil), "1", area, hot(37.3), "within"},
		{"fever", temperature(nil), "1", area, hot(37.34), "breached"},
		{"fever at the threshold", temperature(func(p *rules.Temperature) { p.Operator = ">=" }), "1", area, hot(37.3), "breached"},
		{"perhaps fever", temperature(func(p *rules.Temperature) { p.UseError = true }), "1", area, hot(37.1), "near"},
		{"an empty scene", temperature(nil), "1", area, hot(24, 24.1, 24), "unknown"},
		{"heard", silence, "1", area, func(j *judge) { j.read("09:00", "air", telemetry.CO2, 500); j.wait("09:29") }, "within"},
		{"silent", silence, "1", area, func(j *judge) { j.read("09:00", "air", telemetry.CO2, 500); j.wait("09:30") }, "breached"},
		{"long silent", silence, "1", area, func(j *judge) { j.read("09:00", "air", telemetry.CO2, 500); j.wait("11:47") }, "breached"},
		{"waking up", waking, "1", area, func(j *judge) { j.read("04:00", "air", telemetry.CO2, 500); j.wait("08:29") }, "within"},
		{"overslept", waking, "1", area, func(j *judge) { j.read("04:00", "air", telemetry.CO2, 500); j.wait("08:30") }, "breached"},
		{"asleep", waking, "1", area, func(j *judge) { j.read("01:00", "air", telemetry.CO2, 500); j.wait("05:30") }, "unknown"},
		{"wiped", task(0, 0, 4*time.Hour), "1", area, logged("09:00", "13:14", all...), "within"},
		{"not wiped", task(0, 0, 4*time.Hour), "1", area, logged("09:00", "13:15", all...), "breached"},
		{"wiped before opening", task(0, 0, 4*time.Hour), "1", area, logged("05:00", "12:14", all...), "within"},
		{"never wiped, not yet due", task(0, 0, 4*time.Hour), "1", area, logged("", "12:14"), "unknown"},
		{"never wiped", task(0, 0, 4*time.Hour), "1", area, logged("", "12:15"), "breached"},
		{"some wiped", task(0, 0, 4*time.Hour), "1", area, logged("11:00", "12:15", "pintu"), "breached"},
		{"before opening, done", task(2*time.Hour, 0, 0), "1", area, logged("06:30", "09:30", all...), "within"},
		{"before opening, too early", task(2*time.Hour, 0, 0), "1", area, logged("05:30", "08:20", all...), "breached"},
		{"before opening, in the grace", task(2*time.Hour, 0, 0), "1", area, logged("05:30", "08:14", all...), "within"},
		{"before opening, to be done", task(2*time.Hour, 0, 0), "1", area, logged("", "07:10"), "unknown"},
		{"after closing, to be done", task(0, time.Hour, 0), "1", area, logged("15:00", "16:30", all...), "within"},
		{"after closing, done", task(0, time.Hour, 0), "1", area, logged("16:20", "17:30", all...), "within"},
		{"after closing, missed", task(0, time.Hour, 0), "1", area, logged("15:00", "17:15", all...), "breached"},
		{"air", co2, "1", area, one("09:00", "air", telemetry.CO2, 1000), "within"},
		{"bad air", co2, "1", area, one("09:00", "air", telemetry.CO2, 1000.04), "breached"},
		{"soap", fill, "1", area, one("09:00", "soap", telemetry.FillLevel, 15), "within"},
		{"no soap", fill, "1", area, one("09:00", "soap", telemetry.FillLevel, 9), "breached"},
		{"soap at the edge", fillEdge, "1", area, one("09:00", "soap", telemetry.FillLevel, 15), "breached"},
		{"warm", warm, "1", area, one("09:00", "air", telemetry.Temperature, 29.96), "within"},
		{"too warm", warm, "1", area, one("09:00", "air", telemetry.Temperature, 30), "breached"},
		{"people by day", afterHours, "1", area, people(24), "within"},
		{"people by night", afterHours, "1", area, func(j *judge) { j.read("17:00", "exact", telemetry.PeopleIn, 24) }, "breached"},
		{"few people by night", afterHours, "1", area, func(j *judge) { j.read("17:00", "exact", telemetry.PeopleIn, 20) }, "within"},
		{"no air sensor heard", co2, "1", area, func(j *judge) { j.wait("09:00") }, "unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := newJudge(t, tc.rule, tc.level, tc.zone)
			tc.do(j)
			v := j.engine.View()
			var found *rules.VerdictView
			for i := range v.Verdicts {
				if w := &v.Verdicts[i]; w.Subject.ID != "play" {
					found = w
				}
			}
			if found == nil {
				t.Fatal("the engine has no verdict")
			}
			got := found.Verdict.String()
			if found.Near {
				got = "near"
			}
			if got != tc.want {
				t.Fatalf("the engine says %s (%+v), want %s", got, found.Explanation, tc.want)
			}
			for _, lang := range []string{"en", "id"} {
				_, text, _ := sampleTexts(t).ExplainVerdict(lang, found, nil)
				if got := (told{lang, text}).verdict(t, tc.rule.Kind); got != tc.want {
					t.Errorf("%q gives %s, the verdict is %s", text, got, tc.want)
				}
				if testing.Verbose() {
					t.Log(text)
				}
				if strings.Contains(text, "NaN") || strings.Contains(text, "<no value>") || strings.Contains(text, "%!") {
					t.Errorf("%q has a hole", text)
				}
			}
		})
	}
}

// Finding R18: "Missing: a" was said although b was missing too; and of a kept duty nothing is missing.
func TestR18EveryMissingThingIsNamed(t *testing.T) {
	for _, tc := range []struct {
		log   []string
		until string
		want  string
	}{
		{nil, "12:15", "Missing: pintu, tangga, lift."}, {[]string{"tangga"}, "12:15", "Missing: pintu, lift."},
		{[]string{"pintu", "lift"}, "12:15", "Missing: tangga."}, {[]string{"pintu"}, "12:14", ""},
	} {
		rule := kind(t, "disinfection", func(p rules.Params) { p.(*rules.Disinfection).Grace = 15 * time.Minute })
		j := newJudge(t, rule, "1", facility.Zone{})
		j.log("11:00", tc.log...)
		j.wait(tc.until)
		v := j.engine.View()
		_, text, _ := sampleTexts(t).ExplainVerdict("en", &v.Verdicts[0], nil)
		if has := strings.Contains(text, "Missing"); has != (tc.want != "") || !strings.Contains(text, tc.want) {
			t.Errorf("%v at %s: got %q, want %q in it", tc.log, tc.until, text, tc.want)
		}
	}
}

// Finding R18: ids of rules stood as titles. A rule is called by its title, else by what it measures, else by its kind.
func TestR18NoTitleIsAnID(t *testing.T) {
	texts := sampleTexts(t)
	for _, name := range append(rules.Kinds(), "made-up") {
		for _, class := range []rules.Class{rules.ClassBreach, rules.ClassOverdue, rules.ClassSensor} {
			a := Alert{Site: "s", Rule: "rule-id-7", Kind: name, Class: class, Opened: t0, Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}}
			for _, lang := range texts.Languages() {
				if title, _, _ := texts.Explain(lang, &a); strings.Contains(title, "rule-id-7") || title == "" {
					t.Errorf("%s %s in %s: title %q", name, class, lang, title)
				}
			}
		}
	}
	a := Alert{Site: "s", Kind: "expression", Class: rules.ClassBreach, Opened: t0, Explanation: rules.Explanation{Evidence: []rules.Evidence{{Quantity: telemetry.CO2}}},
		Description: Description{SubjectName: "Aula", SiteName: "Mal"}}
	if title, _, _ := texts.Explain("id", &a); title != "CO₂ di luar batas: Aula, Mal" {
		t.Errorf("title by what it measures: got %q", title)
	}
	a.Title = map[string]string{"id": "CO₂, batas perhatian"}
	if title, _, _ := texts.Explain("id", &a); title != "CO₂, batas perhatian: Aula, Mal" {
		t.Errorf("its own title: got %q", title)
	}
	if title, _, _ := texts.Explain("en", &a); title != "CO₂ out of bounds: Aula, Mal" {
		t.Errorf("a title that it has in another language only: got %q", title)
	}
}

// TestEveryVariableHasAWord: an expression is told in words in both languages.
func TestR18EveryVariableHasAWord(t *testing.T) {
	texts := sampleTexts(t)
	var known []string // Finding R20: what expressions may use, of every kind of subject
	for _, kind := range []rules.SubjectKind{rules.SubjectZone, rules.SubjectDoor, rules.SubjectDevice, rules.SubjectTask, rules.SubjectSite} {
		known = append(known, rules.Variables(kind)...)
	}
	if len(known) < 100 {
		t.Fatalf("got %d variables, want those of all subjects: %v", len(known), known)
	}
	for _, lang := range texts.Languages() {
		for _, name := range known {
			if texts.in(lang).variable(name) == "" {
				t.Errorf("no word for %q in %s", name, lang)
			}
		}
	}
	for expression, want := range map[string][2]string{
		`!open && co2 >= 1000.5 || age_minutes["co2"] > 5.0`: {
			"not open and CO₂ ≥ 1000.5 or minutes since CO₂ was measured > 5", "tidak buka dan CO₂ ≥ 1000,5 atau menit sejak CO₂ diukur > 5"},
		`age_minutes['humidity'] > 5.0`:                   {"minutes since humidity was measured > 5", "menit sejak kelembapan diukur > 5"},
		`age_minutes.co2 + age_minutes[ "noise" ] > 90.0`: {"minutes since CO₂ was measured + minutes since noise was measured > 90", "menit sejak CO₂ diukur + menit sejak kebisingan diukur > 90"},
		`"co2" in age_minutes && !has(age_minutes.tvoc)`:  {"CO₂ has been measured and TVOC has never been measured", "CO₂ pernah diukur dan TVOC belum pernah diukur"},
		`open == true && level in ["50", "75"]`:           {`open = yes and level in ["50", "75"]`, `buka = ya dan level termasuk ["50", "75"]`},
		`age_minutes["weather"] > 5.0`:                    {`age_minutes["weather"] > 5`, `age_minutes["weather"] > 5`},
		`level == "age_minutes"`:                          {`level = "age_minutes"`, `level = "age_minutes"`},
	} {
		for i, lang := range []string{"en", "id"} {
			if got := texts.in(lang).expression(expression); got != want[i] {
				t.Errorf("%s in %s: got %q, want %q", expression, lang, got, want[i])
			}
		}
	}
}
