package recompute

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func clock(text string) facility.TimeOfDay {
	t, err := facility.ParseTimeOfDay(text)
	if err != nil {
		panic(err)
	}
	return t
}

func hours(spans ...string) []facility.Span {
	var all []facility.Span
	for _, s := range spans {
		all = append(all, facility.Span{Open: clock(s[:5]), Close: clock(s[6:])})
	}
	return all
}

func (m *maker) hours() (h facility.Hours) {
	day := pick(m, hours("08:00-16:00"), hours("08:00-12:00", "13:00-17:00"), hours("00:00-02:30", "18:00-24:00"), hours("00:00-24:00"), hours("01:00-23:00"), hours("08:00-12:00", "12:00-16:30"), nil)
	for i := range h.Weekly {
		h.Weekly[i] = day
	}
	if day != nil && m.chance(.5) {
		date := facility.DateOf(m.start.In(m.loc.Location)).AddDays(1 + m.IntN(2))
		h.Exceptions = []facility.Exception{{Date: date, Spans: pick(m, nil, hours("10:00-14:00"), hours("00:00-24:00"))}}
		h.Weekly[date.AddDays(1).Weekday()] = pick(m, day, nil)
	}
	if m.planned && m.chance(.7) {
		h.Calendars = m.calendars()
	}
	return h
}

// calendars are holidays, shortened days and closings of some hours around the scenario's days.
func (m *maker) calendars() (all []facility.Calendar) {
	date := facility.DateOf(m.start.In(m.loc.Location)).AddDays(m.IntN(3))
	again := func(e facility.Event) facility.Event {
		if m.chance(.5) {
			e.Repeat = &facility.Repeat{Every: pick(m, facility.Daily, facility.Weekly, facility.Yearly)}
			e.From = pick(m, date, date.AddDays(-7), facility.Date{Year: date.Year - 2, Month: date.Month, Day: min(date.Day, 28)})
			if m.chance(.3) {
				e.Except = []facility.Date{date}
			}
			if m.chance(.3) {
				e.Repeat.Until = date
			}
		}
		return e
	}
	if m.chance(.6) {
		e := again(facility.Event{Name: "holiday", From: date, Days: 1 + m.IntN(2)})
		if e.Repeat != nil && e.Repeat.Every == facility.Daily {
			e.Repeat.Every = facility.Weekly
		}
		all = append(all, facility.Calendar{ID: "holidays", Spans: pick(m, nil, hours("10:00-14:00"), hours("00:00-24:00")), Events: []facility.Event{e}})
	}
	if m.chance(.6) {
		e := again(facility.Event{Name: "closing", From: date, At: clock(pick(m, "09:00", "13:30", "23:00", "02:15")), Lasts: m.duration(time.Minute, 30*time.Hour)})
		if m.chance(.3) {
			e.Location, _ = facility.LoadLocation("Asia/Makassar")
		}
		all = append(all, facility.Calendar{ID: "closings", Events: []facility.Event{e}})
	}
	return all
}

func at(kind facility.PlaceKind, id string) facility.Place { return facility.Place{Kind: kind, ID: id} }

