package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Source is the journal that a pack is made of. It may be written to meanwhile.
type Source interface {
	journal.Recovery
	journal.Histories
	journal.AlertLog
	// Freeze and Damage say what is missing; see journal.Auditor.
	Freeze(ctx context.Context) (journal.Frozen, error)
	Damage(ctx context.Context) ([]journal.Noted, error)
}

// Options say what is packed.
type Options struct {
	Site        string
	From, Until telemetry.Instant
	Rules       []string // only these; none: all
	Program     string   // the version of this program
	// Standing gives an engine what stands at the record behind which it begins to read: gateway.Standing.
	Standing func(ctx context.Context, j journal.Recovery, site string, from telemetry.Engine, apply func(*telemetry.Record) error) error
	// Progress, if set, is told now and then how many of how many records were looked at.
	Progress func(done, total uint64)
}

// The bounds of a pack.
const (
	mostVerdicts = 300_000 // as a page adds up
	mostAlerts   = 100_000
	mostSteps    = 10_000 // of one alert
)

// Errors that callers tell people apart by.
var (
	// ErrNoSite says that the journal has no such site.
	ErrNoSite = errors.New("the journal has no such site")
	// ErrNothing says that nothing is known of the site in the period.
	ErrNothing = errors.New("nothing is known of the site in this period")
	// ErrTooMuch says that a shorter period must be asked for.
	ErrTooMuch = errors.New("that is more than one pack holds")
	// ErrNoRule says that no rule of the name was in force.
	ErrNoRule = errors.New("no such rule was in force")
)

// Zone finds the time zone of a site, by its newest configuration. ErrNoSite: there is none.
func Zone(ctx context.Context, j journal.Recovery, site string) (facility.Location, error) {
	var loc facility.Location
	st, err := j.State(ctx)
	if err != nil {
		return loc, err
	}
	if _, ok := st.Snapshots[site]; !ok {
		return loc, fmt.Errorf("site %q: %w", site, ErrNoSite)
	}
	var text []byte
	err = j.Standing(ctx, site, st.LastSeq, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindConfiguration && rec.Configuration != nil {
			text = append(text[:0], rec.Configuration.Definition...)
		}
		return nil
	})
	if err != nil {
		return loc, err
	}
	agenda, err := rules.NewAgenda(text)
	if err != nil {
		return loc, err
	}
	return facility.LoadLocation(agenda.Location().String())
}

// exporter makes one pack.
type exporter struct {
	src     Source
	o       *Options
	b       *book
	pack    *packer
	state   *journal.State
	stopped uint64 // the first record that is not judged; 0: all are
	engine  *warming
	lines   int
}

// Export writes the pack of a site's period, and returns its manifest. Equal journals give equal bytes. Only the lists and sums of
// the period are held in memory, never its readings. An error leaves an unfinished file behind, which no check takes for a pack.
func Export(ctx context.Context, src Source, o *Options, w io.Writer) (*Manifest, error) {
	x := &exporter{src: src, o: o, pack: newPacker(w), b: &book{texts: map[string][]byte{}}}
	if err := x.gather(ctx); err != nil {
		return nil, fmt.Errorf("packing site %q: %w", o.Site, err)
	}
	if err := x.write(ctx); err != nil {
		return nil, fmt.Errorf("packing site %q: %w", o.Site, err)
	}
	return x.b.m, nil
}

// gather reads all but the records.
func (x *exporter) gather(ctx context.Context) error {
	o := x.o
	if o.From <= 0 || o.Until <= o.From || o.Until > latestUntil {
		return fmt.Errorf("the period ends at %v, want later than its begin %v", o.Until, o.From)
	}
	st, err := x.src.State(ctx)
	if err != nil {
		return err
	}
	x.state, x.stopped = st, st.Stopped[o.Site]
	if _, ok := st.Snapshots[o.Site]; !ok {
		return ErrNoSite
	}
	if o.From >= st.LastReceived {
		return fmt.Errorf("%w: the journal ends at %v", ErrNothing, st.LastReceived)
	}
	m := &Manifest{Format: Format, Program: o.Program, Site: o.Site, From: o.From, Until: o.Until, AsOf: st.LastReceived, Rules: slices.Clone(o.Rules)}
	slices.Sort(m.Rules)
	m.Rules = slices.Compact(m.Rules)
	x.b.m = m
	if err := x.missing(ctx); err != nil {
		return err
	}
	if m.First, err = x.src.Before(ctx, o.From); err != nil {
		return err
	}
	if m.Last, err = x.src.Before(ctx, o.Until); err != nil {
		return err
	}
	m.Last = min(m.Last, st.LastSeq)
	if err := x.verdicts(ctx); err != nil {
		return err
	}
	if err := x.standing(ctx); err != nil {
		return err
	}
	return x.alerts(ctx)
}

