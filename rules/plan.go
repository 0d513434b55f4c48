package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules/shared"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// plan is a definition made ready: what it says, and the calendar it implies. Plans stay as they are, so that history
// can be judged by the one then in force.
type plan struct {
	def      *Definition
	source   shared.Packed // the definition's JSON as it was applied
	version  string
	from     telemetry.Instant
	loc      *time.Location
	city     string        // of the site, as it is listed
	late     time.Duration // lateness bound
	over     time.Duration // how far rules look back at people
	passage  float64       // people per minute that can pass one counter
	always   bool          // no opening hours are configured: it is always open
	lastOpen openState     // what open found last
	// lastService is what serviceDays found last, lastValidity what validity did.
	lastService  serviceState
	lastValidity validity
	// choices is what levelChoices found for a day.
	choices struct {
		day facility.Date
		all []LevelChoice
	}
	// measures are the quantities of each device as bits; 0: not known.
	measures []uint64
	// thermometers are the devices that measure body temperature, by index: those of which the definition says so, and
	// those that have shown it, which is the one thing a plan learns.
	thermometers []bool
	atDoor       map[string][]int // the devices that hang there, or a channel of which does, by index
	// counters are the devices that count people, likewise.
	counters    []bool
	counted     map[string]bool // zones that something counts, the building by an empty id; nil: to be found
	programs    map[programKey]*program
	expressions map[*Rule]*expressionRule
	zoneAt      index // index in the definition by id
	doorAt      index
	deviceAt    index
	taskAt      index
	kept        []kept // by quantity: what rules look back at
	keeps       uint64 // quantities that they do
}

type programKey struct {
	kind      SubjectKind
	expr      string
	condition bool
}

// newPlan makes a plan of a definition; Compile says whether the engine may use it.
func newPlan(source []byte, version string, from telemetry.Instant) (*plan, error) {
	def := new(Definition)
	if err := json.Unmarshal(source, def); err != nil {
		return nil, fmt.Errorf("reading a definition: %w", err)
	}
	def.compact()
	p, err := planOf(def)
	if err != nil {
		return nil, err
	}
	p.source, p.version, p.from = shared.Pack(source), version, from
	return p, nil
}

// planOf makes a plan of a definition that stays as it is.
func planOf(def *Definition) (*plan, error) {
	p := &plan{
		def: def, loc: def.Site.Location.Location, city: def.Site.CityName(),
		late: def.Lateness, passage: def.MaxPassages, programs: make(map[programKey]*program),
	}
	if p.late == 0 {
		p.late = DefaultLateness
	}
	if p.passage == 0 {
		p.passage = DefaultPassages
	}
	p.always = def.Site.Hours.Unset()
	p.zoneAt = indexOf(def.Site.Zones, zoneID)
	p.doorAt = indexOf(def.Site.Doors, doorID)
	p.deviceAt = indexOf(def.Site.Devices, deviceID)
	p.findAtDoors()
	p.taskAt = indexOf(def.Site.Tasks, taskID)
	for i := range def.Site.Devices {
		var m uint64
		for _, q := range def.Measures[def.Site.Devices[i].ID] {
			m |= maskOf(q)
		}
		p.measures = append(p.measures, m)
		p.thermometers = append(p.thermometers, m&maskOf(telemetry.BodyTemperature) != 0)
		p.counters = append(p.counters, m&crowdMask != 0 || m == 0 && def.Site.Devices[i].Place.Kind == facility.AtDoor)
	}
	for i := range def.Protocols {
		for k := range def.Protocols[i].Rules {
			r := &def.Protocols[i].Rules[k]
			kind, err := kindByName(r.Kind)
			if err != nil {
				return nil, err
			}
			if x, ok := r.Params.(*Expression); ok && x.Over > p.over {
				if prog := p.program(x.SubjectKind, x.Expr, true); prog != nil && prog.crowd {
					p.over = x.Over
				}
			}
			if kind.keeps == nil {
				continue
			}
			for _, q := range kind.keeps(r) {
				p.keeps |= maskOf(q.quantity)
				p.kept = append(p.kept, q)
			}
		}
	}
	if slices.ContainsFunc(def.Site.Devices, func(d facility.Device) bool { return d.Ambient != nil }) {
		p.keeps |= maskOf(telemetry.Temperature)
		p.kept = append(p.kept, kept{quantity: telemetry.Temperature, exact: true})
	}
	slices.SortStableFunc(p.kept, func(a, b kept) int { return cmp.Compare(a.quantity, b.quantity) })
	p.kept = trimmed(p.kept)
	return p, nil
}

