package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// derived is what records amount to beside changes of verdict, made again: samples, flows, alerts and minutes.
type derived struct {
	frozen journal.Frozen
	moment *journal.Moment // of frozen
	// samples and flows are how many came out again; read from the journal one by one beside the replay.
	samples, flows int
	sampleRows     *stream[rules.Sample]
	flowRows       *stream[rules.Flow]
	book           *alerts.Book
	changes        []alerts.Change
	alerts         map[string]alerts.Alert // by id
	minutes        map[minuteOf]*journal.Minute
	known          map[string]bool // sites that have begun
	foreign        map[string]bool // sites that other versions have judged, or nobody does at present
	notes          []string        // what could not be compared, and why
}

// minuteOf is a series and its minute.
type minuteOf struct {
	site, device, quantity, channel string
	at                              telemetry.Instant
}

// read begins to read what was recorded; the result ends it.
func (d *derived) read(ctx context.Context, j journal.Auditor) (stop func()) {
	d.book = alerts.NewBook(nil, nil)
	d.sampleRows = streamed(ctx, func(ctx context.Context, fn func(*rules.Sample) error) error {
		return j.DerivedSamples(ctx, d.moment.LastSeq, fn)
	})
	d.flowRows = streamed(ctx, func(ctx context.Context, fn func(*rules.Flow) error) error {
		return j.DerivedFlows(ctx, d.moment.LastSeq, fn)
	})
	return func() { d.sampleRows.stop(); d.flowRows.stop() }
}

// before follows a record that is about to be judged.
func (d *derived) before(rec *telemetry.Record) {
	switch rec.Kind {
	case telemetry.KindEngine:
		d.known[rec.Site] = true
		if rec.Engine.Version != rules.EngineVersion {
			d.foreign[rec.Site] = true
		}
	case telemetry.KindConfiguration:
		if !d.known[rec.Site] {
			d.known[rec.Site], d.foreign[rec.Site] = true, true // by the first version, which does not name itself
		}
		var def rules.Definition
		if json.Unmarshal(rec.Configuration.Definition, &def) == nil {
			d.changes = d.book.Configure(&def, rec.At, d.changes[:0])
			d.keep()
		}
	}
}

func (d *derived) keep() {
	for i := range d.changes {
		a := &d.changes[i].Alert
		d.alerts[a.ID] = *a
	}
}

// after compares what a judged record caused.
func (d *derived) after(rec *telemetry.Record, out *rules.Output, judged bool) error {
	d.changes = d.changes[:0]
	for i := range out.Alarms {
		d.changes = d.book.Alarm(&out.Alarms[i], d.changes)
	}
	d.keep()
	d.count(rec)
	judged = judged && d.moment.Begins <= 1 && !d.moment.Mended[rec.Site]
	n, err := compareRows(d.sampleRows, rec.Seq, out.Samples, judged && !d.moment.Thinned.Samples, func(s *rules.Sample) uint64 { return s.Record })
	d.samples += n
	if err != nil {
		return fmt.Errorf("samples of record %d: %w", rec.Seq, err)
	}
	n, err = compareRows(d.flowRows, rec.Seq, out.Flows, judged && !d.moment.Thinned.Flows, func(f *rules.Flow) uint64 { return f.Record })
	d.flows += n
	if err != nil {
		return fmt.Errorf("flows of record %d: %w", rec.Seq, err)
	}
	return nil
}

// compareRows takes what was recorded of a record, and wants it to be what came out again.
func compareRows[T comparable](rows *stream[T], record uint64, again []T, compare bool, of func(*T) uint64) (n int, err error) {
	for i := 0; ; i++ {
		row := rows.peek()
		if row == nil || of(row) > record {
			if compare && i < len(again) {
				return n, fmt.Errorf("the journal has %d, a replay gives %d: %+v is missing", i, len(again), again[i])
			}
			return n, rows.failed()
		}
		rows.next()
		switch {
		case !compare:
		case of(row) < record:
			return n, fmt.Errorf("the journal has one of record %d, which causes none: %+v", of(row), *row)
		case i >= len(again) || *row != again[i]:
			return n, fmt.Errorf("the journal has %+v, which a replay does not give", *row)
		default:
			n++
		}
	}
}

// count adds a record to its minutes, as far as they are in the journal yet.
func (d *derived) count(rec *telemetry.Record) {
	if rec.Kind != telemetry.KindObservation || rec.Observation.Flags.Has(telemetry.FlagRetained) || !d.known[rec.Site] || rec.Seq > d.moment.Snapshots[rec.Site] {
		return
	}
	minute := rec.At - rec.At%telemetry.Instant(time.Minute)
	for i := range rec.Observation.Readings {
		r := &rec.Observation.Readings[i]
		key := minuteOf{rec.Site, rec.Observation.Device, r.Quantity.String(), r.Channel, minute}
		m := d.minutes[key]
		if m == nil {
			m = &journal.Minute{Min: r.Value, Max: r.Value}
			d.minutes[key] = m
		}
		m.Count++
		m.Sum += r.Value
		m.Min, m.Max = min(m.Min, r.Value), max(m.Max, r.Value)
		if rec.At >= m.LastAt {
			m.Last, m.LastAt = r.Value, rec.At
		}
	}
}

