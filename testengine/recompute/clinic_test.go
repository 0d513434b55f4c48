package recompute

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// A clinic is a building whose devices are ill: they fall silent alone and together, hang, lose messages and their clocks, are opened, run
// out of battery, read too low; and what they count in periods is reckoned with.

func makeClinic(t testing.TB, seed uint64) scenario {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 22)), t: t, taken: map[telemetry.Instant]bool{}, subjects: map[int]string{}}
	at := pick(m, starts...)
	loc, err := facility.LoadLocation(at.zone)
	if err != nil {
		t.Fatal(err)
	}
	m.loc = loc
	begin := time.Date(at.year, time.Month(at.month), at.day, 0, 0, 0, 0, loc.Location)
	m.start = telemetry.InstantOf(begin).Add(pick(m, 0, m.duration(0, 6*time.Hour), m.duration(8*time.Hour, 12*time.Hour)))
	slow := m.chance(.15) // days and days of few messages
	m.end = m.start.Add(m.duration(24*time.Hour, time.Duration(pick(m, 1, 2, 3))*24*time.Hour))
	if slow {
		m.end = m.start.Add(m.duration(9*24*time.Hour, 12*24*time.Hour))
	}
	s := scenario{seed: seed, way: pick(m, "punctual", "shuffled", "late")}
	m.def = m.clinic(slow)
	cuts := m.cuts()
	for i := range m.def.Site.Devices {
		m.ail(&m.def.Site.Devices[i], cuts, slow, s.way == "late")
	}
	m.deliver(s.way)
	if m.chance(.5) {
		d := new(rules.Definition)
		b, err := json.Marshal(m.def)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, d); err != nil {
			t.Fatal(err)
		}
		d.Protocols[0].Rules = m.clinicRules()
		m.records = append(m.records, m.configuration(d, m.time()))
	}
	for range m.IntN(20) {
		at := m.time()
		m.records = append(m.records, telemetry.Record{Kind: telemetry.KindTick, Site: siteID, At: at, Received: at})
	}
	m.gateway()
	slices.SortStableFunc(m.records, func(a, b telemetry.Record) int { return cmp(a.Received, b.Received) })
	all := append([]telemetry.Record{m.configuration(m.def, m.start)}, m.records...)
	s.records = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: siteID, At: m.end, Received: m.end})
	for i := range s.records {
		s.records[i].Seq = uint64(i + 1)
	}
	return s
}