// findAtDoors finds what hangs at each door.
func (p *plan) findAtDoors() {
	p.atDoor = make(map[string][]int)
	for i := range p.def.Site.Devices {
		for _, at := range p.def.Site.Devices[i].Places() {
			if here := p.atDoor[at.ID]; at.Kind == facility.AtDoor && !slices.Contains(here, i) {
				p.atDoor[at.ID] = append(here, i)
			}
		}
	}
}

// measuredAt reports whether the configuration says that a device at a place measures one of the quantities.
func (p *plan) measuredAt(at facility.Place, mask uint64) bool {
	for i := range p.measures {
		if p.measures[i]&mask != 0 && slices.Contains(p.def.Site.Devices[i].Places(), at) {
			return true
		}
	}
	return false
}

// measuredIn is the same of a zone.
func (p *plan) measuredIn(zone string, mask uint64) bool {
	return p.measuredAt(facility.Place{Kind: facility.AtZone, ID: zone}, mask)
}

// wanted is what rules look back at of a quantity.
func (p *plan) wanted(q telemetry.Quantity) []kept {
	from, _ := slices.BinarySearchFunc(p.kept, q, func(k kept, q telemetry.Quantity) int { return cmp.Compare(k.quantity, q) })
	to := from
	for to < len(p.kept) && p.kept[to].quantity == q {
		to++
	}
	return p.kept[from:to:to]
}

// index are the places of things in a definition, by their ids: in a twentieth of the memory that a map takes.
type index []int32

func indexOf[T any](all []T, id func(*T) string) index {
	at := make(index, len(all))
	for i := range all {
		at[i] = int32(i)
	}
	slices.SortFunc(at, func(a, b int32) int { return cmp.Or(strings.Compare(id(&all[a]), id(&all[b])), int(b-a)) })
	return at
}

// find gives the place of the thing with an id.
func find[T any](all []T, at index, is string, id func(*T) string) (int, bool) {
	n, ok := slices.BinarySearchFunc(at, is, func(i int32, is string) int { return strings.Compare(id(&all[i]), is) })
	if !ok {
		return 0, false
	}
	return int(at[n]), true
}

func zoneID(z *facility.Zone) string     { return z.ID }
func doorID(d *facility.Door) string     { return d.ID }
func deviceID(d *facility.Device) string { return d.ID }
func taskID(t *facility.Task) string     { return t.ID }

// zone, door, device and task find what a subject's id names; the zero value if the plan has none.
func (p *plan) zone(id string) *facility.Zone { return lookup(p.def.Site.Zones, p.zoneAt, id, zoneID) }
func (p *plan) door(id string) *facility.Door { return lookup(p.def.Site.Doors, p.doorAt, id, doorID) }
func (p *plan) device(id string) *facility.Device {
	return lookup(p.def.Site.Devices, p.deviceAt, id, deviceID)
}
func (p *plan) task(id string) *facility.Task { return lookup(p.def.Site.Tasks, p.taskAt, id, taskID) }

func lookup[T any](all []T, at index, is string, id func(*T) string) *T {
	if i, ok := find(all, at, is, id); ok {
		return &all[i]
	}
	return new(T)
}

// exact is how long facts are kept exactly: long enough that late arrivals within the bound find what they need.
func (p *plan) exact() time.Duration { return p.late + time.Minute }

// exactCrowd is how long people are kept exactly: rules may look back at them.
func (p *plan) exactCrowd() time.Duration { return p.exact() + p.over }

// ruleRef is a rule by its place in a plan.
type ruleRef struct{ protocol, rule int }

func (p *plan) protocol(r ruleRef) *Protocol { return &p.def.Protocols[r.protocol] }
func (p *plan) rule(r ruleRef) *Rule         { return &p.def.Protocols[r.protocol].Rules[r.rule] }

// names reports whether the rule's list of subjects names the id.
func (r *Rule) names(id string) bool { return slices.Contains(r.Subjects, id) }