// definition is a hall with a waiting room in it, a play room beside it, five doors, and whatever may hang there.
func (m *maker) definition() *rules.Definition {
	d := &rules.Definition{Site: facility.Site{
		ID: siteID, Name: "Mal", Location: m.loc, Hours: m.hours(),
		Zones: []facility.Zone{
			{ID: "hall", Name: "Hall", Area: 30, Fixtures: float64(m.IntN(15)), Capacity: 10 + m.IntN(20)},
			{ID: "waiting", Name: "Waiting", Parent: "hall", Seats: 5 + m.IntN(20), SeatPitch: pick(m, 0, 0.5, 0.6, 1)},
			{ID: "play", Name: "Play", Capacity: 5 + m.IntN(10), Area: pick(m, 0, 12.0)},
			{ID: "store", Name: "Store", Capacity: 3},
		},
		Doors: []facility.Door{
			{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}, {ID: "back", Name: "Back", From: "hall", To: facility.Outside, MaxPassages: pick(m, 0, 40.0)},
			{ID: "inner", Name: "Inner", From: "hall", To: "waiting"}, {ID: "between", Name: "Between", From: "play", To: "hall"},
		},
		Tasks: []facility.Task{
			{ID: "spray", Name: "Spray", Place: at(facility.AtZone, "hall")},
			{ID: "wipe", Name: "Wipe", Place: at(facility.AtDoor, "main"), Items: []string{"handle", "rail", "bell"}},
		},
	}, Measures: map[string][]telemetry.Quantity{}}
	if m.chance(.7) {
		reset := clock(pick(m, "00:00", "03:00", "02:30", "17:30"))
		d.Site.Reset = &reset
	}
	date := facility.DateOf(m.start.In(m.loc.Location))
	d.Site.Levels = []facility.LevelPeriod{{From: date.AddDays(-m.IntN(3)), Level: "l1"}}
	if m.chance(.5) {
		d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: date.AddDays(1), Level: "l2"})
	}
	if m.rooms {
		d.Site.Quota, d.Site.Hours.QueueCloses = pick(m, 0, 10+m.IntN(80), 30+m.IntN(400)), pick(m, 0, 30*time.Minute, time.Hour)
		d.Site.Zones[1].QueueFor = pick(m, "", "hall", "play")
	}
	some := func(p float64, id string, place facility.Place, interval time.Duration, measures ...telemetry.Quantity) {
		if !m.chance(p) {
			return
		}
		x := facility.Device{ID: id, Model: "native", Place: place, Accuracy: 1, Interval: interval, Swap: m.chance(.2)}
		d.Site.Devices = append(d.Site.Devices, x)
		d.Measures[id] = measures
	}
	in, out, inTotal, outTotal := telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal
	rare := func() time.Duration { return time.Duration(pick(m, 10, 15, 30)) * time.Minute }
	some(.9, "c-main", at(facility.AtDoor, "main"), rare(), in, out)
	some(.9, "c-back", at(facility.AtDoor, "back"), rare(), inTotal, outTotal)
	some(.8, "c-inner", at(facility.AtDoor, "inner"), rare(), pick(m, []telemetry.Quantity{in, out}, []telemetry.Quantity{inTotal, outTotal})...)
	some(.3, "c-between", at(facility.AtDoor, "between"), rare(), in, out, telemetry.Battery)
	some(.6, "camera", at(facility.AtZone, pick(m, "play", "waiting")), pick(m, 0, rare()), telemetry.PeoplePresent)
	some(.2, "camera2", at(facility.AtZone, "play"), rare(), telemetry.PeoplePresent)
	some(.7, "air", at(facility.AtZone, "hall"), pick(m, 0, rare()), telemetry.CO2, telemetry.Temperature, telemetry.Humidity)
	some(.4, "air2", at(facility.AtZone, "hall"), pick(m, 0, rare()), telemetry.CO2)
	some(.3, "humid", at(facility.AtZone, "hall"), 0, telemetry.Humidity)
	some(.3, "window", at(facility.AtZone, "hall"), 0, telemetry.ContactOpen)
	some(.5, "soap", at(facility.AtZone, "play"), 0, telemetry.FillLevel, telemetry.Battery)
	some(.5, "lidar", at(facility.AtZone, "waiting"), pick(m, 0, rare()), telemetry.Distance)
	some(.7, "thermo", at(facility.AtDoor, "main"), pick(m, 0, rare()), telemetry.BodyTemperature)
	some(.5, "button", at(facility.AtTask, "spray"), 0, telemetry.Button)
	if m.rooms {
		m.seats(d, some)
	}
	m.aside(func() { some(.3, handheld, at(facility.AtDoor, "main"), 0, telemetry.BodyTemperature) })
	if m.upkeep {
		d.Site.Zones[0].Height = pick(m, 0, 3, 4.5)
		d.Site.Tasks = append(d.Site.Tasks,
			facility.Task{ID: "cars", Name: "Cars", Place: at(facility.AtZone, "store"), Kind: facility.TaskVehicles},
			facility.Task{ID: "counter", Name: "Counter", Place: at(facility.AtZone, "hall"), Kind: facility.TaskChecklist, Items: []string{"mask", "gloves", "shield"}})
		some(.4, "masks", at(pick(m, facility.AtDoor, facility.AtZone), "main"), pick(m, 0, rare()), telemetry.MaskWorn, telemetry.MaskMissing)
		if n := len(d.Site.Devices); n > 0 && d.Site.Devices[n-1].ID == "masks" && d.Site.Devices[n-1].Place.Kind == facility.AtZone {
			d.Site.Devices[n-1].Place.ID = "hall"
		}
		some(.5, "gel", pick(m, at(facility.AtDoor, "main"), at(facility.AtZone, "hall")), pick(m, 0, rare()), telemetry.Dispensed, telemetry.FillLevel)
		some(.4, "gate", at(facility.AtZone, pick(m, "store", "play")), pick(m, 0, rare()), telemetry.VehiclesIn)
	}
	for i := range d.Site.Devices {
		x := &d.Site.Devices[i]
		switch x.ID {
		case "air", "soap", "air2":
			x.Error = pick(m, 0, 0, 3.0)
		case "lidar":
			x.Error = pick(m, 0, 0.1)
		case "camera":
			if x.Interval == 0 {
				x.Interval = 30 * time.Minute // on the second day it would have one by habit, which is not recomputed
			}
			x.Error, x.Whole = pick(m, 0, 0, 1.0), m.chance(.2)
		case "thermo":
			x.Offset, x.Error = pick(m, 0, 0.7), pick(m, 0, 0.2)
		}
		if x.Place.Kind == facility.AtZone && m.chance(.2) {
			x.Measures = d.Measures[x.ID]
		}
		if x.Place.Kind == facility.AtZone && m.chance(.2) {
			delete(d.Measures, x.ID)
		}
	}
	if m.planned && m.chance(.4) {
		d.Site.Maintenance = []facility.Maintenance{{Scope: pick(m, facility.Scope{}, facility.Scope{Kind: facility.OfZone, ID: "hall"}, facility.Scope{Kind: facility.OfDoor, ID: "main"}), Reason: "x",
			When: facility.Event{From: date.AddDays(m.IntN(2)), At: clock(pick(m, "09:00", "02:10", "22:30")), Lasts: m.duration(time.Minute, 8*time.Hour), ByClock: m.chance(.5)}}}
		if m.chance(.5) {
			d.Site.Maintenance[0].When.Repeat = &facility.Repeat{Every: facility.Daily}
		}
	}
	if d.Protocols = m.protocols(); len(d.Protocols) > 1 && m.chance(.5) {
		d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: date.AddDays(1), Level: "l3"})
	}
	return d
}

