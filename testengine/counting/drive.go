package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
	_ "time/tzdata" // the malls stand in Jakarta, wherever this runs

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// alarmDelay is the capacity rule's For: the time after which people are told.
const alarmDelay = 2 * time.Minute

// figures are what one or more malls gave. All are sums over minutes unless they say otherwise.
type figures struct {
	open, known      float64
	covered          float64 // the interval holds the truth
	tooLow, tooHigh  float64 // the truth lies below, above it
	measured         float64 // known minutes from the day on which the counters have been learned
	width, linear    float64 // half of the interval, and of the linear one, over the measured minutes
	clear            float64 // the truth is at least 15 % of the limit and 3 people away from it
	unknown, wrong   float64 // of clear
	over, overTold   float64 // truly over by as much; of those, breached
	cases, inTime    float64 // of alarms
	held, near       float64 // minutes in which guards hold; of those, near the limit
	foundDays, found float64 // closings until a door that swaps was found; malls in which it was
	malls            float64
}

func (f *figures) add(o *figures) {
	for _, p := range [...]struct {
		to   *float64
		from float64
	}{
		{&f.open, o.open}, {&f.known, o.known}, {&f.covered, o.covered}, {&f.tooLow, o.tooLow}, {&f.tooHigh, o.tooHigh}, {&f.measured, o.measured},
		{&f.width, o.width}, {&f.linear, o.linear}, {&f.clear, o.clear}, {&f.unknown, o.unknown}, {&f.wrong, o.wrong}, {&f.over, o.over},
		{&f.overTold, o.overTold}, {&f.cases, o.cases}, {&f.inTime, o.inTime}, {&f.held, o.held}, {&f.near, o.near},
		{&f.malls, o.malls}, {&f.foundDays, o.foundDays}, {&f.found, o.found},
	} {
		*p.to += p.from
	}
}

// mall is a run of one simulated mall through the engine.
type mall struct {
	setup    *setup
	days     []simulate.MallDay
	limit    float64
	accuracy float64
	engine   *rules.Engine
	out      rules.Output
	record   telemetry.Record
	readings [2]telemetry.Reading
	start    telemetry.Instant
	sample   rules.Sample // the newest of the hall
	firing   bool
	today    bool // take the interval from the error, as engines did that had no other
	figures  figures
}

var jakarta = func() facility.Location {
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		panic(err)
	}
	return loc
}()

// newMall draws a mall of a kind and configures an engine for it.
func newMall(s *setup, seed uint64) (*mall, error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	sim := s.mall(rng)
	days := sim.Days(seed, simulated)
	var peaks []int
	for i := range days[:learned] {
		peaks = append(peaks, days[i].Peak())
	}
	slices.Sort(peaks)
	m := &mall{setup: s, days: days, accuracy: s.accuracy}
	m.limit = max(3, math.Round(s.limit*float64(peaks[len(peaks)/2])))
	if s.hold > 0 {
		sim.Hold = max(1, int(math.Round(s.hold*m.limit)))
		m.days = sim.Days(seed, simulated)
	}
	if m.accuracy == 0 {
		m.accuracy = 0.98
	}
	return m, m.configure(len(sim.Doors))
}

// configure starts the engine at midnight before the first day, as the gateway would.
func (m *mall) configure(doors int) error {
	midnight := facility.TimeOfDay(0)
	def := rules.Definition{Site: facility.Site{
		ID: "mall", Location: jakarta, Reset: &midnight, Zones: []facility.Zone{{ID: "hall", Capacity: int(m.limit)}},
	}, Measures: map[string][]telemetry.Quantity{}}
	for i := range def.Site.Hours.Weekly {
		def.Site.Hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(8 * time.Hour), Close: facility.TimeOfDay(16 * time.Hour)}}
	}
	for i := range doors {
		id := fmt.Sprintf("door%d", i)
		def.Site.Doors = append(def.Site.Doors, facility.Door{ID: id, From: facility.Outside, To: "hall"})
		def.Site.Devices = append(def.Site.Devices, facility.Device{
			ID: id, Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: id}, Accuracy: m.setup.accuracy, Swap: i == m.setup.swap,
		})
		def.Measures[id] = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}
	}
	params, err := rules.NewParams("capacity")
	if err != nil {
		return err
	}
	def.Protocols = []rules.Protocol{{ID: "p", Rules: []rules.Rule{{ID: "capacity", Kind: "capacity", For: alarmDelay, Params: params}}}}
	b, err := json.Marshal(def)
	if err != nil {
		return err
	}
	m.engine = rules.New("mall")
	m.start = telemetry.InstantOf(time.Date(2026, 3, 2, 0, 0, 0, 0, jakarta.Location))
	m.record = telemetry.Record{Site: "mall", Kind: telemetry.KindConfiguration, At: m.start, Received: m.start, Configuration: &telemetry.Configuration{Version: "1", Definition: b}}
	err = m.apply()
	m.record = telemetry.Record{Site: "mall", Kind: telemetry.KindObservation}
	return err
}

