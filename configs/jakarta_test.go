package configs

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Jakarta was put on level 2 on 5 July 2022 (Inmendagri 33/2022) and back on level 1 on the next day (35/2022). Seventy people in a hall
// for a hundred, through all three days: each hour is judged by its own rule, whichever way the days are asked about.
func TestJakartaOf5And6July2022(t *testing.T) {
	site := `id: balai-kota
name: Balai Kota
timezone: Asia/Jakarta
area: ID-JK
protocols: [kmk-382-2020, ppkm-2022, ppkm-2022-03, ppkm-2022-07]
levels: {2022-06-07: level-1, 2022-07-05: level-2, 2022-07-06: level-1}
hours: {mon-sun: "00:00-24:00"}
zones:
  hall: {name: Hall, area: 400, capacity: 80}
devices:
  camera: {zone: hall, measures: [people_present], covers: room, interval: 1h}
`
	c, err := Load(folderOf(t, map[string]string{"sites/b.yaml": site, "protocols/none.yaml": "id: none\ntitle: none\nrules: {s: {kind: silence}}\n"}))
	if err != nil {
		t.Fatal(err)
	}
	definition, err := json.Marshal(c.Definitions()[0])
	if err != nil {
		t.Fatal(err)
	}
	loc := c.Sites[0].Location.Location
	engine, out, seq := rules.New("balai-kota"), rules.Output{}, uint64(0)
	apply := func(r telemetry.Record) {
		t.Helper()
		seq++
		r.Seq, r.Site, r.Received = seq, "balai-kota", r.At
		if err := engine.Apply(&r, &out); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Date(2022, 7, 4, 0, 0, 0, 0, loc)
	apply(telemetry.Record{Kind: telemetry.KindConfiguration, At: telemetry.InstantOf(start), Configuration: &telemetry.Configuration{Version: "1", Definition: definition}})
	judged := 0
	for hour := range 72 {
		at := start.Add(time.Duration(hour)*time.Hour + 30*time.Minute)
		apply(telemetry.Record{Kind: telemetry.KindObservation, At: telemetry.InstantOf(at), Observation: telemetry.Observation{
			Device: "camera", Readings: []telemetry.Reading{{Quantity: telemetry.PeoplePresent, Value: 70}},
		}})
		want, limit := rules.Within, 80.0
		if at.Day() == 5 {
			want, limit = rules.Breached, 60.0
		}
		v := engine.View()
		for i := range v.Verdicts {
			w := &v.Verdicts[i]
			if w.Kind != "capacity" || w.Subject.Kind != rules.SubjectZone {
				continue
			}
			if judged++; w.Verdict != want || w.Explanation.Limit != limit {
				t.Errorf("%s: got %v, limit %v, want %v and %v", at.Format(time.DateTime), w.Verdict, w.Explanation.Limit, want, limit)
			}
		}
	}
	if judged != 72 {
		t.Errorf("%d hours were judged, want 72", judged)
	}
	v := engine.View()
	if v.LevelName["en"] != "PPKM level 1" {
		t.Errorf("the level is called %v, want PPKM level 1", v.LevelName)
	}
	if n := len(v.InForce); n != 2 || v.InForce[1].ID != "ppkm-2022-07" {
		t.Errorf("%d protocols in force, want the base and that of July", n)
	}
}