// severity is the rule's, or the default.
func (r *Rule) severity() Severity {
	if r.Severity != "" {
		return r.Severity
	}
	if k, _ := kindByName(r.Kind); k.severity != "" {
		return k.severity
	}
	return Warning
}

// class is the rule's, or its kind's.
func (r *Rule) class() Class {
	if r.Class == "" {
		return DefaultClass(r.Kind)
	}
	return r.Class
}

// deviceSubjects lists the devices that a rule names, else those that fit by index.
func (p *plan) deviceSubjects(r *Rule, fits func(i int) bool) []Subject {
	var out []Subject
	for i := range p.def.Site.Devices {
		id := p.def.Site.Devices[i].ID
		if r.names(id) || len(r.Subjects) == 0 && fits(i) {
			out = append(out, Subject{SubjectDevice, id})
		}
	}
	return out
}

// taskSubjects lists the tasks that a rule names, else those of a kind.
func (p *plan) taskSubjects(r *Rule, kind facility.TaskKind) []Subject {
	var out []Subject
	for i := range p.def.Site.Tasks {
		t := &p.def.Site.Tasks[i]
		if r.names(t.ID) || len(r.Subjects) == 0 && t.Kind == kind {
			out = append(out, Subject{SubjectTask, t.ID})
		}
	}
	return out
}

// allSubjects lists the subjects of a kind that fit.
func (p *plan) allSubjects(kind SubjectKind, fits func(id string) bool) []Subject {
	var out []Subject
	add := func(id string) {
		if fits(id) {
			out = append(out, Subject{kind, id})
		}
	}
	site := &p.def.Site
	switch kind {
	case SubjectSite:
		out = append(out, Subject{kind, site.ID})
	case SubjectZone:
		for i := range site.Zones {
			add(site.Zones[i].ID)
		}
	case SubjectDoor:
		for i := range site.Doors {
			add(site.Doors[i].ID)
		}
	case SubjectDevice:
		for i := range site.Devices {
			add(site.Devices[i].ID)
		}
	case SubjectTask:
		for i := range site.Tasks {
			add(site.Tasks[i].ID)
		}
	}
	return out
}

// countMask are the quantities of a people counter.
const countMask = 1<<telemetry.PeopleIn | 1<<telemetry.PeopleOut | 1<<telemetry.PeopleInTotal | 1<<telemetry.PeopleOutTotal

// crowdMask are the quantities that say how many people are somewhere.
const crowdMask = countMask | 1<<telemetry.PeoplePresent

// totalMask are the running totals among them.
const totalMask = 1<<telemetry.PeopleInTotal | 1<<telemetry.PeopleOutTotal

// doorway is what the door at a place lets through.
func (p *plan) doorway(at facility.Place) doorway {
	if at.Kind == facility.AtDoor {
		if n := p.door(at.ID).MaxPassages; n > 0 {
			return doorway{n}
		}
	}
	return doorway{p.passage}
}

// unit names the hardware behind the i-th device and what its counts mean at the place where it, or a channel of it, hangs. A sensor that was replaced begins a new baseline
// under the old name, and so does one that was turned round or hung elsewhere: no step leads from the one to the other.
func (p *plan) unit(i int, at facility.Place, swap bool) string {
	d := &p.def.Site.Devices[i]
	parts := []string{d.Model, d.Address, string(at.Kind), at.ID, "", "", ""}
	if at.Kind == facility.AtDoor {
		door := p.door(at.ID)
		parts[4], parts[5] = door.From, door.To
	}
	if swap {
		parts[6] = "swap"
	}
	return strings.Join(parts, "\x00")
}

// mayCount reports whether a device may turn out to count people who pass.
func (p *plan) mayCount(i int) bool { return p.measures[i] == 0 || p.measures[i]&countMask != 0 }

// program compiles an expression once; Compile has seen that it can be.
func (p *plan) program(kind SubjectKind, expr string, condition bool) *program {
	key := programKey{kind, expr, condition}
	if prog, ok := p.programs[key]; ok {
		return prog
	}
	prog, err := compileProgram(kind, expr, condition)
	if err != nil {
		prog = nil
	}
	p.programs[key] = prog
	return prog
}
