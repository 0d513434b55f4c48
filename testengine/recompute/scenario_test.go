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
)

// scenario is a site and a few days of its records, in the order in which they are received.
type scenario struct {
	seed    uint64
	way     string // how records arrive: punctual, shuffled, late
	records []telemetry.Record
}

// maker makes a scenario out of chance.
type maker struct {
	*rand.Rand
	t       testing.TB
	loc     facility.Location
	def     *rules.Definition
	start   telemetry.Instant
	end     telemetry.Instant
	records []telemetry.Record
	taken   map[telemetry.Instant]bool
	other   *rand.Rand // for what was added to scenarios later, so that the rest of them stays as it was
	upkeep  bool       // with logs that cannot be true, masks, dispensers, vehicles, checklists and air
	rooms   bool       // with seats, queues, quotas and people after hours
	planned bool       // with calendars, maintenance and levels for later
	// subjects is what rules of a clinic are about.
	subjects map[int]string
}

// aside makes chance another's for a while.
func (m *maker) aside(f func()) {
	was := m.Rand
	m.Rand = m.other
	f()
	m.Rand = was
}

const siteID = "mpp"

// starts are days around which clocks change, or do not.
var starts = []struct {
	zone             string
	year, month, day int
}{
	{"Asia/Jakarta", 2022, 7, 4}, {"Asia/Jakarta", 2022, 12, 30}, {"Europe/Berlin", 2022, 3, 26}, {"Europe/Berlin", 2022, 10, 29},
	{"America/Santiago", 2022, 9, 10}, {"America/Santiago", 2022, 4, 2}, {"Pacific/Apia", 2011, 12, 28}, {"Australia/Lord_Howe", 2022, 10, 1},
}

func (m *maker) chance(p float64) bool { return m.Float64() < p }

func pick[T any](m *maker, all ...T) T { return all[m.IntN(len(all))] }

// duration is whole seconds between two bounds.
func (m *maker) duration(from, to time.Duration) time.Duration {
	return from + time.Duration(m.Int64N(int64((to-from)/time.Second)+1))*time.Second
}

func makeScenario(t testing.TB, seed uint64, upkeep, rooms bool) scenario {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 20)), upkeep: upkeep, rooms: rooms, planned: seed >= firstPlanned, t: t, taken: map[telemetry.Instant]bool{}, other: rand.New(rand.NewPCG(seed, 21))}
	at := pick(m, starts...)
	loc, err := facility.LoadLocation(at.zone)
	if err != nil {
		t.Fatal(err)
	}
	m.loc = loc
	begin := time.Date(at.year, time.Month(at.month), at.day, 0, 0, 0, 0, loc.Location)
	m.start = telemetry.InstantOf(begin).Add(pick(m, 0, m.duration(0, 6*time.Hour), m.duration(8*time.Hour, 12*time.Hour)))
	m.end = m.start.Add(m.duration(24*time.Hour, time.Duration(pick(m, 1, 2, 3, 5))*24*time.Hour))
	m.def = m.definition()
	for i := range m.def.Site.Devices {
		if d := &m.def.Site.Devices[i]; d.ID != handheld {
			m.device(d)
		}
	}
	m.people()
	s := scenario{seed: seed, way: pick(m, "punctual", "shuffled", "shuffled", "late", "late")}
	m.deliver(s.way)
	m.changes()
	for range m.IntN(20) {
		at := m.time()
		m.records = append(m.records, telemetry.Record{Kind: telemetry.KindTick, Site: siteID, At: at, Received: at})
	}
	m.aside(func() { m.fevers(s.way) })
	m.gateway()
	for i := range m.records {
		m.records[i].Received = max(m.records[i].Received, m.start) // what a device kept from before comes when the gateway is there
	}
	slices.SortStableFunc(m.records, func(a, b telemetry.Record) int { return cmp(a.Received, b.Received) })
	all := append([]telemetry.Record{m.configuration(m.def, m.start)}, m.records...)
	s.records = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: siteID, At: m.end, Received: m.end})
	for i := range s.records {
		s.records[i].Seq = uint64(i + 1)
	}
	return s
}

func (m *maker) configuration(d *rules.Definition, at telemetry.Instant) telemetry.Record {
	b, err := json.Marshal(d)
	if err != nil {
		m.t.Fatal(err)
	}
	return telemetry.Record{Kind: telemetry.KindConfiguration, Site: siteID, At: at, Received: at, Configuration: &telemetry.Configuration{Version: fmt.Sprint(at), Definition: b}}
}

