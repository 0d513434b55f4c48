package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// healthRule is a rule of a kind with its default parameters, or changed ones.
func healthRule[P Params](t testing.TB, kind string, change func(p P)) Rule {
	t.Helper()
	p, err := NewParams(kind)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(p.(P))
	}
	return Rule{ID: kind, Kind: kind, Params: p}
}

// ward is a site of sensors that promise a message every five minutes: two air sensors, two counters at two doors, a thermometer.
func ward(t testing.TB, all ...Rule) *Definition {
	d := mall(t)
	for i := range d.Site.Devices {
		d.Site.Devices[i].Interval = 5 * time.Minute
	}
	d.Measures = map[string][]telemetry.Quantity{
		"air": {telemetry.CO2, telemetry.Temperature, telemetry.Battery, telemetry.Tamper}, "thermo": {telemetry.BodyTemperature},
		"c-main": {telemetry.PeopleIn, telemetry.PeopleOut}, "c-back": {telemetry.PeopleIn, telemetry.PeopleOut}, "c-inner": {telemetry.PeopleIn, telemetry.PeopleOut},
		"button": {telemetry.Button},
	}
	return with(d, all...)
}

func TestFrozenSensor(t *testing.T) {
	r := newRig(t, ward(t, healthRule(t, "frozen", func(p *Frozen) { p.After = 2 * time.Hour })))
	r.wantVerdict("frozen", "air", "unknown/pending")
	at := r.at("2022-07-04 08:00:00")
	say := func(minutes int, v float64) {
		for range minutes / 5 {
			r.apply(reading("air", at, at, telemetry.Temperature, v, telemetry.CO2, 500+at.Time().Minute()))
			at = at.Add(5 * time.Minute)
		}
	}
	say(30, 24.1)
	r.wantVerdict("frozen", "air", "within") // its CO2 moves
	say(60, 24.2)
	r.wantVerdict("frozen", "air", "within")
	say(75, 24.2) // 08:30 to 10:45
	r.wantVerdict("frozen", "air", "breached")
	v := r.explanation("frozen", "air")
	if v.Constraint != "frozen" || v.Limit != 120 || len(v.Inputs) != 1 || v.Inputs[0].Name != "temperature" || v.Inputs[0].Value != 24.2 {
		t.Errorf("explanation: got %+v, want temperature 24.2 against 120 minutes", v)
	}
	say(15, 24.3)
	r.wantVerdict("frozen", "air", "breached")
	say(15, 24.3)
	r.wantVerdict("frozen", "air", "within")
	// What comes late and says otherwise revises it.
	r.out.Reset()
	r.late("air", "2022-07-04 09:40:00", "2022-07-04 11:30:00", telemetry.Temperature, 23.9)
	r.wantTransitions("10:30:00 frozen device/air breached>within until 11:00:00")
}

func TestClockThatIsOff(t *testing.T) {
	r := newRig(t, ward(t, healthRule[*Clock](t, "clock", nil)))
	for i := range 4 {
		at := r.at("2022-07-04 09:05:00").Add(time.Duration(i) * 10 * time.Minute)
		rec := reading("air", at, at, telemetry.CO2, 500)
		if i > 0 {
			rec.Observation.Flags, rec.Observation.DeviceTime = telemetry.FlagClock, fmt.Sprint(at.Time().Unix()+7200)
		}
		r.apply(rec)
	}
	r.wantVerdict("clock", "air", "unknown/pending")
	r.tick("2022-07-04 10:00:00")
	r.wantVerdict("clock", "air", "breached")
	x := r.explanation("clock", "air")
	if in := x.Inputs[len(x.Inputs)-1]; x.Value != 3 || in.Name != InputClockOff || in.Value != 120 {
		t.Errorf("got %+v, want 3 messages, two hours ahead", x)
	}
	r.wantVerdict("clock", "c-main", "unknown/pending")
	r.tick("2022-07-05 09:59:59")
	r.wantVerdict("clock", "air", "breached")
	r.tick("2022-07-05 10:00:00")
	r.wantVerdict("clock", "air", "unknown/pending")
}

