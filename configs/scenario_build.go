package configs

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// scenarioBuilder makes records of what is written, one scenario after the other.
type scenarioBuilder struct {
	*loader
	file       string
	definition rules.Definition
	rules      []string // ids

	start, end telemetry.Instant
	absent     []absence
	records    []telemetry.Record
}

// absence is a time in which messages do not arrive: of one device, or of all.
type absence struct {
	devices     []string // empty: of all
	from, until telemetry.Instant
}

func (b *scenarioBuilder) location() *time.Location { return b.definition.Site.Location.Location }

func (b *scenarioBuilder) problem(at strict.Position, format string, args ...any) {
	b.problems.Add(at, format, args...)
}

// read is when a moment is; it may be before the start.
func (b *scenarioBuilder) read(m scenarioTime) (telemetry.Instant, error) {
	return m.parse(b.start, b.location())
}

// time is when a moment is; 0: none is given. The clock runs at least until then.
func (b *scenarioBuilder) time(m scenarioTime) telemetry.Instant {
	if m.text == "" || b.start == 0 {
		return 0
	}
	at, err := b.read(m)
	switch {
	case err != nil:
		b.problem(m.at, "%v", err)
		return 0
	case at < b.start:
		b.problem(m.at, "%s lies before the start (%s): nothing is judged yet", m.text, b.start.In(b.location()).Format("2006-01-02 15:04"))
		return 0
	}
	b.end = max(b.end, at)
	return at
}

// build makes one scenario.
func (b *scenarioBuilder) build(path string, d *scenarioDoc) rehearse.Scenario {
	b.start, b.end, b.absent, b.records = 0, 0, nil, nil
	if d.Start.text == "" {
		return rehearse.Scenario{} // a problem already
	}
	start, err := d.Start.parse(0, b.location())
	if err != nil {
		b.problem(d.Start.at, "%v", err)
		return rehearse.Scenario{}
	}
	b.start, b.end = start, start
	for i := range d.Events {
		b.event(&d.Events[i])
	}
	for i := range d.Readings {
		b.series(&d.Readings[i], d.Interval)
	}
	b.records = slices.DeleteFunc(b.records, b.missing)
	sort.SliceStable(b.records, func(i, k int) bool { return b.records[i].Received < b.records[k].Received })
	for i := range b.records {
		b.end = max(b.end, b.records[i].Received)
	}
	s := rehearse.Scenario{File: b.file, Name: d.Name, Definition: b.definition, Start: start, Records: b.records, Expect: b.expect(path+".expect", &d.Expect)}
	s.End = b.end
	if d.Until.text != "" {
		if s.End = b.time(d.Until); s.End != 0 && s.End < b.end {
			b.problem(d.Until.at, "until lies before %s, which the scenario is about", b.end.In(b.location()).Format("2006-01-02 15:04"))
		}
	}
	return s
}

// missing tells a message that did not arrive.
func (b *scenarioBuilder) missing(rec telemetry.Record) bool {
	return rec.Kind == telemetry.KindObservation && slices.ContainsFunc(b.absent, func(a absence) bool {
		of := rec.At // a silent device does not send; what is sent while nobody listens is lost
		if len(a.devices) == 0 {
			of = rec.Received
		}
		return of >= a.from && of < a.until && (len(a.devices) == 0 || slices.Contains(a.devices, rec.Observation.Device))
	})
}

// message is what a reading or a message has beside its quantities.
type message struct {
	device     string
	channel    string
	interval   time.Duration
	delay      time.Duration
	boot       string
	deviceTime string
	flags      telemetry.Flags
	provenance telemetry.Provenance
}

// messageKeys are the keys of a message beside its quantities.
var messageKeys = []string{"at", "device", "channel", "delay", "seq", "boot", "device_time", "flags", "provenance"}

var flagWords = map[string]telemetry.Flags{
	"clock": telemetry.FlagClock, "retained": telemetry.FlagRetained, "late": telemetry.FlagLate, "history": telemetry.FlagHistory,
	"unacknowledged": telemetry.FlagUnacknowledged,
}