// time is a second of the scenario at which nothing else happens.
func (m *maker) time() telemetry.Instant {
	return m.free(m.start.Add(m.duration(time.Second, m.end.Sub(m.start)-time.Second)))
}

func (m *maker) free(at telemetry.Instant) telemetry.Instant {
	at -= at % telemetry.Instant(time.Second)
	for m.taken[at] {
		at = at.Add(time.Second)
	}
	m.taken[at] = true
	return at
}

func (m *maker) add(r telemetry.Record, at telemetry.Instant) {
	r.Site, r.At, r.Received = siteID, at, at
	m.records = append(m.records, r)
}

func observation(device string, readings ...telemetry.Reading) telemetry.Record {
	return telemetry.Record{Kind: telemetry.KindObservation, Observation: telemetry.Observation{Device: device, Readings: readings}}
}

// people enter things: counts, corrections, levels, task logs.
func (m *maker) people() {
	for range m.IntN(10) {
		at := m.time()
		e := telemetry.Entry{ID: fmt.Sprint(at)}
		switch m.IntN(4) {
		case 0, 1:
			e.Kind, e.Subject, e.Value = telemetry.EntryCount, pick(m, "", "hall", "waiting", "play"), float64(m.IntN(30))
		case 2:
			e.Kind, e.Subject, e.Value = telemetry.EntryCorrection, pick(m, siteID, "hall", "waiting", "play"), float64(m.IntN(7)-3)
		case 3:
			e.Kind, e.Text = telemetry.EntryLevel, pick(m, "l1", "l2", "l3", "nonsense")
			if m.chance(.5) {
				e.Until = at.Add(m.duration(time.Minute, 20*time.Hour))
			}
		}
		m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &e}, at)
	}
	if m.planned {
		m.plans()
	}
	if m.upkeep {
		m.logs()
		return
	}
	for range m.IntN(8) {
		m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: pick(m, "spray", "wipe"), Value: 1}}, m.time())
	}
}

// logs are entered by two people, with agents and items, and copied from the day before.
func (m *maker) logs() {
	for range m.IntN(20) {
		at, e := m.time(), telemetry.Entry{Kind: telemetry.EntryTask, Subject: pick(m, "spray", "wipe", "cars", "cars", "counter", "counter"), Value: 1}
		e.Author, e.Text = pick(m, "", "siti", "budi"), pick(m, "", "alcohol", "water")
		e.Item = pick(m, "", "", "handle", "rail", "bell", "mask", "gloves", "shield")
		if m.chance(.3) {
			e.Began = at.Add(-m.duration(0, time.Hour))
		}
		switch m.IntN(8) {
		case 0: // a phone whose clock was set: nobody knows when
			e.Earliest, e.Phone.Done = at.Add(-m.duration(time.Minute, 20*time.Hour)), at
		case 1: // a phone that sent it later
			e.Phone.Done = at
		}
		m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &e}, at)
		for day := at.Add(24 * time.Hour); day < m.end && m.chance(.4); day = day.Add(24 * time.Hour) {
			again := e // copied from the day before
			m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &again}, day)
		}
	}
}

// plans are levels and maintenance that begin later, end, and are taken back.
func (m *maker) plans() {
	var chosen, kept []string
	for range 2 + m.IntN(8) {
		at := m.time()
		e := telemetry.Entry{ID: fmt.Sprint(at), Kind: telemetry.EntryLevel, Text: pick(m, "l1", "l2", "l3")}
		ids := &chosen
		if m.chance(.5) {
			e.Kind, e.Text, ids = telemetry.EntryMaintenance, "", &kept
			e.Subject = pick(m, "", "zone:hall", "zone:waiting", "door:main", "device:c-main", "device:thermo", "rule:capacity", "rule:alive", "zone:none", "what")
			e.Until = at.Add(m.duration(time.Minute, 12*time.Hour))
		} else if m.chance(.5) {
			e.Until = at.Add(m.duration(time.Minute, 20*time.Hour))
		}
		if m.chance(.4) {
			e.From = at.Add(m.duration(time.Minute, 10*time.Hour))
		}
		if len(*ids) > 0 && m.chance(.4) {
			e = telemetry.Entry{ID: e.ID, Kind: e.Kind, Ends: (*ids)[m.IntN(len(*ids))]}
		} else {
			*ids = append(*ids, e.ID)
		}
		m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &e}, at)
	}
}