// seats puts some seats into the play room and sensors at most of them.
func (m *maker) seats(d *rules.Definition, some func(p float64, id string, place facility.Place, interval time.Duration, measures ...telemetry.Quantity)) {
	for i := range 1 + m.IntN(6) {
		seat := facility.Seat{ID: fmt.Sprintf("s%d", i), X: 0.5 * float64(m.IntN(6)), Y: 1.1 * float64(m.IntN(2)), Blocked: m.chance(.2)}
		d.Site.Zones[2].SeatMap = append(d.Site.Zones[2].SeatMap, seat)
		n := len(d.Site.Devices)
		some(.8, "seat"+seat.ID, at(facility.AtZone, "play"), pick(m, 0, 30*time.Minute), telemetry.Occupied)
		if len(d.Site.Devices) > n {
			d.Site.Devices[n].Seat = seat.ID
		}
	}
}

func (m *maker) rule(id, kind string, set func(p rules.Params)) rules.Rule {
	p, err := rules.NewParams(kind)
	if err != nil {
		m.t.Fatal(err)
	}
	if set != nil {
		set(p)
	}
	r := rules.Rule{ID: id, Kind: kind, Params: p}
	if m.chance(.4) {
		r.For = m.duration(time.Second, 10*time.Minute)
	}
	if m.chance(.4) {
		r.KeepFiring = m.duration(time.Second, 10*time.Minute)
	}
	return r
}