// missing asks what the journal has no more.
func (x *exporter) missing(ctx context.Context) error {
	f, err := x.src.Freeze(ctx)
	if err != nil {
		return err
	}
	at := *f.Moment()
	f.Close() // what is packed is of the past
	m := x.b.m
	m.Deleted = at.Deleted
	noted, err := x.src.Damage(ctx)
	if err != nil {
		return err
	}
	for _, d := range noted {
		m.Damage = append(m.Damage, Damage{d.First, d.Last, string(d.What), d.Noticed})
	}
	origin, judged := x.state.Engines[x.o.Site]
	m.Engine = origin.Version
	if !judged {
		m.Engine = "1" // which did not name itself
	}
	switch {
	case m.Engine != rules.EngineVersion:
		x.engine = &warming{why: WhyVersion}
	case at.Deleted && at.First > origin.After+1:
		x.engine = &warming{why: WhyDeleted}
	default:
		x.engine = newWarming(x.o.Site, origin)
	}
	return nil
}

// verdicts reads the changes of verdict, what the gateway said of itself, and which policies were in force.
func (x *exporter) verdicts(ctx context.Context) error {
	m := x.b.m
	h, err := x.src.VerdictHistory(ctx, journal.HistoryQuery{Site: m.Site, From: m.From, Until: m.Until, Explained: true, Most: mostVerdicts})
	if errors.Is(err, journal.ErrTooMuch) {
		return fmt.Errorf("%w: more than %d changes of verdict", ErrTooMuch, mostVerdicts)
	}
	if err != nil {
		return err
	}
	m.Stopped, m.StoppedRecord = h.Stopped, x.stopped
	for i := range h.Transitions {
		t := &h.Transitions[i]
		if t.Record > x.state.LastSeq || !x.b.wants(t.Rule) {
			continue // it came meanwhile, or was not asked for
		}
		m.Last = max(m.Last, t.Record)
		x.b.verdicts = append(x.b.verdicts, *t)
	}
	slices.SortStableFunc(x.b.verdicts, func(a, b rules.Transition) int { return compareVerdicts(&a, &b) })
	for i := range h.Notes {
		n := &h.Notes[i]
		if n.Seq <= x.state.LastSeq && (n.Seq <= m.First || n.Seq > m.Last) {
			x.b.standing = append(x.b.standing, recordOf(n))
		}
	}
	return nil
}

