package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func screeningRule(change func(*Screening)) Rule {
	p, _ := NewParams("screening")
	if change != nil {
		change(p.(*Screening))
	}
	return Rule{ID: "screening", Kind: "screening", Params: p}
}

// screened is the mall whose thermometer at the main door is known to be one.
func screened(t testing.TB, rules ...Rule) *Definition {
	d := exact(with(mall(t), rules...))
	d.Measures = measures("thermo", body)
	d.Measures["c-main"] = []telemetry.Quantity{in, out}
	return d
}

// Finding R7: a thermometer that always says 24 °C screens nobody, and that is told.
func TestR7ImplausibleReadingsAreNoScreening(t *testing.T) {
	coverage := airRule(func(p *Expression) {
		p.SubjectKind, p.Expr = SubjectDoor, "in_today >= 20.0 && screened_today < 0.8 * in_today"
	})
	r := newRig(t, screened(t, feverRule(nil), coverage, screeningRule(nil)))
	r.wantVerdict("screening", "main", "unknown/closed")
	r.wantVerdict("screening", "back", "none") // no thermometer
	for i := range 60 {
		at := fmt.Sprintf("2022-07-04 08:%02d:00", i)
		r.read("c-main", at, in, 1)
		r.read("thermo", at, body, 24)
	}
	door := r.engine.View().Doors[0]
	if door.Screened != 0 || door.TooWarm != 0 {
		t.Errorf("door: got %v screened, %v too warm, want none", door.Screened, door.TooWarm)
	}
	r.wantVerdict("air", "main", "breached")
	r.wantVerdict("screening", "main", "breached/implausible")
	x := r.explanation("screening", "main")
	if x.Detail != "thermo" || x.Value != 0 || x.Unit != "%" {
		t.Errorf("explanation: got %+v, want 0 %% by thermo", x)
	}
	for _, v := range r.engine.View().Verdicts {
		if v.Rule == "screening" && v.Class != ClassSensor {
			t.Errorf("class: got %s, want sensor", v.Class)
		}
	}
	r.transitions()
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	r.tick("2022-07-04 09:01:00") // one of 15 is enough for a thermometer, coverage is for the other rule
	r.wantVerdict("screening", "main", "breached/implausible")
	r.read("thermo", "2022-07-04 09:01:10", body, 36.6)
	r.tick("2022-07-04 09:02:00")
	r.wantVerdict("screening", "main", "within")
}

// Finding R7: one that dies while people come in.
func TestR7SilentThermometer(t *testing.T) {
	r := newRig(t, screened(t, screeningRule(nil)))
	for i := range 10 {
		r.read("c-main", fmt.Sprintf("2022-07-04 08:%02d:00", i), in, 1)
		r.read("thermo", fmt.Sprintf("2022-07-04 08:%02d:10", i), body, 36.5)
	}
	r.tick("2022-07-04 08:30:00") // nobody came in meanwhile
	r.wantVerdict("screening", "main", "within")
	for i := range 5 {
		r.read("c-main", fmt.Sprintf("2022-07-04 09:%02d:00", 10*i), in, 1)
	}
	r.tick("2022-07-04 09:41:00") // five, slowly
	r.wantVerdict("screening", "main", "breached/silent")
	r.tick("2022-07-04 12:30:00") // who came in unmeasured is not forgotten while nobody comes
	r.wantVerdict("screening", "main", "breached/silent")
	r.tick("2022-07-04 16:00:00")
	r.wantVerdict("screening", "main", "unknown/closed")
	r.tick("2022-07-05 08:30:00")
	r.wantVerdict("screening", "main", "unknown/idle") // nobody yet
	r.read("c-main", "2022-07-05 08:31:00", in, 9)
	r.tick("2022-07-05 08:32:00")
	r.wantVerdict("screening", "main", "breached/silent")
}

// Finding R7: a late count of people revises the past of a door.
func TestR7ScreeningIsRevised(t *testing.T) {
	r := newRig(t, screened(t, screeningRule(nil)))
	r.read("thermo", "2022-07-04 08:05:00", body, 36.5)
	r.tick("2022-07-04 10:00:00")
	r.transitions()
	r.late("c-main", "2022-07-04 09:00:30", "2022-07-04 10:00:10", in, 8)
	got := r.transitions()
	if want := "09:01:00 screening door/main within>breached until 10:00:10"; len(got) == 0 || got[0] != want {
		t.Errorf("transitions: got %q, want %q first", got, want)
	}
}

// Finding R7: a fever is a case at a time: not over by the next visitor, and not open for hours after the last.
func TestR7FeverIsACase(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 15:20:00", body, 36.5)
	r.read("thermo", "2022-07-04 15:25:00", body, 38.2)
	r.read("thermo", "2022-07-04 15:25:20", body, 36.4)
	r.wantVerdict("fever", "thermo", "breached/waiting")
	if x := r.explanation("fever", "thermo"); x.Value != 38.2 || len(x.Evidence) != 1 || x.Evidence[0].Value != 38.2 {
		t.Errorf("explanation: got %+v, want the fever's 38.2", x)
	}
	r.read("thermo", "2022-07-04 15:30:00", body, 36.7)
	r.wantVerdict("fever", "thermo", "within")
	r.read("thermo", "2022-07-04 15:40:00", body, 38.9) // the last visitor
	r.tick("2022-07-04 16:39:59")
	r.wantVerdict("fever", "thermo", "breached/overdue")
	r.tick("2022-07-04 16:40:00")
	r.wantVerdict("fever", "thermo", "within")
	if x := r.explanation("fever", "thermo"); x.HasValue {
		t.Errorf("after the case: got %v, want no value of somebody who is gone", x.Value)
	}
	r.tick("2022-07-04 20:00:00")
	r.wantVerdict("fever", "thermo", "unknown/closed")
}

// The minutes of doors survive a restart, and are forgotten with the horizon.
func TestR7DoorsRemember(t *testing.T) {
	r := newRig(t, screened(t, screeningRule(nil)))
	r.read("thermo", "2022-07-04 08:05:00", body, 36.5)
	r.read("c-main", "2022-07-04 08:06:00", in, 2)
	snap, err := r.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	e := New("mpp")
	if err := e.Restore(snap); err != nil {
		t.Fatal(err)
	}
	if got := e.doorByID["main"].minutes; len(got) != 2 || got[0].credible != 1 || got[1].in != 2*person {
		t.Errorf("restored minutes: got %+v", got)
	}
	r.tick(time.Date(2022, 7, 14, 0, 0, 0, 0, time.UTC).Format(time.DateTime))
	if got := r.engine.doorByID["main"].minutes; len(got) != 0 {
		t.Errorf("after ten days: got %+v, want none", got)
	}
}