func (m *maker) clinic(slow bool) *rules.Definition {
	d := &rules.Definition{Site: facility.Site{
		ID: siteID, Location: m.loc, Hours: m.hours(),
		Zones: []facility.Zone{{ID: "hall", Area: 30, Capacity: 10 + m.IntN(20)}, {ID: "waiting", Parent: "hall", Capacity: 8}},
		Doors: []facility.Door{{ID: "main", From: facility.Outside, To: "hall"}, {ID: "back", From: "hall", To: facility.Outside}, {ID: "inner", From: "hall", To: "waiting"}},
	}, Measures: map[string][]telemetry.Quantity{}}
	if m.chance(.7) && !slow {
		reset := clock(pick(m, "00:00", "03:00"))
		d.Site.Reset = &reset
	}
	d.Site.Hours.QueueCloses = pick(m, 0, 30*time.Minute, time.Hour)
	d.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 2000, Month: 1, Day: 1}, Level: "l1"}}
	d.Site.Uplinks = []facility.Uplink{{ID: "switch"}}
	if m.chance(.6) {
		d.Site.Uplinks = append(d.Site.Uplinks, facility.Uplink{ID: "point", Parent: "switch"})
	}
	often := pick(m, 10*time.Minute, 10*time.Minute, 15*time.Minute)
	if slow {
		often = 2 * time.Hour
	}
	add := func(p float64, id string, place facility.Place, measures ...telemetry.Quantity) *facility.Device {
		if !m.chance(p) {
			return new(facility.Device)
		}
		x := facility.Device{ID: id, Model: "native", Place: place, Accuracy: 1, Interval: pick(m, often, often, often, 3*often, 0)}
		x.Parent = pick(m, "", "switch", d.Site.Uplinks[len(d.Site.Uplinks)-1].ID, "hub")
		d.Site.Devices = append(d.Site.Devices, x)
		d.Measures[id] = measures
		return &d.Site.Devices[len(d.Site.Devices)-1]
	}
	const body, temp, hum, bat, tamper = telemetry.BodyTemperature, telemetry.Temperature, telemetry.Humidity, telemetry.Battery, telemetry.Tamper
	hub := add(1, "hub", at(facility.AtZone, "hall"), temp, bat)
	hub.Parent, hub.Interval = pick(m, "", "switch"), pick(m, 0, often, 2*often)
	for _, door := range []string{"main", "back", "inner"} {
		c := add(.9, "c-"+door, at(facility.AtDoor, door), telemetry.PeopleIn, telemetry.PeopleOut)
		if c.Swap = m.chance(.2); c.Interval == 0 {
			c.Interval = often // else one is learned
		}
	}
	for i, door := range []string{"main", "back", "inner", "main"} {
		measures := []telemetry.Quantity{body}
		if m.chance(.3) {
			measures = append(measures, temp)
		}
		x := add(.8, fmt.Sprintf("thermo%d", i), at(facility.AtDoor, door), measures...)
		x.Offset = pick(m, 0, 0, 0.7)
		if m.chance(.4) {
			x.Ambient = &facility.Ambient{Min: 20, Max: pick(m, 24.0, 26, 30)}
		}
	}
	add(.8, "air", at(facility.AtZone, "hall"), temp, hum, tamper)
	add(.6, "air2", at(facility.AtZone, "waiting"), temp, bat)
	add(.6, "meter", at(facility.AtZone, "waiting"), telemetry.Pressure, bat, telemetry.BatteryVoltage, tamper)
	add(.8, "gel", pick(m, at(facility.AtDoor, "main"), at(facility.AtZone, "hall")), telemetry.Dispensed, bat)
	add(.6, "gel2", at(facility.AtZone, "waiting"), telemetry.Dispensed)
	add(.8, "mask", at(facility.AtDoor, "main"), telemetry.MaskWorn, telemetry.MaskMissing)
	add(.8, "gate", at(facility.AtZone, "hall"), telemetry.VehiclesIn, tamper)
	d.Protocols = []rules.Protocol{{ID: "p", Title: "P", Levels: map[string]float64{"l1": 1}, Rules: m.clinicRules()}}
	return d
}

func ruleOf[P rules.Params](m *maker, kind string, set func(p P)) rules.Rule {
	return m.rule(kind, kind, func(p rules.Params) { set(p.(P)) })
}

// about picks what a rule is about, the same in each definition: what nobody asked for before is not kept, and so not known.
func (m *maker) about(rule int, all ...string) string {
	if m.subjects[rule] == "" {
		m.subjects[rule] = pick(m, all...)
	}
	return m.subjects[rule]
}