// compare compares alerts and minutes, when all records are judged.
func (d *derived) compare(ctx context.Context, wrong *complaints) error {
	if d.moment.Begins > 1 {
		d.notes = append(d.notes, "samples, flows, alerts and minutes are not compared: an older version made some of them")
		return nil
	}
	if d.moment.Thinned.Samples || d.moment.Thinned.Flows {
		d.notes = append(d.notes, "samples or flows are not compared: retention has deleted old ones")
	}
	if row := d.sampleRows.peek(); row != nil {
		wrong.add(fmt.Errorf("the journal has a sample behind all records: %+v", *row))
	}
	if row := d.flowRows.peek(); row != nil {
		wrong.add(fmt.Errorf("the journal has a flow behind all records: %+v", *row))
	}
	if err := d.compareAlerts(ctx, wrong); err != nil {
		return err
	}
	return d.compareMinutes(ctx, wrong)
}

func (d *derived) compareAlerts(ctx context.Context, wrong *complaints) error {
	odd := some{to: wrong}
	seen := map[string]bool{}
	err := d.frozen.Alerts(ctx, func(a *alerts.Alert, _ string) error {
		if a.Class == rules.ClassService || d.foreign[a.Site] || d.moment.Mended[a.Site] {
			return nil
		}
		seen[a.ID] = true
		want, ok := d.alerts[a.ID]
		switch {
		case !ok:
			odd.add("alert %s of %q, rule %q, opened %v: no record asks for it", a.ID, a.Site, a.Rule, a.Opened)
		case a.Site != want.Site || a.Rule != want.Rule || a.Kind != want.Kind || a.Class != want.Class || a.Severity != want.Severity || a.Subject != want.Subject:
			odd.add("alert %s says %s %s %s %s %s %v, the records say %s %s %s %s %s %v", a.ID, a.Site, a.Rule, a.Kind, a.Class, a.Severity, a.Subject,
				want.Site, want.Rule, want.Kind, want.Class, want.Severity, want.Subject)
		// A clock that was set back brings an opening that lies in the future to the present.
		case a.Opened > want.Opened || a.Resolved != want.Resolved && a.Opened == want.Opened:
			odd.add("alert %s of %q, rule %q: recorded from %v to %v, the records say from %v to %v", a.ID, a.Site, a.Rule, a.Opened, a.Resolved, want.Opened, want.Resolved)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id, a := range d.alerts {
		if !seen[id] && !d.foreign[a.Site] && !d.moment.Mended[a.Site] {
			odd.add("alert %s of %q, rule %q, opened %v is not there", id, a.Site, a.Rule, a.Opened)
		}
	}
	odd.end("alerts")
	return nil
}

func (d *derived) compareMinutes(ctx context.Context, wrong *complaints) error {
	odd := some{to: wrong}
	first := telemetry.Instant(math.MaxInt64) // that retention has left
	found := 0
	err := d.frozen.Minutes(ctx, func(m *journal.Minute) error {
		first = min(first, m.At)
		if d.moment.Mended[m.Site] {
			return nil
		}
		key := minuteOf{m.Site, m.Device, m.Quantity, m.Channel, m.At}
		want := d.minutes[key]
		switch {
		case want == nil:
			odd.add("minute %v of %s %s %s %s: no record has a value there", m.At, m.Site, m.Device, m.Quantity, m.Channel)
			return nil
		case m.Count != want.Count || m.Min != want.Min || m.Max != want.Max || m.Last != want.Last || m.LastAt != want.LastAt || !about(m.Sum, want.Sum):
			odd.add("minute %v of %s %s %s %s: recorded %d values, sum %v, %v to %v, last %v; the records give %d, %v, %v to %v, %v", m.At, m.Site, m.Device,
				m.Quantity, m.Channel, m.Count, m.Sum, m.Min, m.Max, m.Last, want.Count, want.Sum, want.Min, want.Max, want.Last)
		}
		want.Device = "seen"
		found++
		return nil
	})
	if err != nil {
		return err
	}
	for key, m := range d.minutes {
		if m.Device == "" && key.at >= first && !d.moment.Mended[key.site] {
			odd.add("minute %v of %s %s %s %s is not there", key.at, key.site, key.device, key.quantity, key.channel)
		}
	}
	odd.end("minutes")
	return nil
}

// about allows for the order in which numbers were added.
func about(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1)
}

// stream is rows of the journal, read beside the replay.
type stream[T any] struct {
	rows chan T
	head *T
	err  error
	stop func()
}

func streamed[T any](ctx context.Context, read func(context.Context, func(*T) error) error) *stream[T] {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream[T]{rows: make(chan T, 256)}
	go func() {
		defer close(s.rows)
		s.err = read(ctx, func(row *T) error {
			select {
			case s.rows <- *row:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	s.stop = func() {
		cancel()
		for range s.rows { // until the reader has ended
		}
	}
	return s
}

// peek is the next row; nil: there is none.
func (s *stream[T]) peek() *T {
	if s.head == nil {
		if row, ok := <-s.rows; ok {
			s.head = &row
		}
	}
	return s.head
}

func (s *stream[T]) next() { s.head = nil }

// failed is why the stream ended early. It waits for nothing: only where peek has given nil is there an answer.
func (s *stream[T]) failed() error {
	if s.head != nil {
		return nil
	}
	return s.err
}
