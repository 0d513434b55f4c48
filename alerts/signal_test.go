package alerts

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestSignals(t *testing.T) {
	names := NewDirectory()
	names.Set(sampleDefinition())
	b := NewBook(nil, names)
	tr := crowd(rules.Breached, 0, 60, "")
	tr.Explanation.Detail = `"seq":4`
	tr.Explanation.Evidence = []rules.Evidence{
		{Device: "door-1", Quantity: telemetry.PeopleIn, At: after(-time.Minute), Sequence: 16, Value: 2, Record: 100},
		{Device: "door-1", Quantity: telemetry.PeopleIn, At: t0, Sequence: 17, Value: 3, Record: 101},
	}
	opened := Signals(b.Alarm(tr, nil), nil)
	if len(opened) != 1 {
		t.Fatalf("%d signals for an opened alert, want 1", len(opened))
	}
	s := opened[0]
	id := b.Open()[0].ID
	if want := "gerbang/v1/magetan/out/alert/" + id; s.Topic != want || !s.Retain {
		t.Errorf("topic %q (retain %v), want %q retained", s.Topic, s.Retain, want)
	}
	if got := regexp.MustCompile(`"seq":\d+`).FindString(string(s.Payload)); got != `"seq":17` {
		t.Errorf("first sequence number is %s, want \"seq\":17, in %s", got, s.Payload)
	}
	var p struct {
		Site, Rule, Class, Severity, Opened string
		Subject                             rules.Subject
		Value, Error, Limit                 float64
		Evidence                            []struct {
			Device, At string
			Value      float64
		}
	}
	if err := json.Unmarshal(s.Payload, &p); err != nil {
		t.Fatal(err)
	}
	if p.Value != 60 || p.Error != 2 || p.Limit != 50 || p.Opened != "2026-03-02T01:00:00Z" || p.Subject.ID != "hall" || len(p.Evidence) != 2 || p.Evidence[0].Value != 3 {
		t.Errorf("payload %s reads as %+v", s.Payload, p)
	}
	closed := Signals(b.Alarm(crowd(rules.Within, time.Hour, 1, ""), nil), nil)
	if len(closed) != 1 || len(closed[0].Payload) != 0 || !closed[0].Retain || closed[0].Topic != s.Topic || closed[0].ID == s.ID {
		t.Errorf("resolved gave %+v, want one empty retained message to the same topic under its own id", closed)
	}

	// Both in one batch: only the last counts.
	changes := b.Alarm(crowd(rules.Within, 2*time.Hour, 1, ""), b.Alarm(crowd(rules.Breached, 2*time.Hour, 60, ""), nil))
	if got := Signals(changes, nil); len(got) != 1 || len(got[0].Payload) != 0 {
		t.Errorf("opened and resolved at once gave %d signals, want the last one only", len(got))
	}
	again := Signals(changes, nil)
	if again[0].ID != Signals(changes, nil)[0].ID {
		t.Error("the same changes gave two ids")
	}

	fault := Signals(b.Service(Fault{Name: FaultDiskFull, Firing: true}, t0, nil), nil)
	if want := "gerbang/v1/_gateway/out/alert/"; fault[0].Topic[:len(want)] != want {
		t.Errorf("topic of the gateway's own alert is %q, want it below %q", fault[0].Topic, want)
	}
}

func TestSignalsWriteOnlyJSON(t *testing.T) {
	tr := crowd(rules.Breached, 0, math.NaN(), "")
	tr.Explanation.HasValue, tr.Explanation.Limit = true, math.Inf(1)
	for _, s := range Signals(NewBook(nil, nil).Alarm(tr, nil), nil) {
		if !json.Valid(s.Payload) {
			t.Errorf("payload %s is not JSON", s.Payload)
		}
	}
}

func TestDisplays(t *testing.T) {
	view := func(record uint64, persons float64, known bool, zones ...string) *rules.View {
		v := &rules.View{Site: "magetan", Record: record, Now: t0, Open: true}
		for _, z := range zones {
			v.Zones = append(v.Zones, rules.ZoneView{ID: z, Name: z, Limit: 50, HasLimit: true, Advice: rules.AdviceGo, Verdict: rules.Within,
				Persons: rules.Estimate{Persons: persons, Error: 1, Low: 11, High: 14, Known: known, Measured: true}})
			v.Verdicts = append(v.Verdicts, rules.VerdictView{Subject: rules.Subject{Kind: rules.SubjectZone, ID: z}})
		}
		return v
	}
	d := NewDisplays()
	tests := []struct {
		name string
		view *rules.View
		want []string // topics; a leading "-" for cleared
	}{
		{"first", view(1, 10, true, "hall", "play"), []string{"hall", "play"}},
		{"nothing new", view(2, 10, true, "hall", "play"), nil},
		{"nothing visible", view(3, 10.01, true, "hall", "play"), nil},
		{"more people", view(4, 11, true, "hall", "play"), []string{"hall", "play"}},
		{"nobody knows", view(5, 11, false, "hall", "play"), []string{"hall", "play"}},
		{"still nobody knows", view(6, 99, false, "hall", "play"), nil},
		{"NaN is told once", view(7, math.NaN(), true, "hall", "play"), []string{"hall", "play"}},
		{"NaN is told once", view(8, math.NaN(), true, "hall", "play"), nil},
		{"a zone is gone", view(9, math.NaN(), true, "hall"), []string{"-play"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := d.Signals(tt.view, nil)
			if len(got) != len(tt.want) {
				t.Fatalf("%d signals, want %d", len(got), len(tt.want))
			}
			for i, s := range got {
				want, empty := tt.want[i], false
				if want[0] == '-' {
					want, empty = want[1:], true
				}
				if s.Topic != ZoneTopic("magetan", want) || !s.Retain || (len(s.Payload) == 0) != empty {
					t.Errorf("signal %+v, want %s", s, tt.want[i])
				}
				if !empty && !json.Valid(s.Payload) {
					t.Errorf("payload %s is not JSON", s.Payload)
				}
			}
		})
	}
	known := NewDisplays().Signals(view(5, 12.34, true, "hall"), nil)[0]
	if want := `{"site":"magetan","zone":"hall","name":"hall","at":"2026-03-02T01:00:00Z","persons":12.3,"error":1,"low":11,"high":14,"limit":50,` +
		`"counted":true,"verdict":"within","near":false,"advice":"go"}`; string(known.Payload) != want {
		t.Errorf("payload is\n%s\nwant\n%s", known.Payload, want)
	}
	if want := "zone/magetan/hall/5"; known.ID != want {
		t.Errorf("id is %q, want %q", known.ID, want)
	}
	if got := d.Remove("magetan", 10, nil); len(got) != 1 || len(got[0].Payload) != 0 {
		t.Errorf("removing the site gave %+v, want its one zone cleared", got)
	}
}
