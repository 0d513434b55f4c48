package rules

import (
	"testing"
	"time"
)

func feverRule(change func(*Temperature, *Rule)) Rule {
	p, _ := NewParams("temperature")
	r := Rule{ID: "fever", Kind: "temperature", Params: p}
	if change != nil {
		change(p.(*Temperature), &r)
	}
	return r
}

func TestTemperature(t *testing.T) {
	type step struct {
		at    string
		value float64 // 0: a tick
		want  string
	}
	tests := []struct {
		name   string
		change func(*Temperature, *Rule)
		offset float64
		steps  []step
	}{
		{"a case lasts until the second check, whoever comes meanwhile", nil, 0, []step{
			{"09:00:00", 36.5, "within"}, {"09:01:00", 37.4, "breached/waiting"}, {"09:02:00", 37.3, "breached/waiting"}, {"09:05:59", 0, "breached/waiting"},
			{"09:06:00", 0, "breached/due"}, {"09:06:30", 36.8, "within"},
		}},
		{"too warm twice", nil, 0, []step{
			{"09:01:00", 37.4, "breached/waiting"}, {"09:06:10", 37.6, "breached/confirmed"}, {"09:30:00", 36.5, "breached/confirmed"}, {"10:01:00", 0, "within"},
		}},
		{"nobody measures again", nil, 0, []step{
			{"09:01:00", 37.4, "breached/waiting"}, {"09:11:00", 0, "breached/overdue"}, {"09:11:30", 36.5, "breached/overdue"}, {"10:00:59", 0, "breached/overdue"},
			{"10:01:00", 0, "within"},
		}},
		{"two visitors are two cases", func(p *Temperature, _ *Rule) { p.Case = 2 * time.Minute }, 0, []step{
			{"09:00:00", 38, "breached/waiting"}, {"09:01:00", 39, "breached/waiting"}, {"09:02:30", 36, "breached/waiting"}, {"09:03:00", 0, "breached/due"},
			{"09:03:01", 36, "within"},
		}},
		{"one who stands before the thermometer is one case", nil, 0, []step{
			{"09:01:00", 37.4, "breached/waiting"}, {"09:01:05", 37.5, "breached/waiting"}, {"09:01:10", 37.5, "breached/waiting"}, {"09:06:01", 36.4, "within"},
		}},
		{"at least the threshold", func(p *Temperature, _ *Rule) { p.Operator = ">=" }, 0, []step{
			{"09:00:00", 37.3, "breached/waiting"},
		}},
		{"the device's offset is added", nil, 1.3, []step{
			{"09:00:00", 35.9, "within"}, {"09:01:00", 36.2, "breached/waiting"},
		}},
		{"an impossible reading is no fever", nil, 0, []step{
			{"09:00:00", 36.5, "within"}, {"09:01:00", 55, "within"}, {"09:02:00", 24, "within"}, {"09:03:00", 24, "unknown/implausible"},
			{"09:04:00", 36.5, "within"},
		}},
		{"only impossible readings", nil, 0, []step{{"09:00:00", 24, "unknown/implausible"}}},
		{"the error bar", func(p *Temperature, _ *Rule) { p.UseError = true }, 0, []step{
			{"09:00:00", 36.9, "within"}, {"09:01:00", 37.2, "unknown/near"}, {"09:02:00", 36.5, "unknown/near"}, {"09:03:00", 37.7, "breached/waiting"},
		}},
		{"stale while open, while closed, after opening", nil, 0, []step{
			{"09:00:00", 36.9, "within"}, {"12:59:59", 0, "within"}, {"13:00:00", 0, "unknown/silent"}, {"16:00:00", 0, "unknown/closed"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := with(mall(t), feverRule(tt.change))
			d.Site.Devices[3].Offset = tt.offset
			r := newRig(t, d)
			for _, s := range tt.steps {
				if s.value == 0 {
					r.tick("2022-07-04 " + s.at)
				} else {
					r.read("thermo", "2022-07-04 "+s.at, body, s.value)
				}
				r.wantVerdict("fever", "thermo", s.want)
			}
		})
	}
}

func TestThermometerIsScreenedByDoor(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.wantVerdict("fever", "thermo", "none") // nobody knows yet that it is one
	for i, v := range []float64{36.5, 37.9, 36.1} {
		r.read("thermo", "2022-07-04 09:0"+string(rune('0'+i))+":00", body, v)
	}
	r.wantTransitions(
		"09:00:00 fever device/thermo unknown>within",
		"09:01:00 fever device/thermo within>breached",
	)
	door := r.engine.View().Doors[0]
	if door.Screened != 3 || door.TooWarm != 1 {
		t.Errorf("door: got %v screened, %v too warm, want 3 and 1", door.Screened, door.TooWarm)
	}
	r.tick("2022-07-05 00:00:00")
	if door = r.engine.View().Doors[0]; door.Screened != 0 || door.TooWarm != 0 {
		t.Errorf("door on the next day: got %v screened, %v too warm, want none", door.Screened, door.TooWarm)
	}
}

func TestKnownThermometerIsJudgedBeforeItSpeaks(t *testing.T) {
	d := with(mall(t), feverRule(nil))
	d.Measures = measures("thermo", body)
	r := newRig(t, d)
	r.wantVerdict("fever", "thermo", "unknown/no_data")
}
