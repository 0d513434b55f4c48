package decode

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// camera tells people by running totals, by the minute and by crossings, as it is set up.
func camera() model.Model {
	one := 1.
	return model.Model{
		Prefer: []string{"total", "period", "crossing"}, Time: &model.Time{Path: "t"}, Otherwise: "ignore",
		Readings: []model.Field{
			{Path: "total", Quantity: telemetry.PeopleInTotal},
			{Path: "minute", Quantity: telemetry.PeopleIn},
			{Path: "event", Quantity: telemetry.PeopleIn, Way: "crossing", Value: &one, When: []model.Condition{{Path: "event", Equals: "cross"}}},
			{Path: "inside", Quantity: telemetry.PeoplePresent},
		},
	}
}

// TestWays: whatever a camera sends, together or apart, each person is told once.
func TestWays(t *testing.T) {
	type step struct {
		payload string
		after   time.Duration // since the step before
		want    string        // quantities and values, or nothing
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"all at once", []step{{`{"total":7,"minute":1,"event":"cross"}`, 0, "people_in_total 7"}}},
		{"minutes alone", []step{{`{"minute":1}`, 0, "people_in 1"}, {`{"minute":0}`, time.Minute, "people_in 0"}}},
		{"minutes beside totals", []step{{`{"total":7}`, 0, "people_in_total 7"}, {`{"minute":2}`, time.Minute, "nothing"}, {`{"total":9}`, 0, "people_in_total 9"}}},
		{"minutes before totals", []step{{`{"minute":2}`, 0, "people_in 2"}, {`{"total":9}`, time.Minute, "people_in_total 9"}, {`{"minute":2}`, time.Minute, "nothing"}}},
		{"nobody in a minute is a sign of life", []step{{`{"total":7}`, 0, "people_in_total 7"}, {`{"minute":0}`, time.Minute, "people_in 0"}}},
		{"crossings and minutes, of which the first counts whom a crossing did", []step{{`{"event":"cross"}`, 0, "people_in 1"}, {`{"minute":1,"inside":2}`, time.Minute, "people_present 2"},
			{`{"event":"cross"}`, 0, "nothing"}, {`{"minute":1,"inside":2}`, 0, "people_present 2"}, {`{"minute":2,"inside":2}`, time.Minute, "people_in 2 people_present 2"},
			{`{"minute":0,"event":"cross"}`, time.Minute, "people_in 0"}}},
		{"people present are counted beside", []step{{`{"total":7,"inside":3}`, 0, "people_in_total 7 people_present 3"}, {`{"minute":1,"inside":4}`, time.Minute, "people_present 4"}}},
		{"set up anew", []step{{`{"total":7}`, 0, "people_in_total 7"}, {`{"minute":1}`, 6 * 24 * time.Hour, "nothing"}, {`{"minute":1}`, 25 * time.Hour, "people_in 1"}}},
		{"still in use after a week", []step{{`{"total":7}`, 0, "people_in_total 7"}, {`{"total":8}`, 5 * 24 * time.Hour, "people_in_total 8"}, {`{"minute":1}`, 5 * 24 * time.Hour, "nothing"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := acme(t, camera())
			now := received
			for _, s := range tt.steps {
				now = now.Add(s.after)
				msg := message("a/d1", s.payload)
				msg.Received = now
				got := ""
				for _, rec := range d.Decode(msg, nil) {
					if rec.Rejection != nil {
						got = show([]telemetry.Record{rec})
					}
					for _, r := range rec.Observation.Readings {
						if got != "" {
							got += " "
						}
						got += r.Quantity.String() + " " + string('0'+rune(r.Value))
					}
				}
				if got == "" {
					got = "nothing"
				}
				if got != s.want {
					t.Errorf("%s: got %s, want %s", s.payload, got, s.want)
				}
			}
		})
	}
}

// TestWaysAreRemembered: another decoder with the same memory, as after a restart, does not begin anew.
func TestWaysAreRemembered(t *testing.T) {
	memory := &volatile{}
	decoder := func() *Decoder {
		m := camera()
		d := acme(t, m)
		d.shared.memory = memory
		return d
	}
	decoder().Decode(message("a/d1", `{"total":7}`), nil)
	if got := show(decoder().Decode(message("a/d1", `{"minute":1}`), nil)); got != "nothing" {
		t.Errorf("got %s, want nothing", got)
	}
}

// TestOneShowsTheOtherForm: who looks at a message sees what is not counted, and that it is not.
func TestOneShowsTheOtherForm(t *testing.T) {
	d := acme(t, camera())
	for _, memory := range []string{"", "total 0"} { // who looks changes nothing and is not changed
		if memory != "" {
			if err := d.shared.memory.Put("way/mpp/d1", memory); err != nil {
				t.Fatal(err)
			}
		}
		a := d.One(Query{Model: "acme", Topic: "a/d1", Payload: []byte(`{"total":7,"minute":1,"event":"cross"}`), Received: time.Unix(0, int64(received))})
		if len(a.Lines) != 2 || a.Lines[0].Quantity != "people_in_total" || a.Lines[0].Counted != nil ||
			a.Lines[1].Quantity != "people_in_period" || *a.Lines[1].Value != 1 || a.Lines[1].Counted == nil {
			t.Errorf("got %+v, want the total, and one person of the minute that is not counted", a.Lines)
		}
		a = d.One(Query{Model: "acme", Topic: "a/d1", Payload: []byte(`{"event":"cross"}`), Received: time.Unix(0, int64(received))})
		if len(a.Lines) != 1 || a.Lines[0].Quantity != "people_in_period" || a.Lines[0].Counted != nil {
			t.Errorf("got %+v, want the crossing", a.Lines)
		}
	}
	if noted, _ := d.shared.memory.Get("way/mpp/d1"); noted != "total 0" {
		t.Errorf("looking at a message left %q in the memory", noted)
	}
}