func TestBattery(t *testing.T) {
	r := newRig(t, ward(t, healthRule[*Battery](t, "battery", nil)))
	r.wantVerdict("battery", "air", "unknown/pending")
	r.read("air", "2022-07-04 09:00:00", telemetry.Battery, 80)
	r.wantVerdict("battery", "air", "within")
	for day, v := range []int{74, 68, 62, 56, 50} {
		r.read("air", fmt.Sprintf("2022-07-%02d 09:00:00", 5+day), telemetry.Battery, v)
	}
	// 80, 74, 68, 62, 56 in the five days that are over: 20 is reached in six of them.
	r.wantVerdict("battery", "air", "breached")
	if x := r.explanation("battery", "air"); x.Constraint != "trend" || x.Value != 5 || x.Unit != "d" {
		t.Errorf("got %+v, want a trend of 5 days", x)
	}
	r.read("air", "2022-07-10 09:00:00", telemetry.Battery, 100) // a new one
	r.wantVerdict("battery", "air", "breached")                  // of today nothing is known yet
	r.tick("2022-07-11 07:00:00")
	r.wantVerdict("battery", "air", "within")
	r.read("air", "2022-07-11 09:00:00", telemetry.Battery, 19)
	r.wantVerdict("battery", "air", "breached")
	r.tick("2022-07-14 09:00:00")
	r.wantVerdict("battery", "air", "unknown/no_data")
}

func TestTamper(t *testing.T) {
	r := newRig(t, ward(t, healthRule[*Tamper](t, "tamper", nil)))
	r.wantVerdict("tamper", "air", "unknown/pending")
	r.read("air", "2022-07-04 09:00:00", telemetry.Tamper, 0)
	r.wantVerdict("tamper", "air", "within")
	r.read("air", "2022-07-04 09:10:00", telemetry.Tamper, 1)
	r.wantVerdict("tamper", "air", "breached")
	r.read("air", "2022-07-04 09:20:00", telemetry.CO2, 500)
	r.wantVerdict("tamper", "air", "breached")
	r.read("air", "2022-07-04 09:30:00", telemetry.Tamper, 0)
	r.wantVerdict("tamper", "air", "within")
}

func TestRejectedMessages(t *testing.T) {
	r := newRig(t, ward(t, healthRule[*Rejected](t, "rejected", nil)))
	for i := range 12 {
		at := r.at("2022-07-04 09:00:00").Add(time.Duration(i) * 5 * time.Minute)
		if i%2 == 0 {
			r.apply(reading("air", at, at, telemetry.CO2, 500))
			continue
		}
		r.apply(telemetry.Record{Kind: telemetry.KindRejection, At: at, Received: at, Rejection: &telemetry.Rejection{Device: "air", Reason: telemetry.ReasonField, More: uint64(i / 11)}})
	}
	r.tick("2022-07-04 10:00:00")
	r.wantVerdict("rejected", "air", "breached")
	if x := r.explanation("rejected", "air"); x.Value < 53 || x.Value > 54 || x.Limit != 20 {
		t.Errorf("got %+v, want 7 of 13 messages against 20 %%", x)
	}
	r.tick("2022-07-04 16:00:00")
	r.wantVerdict("rejected", "air", "unknown/pending") // nothing has come for six hours
}

func TestLostMessages(t *testing.T) {
	r := newRig(t, ward(t, healthRule(t, "lost", func(p *Lost) { p.Messages = 5; p.Window = 2 * time.Hour })))
	say := func(at string, boot string, n uint64) {
		rec := reading("air", r.at("2022-07-04 "+at), r.at("2022-07-04 "+at), telemetry.CO2, 500)
		rec.Observation.Sequence, rec.Observation.HasSequence, rec.Observation.Boot = n, true, boot
		if now := r.engine.Clock(); rec.Received < now {
			rec.Received = now
		}
		r.apply(rec)
	}
	r.tick("2022-07-04 07:00:00")
	r.wantVerdict("lost", "air", "unknown/pending")
	say("08:00:00", "", 101)
	say("08:10:00", "", 102)
	say("08:40:00", "", 108) // 103 to 107 are missing
	say("09:00:00", "", 109)
	r.wantVerdict("lost", "air", "breached")
	if x := r.explanation("lost", "air"); x.Value != 62.5 {
		t.Errorf("got %+v, want 5 of 8 messages", x)
	}
	say("08:20:00", "", 105) // one of them comes late
	r.wantVerdict("lost", "air", "within")
	say("09:10:00", "", 1) // it counts anew
	say("09:20:00", "", 2)
	say("10:00:00", "", 3)
	r.wantVerdict("lost", "air", "within")
	if x := r.explanation("lost", "air"); x.Inputs[0].Value != 4 {
		t.Errorf("got %+v, want 4 missing messages", x)
	}
}

