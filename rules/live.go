package rules

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// View is the live state.
func (e *Engine) View() View {
	e.answers = 0
	v := View{Site: e.site, Now: e.clock, Record: e.record, Verdict: Unknown}
	if e.plan == nil {
		v.Persons = Estimate{Reason: ReasonNoData}
		return v
	}
	today := e.plan.date(e.clock)
	site := &e.plan.def.Site
	v.Note = site.Note
	v.Name, v.Zone, v.Version, v.Level = site.Name, site.Location.String(), e.plan.version, e.levels.now
	v.Region, v.City, v.Latitude, v.Longitude = site.RegionName(), e.plan.city, site.Latitude, site.Longitude
	v.Open, _, v.NextChange = e.plan.open(e.clock)
	if v.NextChange == telemetry.Never {
		v.NextChange = 0
	}
	valid := e.plan.validity(e.clock)
	v.InForce, v.Coming = valid.inForce, valid.coming
	for i := range v.InForce {
		v.Protocols = append(v.Protocols, v.InForce[i].Title)
	}
	v.LevelName = LevelName(v.InForce, v.Level)
	v.Maintenance, v.Day = e.maintenance(), site.Hours.Reason(today)
	v.Levels, v.Chosen = e.plan.levelChoices(today), e.levels.chosen(e.clock)
	worst, idle := make(map[Subject]Verdict), make(map[Subject]bool)
	judged := false
	v.Verdicts = make([]VerdictView, 0, len(e.instances))
	for _, i := range e.instances {
		if i.now().rule == nil {
			continue
		}
		view := e.verdictView(i)
		v.Verdicts = append(v.Verdicts, view)
		if !view.Idle() && !view.aside() {
			if of := view.OfSite(); !judged || worse(of, v.Verdict) {
				v.Verdict = of
			}
			judged = true
		}
		// What is not judged yet says something about a subject only where nothing else does.
		if w, ok := worst[i.subject]; !ok || idle[i.subject] && !view.Idle() || worse(view.Verdict, w) && !view.Idle() {
			worst[i.subject], idle[i.subject] = view.Verdict, view.Idle()
		}
	}
	about := func(kind SubjectKind, id string) Verdict {
		if w, ok := worst[Subject{kind, id}]; ok {
			return w
		}
		return Unknown
	}
	v.Persons, v.Intake, v.Building = e.estimateView(e.building), e.intake(), e.houseOf(e.building)
	v.Zones, v.Doors = make([]ZoneView, 0, len(e.zones)), make([]DoorView, 0, len(e.doors))
	v.Devices, v.Tasks = make([]DeviceView, 0, len(e.devices)), make([]TaskView, 0, len(e.tasks))
	for i, z := range e.zones {
		zone := e.zoneView(&site.Zones[i], z, about(SubjectZone, z.id))
		v.advise(&zone, leadsIn(site, z.id))
		v.Zones = append(v.Zones, zone)
	}
	for i, d := range e.doors {
		def := &site.Doors[i]
		v.Doors = append(v.Doors, DoorView{
			ID: def.ID, Name: def.Name, From: def.From, To: def.To, InToday: d.today.in.number(), OutToday: d.today.out.number(),
			InTotal: d.total.in.number(), OutTotal: d.total.out.number(), Screened: float64(d.screened), TooWarm: float64(d.tooWarm),
			LastCount: d.counted, Verdict: about(SubjectDoor, def.ID), Counters: e.counterViews(d),
		})
	}
	for i, d := range e.devices {
		def := &site.Devices[i]
		v.Devices = append(v.Devices, DeviceView{
			ID: def.ID, Name: def.Name, Model: def.Model, Place: def.Place, LastSeen: d.seen, Messages: d.messages,
			Verdict: about(SubjectDevice, def.ID), Readings: d.allValues(),
			Offset: def.Offset, Offsets: d.offsets, Parts: d.partViews(),
		})
	}
	v.Cases, v.CasesCut = e.caseViews()
	for i, t := range e.tasks {
		def := &site.Tasks[i]
		last, since := t.lastDone(def.Items, e.clock)
		v.Tasks = append(v.Tasks, TaskView{
			ID: def.ID, Name: def.Name, Place: def.Place, LastDone: last, LastSince: since, NextDue: e.nextDue(t), Verdict: about(SubjectTask, def.ID),
			Kind: def.Kind, Items: t.items(def.Items, e.clock),
		})
	}
	return v
}