func (m *maker) clinicRules() []rules.Rule {
	hours := func(most int) time.Duration { return time.Duration(1+m.IntN(most)) * time.Hour }
	quarters := func(most int) time.Duration { return time.Duration(1+m.IntN(most)) * 15 * time.Minute }
	all := []rules.Rule{
		ruleOf(m, "silence", func(p *rules.Silence) { p.Factor, p.OnlyOpen = pick(m, 2, 2.5, 3), m.chance(.2) }),
		ruleOf(m, "outage", func(p *rules.Outage) {
			p.Factor, p.Devices, p.Share = pick(m, 2.0, 3), 2+m.IntN(3), pick(m, 0.5, 0.9, 1)
		}),
		ruleOf(m, "clock", func(p *rules.Clock) { p.Window, p.Messages = hours(12), 1+m.IntN(3) }),
		ruleOf(m, "rejected", func(p *rules.Rejected) {
			p.Window, p.Share, p.Messages = hours(6), pick(m, 0, 0.1, 0.2), 1+m.IntN(4)
		}),
		ruleOf(m, "lost", func(p *rules.Lost) {
			p.Window, p.Share, p.Messages = hours(12), pick(m, 0, 0.05, 0.2), 1+m.IntN(5)
		}),
		ruleOf(m, "frozen", func(p *rules.Frozen) {
			p.After, p.Readings = quarters(16), 2+m.IntN(4)
			p.Quantities = append(p.Quantities, telemetry.BodyTemperature)
		}),
		ruleOf(m, "battery", func(p *rules.Battery) {
			p.Below, p.Voltage, p.Days, p.Stale = float64(10+m.IntN(20)), pick(m, 0, 2.8), pick(m, 0, 14, 60), hours(40)
		}),
		ruleOf(m, "tamper", func(p *rules.Tamper) { p.Stale = pick(m, 0, hours(5)) }),
		ruleOf(m, "dead_counter", func(p *rules.DeadCounter) { p.Window, p.People = quarters(12), 3+m.IntN(5) }),
		ruleOf(m, "credibility", func(p *rules.Credibility) {
			p.Readings, p.SameDegree, p.Apart = 10+m.IntN(20), pick(m, 0, 50), pick(m, 0.3, 0.6, 2)
			p.LowShare, p.Spread, p.AmbientUnknown = pick(m, 0.05, 0.2), pick(m, 0, 0.1, 0.2), pick(m, "accept", "refuse")
		}),
		ruleOf(m, "temperature", func(p *rules.Temperature) { p.Stale = hours(4) }),
		ruleOf(m, "coverage", func(p *rules.Coverage) { p.Window, p.People, p.Least = quarters(4), 1+m.IntN(4), pick(m, 0.3, 0.8) }),
		ruleOf(m, "capacity", func(p *rules.Capacity) { p.Site = true }),
	}
	for i, x := range []struct{ expr, subject string }{
		{"near", "zone"}, {"queue_closes < 30.0 && open", "site"}, {"minutes_to_close < 60.0 && persons > 3.0", "site"},
		{"vehicles_in > 5.0", m.about(1, "zone", "device", "site")}, {"vehicles_in_today > 30.0", "site"},
		{"mask_missing > 0.3 * (mask_worn + mask_missing)", m.about(2, "door", "site")},
		{"dispensed_today > 40.0 || dispensed > 12.0", m.about(3, "zone", "door", "site", "device")},
		{"in_hour > 12.0", m.about(4, "door", "zone", "site")}, {"out_hour - in_half_hour > 4.0", m.about(5, "door", "zone", "site")},
		{"in_hour > 6.0 && dispensed < 0.5 * in_hour", m.about(6, "door", "zone", "site")}, {"out_half_hour > 5.0", m.about(7, "door", "zone", "site")},
	} {
		all = append(all, m.expression(fmt.Sprint("count", i), x.expr, x.subject, nil))
	}
	// A rule that one definition has not, and another has, knows nothing of what came before it: all are in all.
	for i := range all {
		if err := all[i].Params.Validate(); err != nil {
			m.t.Fatalf("rule %s: %v", all[i].ID, err)
		}
	}
	return all
}

// cuts are times in which what hangs on something says nothing.
func (m *maker) cuts() map[string][]span {
	all := map[string][]span{}
	for _, id := range []string{"switch", "point", "hub"} {
		for range m.IntN(3) {
			from := m.start.Add(m.duration(0, m.end.Sub(m.start)))
			all[id] = append(all[id], span{from, from.Add(m.duration(time.Minute, 6*time.Hour))})
		}
	}
	return all
}

// cut reports whether what a device hangs on is out.
func (m *maker) cut(d *facility.Device, cuts map[string][]span, t telemetry.Instant) bool {
	up := []string{d.ID, d.Parent}
	if d.Parent == "hub" || d.Parent == "point" {
		up = append(up, "switch")
	}
	return slices.ContainsFunc(up, func(id string) bool {
		return slices.ContainsFunc(cuts[id], func(x span) bool { return x.from <= t && t < x.to })
	})
}

