package configs

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/telemetry"
)

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
	known := slices.DeleteFunc(telemetry.EntryKinds(), func(k telemetry.EntryKind) bool { return k == telemetry.EntryAccount }) // of no site
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