func (m *maker) expression(id, expr, subject string, set func(p *rules.Expression)) rules.Rule {
	return m.rule(id, "expression", func(p rules.Params) {
		x := p.(*rules.Expression)
		x.Expr, x.SubjectKind = expr, rules.SubjectKind(subject)
		if set != nil {
			set(x)
		}
	})
}

func (m *maker) protocols() []rules.Protocol {
	var extra []rules.Rule // by a chance of their own
	main := rules.Protocol{ID: "p", Title: "P", Levels: map[string]float64{"l1": 1, "l2": 0.5}}
	long := func(most time.Duration) time.Duration { return pick(m, 0, m.duration(time.Minute, most)) }
	main.Rules = []rules.Rule{
		m.rule("capacity", "capacity", func(p rules.Params) {
			x := p.(*rules.Capacity)
			x.Site, x.SiteCapacity, x.Hysteresis = true, pick(m, 0, 25), pick(m, 0, 2.0)
			x.Spacing, x.Grid = pick(m, 0, 1, 1.5, 2), pick(m, rules.Square, rules.Hexagonal)
		}),
		m.rule("crowding", "distancing", func(p rules.Params) {
			x := p.(*rules.Distancing)
			x.Spacing, x.Readings, x.Stale, x.Density = pick(m, 1, 1.2), 1+m.IntN(4), m.duration(time.Minute, time.Hour), m.chance(.7)
		}),
		m.rule("fever", "temperature", func(p rules.Params) {
			x := p.(*rules.Temperature)
			x.Case, x.Stale, x.UseError, x.Implausible = m.duration(time.Minute, 20*time.Minute), m.duration(10*time.Minute, 4*time.Hour), m.chance(.4), 1+m.IntN(4)
			m.aside(func() {
				x.Recheck = m.duration(time.Minute, 20*time.Minute)
				x.Lapse = x.Case + x.Recheck + m.duration(0, 2*time.Hour)
			})
		}),
		m.rule("spray", "disinfection", func(p rules.Params) {
			x := p.(*rules.Disinfection)
			x.BeforeOpening, x.AfterClosing, x.Every, x.Grace = long(4*time.Hour), long(3*time.Hour), m.duration(time.Hour, 5*time.Hour), long(30*time.Minute)
			if m.chance(.3) {
				x.Press = []string{"long"}
			}
			if m.upkeep {
				if m.chance(.4) {
					x.Anchor, x.Staff, x.Drift = "people", m.IntN(4), m.duration(0, 3*time.Hour)
				}
				x.Occupied, x.AfterPeople = m.chance(.3), pick(m, 0, 0, 1+m.IntN(60))
				if m.chance(.5) {
					x.Agents, x.Contact, x.Pace = pick(m, nil, []string{"alcohol"}), pick(m, 0, m.duration(time.Minute, time.Hour)), pick(m, 0, m.duration(time.Second, time.Hour))
					x.Walk, x.Inside, x.Backdate, x.Copies = pick(m, 0, m.duration(time.Second, time.Hour)), pick(m, 0, m.duration(time.Minute, time.Hour)), pick(m, 0, m.duration(time.Minute, time.Hour)), m.chance(.5)
				}
			}
		}),
		m.rule("alive", "silence", func(p rules.Params) {
			x := p.(*rules.Silence)
			x.Factor, x.OnlyOpen = pick(m, 1, 2.5, 3), m.chance(.3)
		}),
		m.rule("screening", "screening", func(p rules.Params) {
			x := p.(*rules.Screening)
			x.Window, x.People, x.Least = time.Duration(5+m.IntN(60))*time.Minute, 1+m.IntN(12), pick(m, 0, 0.1, 0.5)
		}),
		m.expression("limit", "persons > limit * 0.9", pick(m, "zone", "site"), nil),
		m.expression("level", `level == "l2" && persons > 6.0`, "zone", nil),
		m.expression("empty", "minutes_since_open > 30.0 && persons < 1.0", "site", nil),
		m.expression("soap", "fill_level < 20", "device", func(x *rules.Expression) { x.Stale = m.duration(time.Hour, 10*time.Hour) }),
		m.expression("battery", "battery < 20", "device", func(x *rules.Expression) { x.Readings = 1 + m.IntN(3) }),
		m.expression("window", "contact_open == 1.0 && open", "zone", func(x *rules.Expression) { x.Over = long(30 * time.Minute) }),
	}
	air := func(x *rules.Expression) {
		x.Of = pick(m, "worst", "any", "all", "mean", "")
		x.Over, x.Readings, x.Stale = pick(m, 0, m.duration(time.Minute, 40*time.Minute)), pick(m, 1, 1, 1+m.IntN(4)), m.duration(5*time.Minute, 2*time.Hour)
	}
	for i, expr := range []string{"co2 > 1000", "co2 > 800 && open", "temperature > 27.0 && humidity > 60.0", "temperature + humidity / 10.0 > 33.0", "persons > 5.0 && co2 > 900"} {
		main.Rules = append(main.Rules, m.expression(fmt.Sprintf("air%d", i), expr, "zone", air))
	}
	m.aside(func() {
		if m.chance(.7) {
			extra = append(extra, m.rule("coverage", "coverage", func(p rules.Params) {
				x := p.(*rules.Coverage)
				x.Window, x.People, x.Least = time.Duration(1+m.IntN(4))*15*time.Minute, 1+m.IntN(6), pick(m, 0.3, 0.8, 1)
			}))
		}
	})
	if m.upkeep {
		main.Rules = append(main.Rules,
			m.rule("masks", "masks", func(p rules.Params) {
				x := p.(*rules.Masks)
				x.Window, x.Least, x.People = time.Duration(5+m.IntN(200))*time.Minute, pick(m, 0.5, 0.9), 1+m.IntN(30)
			}),
			m.rule("hands", "hygiene", func(p rules.Params) {
				x := p.(*rules.Hygiene)
				x.Window, x.Least, x.People = time.Duration(5+m.IntN(200))*time.Minute, pick(m, 0, 0.3, 1.0), 1+m.IntN(20)
				x.Empty, x.Stale = float64(m.IntN(50)), m.duration(time.Hour, 20*time.Hour)
			}),
			m.rule("cars", "vehicles", func(p rules.Params) {
				x := p.(*rules.Vehicles)
				x.Window, x.Least, x.Vehicles = pick(m, 0, time.Duration(5+m.IntN(200))*time.Minute), pick(m, 0.1, 0.9), 1+m.IntN(10)
			}),
			m.rule("staff", "staff", func(p rules.Params) {
				x := p.(*rules.Staff)
				x.Shifts, x.Before, x.Within = pick(m, nil, []string{"08:00-12:00", "12:00-16:00"}, []string{"09:00-13:00", "11:00-22:00"}), m.duration(0, 2*time.Hour), m.duration(time.Minute, 3*time.Hour)
			}),
			m.rule("fresh", "air", func(p rules.Params) {
				x := p.(*rules.Air)
				x.Least, x.Window, x.People = pick(m, 4, 10.0, 20), time.Duration(2+m.IntN(10))*5*time.Minute, pick(m, 0.5, 1, 3)
				x.Stale, x.Noise, x.Error = m.duration(10*time.Minute, time.Hour), pick(m, 0, 20.0), pick(m, 0, 30.0)
			}),
		)
	}
	if m.rooms {
		main.Rules = append(main.Rules,
			m.rule("late", "afterhours", func(p rules.Params) {
				x := p.(*rules.AfterHours)
				x.Staff, x.Tolerance, x.Leave, x.Arrive = m.IntN(6), m.IntN(3), long(2*time.Hour), long(2*time.Hour)
			}),
			m.rule("line", "queue", func(p rules.Params) {
				x := p.(*rules.Queue)
				x.Limit, x.Share, x.Hysteresis = pick(m, 0, 2, 6), pick(m, 0, 0.5, 0.8), pick(m, 0, 1.0)
			}),
			m.rule("visitors", "quota", func(p rules.Params) {
				x := p.(*rules.Quota)
				x.Visitors, x.Staff = pick(m, 0, 0, 40+m.IntN(100)), pick(m, 0, 3)
			}),
			m.rule("close", "cutoff", func(p rules.Params) {
				x := p.(*rules.Cutoff)
				x.Visitors, x.Staff, x.Service, x.Lately = pick(m, 0, 0, 40+m.IntN(100)), pick(m, 0, 3), long(90*time.Minute), pick(m, 30*time.Minute, time.Hour, 4*time.Hour)
				x.People, x.Grace, x.Tolerance = 1+m.IntN(8), pick(m, 5*time.Minute, 10*time.Minute, time.Hour), m.IntN(4)
			}),
			m.rule("apart", "seats", func(p rules.Params) {
				x := p.(*rules.Seats)
				x.Spacing, x.Blocked, x.Stale = pick(m, 0, 1, 1, 1.2, 2), m.chance(.8), m.duration(30*time.Minute, 12*time.Hour)
			}),
		)
	}
	for i := range main.Rules {
		if r := &main.Rules[i]; r.Params.Validate() != nil {
			r.Params, _ = rules.NewParams(r.Kind)
		}
	}
	// Without a rule of a kind a definition is one too.
	kept := main.Rules[:0]
	for _, r := range main.Rules {
		if m.chance(.7) {
			kept = append(kept, r)
		}
	}
	main.Rules = append(kept, extra...)
	all := []rules.Protocol{main}
	if m.chance(.4) {
		date := facility.DateOf(m.start.In(m.loc.Location)).AddDays(1)
		later := rules.Protocol{ID: "q", Title: "Q", From: date, Levels: map[string]float64{"l1": 0.8, "l3": 0.3}}
		if m.chance(.5) {
			later.Until = date.AddDays(1)
		}
		if m.chance(.5) { // in the middle of a day
			later.FromTime = facility.TimeOfDay(time.Duration(1+m.IntN(23*60)) * time.Minute)
			later.UntilTime = facility.TimeOfDay(time.Duration(m.IntN(24*60)) * time.Minute)
		}
		later.Rules = []rules.Rule{m.rule("capacity", "capacity", nil), m.rule("more", "capacity", nil)}
		all = append(all, later)
	}
	return all
}

