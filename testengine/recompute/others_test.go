package recompute

import (
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// others compares what is not a verdict: alarms, where everything came in time; what passed counters of running totals; and how many
// people are in each zone now.
func others(s scenario, mine *Site, e *rules.Engine, out *rules.Output) []difference {
	var all []difference
	differ := func(k Key, at telemetry.Instant, got, want string) {
		if got != want {
			all = append(all, difference{k, at, got, want})
		}
	}
	for _, z := range e.View().Zones {
		want := mine.People(z.ID, mine.end)
		if mine.zones[z.ID].counted && mine.Slack(Key{"", "zone", z.ID}, mine.end) == 0 {
			differ(Key{"people", "zone", z.ID}, mine.end, fmt.Sprint(z.Persons.Known, z.Persons.Persons, z.Persons.Low, z.Persons.High), fmt.Sprint(want.Known, want.Persons, want.Low, want.High))
		}
	}
	flows := map[Flow][2]float64{}
	for _, f := range out.Flows {
		flows[Flow{f.Device, f.Channel, f.At}] = [2]float64{f.In, f.Out}
	}
	want := mine.Flows()
	for f, n := range want {
		if got := flows[f]; got != n {
			differ(Key{"flow", "device", f.Device + f.Channel}, f.At, fmt.Sprint(got), fmt.Sprint(n))
		}
	}
	for f, n := range flows {
		if _, ok := want[f]; !ok {
			differ(Key{"flow", "device", f.Device + f.Channel}, f.At, fmt.Sprint(n), "nothing")
		}
	}
	if s.way != "punctual" {
		return all
	}
	kept := map[string]bool{} // what these devices kept from before came late
	for i := range s.records {
		if r := &s.records[i]; r.Kind == telemetry.KindObservation && r.Received.Sub(r.At) > mine.config(r.Received).Lateness {
			kept[r.Observation.Device] = true
		}
	}
	for _, k := range mine.Keys() {
		if k.Kind == "device" && kept[k.ID] {
			continue
		}
		if k.Kind == "device" && mine.healthOf(k.ID).found {
			continue // nor that what was missing would come
		}
		if len(mine.late) > 0 && k.Kind != "device" && k.Kind != "task" {
			continue // a running total decided later what it meant: the alarm could not know
		}
		var got []Alarm
		for _, a := range out.Alarms {
			if k == (Key{a.Rule, string(a.Subject.Kind), a.Subject.ID}) && !a.Worse {
				x := Alarm{k, a.At, a.Phase == rules.Firing, a.Phase == rules.Firing && a.Doubt}
				if n := len(got); n > 0 && got[n-1].At == x.At {
					got = got[:n-1] // a deadline and a record of the same moment: the last word counts
				}
				got = append(got, x)
			}
		}
		got = changes(got)
		asked := changes(mine.Alarms(k))
		for i := range max(len(got), len(asked)) {
			switch {
			case i >= len(got):
				differ(k, asked[i].At, "no alarm", showAlarm(asked[i]))
			case i >= len(asked):
				differ(k, got[i].At, showAlarm(got[i]), "no alarm")
			default:
				differ(k, min(got[i].At, asked[i].At), showAlarm(got[i]), showAlarm(asked[i]))
			}
			if len(got) != len(asked) && i > 3 {
				break
			}
		}
		alarms.Add(int64(len(asked)))
	}
	return all
}

// changes drops what changes nothing.
func changes(all []Alarm) []Alarm {
	firing, doubt := false, false
	return slices.DeleteFunc(all, func(a Alarm) bool {
		same := a.Firing == firing && a.Doubt == doubt
		firing, doubt = a.Firing, a.Doubt
		return same
	})
}

func showAlarm(a Alarm) string {
	return fmt.Sprintf("alarm at %s firing %t doubt %t", a.At.Time().Format(time.DateTime), a.Firing, a.Doubt)
}