// take reads a key that is no quantity; false: it is none of them.
func (b *scenarioBuilder) take(m *message, f *flatField) bool {
	duration := func(d *time.Duration) {
		v, err := strict.ParseDuration(f.text)
		if err != nil {
			b.problem(f.at, "%s: %v", f.name, err)
		}
		*d = v
	}
	switch f.name {
	case "at", "seq":
	case "device":
		m.device = f.text
		if _, ok := b.definition.Site.Device(f.text); !ok {
			b.problem(f.at, "device %q does not exist, %s", f.text, strict.Suggestion(f.text, b.devices()))
		}
	case "channel":
		m.channel = f.text
	case "interval":
		if duration(&m.interval); m.interval <= 0 {
			m.interval = time.Hour // it is a problem, or becomes one
			if f.text == "0s" {
				b.problem(f.at, "interval is 0s, want more")
			}
		}
	case "delay":
		duration(&m.delay)
	case "boot":
		m.boot = f.text
	case "device_time":
		m.deviceTime = f.text
	case "flags":
		for _, word := range f.texts() {
			flag, ok := flagWords[word]
			if !ok {
				b.problem(f.at, "flag %q, %s", word, strict.Suggestion(word, []string{"clock", "retained", "late", "history", "unacknowledged"}))
			}
			m.flags |= flag
		}
	case "provenance":
		all := []telemetry.Provenance{telemetry.Sensor, telemetry.Manual, telemetry.Corrected, telemetry.Estimated}
		at := slices.IndexFunc(all, func(p telemetry.Provenance) bool { return p.String() == f.text })
		if at < 0 {
			b.problem(f.at, "provenance %q, want one of sensor, manual, corrected, estimated", f.text)
			break
		}
		m.provenance = all[at]
	default:
		return false
	}
	return true
}

func (b *scenarioBuilder) devices() []string {
	var ids []string
	for i := range b.definition.Site.Devices {
		ids = append(ids, b.definition.Site.Devices[i].ID)
	}
	return ids
}

// quantity finds what a key measures, and that the device does so.
func (b *scenarioBuilder) quantity(m *message, f *flatField, known []string) (telemetry.Quantity, bool) {
	q, err := telemetry.ParseQuantity(f.name)
	if err != nil {
		words := slices.Clone(known)
		for _, q := range telemetry.Quantities() {
			words = append(words, q.String())
		}
		b.problem(f.key, "unknown key %q, %s", f.name, strict.Suggestion(f.name, words))
		return q, false
	}
	d, ok := b.definition.Site.Device(m.device)
	if ok && len(d.Measures) > 0 && !slices.Contains(d.Measures, q) && !aboutItself(q) {
		b.problem(f.key, "device %q is configured to measure %v alone: the gateway refuses %s", d.ID, d.Measures, q)
		return q, false
	}
	return q, true
}

// aboutItself are the quantities that are taken from each device.
func aboutItself(q telemetry.Quantity) bool {
	return q == telemetry.Battery || q == telemetry.BatteryVoltage || q == telemetry.DeviceTemperature || q == telemetry.Tamper
}

// series makes the messages of a series: one at a time for all its quantities.
func (b *scenarioBuilder) series(d *flatDoc, interval time.Duration) {
	m := message{interval: interval}
	first := b.start
	if f := d.has("at"); f != nil {
		first = b.time(scenarioTime{f.text, f.at})
	}
	if f := d.has("device"); f != nil {
		b.take(&m, f)
	} else if len(d.fields) > 0 {
		b.problem(d.at, "device is missing, want the id of a device")
	}
	var sequence []rehearse.Sample
	type row struct {
		quantity telemetry.Quantity
		samples  []rehearse.Sample
		field    *flatField
	}
	var rows []row
	longest, before := 0, len(b.problems)
	for i := range d.fields {
		f := &d.fields[i]
		if f.name == "device" || f.name != "seq" && b.take(&m, f) || f.name == "interval" {
			continue
		}
		var q telemetry.Quantity
		if f.name != "seq" {
			var ok bool
			if q, ok = b.quantity(&m, f, append([]string{"interval"}, messageKeys...)); !ok {
				continue
			}
		}
		samples, err := rehearse.Series(f.text, q == telemetry.Button)
		if err != nil {
			b.problem(f.at, "%s: %v", f.name, err)
			continue
		}
		if f.name == "seq" {
			sequence = samples
			continue
		}
		rows = append(rows, row{q, samples, f})
		longest = max(longest, len(samples))
	}
	if len(rows) == 0 && len(b.problems) == before {
		b.problem(d.at, "no quantity, want one or more of what the device measures, such as people_in: 0+1x10")
	}
	for i := range longest {
		rec := b.observation(&m, first.Add(time.Duration(i)*m.interval))
		for _, r := range rows {
			if i >= len(r.samples) || r.samples[i].Gap {
				continue
			}
			b.reading(&rec, &m, r.quantity, r.samples[i], r.field)
		}
		if i < len(sequence) && !sequence[i].Gap {
			rec.Observation.Sequence, rec.Observation.HasSequence = uint64(sequence[i].Value), true
		}
		if len(rec.Observation.Readings) > 0 {
			b.records = append(b.records, rec)
		}
	}
}

func (b *scenarioBuilder) observation(m *message, at telemetry.Instant) telemetry.Record {
	return telemetry.Record{
		Kind: telemetry.KindObservation, Site: b.definition.Site.ID, At: at, Received: at.Add(m.delay),
		Observation: telemetry.Observation{Device: m.device, Boot: m.boot, DeviceTime: m.deviceTime, Flags: m.flags, Provenance: m.provenance},
	}
}