// firstPlanned is the first seed whose scenarios have calendars, maintenance and levels for later. Those before stay as they were.
const firstPlanned = 1_000_000

// deliver says when each record is received, and sends some twice or as what the broker kept.
func (m *maker) deliver(way string) {
	backlogged := map[string][2]telemetry.Instant{}
	for i := range m.records {
		r := &m.records[i]
		switch way {
		case "shuffled":
			r.Received = r.At.Add(m.duration(0, 2*time.Minute))
		case "late":
			switch {
			case m.chance(.03):
				r.Received = r.At.Add(m.duration(0, 30*time.Hour))
			case m.chance(.2):
				r.Received = r.At.Add(m.duration(0, 20*time.Minute))
			}
			if d := r.Observation.Device; d != "" {
				b, ok := backlogged[d]
				if !ok {
					from := m.start.Add(m.duration(0, m.end.Sub(m.start)))
					b = [2]telemetry.Instant{from, from.Add(m.duration(0, 5*time.Hour))}
					backlogged[d] = b
				}
				if r.At >= b[0] && r.At < b[1] && m.chance(.9) {
					r.Received = b[1]
				}
			}
		}
		r.Received = min(r.Received, m.end)
	}
	if way == "punctual" {
		return
	}
	for _, r := range slices.Clone(m.records) {
		o := &r.Observation
		twice := r.Kind == telemetry.KindEntry && r.Entry.Kind == telemetry.EntryTask || o.Task != nil || len(o.Readings) == 1 && (o.Readings[0].Quantity == telemetry.Button || o.Readings[0].Quantity == telemetry.PeopleInTotal)
		if twice && m.chance(.2) {
			r.Received = min(m.end, r.Received.Add(m.duration(0, time.Hour)))
			m.records = append(m.records, r)
		}
		if r.Kind == telemetry.KindObservation && m.chance(.01) {
			r.Received = min(m.end, r.Received.Add(m.duration(0, time.Hour)))
			r.Observation.Flags |= telemetry.FlagRetained
			m.records = append(m.records, r)
		}
	}
}

// gateway lets the gateway be deaf for a while: what it would have received then is lost, or comes behind.
func (m *maker) gateway() {
	if m.chance(.6) {
		return
	}
	at := m.start.Add(m.duration(time.Hour, m.end.Sub(m.start)-time.Hour))
	for range 1 + m.IntN(2) {
		from, to := at, at.Add(m.duration(time.Minute, 4*time.Hour))
		if to >= m.end {
			return
		}
		m.records = slices.DeleteFunc(m.records, func(r telemetry.Record) bool {
			return r.Kind == telemetry.KindObservation && r.Received > from && r.Received < to
		})
		if m.chance(.5) {
			m.add(telemetry.Record{Kind: telemetry.KindService, Service: &telemetry.Service{Deaf: true, Since: pick(m, 0, from.Add(-20*time.Second))}}, from)
			m.add(telemetry.Record{Kind: telemetry.KindService, Service: &telemetry.Service{}}, to)
		} else {
			// It did not run: nothing happened to it then.
			m.records = slices.DeleteFunc(m.records, func(r telemetry.Record) bool { return r.Received > from && r.Received < to })
			m.add(telemetry.Record{Kind: telemetry.KindService, Service: &telemetry.Service{Since: from}}, to)
		}
		at = to.Add(m.duration(time.Minute, 10*time.Hour))
	}
}

// changes puts other definitions in force.
func (m *maker) changes() {
	d := m.def
	for range m.IntN(3) {
		b, err := json.Marshal(d)
		if err != nil {
			m.t.Fatal(err)
		}
		d = new(rules.Definition)
		if err := json.Unmarshal(b, d); err != nil {
			m.t.Fatal(err)
		}
		m.change(d)
		at := m.time()
		m.records = append(m.records, m.configuration(d, at))
	}
	// They come into force one behind the other.
	var at []telemetry.Instant
	for i := range m.records {
		if m.records[i].Kind == telemetry.KindConfiguration {
			at = append(at, m.records[i].At)
		}
	}
	slices.Sort(at)
	for i := range m.records {
		if r := &m.records[i]; r.Kind == telemetry.KindConfiguration {
			r.At, r.Received, at = at[0], at[0], at[1:]
		}
	}
}