func TestDeadCounter(t *testing.T) {
	r := newRig(t, ward(t, healthRule[*DeadCounter](t, "dead_counter", nil)))
	for day := range 3 {
		for m := 8 * 60; m < 16*60; m += 5 {
			at := r.at("2022-07-04 00:00:00").Add(time.Duration(day)*24*time.Hour + time.Duration(m)*time.Minute)
			back := 1
			if day == 2 && m > 10*60 || day == 1 && m > 14*60 {
				back = 0
			}
			main := 2
			if day == 1 && m > 14*60 {
				main = 0 // an early closing: nobody comes anywhere
			}
			r.apply(reading("c-main", at, at, telemetry.PeopleIn, main, telemetry.PeopleOut, main))
			r.apply(reading("c-back", at, at, telemetry.PeopleIn, back, telemetry.PeopleOut, back))
			r.apply(reading("c-inner", at, at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0))
		}
	}
	r.wantTransitions(
		"00:00:00 dead_counter device/c-back unknown>unknown", "00:00:00 dead_counter device/c-inner unknown>unknown", "00:00:00 dead_counter device/c-main unknown>unknown",
		"10:00:00 dead_counter device/c-back unknown>within", "10:00:00 dead_counter device/c-main unknown>within",
		"16:00:00 dead_counter device/c-back within>unknown", "16:00:00 dead_counter device/c-main within>unknown",
		"10:00:00 dead_counter device/c-back unknown>within", "10:00:00 dead_counter device/c-main unknown>within",
		"16:00:00 dead_counter device/c-back within>unknown", "16:00:00 dead_counter device/c-main within>unknown",
		"10:00:00 dead_counter device/c-back unknown>within", "10:00:00 dead_counter device/c-main unknown>within",
		"12:15:00 dead_counter device/c-back within>breached",
	)
	x := r.explanation("dead_counter", "c-back")
	if x.Limit != 12 || x.Value != 0 || x.Inputs[1].Name != InputExpected || x.Inputs[1].Value < 30 || x.Inputs[2].Value != 96 {
		t.Errorf("got %+v, want none of about 40", x)
	}
}

// grid is a building of four sensors behind a switch, behind which a gateway has four more.
func grid(t testing.TB, all ...Rule) *Definition {
	d := mall(t)
	d.Site.Devices = nil
	add := func(id, parent string, interval time.Duration) {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Interval: interval, Parent: parent, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
	}
	for i := range 4 {
		add(fmt.Sprintf("s%d", i), "switch", 5*time.Minute)
		add(fmt.Sprintf("r%d", i), "gateway", 5*time.Minute)
	}
	add("gateway", "switch", 10*time.Minute)
	d.Site.Uplinks = []facility.Uplink{{ID: "switch", Name: "Switch lantai 2"}}
	return with(d, append(all, healthRule[*Silence](t, "silence", nil), healthRule[*Outage](t, "outage", nil))...)
}

// speak lets devices report every five minutes within a time.
func (r *rig) speak(from, to string, ids ...string) {
	r.t.Helper()
	for at := r.at("2022-07-04 " + from); at < r.at("2022-07-04 "+to); at = at.Add(5 * time.Minute) {
		for i, id := range ids {
			when := at.Add(time.Duration(i) * 7 * time.Second)
			r.apply(reading(id, when, when, telemetry.CO2, 500))
		}
	}
}

func TestOutageOfASwitch(t *testing.T) {
	r := newRig(t, grid(t))
	all := []string{"s0", "s1", "s2", "s3", "r0", "r1", "r2", "r3", "gateway"}
	r.speak("08:00:00", "09:00:00", all...)
	r.wantVerdict("outage", "switch", "within")
	r.out.Reset()
	r.tick("2022-07-04 10:00:00") // all of them have said nothing since 08:55
	r.wantVerdict("outage", "switch", "breached")
	r.wantVerdict("outage", "gateway", "breached/parent")
	for _, id := range all {
		r.wantVerdict("silence", id, "breached/parent")
	}
	r.wantAlarms("09:25:56 outage uplink/switch firing")
	if x := r.explanation("outage", "switch"); x.Value != 9 || x.Inputs[0].Value != 9 {
		t.Errorf("got %+v, want 9 of 9", x)
	}
	r.out.Reset()
	// The power is back, but one of them stays silent: now it is its own.
	r.speak("10:00:00", "10:30:00", all[1:]...)
	r.wantVerdict("outage", "switch", "within")
	r.wantVerdict("silence", "s0", "breached/silent")
	r.wantPhase("silence", "s0", Firing)
	r.wantVerdict("silence", "s1", "within")
}

// Finding 1: two devices under one id, each with numbers of its own far from the other's, began a new sequence with each message.
func TestFinding1SequencesOfADeviceAreBounded(t *testing.T) {
	h := &health{wants: healthSequence}
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, time.UTC))
	for i := range 1000 {
		at := start.Add(time.Duration(i) * time.Second)
		h.number("", uint64(5000+i/2+i%2*1_000_000), at)
		if len(h.boots) > mostBoots {
			t.Fatalf("after %d messages: got %d sequences, want at most %d", i+1, len(h.boots), mostBoots)
		}
	}
	if newest := h.boots[len(h.boots)-1]; newest.to != start.Add(999*time.Second) {
		t.Errorf("newest sequence: got one up to %v, want the last message's", newest.to)
	}
	// One that comes late takes no room from those that are newer.
	oldest := h.boots[0].to
	h.number("", 77, start)
	if len(h.boots) != mostBoots || h.boots[0].to != oldest {
		t.Errorf("after a late message: got %d sequences from %v on, want %d from %v on", len(h.boots), h.boots[0].to, mostBoots, oldest)
	}
}