// apply hands the record to the engine and notes what it says.
func (m *mall) apply() error {
	m.record.Seq++
	m.out.Reset()
	if err := m.engine.Apply(&m.record, &m.out); err != nil {
		return err
	}
	for i := range m.out.Samples {
		if m.out.Samples[i].Zone == "hall" {
			m.sample = m.out.Samples[i]
		}
	}
	for i := range m.out.Alarms {
		m.firing = m.out.Alarms[i].Phase == rules.Firing
	}
	return nil
}

// run lives through all days.
func (m *mall) run() error {
	for day := range m.days {
		if err := m.day(day, &m.days[day]); err != nil {
			return err
		}
	}
	m.figures.malls = 1
	return nil
}

// day lets the counters report each minute, ten seconds apart, so that the last sample knows both.
func (m *mall) day(day int, d *simulate.MallDay) error {
	opening := m.start.Add(time.Duration(day)*24*time.Hour + 8*time.Hour)
	var passages, balance float64
	over := -1 // since when the truth is over the limit
	for minute := range d.Inside {
		at := opening.Add(time.Duration(minute+1) * time.Minute)
		for door := range d.In {
			in, out := float64(d.In[door][minute]), float64(d.Out[door][minute])
			m.record.At = at.Add(time.Duration(door) * 10 * time.Second)
			m.record.Received = m.record.At
			m.record.Observation.Device = fmt.Sprintf("door%d", door)
			m.readings = [2]telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: in}, {Quantity: telemetry.PeopleOut, Value: out}}
			m.record.Observation.Readings = m.readings[:]
			if err := m.apply(); err != nil {
				return err
			}
			if door == m.setup.swap {
				in, out = out, in
			}
			passages += in + out
			balance += in - out
		}
		if minute == 0 && m.setup.turns != "" && m.figures.found == 0 && m.finds() {
			m.figures.found, m.figures.foundDays = 1, float64(day-turnDay)
		}
		if minute < openMinutes {
			m.measure(day, float64(d.Inside[minute]), max((1-m.accuracy)*passages, -balance))
			over = m.alarms(minute, over, float64(d.Inside[minute]))
		}
	}
	return nil
}

// finds reports whether the engine shows the door that swaps, and no other, as mounted the other way.
func (m *mall) finds() bool {
	found := false
	for _, door := range m.engine.View().Doors {
		for _, c := range door.Counters {
			if (c.Reversed != 0) != (c.Device == m.setup.turns) {
				return false
			}
			found = found || c.Reversed != 0
		}
	}
	return found
}

// measure compares what the engine says with the truth at the end of a minute.
func (m *mall) measure(day int, truth, linear float64) {
	f, s := &m.figures, &m.sample
	f.open++
	low, high := s.Low, s.High
	if m.today {
		low, high = max(0, s.Persons-s.Error), s.Persons+s.Error
	}
	known := s.Verdict != rules.Unknown || s.Near
	if known {
		f.known++
		switch {
		case truth < low:
			f.tooLow++
		case truth > high:
			f.tooHigh++
		default:
			f.covered++
		}
		if day >= learned {
			f.measured++
			f.linear += linear
			if m.today {
				f.width += s.Error
			} else {
				f.width += (high - low) / 2
			}
		}
	}
	far := max(0.15*m.limit, 3)
	if math.Abs(truth-m.limit) >= far {
		f.clear++
		switch {
		case s.Verdict == rules.Unknown:
			f.unknown++
		case (s.Verdict == rules.Breached) != (truth > m.limit):
			f.wrong++
		}
	}
	if truth >= m.limit+far {
		f.over++
		if s.Verdict == rules.Breached {
			f.overTold++
		}
	}
	if m.setup.hold > 0 && truth >= math.Round(m.setup.hold*m.limit)-1 {
		f.held++
		if s.Near {
			f.near++
		}
	}
}

// alarms judges the alarm of a case: the truth stays over the limit, by as much as the bar says, for as long as the alarm may
// take. over is since which minute it is, −1: it is not, −2: it is and has been judged.
func (m *mall) alarms(minute, over int, truth float64) int {
	if truth < m.limit+max(0.15*m.limit, 3) {
		return -1
	}
	if over == -1 {
		over = minute
	}
	if over >= 0 && minute-over == int(alarmDelay/time.Minute)+1 {
		m.figures.cases++
		if m.firing {
			m.figures.inTime++
		}
		return -2
	}
	return over
}
