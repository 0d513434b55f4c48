package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func sprayRule(change func(*Disinfection)) Rule {
	p, _ := NewParams("disinfection")
	change(p.(*Disinfection))
	return Rule{ID: "spray", Kind: "disinfection", Params: p}
}

func TestDisinfection(t *testing.T) {
	type step struct{ at, want string } // an at with "done " in front logs the task
	before := func(p *Disinfection) { p.BeforeOpening, p.Every = 2*time.Hour, 0 }
	after := func(p *Disinfection) { p.AfterClosing, p.Every = time.Hour, 0 }
	tests := []struct {
		name   string
		change func(*Disinfection)
		steps  []step
	}{
		{"before opening, done", before, []step{
			{"04 05:00:00", "unknown/no_data"}, {"04 06:00:00", "unknown/pending"}, {"done 04 07:00:00", "within"}, {"04 08:00:00", "within"}, {"04 20:00:00", "within"},
			{"05 06:00:00", "within/pending"},
		}},
		{"before opening, too early counts for nothing", before, []step{
			{"done 04 05:00:00", "unknown/closed"}, {"04 06:00:00", "within/pending"}, {"04 08:00:00", "breached/overdue"},
		}},
		{"before opening, too late ends the breach", before, []step{
			{"04 08:00:00", "breached/overdue"}, {"done 04 09:00:00", "within"}, {"04 17:00:00", "within"},
		}},
		{"before opening, missed until the next window", before, []step{
			{"04 08:00:00", "breached/overdue"}, {"04 16:00:00", "breached/missed"}, {"05 05:59:59", "breached/missed"}, {"05 06:00:00", "unknown/pending"},
		}},
		{"before opening, grace", func(p *Disinfection) { before(p); p.Grace = 15 * time.Minute }, []step{
			{"04 08:14:59", "unknown/pending"}, {"04 08:15:00", "breached/overdue"},
		}},
		{"after closing", after, []step{
			{"04 15:00:00", "unknown/no_data"}, {"04 16:00:00", "unknown/pending"}, {"04 17:00:00", "breached/overdue"}, {"05 08:00:00", "breached/missed"},
			{"05 16:00:00", "unknown/pending"}, {"done 05 16:30:00", "within"}, {"06 15:59:59", "within"},
		}},
		{"every four hours while open", func(p *Disinfection) { p.Every = 4 * time.Hour }, []step{
			{"04 07:00:00", "unknown/no_data"}, {"04 08:00:00", "unknown/pending"}, {"04 12:00:00", "breached/overdue"}, {"done 04 12:30:00", "within"},
			{"04 15:59:59", "within"}, {"04 16:00:00", "unknown/closed"}, {"05 08:00:00", "within"}, {"05 12:00:00", "breached/overdue"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, with(mall(t), sprayRule(tt.change)))
			for _, s := range tt.steps {
				if n := len("done "); s.at[:n] == "done " {
					r.enter("2022-07-"+s.at[n:], telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1})
				} else {
					r.tick("2022-07-" + s.at)
				}
				r.wantVerdict("spray", "spray", s.want)
			}
		})
	}
}

func TestTaskWithItemsIsDoneWhenAllAre(t *testing.T) {
	d := with(mall(t), sprayRule(func(p *Disinfection) { p.BeforeOpening, p.Every = 2*time.Hour, 0 }))
	d.Site.Tasks[0].Items = []string{"floor", "handles"}
	r := newRig(t, d)
	log := func(at, item string) {
		rec := reading("button", r.at(at), r.at(at))
		rec.Observation.Task = &telemetry.TaskLog{Task: "spray", Done: true, Item: item}
		r.apply(rec)
	}
	log("2022-07-04 07:00:00", "floor")
	r.wantVerdict("spray", "spray", "unknown/pending")
	if got, want := r.engine.View().Tasks[0].NextDue, r.at("2022-07-04 08:00:00"); got != want {
		t.Errorf("next due: got %v, want %v", got, want)
	}
	r.tick("2022-07-04 08:00:00")
	r.wantVerdict("spray", "spray", "breached/overdue")
	if got := r.engine.View().Verdicts[0].Explanation.Detail; got != "handles" {
		t.Errorf("detail: got %q, want the item that is missing", got)
	}
	log("2022-07-04 08:20:00", "handles")
	r.wantVerdict("spray", "spray", "within")
	r.wantTransitions(
		"06:00:00 spray task/spray unknown>unknown", // no data, then nothing to judge: it is not due yet
		"08:00:00 spray task/spray unknown>breached",
		"08:20:00 spray task/spray breached>within",
	)
}

func TestButtonPressMeansDone(t *testing.T) {
	r := newRig(t, with(mall(t), sprayRule(func(p *Disinfection) { p.Every = time.Hour; p.Press = []string{"long"} })))
	press := func(at, kind string) {
		rec := reading("button", r.at(at), r.at(at), telemetry.Button, 1)
		rec.Observation.Readings[0].Text = kind
		r.apply(rec)
	}
	r.tick("2022-07-04 09:00:00")
	r.wantVerdict("spray", "spray", "breached/overdue")
	press("2022-07-04 09:01:00", "single")
	r.wantVerdict("spray", "spray", "breached/overdue")
	r.read("button", "2022-07-04 09:01:30", telemetry.Battery, 80) // a heartbeat is not a press
	r.wantVerdict("spray", "spray", "breached/overdue")
	press("2022-07-04 09:02:00", "long")
	r.wantVerdict("spray", "spray", "within")
}

func TestLateLogRevisesTheBreach(t *testing.T) {
	r := newRig(t, with(mall(t), sprayRule(func(p *Disinfection) { p.Every = time.Hour })))
	r.tick("2022-07-04 10:30:00")
	r.transitions()
	r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at("2022-07-04 08:50:00"), Received: r.at("2022-07-04 10:40:00"),
		Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1}})
	r.wantTransitions("08:50:00 spray task/spray unknown>within until 09:00:00", "09:00:00 spray task/spray breached>within until 09:50:00")
}
