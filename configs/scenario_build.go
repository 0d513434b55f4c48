package configs

import (
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