// standing reads what was in force when the period began.
func (x *exporter) standing(ctx context.Context) error {
	m := x.b.m
	var last *telemetry.Record
	err := x.src.Standing(ctx, m.Site, m.First, func(rec *telemetry.Record) error {
		switch {
		case rec.Kind == telemetry.KindConfiguration && rec.Configuration != nil:
			kept := *rec
			last = &kept
		case rec.Kind == telemetry.KindEntry && rec.Entry != nil && stands(rec.Entry.Kind):
			x.b.standing = append(x.b.standing, recordOf(rec))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if last != nil {
		return x.policy(last)
	}
	return nil
}

// policy takes a configuration that came into force.
func (x *exporter) policy(rec *telemetry.Record) error {
	p, err := policyOf(rec)
	if err != nil {
		return err
	}
	x.b.policies = append(x.b.policies, p)
	x.b.texts[p.Version] = slices.Clone(rec.Configuration.Definition)
	return nil
}

// alerts reads what people were asked to do.
func (x *exporter) alerts(ctx context.Context) error {
	m := x.b.m
	found, err := x.src.AlertsDuring(ctx, m.Site, m.From, m.Until, mostAlerts+1)
	if err != nil {
		return err
	}
	if len(found) > mostAlerts {
		return fmt.Errorf("%w: more than %d alerts", ErrTooMuch, mostAlerts)
	}
	for i := len(found) - 1; i >= 0; i-- {
		a := &found[i]
		if !x.b.wants(a.Rule) {
			continue
		}
		changes, err := x.src.AlertChanges(ctx, a.ID, mostSteps)
		if err != nil {
			return err
		}
		row := Alert{Alert: tidy(*a), Clock: a.Clock(), Steps: make([]Step, 0, len(changes))}
		for k := range changes {
			row.Steps = append(row.Steps, Step{changes[k].At, changes[k].What})
		}
		x.b.alerts = append(x.b.alerts, row)
	}
	slices.SortFunc(x.b.alerts, compareAlerts)
	return nil
}

// write writes the pack.
func (x *exporter) write(ctx context.Context) error {
	b, p := x.b, x.pack
	w, err := p.begin(fileRecords)
	if err != nil {
		return err
	}
	if err := x.records(ctx, w); err != nil {
		return err
	}
	if len(b.policies) == 0 || b.policies[0].Received >= b.m.Until {
		return fmt.Errorf("%w: it was not configured yet", ErrNothing)
	}
	x.engine.finish(b.m)
	slices.SortStableFunc(b.standing, func(a, b Record) int { return compareNumbers(a.Record, b.Record) })
	if err := b.reckon(); err != nil {
		return err
	}
	b.m.Timezone = b.loc.String()
	for _, rule := range b.m.Rules {
		if !slices.ContainsFunc(b.figures(), func(f Figure) bool { return f.Rule == rule }) {
			return fmt.Errorf("%w: %q", ErrNoRule, rule)
		}
	}
	if err := p.file(tableReadings, func(w io.Writer) error { return x.readings(ctx, w) }); err != nil {
		return err
	}
	if x.engine.state != nil {
		if err := p.file(fileState, func(w io.Writer) error { _, err := w.Write(x.engine.state); return err }); err != nil {
			return err
		}
	}
	for _, version := range slices.Sorted(maps.Keys(b.texts)) {
		if err := p.file(policyFile(version), func(w io.Writer) error { _, err := w.Write(b.texts[version]); return err }); err != nil {
			return err
		}
	}
	if err := errors.Join(
		p.file(fileStanding, func(w io.Writer) error { return linesOf(w, b.standing) }),
		p.file(filePolicy, func(w io.Writer) error { return linesOf(w, b.policies) }),
		p.file(fileVerdicts, func(w io.Writer) error { return linesOf(w, b.verdicts) }),
		p.file(fileAlerts, func(w io.Writer) error { return linesOf(w, b.alerts) }),
	); err != nil {
		return err
	}
	for _, f := range derivedFiles {
		if err := p.file(f.name, func(w io.Writer) error { return f.make(b, w) }); err != nil {
			return err
		}
	}
	texts, err := schemas()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := p.file(schemaOf(name), func(w io.Writer) error { _, err := w.Write(texts[name]); return err }); err != nil {
			return err
		}
	}
	return p.close(b.m)
}

// records writes the records of the period, and warms the engine with those before.
func (x *exporter) records(ctx context.Context, w io.Writer) error {
	m := x.b.m
	begin := m.First
	if from, ok := x.engine.from(); ok {
		if err := x.o.Standing(ctx, x.src, m.Site, x.engine.origin, x.engine.stand); err != nil {
			return err
		}
		begin = min(begin, from)
	}
	var line []byte
	written := int64(0)
	err := x.replay(ctx, begin, func(rec *telemetry.Record) error {
		if x.stopped == 0 || rec.Seq < x.stopped {
			if err := x.engine.record(rec, m.First); err != nil {
				return err
			}
		}
		if rec.Kind == telemetry.KindEngine && rec.Seq <= m.First {
			x.judged(rec)
		}
		if rec.Seq <= m.First {
			return nil
		}
		if rec.Kind == telemetry.KindConfiguration && rec.Configuration != nil {
			if err := x.policy(rec); err != nil {
				return err
			}
		}
		r := recordOf(rec)
		x.b.see(&r)
		x.lines++
		var err error
		if line, err = encode(line[:0], &r); err != nil {
			return err
		}
		if written += int64(len(line)); written > mostBytes {
			return fmt.Errorf("%w: the records have more than %d bytes", ErrTooMuch, int64(mostBytes))
		}
		_, err = w.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	return x.engine.reached(m.First)
}

// judged keeps which engine judged when the period began.
func (x *exporter) judged(rec *telemetry.Record) {
	x.b.standing = slices.DeleteFunc(x.b.standing, func(r Record) bool { return r.Engine != nil })
	x.b.standing = append(x.b.standing, recordOf(rec))
}

// readings writes the table of readings: the records are read once more, and must be the same.
func (x *exporter) readings(ctx context.Context, w io.Writer) error {
	lines := 0
	err := tableOf(w, readingsHead, func(row func(...string) error) error {
		t := readings{row: row}
		return x.replay(ctx, x.b.m.First, func(rec *telemetry.Record) error {
			lines++
			if rec.Kind != telemetry.KindObservation {
				return nil
			}
			r := recordOf(rec)
			return t.add(&r)
		})
	})
	if err == nil && lines != x.lines {
		err = errors.New("records were deleted from the journal meanwhile: try again")
	}
	return err
}

// replay reads the site's records up to the last one of the pack.
func (x *exporter) replay(ctx context.Context, after uint64, fn func(*telemetry.Record) error) error {
	last := x.b.m.Last
	n := 0
	err := x.src.Replay(ctx, x.o.Site, after, func(rec *telemetry.Record) error {
		if rec.Seq > last {
			return errStop
		}
		if n++; n%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if x.o.Progress != nil {
				x.o.Progress(rec.Seq-after, last-after)
			}
		}
		return fn(rec)
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func compareNumbers(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareAlerts(a, b Alert) int {
	switch {
	case a.Alert.Opened < b.Alert.Opened:
		return -1
	case a.Alert.Opened > b.Alert.Opened:
		return 1
	case a.Alert.ID < b.Alert.ID:
		return -1
	case a.Alert.ID > b.Alert.ID:
		return 1
	}
	return 0
}