// reading adds a value to a message, if a sensor can have measured it.
func (b *scenarioBuilder) reading(rec *telemetry.Record, m *message, q telemetry.Quantity, s rehearse.Sample, f *flatField) {
	if why := q.Refuse(s.Value); why != "" {
		b.problem(f.at, "%s: %s: the gateway refuses it", f.name, why)
		return
	}
	rec.Observation.Readings = append(rec.Observation.Readings, telemetry.Reading{Quantity: q, Value: s.Value, Channel: m.channel, Text: s.Word})
}

// event makes what happens once.
func (b *scenarioBuilder) event(d *flatDoc) {
	if len(d.fields) == 0 {
		return // a problem already
	}
	f := d.has("at")
	if f == nil {
		b.problem(d.at, "at is missing, want %s", wantMoment)
		return
	}
	at := b.time(scenarioTime{f.text, f.at})
	for _, kind := range eventKinds {
		if f := d.has(kind.key); f != nil {
			kind.make(b, d, f, at)
			return
		}
	}
	for i := range d.fields {
		if f := &d.fields[i]; f.name != "at" {
			b.problem(f.key, "unknown key %q, %s", f.name, strict.Suggestion(f.name, []string{"entry", "silence", "deaf", "rejection", "device"}))
			return
		}
	}
	b.problem(d.at, "nothing happens, want one of entry, silence, deaf, rejection, device")
}

// eventKinds are what can happen once, by the key that says so.
var eventKinds = []struct {
	key  string
	make func(*scenarioBuilder, *flatDoc, *flatField, telemetry.Instant)
}{
	{"entry", (*scenarioBuilder).entry}, {"silence", (*scenarioBuilder).silence}, {"deaf", (*scenarioBuilder).deaf},
	{"rejection", (*scenarioBuilder).rejection}, {"device", (*scenarioBuilder).single},
}

// fill sets the members of a struct by the fields that are left over, and names those that it has not.
func (b *scenarioBuilder) fill(d *flatDoc, v any, taken ...string) {
	all := members(reflect.ValueOf(v).Elem())
	for i := range d.fields {
		f := &d.fields[i]
		if slices.Contains(taken, f.name) {
			continue
		}
		m, ok := all[f.name]
		if !ok {
			names := slices.Clone(taken)
			for name := range all {
				names = append(names, name)
			}
			slices.Sort(names)
			b.problem(f.key, "unknown key %q, %s", f.name, strict.Suggestion(f.name, names))
			continue
		}
		if err := f.set(m, b.read); err != nil {
			b.problem(f.at, "%v", err)
		}
	}
}

// entry is something a person does.
func (b *scenarioBuilder) entry(d *flatDoc, kind *flatField, at telemetry.Instant) {
	known := telemetry.EntryKinds()
	if !slices.Contains(known, telemetry.EntryKind(kind.text)) {
		words := make([]string, len(known))
		for i, k := range known {
			words[i] = string(k)
		}
		b.problem(kind.at, "entry is %q, %s", kind.text, strict.Suggestion(kind.text, words))
		return
	}
	e := &telemetry.Entry{Kind: telemetry.EntryKind(kind.text), Author: "staff"}
	rec := telemetry.Record{Kind: telemetry.KindEntry, Site: b.definition.Site.ID, At: at, Received: at, Entry: e}
	if f := d.has("delay"); f != nil { // entered later than it was
		var m message
		b.take(&m, f)
		rec.Received = at.Add(m.delay)
	}
	b.fill(d, e, "at", "entry", "delay")
	e.ID = fmt.Sprintf("%s-%d", kind.text, len(b.records)+1)
	b.records = append(b.records, rec)
}

// silence is a device that does not send for a while.
func (b *scenarioBuilder) silence(d *flatDoc, of *flatField, at telemetry.Instant) {
	a := absence{devices: of.texts(), from: at, until: b.untilOf(d)}
	for _, id := range a.devices {
		if known := b.devices(); !slices.Contains(known, id) {
			b.problem(of.at, "device %q does not exist, %s", id, strict.Suggestion(id, known))
		}
	}
	b.only(d, "at", "silence", "until")
	b.absent = append(b.absent, a)
}

