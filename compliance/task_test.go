package compliance

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding: a task that nobody had ever done counted as kept until it was due. There is nothing to judge before; then it is not kept until
// it is done. The same holds of a counter's checklist, of every shift.
func TestATaskThatIsNotDueIsNotKept(t *testing.T) {
	const zone = "Asia/Jakarta"
	day := "2022-03-23 " // a Wednesday
	change := func(d *rules.Definition) {
		d.Site.Tasks = []facility.Task{
			{ID: "spray", Name: "Spray", Kind: facility.TaskCleaning, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
			{ID: "counter", Name: "Counter", Kind: facility.TaskChecklist, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
		}
		d.Protocols[0].Rules = []rules.Rule{
			{ID: "clean", Kind: "disinfection", Params: &rules.Disinfection{Every: 2 * time.Hour}},
			{ID: "crowded", Kind: "disinfection", Params: &rules.Disinfection{BeforeOpening: time.Hour, Grace: 30 * time.Minute}},
			{ID: "staff", Kind: "staff", Params: &rules.Staff{Before: 30 * time.Minute, Within: 15 * time.Minute}},
		}
	}
	agenda := office(t, zone, change)
	var definition []byte
	office(t, zone, func(d *rules.Definition) {
		change(d)
		definition, _ = json.Marshal(d)
	})
	done := func(task, clock string) telemetry.Record {
		at := local(t, zone, day+clock)
		return telemetry.Record{Kind: telemetry.KindEntry, Site: "office", At: at, Received: at, Entry: &telemetry.Entry{ID: task + clock, Kind: telemetry.EntryTask, Subject: task, Value: 1, Author: "cleaner"}}
	}
	start := local(t, zone, day+"05:00:00")
	records := []telemetry.Record{done("counter", "08:10:00"), done("spray", "11:00:00")}
	in := &Input{Site: "office", From: start, Until: local(t, zone, day+"12:00:00"), Terms: []Term{{start, agenda}}, Transitions: judged(t, definition, start, records)}
	r, err := Compute(in, Total)
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]Times{
		"clean":   {Idle: 2 * time.Hour, Breached: time.Hour, Within: time.Hour},            // due at ten, done at eleven
		"crowded": {Idle: 30 * time.Minute, Breached: 150 * time.Minute, Within: time.Hour}, // due at half past eight
		"staff":   {Idle: 10 * time.Minute, Within: 230 * time.Minute},                      // ticked off at ten past eight
	} {
		want.Open, want.Closed = 4*time.Hour, 3*time.Hour
		for i := range r.Measures {
			if m := &r.Measures[i]; m.Rule == rule && m.Times != want {
				t.Errorf("%s: got %+v, want %+v", rule, m.Times, want)
			}
		}
	}
	if len(r.Measures) != 3 {
		t.Errorf("got %d measures, want 3", len(r.Measures))
	}
}
