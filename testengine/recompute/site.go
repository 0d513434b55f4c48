package recompute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The verdicts, by their numbers.
const (
	Unknown  = -1
	Within   = 0
	Breached = 1
)

// Answer is what a rule says about a subject at one time.
type Answer struct {
	Verdict int
	Near    bool // unknown because it is near the limit
	// Idle: unknown because there is nothing to judge (closed, nothing due, no limit), which asks nobody to doubt.
	Idle   bool
	Upkeep bool // idle because of maintenance
	// Explained: breached, and an alert about what it hangs on names it.
	Explained bool
}

// Key is a rule about a subject.
type Key struct{ Rule, Kind, ID string }

// Site is all records of a site, sorted by what they are about.
type Site struct {
	id      string
	end     telemetry.Instant
	configs []*config
	levels  []levelEntry
	backs   []levelBack
	upkeeps []workTime
	overs   []levelBack // of maintenance
	deaf    []span
	tasks   map[string][]taskLog
	// outcomes are what people said of cases.
	outcomes []outcome
	queues   map[queued][]*person
	devices  []*device // parts behind the whole devices
	doors    map[string]*door
	zones    map[string]*zone // the building by ""
	keys     []Key
	times    map[Key][]telemetry.Instant
	cond     map[string]condition
	late     []lateness
	// By how much the interval of people is shifted, to ask what would be said then.
	slackLow, slackHigh float64
	passedBy            telemetry.Instant   // to ask what would be said if people had passed up to then; 0: up to the time that is asked about
	turns               []telemetry.Instant // when it opens or closes
	from                map[question]telemetry.Instant
	shifts              map[shiftsOf][]opening // of the rules about staff
	breathed            map[breathed]Answer    // what rules about air say, for each step
	losses              map[question]loss
	health              map[string]*health // by device
	trusts              map[judgedDay]trust
	cuts                map[cutAt]cut
	cutTimes            map[*rule][]telemetry.Instant
}

// question is one about an outage that is asked again and again.
type question struct {
	device   *device
	from, to telemetry.Instant
	zone     *zone
}

type levelEntry struct {
	from, made, until telemetry.Instant
	id, level         string
}

// workTime is maintenance that a person entered.
type workTime struct {
	id, subject string
	from, until telemetry.Instant
}

// levelBack takes a level back that people chose.
type levelBack struct {
	id string
	at telemetry.Instant
}

type span struct{ from, to telemetry.Instant }

type taskLog struct {
	at, began, received      telemetry.Instant
	early                    telemetry.Instant // the first time at which it can have been done
	item, press, agent, from string            // from: the device, or a person behind a colon
	person                   bool
}

// New sorts the records of a site, which are in the order in which they were received. The last one's time is the present.
func New(id string, records []telemetry.Record) (*Site, error) {
	s := &Site{id: id, tasks: map[string][]taskLog{}, doors: map[string]*door{}, zones: map[string]*zone{}, times: map[Key][]telemetry.Instant{}, cond: conditions(), from: map[question]telemetry.Instant{}, losses: map[question]loss{}, health: map[string]*health{}, trusts: map[judgedDay]trust{}, cuts: map[cutAt]cut{}, cutTimes: map[*rule][]telemetry.Instant{}, breathed: map[breathed]Answer{}, queues: map[queued][]*person{}}
	for i := range records {
		r := &records[i]
		s.end = max(s.end, r.Received)
		if r.Kind != telemetry.KindConfiguration {
			continue
		}
		c := &config{from: s.end, source: r.Configuration.Definition}
		if n := len(s.configs); n > 0 && bytes.Equal(s.configs[n-1].source, c.source) {
			continue
		}
		if err := json.Unmarshal(c.source, &c.definition); err != nil {
			return nil, fmt.Errorf("reading a definition: %w", err)
		}
		for p := range c.Protocols {
			for k := range c.Protocols[p].Rules {
				x := &c.Protocols[p].Rules[k]
				x.protocol = &c.Protocols[p]
				if err := json.Unmarshal(x.Params, &x.params); err != nil {
					return nil, fmt.Errorf("reading rule %q: %w", x.ID, err)
				}
			}
		}
		if c.Lateness == 0 {
			c.Lateness = 2 * time.Minute
		}
		if c.MaxPassages == 0 {
			c.MaxPassages = 100
		}
		s.configs = append(s.configs, c)
	}
	if len(s.configs) == 0 {
		return nil, fmt.Errorf("site %q has no configuration", id)
	}
	for _, c := range s.configs {
		c.days = newDays(&c.Site, records)
		for p := range c.Protocols {
			x := &c.Protocols[p]
			x.begins, x.ends = c.moment(x.From, x.FromTime), telemetry.Never
			if !x.Until.IsZero() {
				x.ends = c.moment(x.Until, x.UntilTime)
			}
		}
	}
	s.findTurns()
	s.build()
	for i := range records {
		s.take(&records[i])
	}
	s.finish()
	return s, nil
}