// change changes a definition: limits, parameters, rules, levels.
func (m *maker) change(d *rules.Definition) {
	switch m.IntN(8) {
	case 6:
		x := &d.Site.Devices[m.IntN(max(1, len(d.Site.Devices)))]
		x.Swap = !x.Swap
	case 7:
		d.Site.Hours = m.hours()
	case 0, 1:
		z := &d.Site.Zones[m.IntN(3)]
		z.Capacity = 4 + m.IntN(20)
	case 2:
		d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: facility.DateOf(m.end.In(m.loc.Location)).AddDays(-1), Level: pick(m, "l1", "l2")})
	case 3:
		rs := d.Protocols[0].Rules
		if len(rs) > 0 {
			i := m.IntN(len(rs))
			d.Protocols[0].Rules = append(rs[:i:i], rs[i+1:]...)
		}
	case 4:
		fresh := m.protocols()[0]
		for i := range d.Protocols[0].Rules {
			for _, r := range fresh.Rules {
				if r.ID == d.Protocols[0].Rules[i].ID && m.chance(.5) && r.Kind != "silence" {
					d.Protocols[0].Rules[i] = r
				}
			}
		}
	case 5:
		d.Protocols[0].Levels = map[string]float64{"l1": 0.9, "l2": 0.4, "l3": 0.2}
	}
}