// ail lets a device report for the whole of the scenario.
func (m *maker) ail(d *facility.Device, cuts map[string][]span, slow, boots bool) {
	step := d.Interval
	if step == 0 {
		step = 20 * time.Minute
	}
	if slow {
		step = 2 * time.Hour
	}
	boot, number := "", uint64(1000+m.IntN(500))
	if boots || m.chance(.5) {
		boot = "b0"
	}
	base, wide := pick(m, 34.6, 36.4, 36.5, 36.6, 37.2), pick(m, 1, 1, 3, 8, 20)
	values := map[telemetry.Quantity]float64{telemetry.Battery: float64(20 + m.IntN(40))}
	hangs, quiet, dead := telemetry.Instant(0), telemetry.Instant(0), telemetry.Instant(0)
	for at := m.start.Add(m.duration(time.Second, 20*time.Minute)); at < m.end; at = at.Add(m.duration(step/2, step)) {
		if at = m.free(at); at >= m.end {
			break
		}
		number++
		if m.chance(.01) {
			quiet = at.Add(m.duration(0, 6*time.Hour))
		}
		if at < quiet || m.chance(.05) || m.cut(d, cuts, at) {
			continue
		}
		if m.chance(.01) {
			number = uint64(m.IntN(3))
			if boot != "" {
				boot = fmt.Sprint("b", at)
			}
		}
		if m.chance(.04) {
			m.add(telemetry.Record{Kind: telemetry.KindRejection, Rejection: &telemetry.Rejection{Device: d.ID, Reason: telemetry.ReasonRange, More: uint64(m.IntN(3))}}, at)
			continue
		}
		if m.chance(.02) {
			hangs = at.Add(m.duration(0, 5*time.Hour))
		}
		if m.chance(.01) {
			dead = at.Add(m.duration(0, 8*time.Hour))
		}
		r := observation(d.ID)
		o := &r.Observation
		o.Boot, o.Sequence, o.HasSequence = boot, number, !m.chance(.02)
		for _, q := range m.def.Measures[d.ID] {
			v := values[q]
			switch q {
			case telemetry.Battery:
				if v -= 0.02; slow {
					v -= 0.1
				}
				values[q] = v
				if v = max(0, v+float64(m.IntN(3))); !m.chance(.3) {
					continue
				}
			case telemetry.BatteryVoltage:
				v = 2.5 + float64(m.IntN(10))/10
			case telemetry.Tamper:
				if v = float64(m.IntN(2)); !m.chance(.1) {
					continue
				}
			case telemetry.BodyTemperature:
				if at >= hangs {
					v = base + float64(m.IntN(wide)-wide/2)/10
				}
				if m.chance(.02) {
					v = pick(m, 38.2, 24, 31)
				}
				values[q] = base
			case telemetry.Temperature, telemetry.Humidity, telemetry.Pressure:
				if at >= hangs {
					v = map[telemetry.Quantity]float64{telemetry.Temperature: 22, telemetry.Humidity: 50, telemetry.Pressure: 1000}[q] + float64(m.IntN(50))/10
				}
				values[q] = v
			default: // counts
				if v = 0; at >= dead {
					v = float64(m.IntN(5))
				}
			}
			o.Readings = append(o.Readings, telemetry.Reading{Quantity: q, Value: v})
		}
		if len(o.Readings) == 0 {
			o.Readings = []telemetry.Reading{{Quantity: telemetry.DeviceTemperature, Value: 30}}
		}
		if m.chance(.03) {
			o.Flags |= telemetry.FlagClock
		}
		m.add(r, at)
	}
}

// TestDevicesAgree is the same about devices that are ill, thermometers that are not credible, and what expressions make of counts.
func TestDevicesAgree(t *testing.T) {
	if testengine.Racing {
		t.Skip("pure computation: CI does it without the detector")
	}
	family(t, 12, func(t *testing.T, seed uint64) { compare(t, makeClinic(t, seed)) })
}