// config is the configuration in force at t; before the first it is the first.
func (s *Site) config(t telemetry.Instant) *config {
	c := s.configs[0]
	for _, next := range s.configs[1:] {
		if next.from <= t {
			c = next
		}
	}
	return c
}

// last is the configuration in force at the end.
func (s *Site) last() *config { return s.configs[len(s.configs)-1] }

// rule finds the rule of an id that is in force at t: of two the one whose protocol began later.
func (s *Site) rule(id string, t telemetry.Instant) *rule {
	c := s.config(t)
	var found *rule
	began := telemetry.Instant(0)
	for p := range c.Protocols {
		x := &c.Protocols[p]
		if len(c.Site.Protocols) > 0 && !slices.Contains(c.Site.Protocols, x.ID) {
			continue
		}
		if t < x.begins || t >= x.ends {
			continue
		}
		for k := range x.Rules {
			r := &x.Rules[k]
			if r.ID == id && (found == nil || x.begins >= began) {
				found, began = r, x.begins
			}
		}
	}
	return found
}

// At is what the rule says about the subject at t, as everything that is known now tells.
func (s *Site) At(k Key, t telemetry.Instant) Answer {
	return s.judge(k, t, false)
}

// judge answers a question; firing asks whether an alarm that fires may end.
func (s *Site) judge(k Key, t telemetry.Instant, firing bool) Answer {
	nothing := Answer{Verdict: Unknown, Idle: true}
	if t < s.configs[0].from {
		return nothing
	}
	r := s.rule(k.Rule, t)
	if r == nil || !s.about(s.config(t), r, k) {
		return nothing
	}
	if s.maintained(k, t) {
		return Answer{Verdict: Unknown, Idle: true, Upkeep: true}
	}
	switch r.Kind {
	case "capacity":
		return s.capacity(r, k, t, firing)
	case "distancing":
		return s.distancing(r, k, t)
	case "temperature":
		return s.temperature(r, k, t)
	case "disinfection":
		return s.disinfection(r, k, t)
	case "silence":
		return s.silence(r, k, t)
	case "screening":
		return s.screening(r, k, t)
	case "afterhours":
		return s.afterHours(r, k, t)
	case "cutoff":
		return s.cutoff(r, t)
	case "queue":
		return s.queue(r, k, t)
	case "quota":
		return s.quota(r, t)
	case "seats":
		return s.seats(r, k, t)
	case "coverage":
		return s.coverage(r, k, t)
	case "air":
		b := breathed{k, r, t - t%step}
		if s.slackLow != 0 || s.slackHigh != 0 {
			return s.air(r, k, t)
		}
		if _, ok := s.breathed[b]; !ok {
			s.breathed[b] = s.air(r, k, t)
		}
		return s.breathed[b]
	case "masks":
		return s.masks(r, k, t)
	case "hygiene":
		return s.hygiene(r, k, t)
	case "vehicles":
		return s.vehicles(r, k, t)
	case "staff":
		return s.staff(r, k, t)
	case "clock":
		return s.clock(r, k, t)
	case "rejected":
		return s.rejected(r, k, t)
	case "lost":
		return s.missing(r, k, t)
	case "frozen":
		return s.frozen(r, k, t)
	case "battery":
		return s.battery(r, k, t)
	case "tamper":
		return s.tamper(r, k, t)
	case "dead_counter":
		return s.deadCounter(r, k, t)
	case "outage":
		return s.outage(r, k, t)
	case "credibility":
		return s.trusted(r, k.ID, t).Answer
	}
	return s.expression(r, k, t)
}

