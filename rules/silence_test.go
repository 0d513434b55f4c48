package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func measures(device string, q ...telemetry.Quantity) map[string][]telemetry.Quantity {
	return map[string][]telemetry.Quantity{device: q}
}

func silenceRule(change func(*Silence)) Rule {
	p, _ := NewParams("silence")
	if change != nil {
		change(p.(*Silence))
	}
	return Rule{ID: "alive", Kind: "silence", Params: p}
}

func TestSilence(t *testing.T) {
	type step struct{ at, want string } // an at with a quantity's name in front reports it
	tests := []struct {
		name   string
		change func(*Silence)
		steps  []step
	}{
		{"three intervals", nil, []step{
			{"00:00:00", "unknown/no_data"}, {"01:29:59", "unknown/no_data"}, {"01:30:00", "breached/no_data"},
			{"co2 02:00:00", "within"}, {"03:29:59", "within"}, {"03:30:00", "breached/silent"}, {"co2 04:00:00", "within"},
		}},
		{"another bound", func(p *Silence) { p.After = 10 * time.Minute }, []step{
			{"co2 00:05:00", "within"}, {"00:15:00", "breached/silent"},
		}},
		{"one quantity", func(p *Silence) { p.Quantities = []telemetry.Quantity{telemetry.CO2}; p.After = time.Hour }, []step{
			{"co2 00:10:00", "within"}, {"humidity 01:00:00", "within"}, {"01:10:00", "breached/silent"}, {"humidity 01:20:00", "breached/silent"},
			{"co2 01:30:00", "within"},
		}},
		{"opening hours", func(p *Silence) { p.OnlyOpen = true }, []step{
			{"00:10:00", "unknown/closed"}, {"08:00:00", "unknown/no_data"}, {"co2 08:10:00", "within"}, {"09:40:00", "breached/silent"},
			{"co2 15:00:00", "within"}, {"16:00:00", "unknown/closed"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := with(mall(t), silenceRule(tt.change))
			for i := range d.Site.Devices {
				if d.Site.Devices[i].ID == "air" {
					d.Site.Devices[i].Interval = 30 * time.Minute
				}
			}
			r := newRig(t, d)
			for _, s := range tt.steps {
				switch n := len(s.at) - len("00:00:00"); {
				case n == 0:
					r.tick("2022-07-04 " + s.at)
				case s.at[:n] == "co2 ":
					r.read("air", "2022-07-04 "+s.at[n:], telemetry.CO2, 600)
				default:
					r.read("air", "2022-07-04 "+s.at[n:], telemetry.Humidity, 60)
				}
				r.wantVerdict("alive", "air", s.want)
			}
		})
	}
}

// A counter that promises an interval and falls silent takes the balance of its zones with it, until they are anchored again.
func TestSilentCounterMakesTheBalanceUnknown(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Devices[0].Interval = 10 * time.Minute
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 10)
	r.wantVerdict("capacity", "hall", "unknown/gap") // it was not heard from midnight on
	r.enter("2022-07-04 09:01:00", telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 12})
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-04 09:29:59")
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-04 09:30:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	if z := r.zone("hall"); z.Persons.Known || z.Advice != AdviceWait {
		t.Errorf("hall: got known %v, advice %s, want unknown and wait", z.Persons.Known, z.Advice)
	}
	r.read("c-main", "2022-07-04 10:00:00", in, 1)
	r.wantVerdict("capacity", "hall", "unknown/gap")
	r.wantVerdict("capacity", "waiting", "unknown/no_data")
	// What it stored meanwhile arrives: there is no gap any more.
	r.late("c-main", "2022-07-04 09:20:00", "2022-07-04 10:01:00", in, 3)
	r.late("c-main", "2022-07-04 09:40:00", "2022-07-04 10:01:00", in, 3)
	r.wantVerdict("capacity", "hall", "within")
	r.wantPersons("hall", 19)
}

func TestRunningTotalsCatchUpAfterSilence(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Devices[0].Interval = 10 * time.Minute
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 08:05:00", telemetry.PeopleInTotal, 1000)
	r.read("c-main", "2022-07-04 08:10:00", telemetry.PeopleInTotal, 1010)
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-04 09:00:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.read("c-main", "2022-07-04 10:00:00", telemetry.PeopleInTotal, 1030)
	r.wantVerdict("capacity", "hall", "within")
	r.wantPersons("hall", 30)
}