// deaf is the gateway itself that does not run, or hears nothing from the broker: what is sent meanwhile is lost.
func (b *scenarioBuilder) deaf(d *flatDoc, door *flatField, at telemetry.Instant) {
	until := b.untilOf(d)
	b.only(d, "at", "deaf", "until")
	note := func(at telemetry.Instant, s telemetry.Service) {
		b.records = append(b.records, telemetry.Record{Kind: telemetry.KindService, Site: b.definition.Site.ID, At: at, Received: at, Service: &s})
	}
	switch door.text {
	case "gateway": // which tells when it runs again
		if until == telemetry.Never {
			b.problem(d.at, "until is missing: a gateway that does not run judges nothing until it runs again")
			return
		}
		note(until, telemetry.Service{Since: at, Door: door.text})
	case "broker":
		note(at, telemetry.Service{Since: at, Deaf: true, Door: door.text})
		if until != telemetry.Never {
			note(until, telemetry.Service{Door: door.text})
		}
	default:
		b.problem(door.at, "deaf is %q, want gateway or broker", door.text)
	}
	b.absent = append(b.absent, absence{from: at, until: until})
}

func (b *scenarioBuilder) untilOf(d *flatDoc) telemetry.Instant {
	if f := d.has("until"); f != nil {
		return b.time(scenarioTime{f.text, f.at})
	}
	return telemetry.Never
}

// only names keys that an event has not.
func (b *scenarioBuilder) only(d *flatDoc, known ...string) {
	for i := range d.fields {
		if f := &d.fields[i]; !slices.Contains(known, f.name) {
			b.problem(f.key, "unknown key %q, %s", f.name, strict.Suggestion(f.name, known))
		}
	}
}

// rejection is a message that is not understood.
func (b *scenarioBuilder) rejection(d *flatDoc, reason *flatField, at telemetry.Instant) {
	r := &telemetry.Rejection{Reason: telemetry.Reason(reason.text)}
	if known := telemetry.Reasons(); !slices.Contains(known, r.Reason) {
		words := make([]string, len(known))
		for i, k := range known {
			words[i] = string(k)
		}
		b.problem(reason.at, "rejection is %q, %s", reason.text, strict.Suggestion(reason.text, words))
	}
	b.fill(d, r, "at", "rejection")
	b.records = append(b.records, telemetry.Record{Kind: telemetry.KindRejection, Site: b.definition.Site.ID, At: at, Received: at, Rejection: r})
}

// single is one message of a device: readings, or a log of a task.
func (b *scenarioBuilder) single(d *flatDoc, device *flatField, at telemetry.Instant) {
	var m message
	b.take(&m, device)
	var log telemetry.TaskLog
	log.Done = true
	logs := members(reflect.ValueOf(&log).Elem())
	isLog := false
	rec := b.observation(&m, at)
	known := slices.Clone(messageKeys)
	for name := range logs {
		known = append(known, name)
	}
	slices.Sort(known)
	type value struct {
		quantity telemetry.Quantity
		field    *flatField
	}
	var values []value
	for i := range d.fields {
		f := &d.fields[i]
		if f.name == "device" || b.take(&m, f) {
			continue
		}
		if member, ok := logs[f.name]; ok {
			isLog = true
			if err := f.set(member, b.read); err != nil {
				b.problem(f.at, "%v", err)
			}
			continue
		}
		if q, ok := b.quantity(&m, f, known); ok {
			values = append(values, value{q, f})
		}
	}
	rec = b.observation(&m, at)
	for _, v := range values {
		samples, err := rehearse.Series(v.field.text, v.quantity == telemetry.Button)
		if err != nil || len(samples) != 1 || samples[0].Gap {
			b.problem(v.field.at, "%s is %q, want one value", v.field.name, v.field.text)
			continue
		}
		b.reading(&rec, &m, v.quantity, samples[0], v.field)
	}
	if f := d.has("seq"); f != nil {
		samples, err := rehearse.Series(f.text, false)
		if err != nil || len(samples) != 1 {
			b.problem(f.at, "seq is %q, want a number", f.text)
		} else {
			rec.Observation.Sequence, rec.Observation.HasSequence = uint64(samples[0].Value), true
		}
	}
	if isLog {
		b.log(d, &log)
		rec.Observation.Task = &log
	}
	if !isLog && len(values) == 0 {
		b.problem(d.at, "the message says nothing, want quantities such as co2: 900, or a task's log (task, item, by, agent)")
		return
	}
	b.records = append(b.records, rec)
}

// log checks the names in a log.
func (b *scenarioBuilder) log(d *flatDoc, log *telemetry.TaskLog) {
	f := d.has("task")
	if f == nil {
		return // that of the device
	}
	var ids []string
	for i := range b.definition.Site.Tasks {
		ids = append(ids, b.definition.Site.Tasks[i].ID)
	}
	task, ok := b.definition.Site.Task(log.Task)
	if !ok {
		b.problem(f.at, "task %q does not exist, %s", log.Task, strict.Suggestion(log.Task, ids))
		return
	}
	if f := d.has("item"); f != nil && len(task.Items) > 0 && !slices.Contains(task.Items, log.Item) {
		b.problem(f.at, "item %q is none of task %q, %s", log.Item, log.Task, strict.Suggestion(log.Item, task.Items))
	}
}
