package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// "Next due 14:17" was said of a site that closes at 14:15, with the grace added in silence; and of what was done in its window before
// the opening nothing was said at all.
func TestWhenATaskIsDueNext(t *testing.T) {
	rule := sprayRule(func(p *Disinfection) {
		p.BeforeOpening, p.AfterClosing, p.Every, p.Grace = 2*time.Hour, 2*time.Hour, 4*time.Hour, 15*time.Minute
	})
	d := with(mall(t), rule)
	for day := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[day] = []facility.Span{{Open: clockTime(7, 45), Close: clockTime(14, 15)}}
	}
	r := &rig{t: t, engine: New("mpp"), loc: d.Site.Location.Location}
	r.configure(d, r.at("2022-07-04 06:30:00")) // in the window before the opening
	for _, s := range []struct{ at, verdict, due string }{
		{"done 04 06:40:00", "within", "04 11:45:00"},
		{"04 08:00:00", "within", "04 11:45:00"},
		{"04 11:50:00", "within", "04 11:45:00"}, // within the grace
		{"04 12:00:00", "breached/overdue", "04 11:45:00"},
		{"done 04 12:05:00", "within", "04 16:15:00"}, // four hours later it is closed: after the closing
		{"04 14:30:00", "within", "04 16:15:00"},
		{"done 04 15:00:00", "within", "05 07:45:00"},
		{"05 06:00:00", "within", "05 07:45:00"},
	} {
		if n := len("done "); s.at[:n] == "done " {
			r.enter("2022-07-"+s.at[n:], telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1})
		} else {
			r.tick("2022-07-" + s.at)
		}
		r.wantVerdict("spray", "spray", s.verdict)
		if got, want := r.engine.View().Tasks[0].NextDue, r.at("2022-07-"+s.due); got != want {
			t.Errorf("at %s: next due %v, want %v", s.at, got, want)
		}
	}
}