// Keys are all rules and what they judge.
func (s *Site) Keys() []Key { return s.keys }

// about reports whether a rule judges a subject.
func (s *Site) about(c *config, r *rule, k Key) bool {
	named := slices.Contains(r.Subjects, k.ID)
	all := len(r.Subjects) == 0
	p := &r.params
	switch r.Kind {
	case "capacity":
		if k.Kind == "site" {
			return (p.Site || named) && s.zones[""].counted
		}
		if k.Kind != "zone" {
			return false
		}
		_, any := s.fullLimit(c.zone(k.ID), p)
		return (named || all && any) && s.zones[k.ID].counted
	case "distancing":
		return k.Kind == "zone" && (named || all && p.Density && c.zone(k.ID).Area > 0)
	case "temperature":
		return k.Kind == "device" && (named || all && s.device(k.ID).measures(telemetry.BodyTemperature))
	case "disinfection":
		return k.Kind == "task" && (named || all && c.task(k.ID).Kind == "")
	case "staff":
		return k.Kind == "task" && (named || all && c.task(k.ID).Kind == "checklist")
	case "vehicles":
		return k.Kind == "task" && (named || all && c.task(k.ID).Kind == "vehicles")
	case "masks":
		return c.measuredAt(r, k, telemetry.MaskWorn, telemetry.MaskMissing)
	case "hygiene":
		return c.measuredAt(r, k, telemetry.Dispensed, telemetry.FillLevel)
	case "silence":
		return k.Kind == "device" && (named || all && p.bound(c.device(k.ID).Interval) > 0)
	case "coverage", "screening":
		return k.Kind == "door" && (named || all && s.doors[k.ID].counter && len(s.doors[k.ID].thermometers) > 0)
	case "afterhours":
		return k.Kind == "site" && (named || all) && s.zones[""].counted || k.Kind == "zone" && named && s.zones[k.ID].counted
	case "cutoff":
		return k.Kind == "site" && (named || all) && s.zones[""].counted && (s.allowed(r, c) > 0 || c.Site.Hours.QueueCloses > 0)
	case "queue":
		return k.Kind == "zone" && (named || all && c.zone(k.ID).QueueFor != "") && s.zones[k.ID].counted
	case "quota":
		return k.Kind == "site" && (named || all) && s.zones[""].counted && s.allowed(r, c) > 0
	case "seats":
		return k.Kind == "zone" && len(c.zone(k.ID).SeatMap) > 0 && (named || all && len(c.Site.SeatSensors(k.ID)) > 0)
	case "air":
		return k.Kind == "zone" && (named || all && c.hasVolume(k.ID))
	case "clock", "rejected":
		return k.Kind == "device" && (named || all)
	case "lost":
		return k.Kind == "device" && (named || all && c.device(k.ID).Interval > 0)
	case "frozen":
		return k.Kind == "device" && (named || all && c.promises(k.ID, p.Quantities...))
	case "battery":
		return k.Kind == "device" && (named || all && c.promises(k.ID, telemetry.Battery, telemetry.BatteryVoltage))
	case "tamper":
		return k.Kind == "device" && (named || all && c.promises(k.ID, telemetry.Tamper))
	case "dead_counter":
		return k.Kind == "device" && (named || all && c.promises(k.ID, counting...))
	case "credibility":
		return k.Kind == "device" && (named || all && s.device(k.ID).measures(telemetry.BodyTemperature))
	case "outage":
		return (k.Kind == "device" || k.Kind == "uplink") && (named || all) && c.holdsDevices(k.ID)
	case "expression":
		return k.Kind == p.SubjectKind && (k.Kind == "site" || named || all)
	}
	return false
}