// Finding 22: a device that says NaN of the time says nothing; what int64(NaN) is depends on the machine.
func TestFinding22ATimeThatIsNoNumber(t *testing.T) {
	for _, said := range []string{"NaN", "nan", "-NaN", "Inf", "-Inf", "-1", "1e14", "0x"} {
		if at, ok := deviceTime(said); ok {
			t.Errorf("%q: got %v, want no time", said, at)
		}
	}
	for said, want := range map[string]telemetry.Instant{"1656918000": 1656918000e9, "1656918000000": 1656918000e9, "2022-07-04T07:00:00Z": 1656918000e9} {
		if at, ok := deviceTime(said); !ok || at != want {
			t.Errorf("%q: got %v, %v, want %v", said, at, ok, want)
		}
	}
}

// Finding 9 (a week of ten sites): what quick devices prove is one outage to its end, also while slow ones fall silent one after the other.
func TestFinding9OutageDoesNotEndWhileSlowDevicesFallSilent(t *testing.T) {
	d := with(mall(t), healthRule[*Silence](t, "silence", nil), healthRule[*Outage](t, "outage", nil))
	d.Site.Devices = nil
	for i := range 6 {
		interval := 5 * time.Minute
		if i >= 4 {
			interval = time.Hour
		}
		d.Site.Devices = append(d.Site.Devices, facility.Device{
			ID: fmt.Sprintf("s%d", i), Model: "native", Interval: interval, Parent: "switch", Place: facility.Place{Kind: facility.AtZone, ID: "hall"},
		})
	}
	d.Site.Uplinks = []facility.Uplink{{ID: "switch", Name: "Switch"}}
	r := newRig(t, d)
	r.speak("08:00:00", "08:30:00", "s0", "s1", "s2", "s3", "s4")
	r.speak("08:30:00", "09:00:00", "s0", "s1", "s2", "s3", "s5")
	r.out.Reset()
	for at := r.at("2022-07-04 09:00:00"); at < r.at("2022-07-04 14:00:00"); at = at.Add(time.Minute) {
		r.apply(telemetry.Record{Site: "mpp", Kind: telemetry.KindTick, At: at, Received: at})
	}
	r.wantVerdict("outage", "switch", "breached")
	r.wantAlarms("09:10:21 outage uplink/switch firing")
}

// The first message of an hour is news although the hour is known already: by a message that was not understood, or by numbers that are
// missing. The rule forgot to look again when the hour was over.
func TestTheFirstMessageOfAnHourIsNews(t *testing.T) {
	r := newRig(t, ward(t, healthRule(t, "clock", func(p *Clock) { p.Window = time.Hour })))
	r.read("air", "2022-07-04 08:10:00", telemetry.CO2, 500)
	r.tick("2022-07-04 11:00:00")
	r.wantVerdict("clock", "air", "unknown/pending")
	at := r.at("2022-07-04 11:40:00")
	r.apply(telemetry.Record{Kind: telemetry.KindRejection, At: at, Received: at, Rejection: &telemetry.Rejection{Device: "air", Reason: telemetry.ReasonRange}})
	r.read("air", "2022-07-04 11:50:00", telemetry.CO2, 510)
	r.tick("2022-07-04 12:00:00")
	r.wantVerdict("clock", "air", "within")
}

// What explains a silence is asked when the device itself falls silent by the rule about outages, which may be later than by the one about
// silence. Nothing else happened then, and its alarm went on until another device spoke.
func TestAnOutageIsFoundWhenItsOwnPatienceIsOver(t *testing.T) {
	d := ward(t, healthRule(t, "silence", func(p *Silence) { p.Factor = 2 }), healthRule(t, "outage", func(p *Outage) { p.Factor, p.Devices, p.Share = 4, 2, 1 }))
	d.Site.Uplinks = []facility.Uplink{{ID: "switch"}}
	for i := range d.Site.Devices {
		if x := &d.Site.Devices[i]; x.ID == "air" || x.ID == "thermo" {
			x.Parent = "switch"
		}
	}
	r := newRig(t, d)
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	r.read("air", "2022-07-04 09:01:00", telemetry.CO2, 500)
	r.out.Reset()
	r.tick("2022-07-04 12:00:00")
	r.wantAlarms("09:10:00 silence device/thermo firing", "09:11:00 silence device/air firing", "09:20:00 silence device/air quiet",
		"09:20:00 silence device/thermo quiet", "09:21:00 outage uplink/switch firing")
}
