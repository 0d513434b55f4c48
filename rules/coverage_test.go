package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func coverageRule(change func(*Coverage)) Rule {
	p, _ := NewParams("coverage")
	if change != nil {
		change(p.(*Coverage))
	}
	return Rule{ID: "coverage", Kind: "coverage", Params: p}
}

// visit lets people come in at the main door in a quarter of an hour, of whom some are measured.
func (r *rig) visit(from string, entered, measured int) {
	r.t.Helper()
	at := r.at("2022-07-04 " + from)
	for i := range entered {
		t := at.Add(time.Duration(i) * 10 * time.Minute / time.Duration(entered))
		r.apply(reading("c-main", t, t, in, 1))
		if i < measured {
			r.apply(reading("thermo", t, t, body, 36.5))
		}
	}
}

// The share is judged by the whole quarter of an hour, and by what the count may be off.
func TestCoverageOfAQuarterOfAnHour(t *testing.T) {
	for _, tt := range []struct {
		name              string
		accuracy          float64
		entered, measured int
		want              string
	}{
		{"all", 1, 20, 20, "within"},
		{"at the limit, exactly", 1, 20, 16, "within"},
		{"just below, exactly", 1, 20, 15, "breached"},
		{"near the limit by what the count may be off", 0.98, 100, 80, "unknown/near"},
		{"clearly enough", 0.98, 100, 95, "within"},
		{"clearly too few", 0.98, 100, 60, "breached"},
		{"nobody is measured", 1, 20, 0, "breached"},
		{"too few to speak of a share", 1, 9, 0, "unknown/pending"},
		{"read twice", 1, 20, 20, "within"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := screened(t, coverageRule(nil))
			for i := range d.Site.Devices {
				d.Site.Devices[i].Accuracy = tt.accuracy
			}
			r := newRig(t, d)
			r.wantVerdict("coverage", "back", "none") // no thermometer
			r.tick("2022-07-04 08:00:00")
			r.wantVerdict("coverage", "main", "unknown/pending")
			r.visit("09:00:00", tt.entered, tt.measured)
			r.tick("2022-07-04 09:15:00")
			r.wantVerdict("coverage", "main", tt.want)
			r.tick("2022-07-04 09:29:59")
			r.wantVerdict("coverage", "main", tt.want)
			r.tick("2022-07-04 09:30:00")
			r.wantVerdict("coverage", "main", "unknown/pending")
			r.tick("2022-07-04 16:00:00")
			r.wantVerdict("coverage", "main", "unknown/closed")
		})
	}
}

func TestCoverageExplainsItself(t *testing.T) {
	r := newRig(t, screened(t, coverageRule(nil)))
	r.visit("09:00:00", 20, 10)
	r.tick("2022-07-04 09:15:00")
	x := r.explanation("coverage", "main")
	got := fmt.Sprintln(x.Value, x.Limit, x.Unit, x.Bound, x.Inputs)
	if want := "50 80 % at_least [{credible 10 1 } {entered 20 1 } {entered_low 20 1 } {entered_high 20 1 } {window 15 min }]\n"; got != want {
		t.Errorf("explanation: got %s, want %s", got, want)
	}
}

// What nobody observed is neither kept nor broken: a counter that was silent, a gateway that did not listen.
func TestCoverageOfATimeNobodyObserved(t *testing.T) {
	d := screened(t, coverageRule(nil))
	d.Site.Devices[0].Interval = time.Minute
	r := newRig(t, d)
	r.visit("09:00:00", 20, 20)
	r.tick("2022-07-04 09:15:00")
	r.wantVerdict("coverage", "main", "unknown/silent")
	e := newRig(t, screened(t, coverageRule(nil)))
	e.visit("09:00:00", 20, 20)
	e.apply(telemetry.Record{Kind: telemetry.KindService, At: e.at("2022-07-04 09:11:00"), Received: e.at("2022-07-04 09:11:00"), Service: &telemetry.Service{Deaf: true}})
	e.tick("2022-07-04 09:16:00")
	e.wantVerdict("coverage", "main", "unknown/unlistened")
}

// Readings that come late revise the quarter of an hour in which they were taken.
func TestCoverageIsRevised(t *testing.T) {
	r := newRig(t, screened(t, coverageRule(nil)))
	r.visit("09:00:00", 20, 15)
	r.tick("2022-07-04 09:16:00")
	r.wantVerdict("coverage", "main", "breached")
	r.transitions()
	r.late("thermo", "2022-07-04 09:09:30", "2022-07-04 09:40:00", body, 36.5)
	if got := r.transitions(); len(got) != 2 || got[1] != "09:15:00 coverage door/main breached>within until 09:30:00" {
		t.Errorf("transitions: got %q", got)
	}
}

// Where nobody came in, at least none and at most none did: never "1 to 0".
func TestCoverageOfNobodyIsNoIntervalUpsideDown(t *testing.T) {
	for _, n := range []people{0, person, 20 * person} {
		if low, likely, high := (&coverageJudge{}).entered(n, 0); low > likely || likely > high {
			t.Errorf("%v came in: at least %v, likely %v, at most %v", n.number(), low, likely, high)
		}
	}
}