func (e *Engine) verdictView(i *instance) VerdictView {
	era, s := i.now(), i.present()
	view := VerdictView{
		Rule: i.rule, Kind: era.rule.Kind, Class: era.class, Severity: era.rule.severity(), Subject: i.subject,
		SubjectName: e.subjectName(i.subject), Verdict: s.verdict, Near: s.near, Since: s.since,
		Phase: s.alarm.phase, PhaseSince: s.alarm.since, Explanation: i.explain(e.clock), Legal: era.rule.Legal,
	}
	if view.Phase == Firing && !i.told.firing {
		view.Phase, view.AlarmDue = Pending, i.told.held // late data made it: it is held back until it has stood for a while
	}
	if view.Phase == Firing && s.alarm.clear != 0 {
		view.AlarmEnds = s.alarm.clear.Add(era.rule.KeepFiring)
	}
	if view.Legal == "" {
		view.Legal = era.protocol.Legal
	}
	view.Title = era.rule.Title
	if s.alarm.phase == Pending {
		view.AlarmDue = view.PhaseSince.Add(era.rule.For)
	}
	return view
}

// subjectName is what people call a subject.
func (e *Engine) subjectName(s Subject) string {
	site := &e.plan.def.Site
	name := ""
	switch s.Kind {
	case SubjectSite:
		name = site.Name
	case SubjectZone:
		name = site.Zones[e.zoneByID[s.ID].index].Name
	case SubjectDoor:
		name = site.Doors[e.doorByID[s.ID].index].Name
	case SubjectDevice:
		name = site.Devices[e.deviceByID[s.ID].index].Name
	case SubjectTask:
		name = site.Tasks[e.taskByID[s.ID].index].Name
	case SubjectUplink:
		u, _ := site.Uplink(s.ID)
		name = u.Name
	}
	if name == "" {
		return s.ID
	}
	return name
}

func (e *Engine) estimateView(z *zoneState) Estimate {
	est, _ := z.estimate(e.clock)
	if !e.plan.counts(z.id) {
		return Estimate{Reason: ReasonNoData}
	}
	return Estimate{
		Persons: est.persons.number(), Error: est.err().number(), Low: est.low.number(), High: est.high.number(), Measured: true,
		Known: est.known, Reason: est.reason, Raw: est.raw.number(), Anchor: est.anchor,
	}
}

func (e *Engine) zoneView(def *facility.Zone, z *zoneState, worst Verdict) ZoneView {
	v := ZoneView{
		ID: def.ID, Name: def.Name, Persons: e.estimateView(z), Verdict: worst, InToday: z.today.in.number(), OutToday: z.today.out.number(),
	}
	if z.capacity != nil && z.capacity.now().rule != nil {
		v.Near = z.capacity.present().near
		if f, _ := z.capacity.ask(e.clock, Within); f.hasLimit {
			v.Limit, v.HasLimit, v.Binding = f.limit, true, f.constraint
		}
	}
	v.CountAsked = e.countAsked(z)
	v.Stay = z.now.stayView()
	for _, d := range z.devices {
		v.Readings = d.lastValues(v.Readings, false)
	}
	v.Readings = newestValues(v.Readings)
	v.Seats, v.Room = e.seatsOf(z), e.room(z)
	return v
}

// allValues are the newest readings of a whole device.
func (d *deviceState) allValues() []LastValue {
	to := d.lastValues(nil, true)
	for _, p := range d.parts {
		to = p.lastValues(to, true)
	}
	return to
}

// partViews are the channels of a device that have a place of their own.
func (d *deviceState) partViews() []PartView {
	var all []PartView
	for _, p := range d.parts {
		all = append(all, PartView{Channel: p.channel, Offset: p.mounting.Offset, Offsets: p.offsets})
	}
	return all
}

// lastValues appends the newest readings of a device: all, or those about its place.
func (d *deviceState) lastValues(to []LastValue, all bool) []LastValue {
	for i := range d.values {
		if v := &d.values[i]; all || d.about(v.quantity, v.channel) {
			to = append(to, LastValue{Quantity: v.quantity, Channel: v.channel, Value: v.value, Unit: v.quantity.Unit(), At: v.at, Device: d.id})
		}
	}
	return to
}

// newestValues keeps of each gauge and flag the newest value, in the order of the quantities.
func newestValues(all []LastValue) []LastValue {
	var out []LastValue
	for _, q := range telemetry.Quantities() {
		if !usable(q) {
			continue
		}
		best := -1
		for i := range all {
			if all[i].Quantity == q && (best < 0 || all[i].At > all[best].At) {
				best = i
			}
		}
		if best >= 0 {
			out = append(out, all[best])
		}
	}
	return out
}

// nextDue is the earliest time at which a rule wants the task done; 0: nothing is due.
func (e *Engine) nextDue(t *taskState) telemetry.Instant {
	next := telemetry.Never
	for _, i := range t.watchers {
		j, ok := i.now().judge.(interface {
			due(t telemetry.Instant) telemetry.Instant
		})
		if !ok {
			continue
		}
		if at := j.due(e.clock); at != 0 {
			next = min(next, at)
		}
	}
	if next == telemetry.Never {
		return 0
	}
	return next
}
