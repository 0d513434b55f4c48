package journaltest

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// content is all that a journal says about itself, and about what it was given.
type content struct {
	State       journal.State
	Records     []telemetry.Record
	Transitions []journal.Transition
	Samples     []journal.Sample
	Flows       []journal.Flow
	Head        journal.Position
	Position    journal.Position
	Owed        []alerts.Signal
	History     []alerts.Alert
	Changes     []alerts.Change
	Verdicts    map[string]rules.Transition // of a site called mall, by rule and subject
	Refused     []journal.Refused
	Minutes     map[string]journal.Minute // of a journal that can be audited
}

func newContent() content {
	return content{
		State:    journal.State{Snapshots: map[string]journal.Snapshot{}, Engines: map[string]telemetry.Engine{}, Stopped: map[string]uint64{}},
		Verdicts: map[string]rules.Transition{}, Minutes: map[string]journal.Minute{},
	}
}

// clone is a copy that take does not change the original by.
func (c *content) clone() content {
	d := *c
	d.State.Snapshots, d.State.Engines, d.State.Stopped = maps.Clone(c.State.Snapshots), maps.Clone(c.State.Engines), maps.Clone(c.State.Stopped)
	d.State.Identities, d.State.Open = slices.Clone(c.State.Identities), slices.Clone(c.State.Open)
	d.Records, d.Transitions, d.Samples, d.Flows = slices.Clone(c.Records), slices.Clone(c.Transitions), slices.Clone(c.Samples), slices.Clone(c.Flows)
	d.Owed, d.History, d.Refused = slices.Clone(c.Owed), slices.Clone(c.History), slices.Clone(c.Refused)
	d.Changes = slices.Clone(c.Changes)
	d.Verdicts, d.Minutes = maps.Clone(c.Verdicts), maps.Clone(c.Minutes)
	return d
}

// take adds a batch: it is what the contract says that a commit does.
func (c *content) take(b *journal.Batch) {
	st := &c.State
	for i := range b.Records {
		rec := copyOf(&b.Records[i])
		c.Records = append(c.Records, rec)
		st.LastSeq, st.LastReceived, st.Alive = rec.Seq, rec.Received, max(st.Alive, rec.Received)
		st.Identities = append(st.Identities, rec.Identity)
		if _, known := st.Snapshots[rec.Site]; rec.Kind == telemetry.KindConfiguration && !known {
			st.Snapshots[rec.Site] = journal.Snapshot{Site: rec.Site}
		}
		if rec.Kind == telemetry.KindEngine {
			st.Engines[rec.Site] = *rec.Engine
		}
	}
	st.Identities = slices.Clone(st.Identities[max(0, len(st.Identities)-window):])
	st.Counters, st.Alive = b.Counters, max(st.Alive, b.Alive)
	for _, t := range b.Transitions {
		c.Head.Transition++
		c.Transitions = append(c.Transitions, journal.Transition{ID: c.Head.Transition, Transition: t})
		if t.Site == "mall" && !t.Late {
			c.Verdicts[t.Rule+" "+t.Subject.String()] = t
		}
	}
	for _, s := range b.Samples {
		c.Head.Sample++
		c.Samples = append(c.Samples, journal.Sample{ID: c.Head.Sample, Sample: s})
	}
	for _, f := range b.Flows {
		c.Head.Flow++
		c.Flows = append(c.Flows, journal.Flow{ID: c.Head.Flow, Flow: f})
	}
	c.Head.Record = st.LastSeq
	for i := range b.Changes {
		a := b.Changes[i].Alert
		c.Changes = append(c.Changes, b.Changes[i])
		same := func(other alerts.Alert) bool { return other.ID == a.ID }
		st.Open, c.History = slices.DeleteFunc(st.Open, same), slices.DeleteFunc(c.History, same)
		if a.Open() {
			st.Open = append(st.Open, a)
		} else {
			c.History = append(c.History, a)
		}
	}
	slices.SortFunc(st.Open, func(a, b alerts.Alert) int { return cmp.Or(cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.ID, b.ID)) })
	st.Silenced = slices.DeleteFunc(slices.Clone(c.History), func(a alerts.Alert) bool { return a.Silenced == nil })
	slices.SortStableFunc(c.History, func(a, b alerts.Alert) int { return -cmp.Compare(a.Resolved, b.Resolved) })
	for _, s := range b.Signals {
		if !slices.ContainsFunc(c.Owed, func(other alerts.Signal) bool { return other.ID == s.ID }) {
			c.Owed = append(c.Owed, s)
		}
	}
	c.Owed = slices.DeleteFunc(c.Owed, func(s alerts.Signal) bool { return slices.Contains(b.Sent, s.ID) })
	for _, s := range b.Snapshots {
		st.Snapshots[s.Site] = s
	}
	for _, s := range b.Stops {
		if delete(st.Stopped, s.Site); s.Seq != 0 {
			st.Stopped[s.Site] = s.Seq
		}
	}
	c.count(b.Rollups)
}

func (c *content) count(rollups []journal.Rollup) {
	for _, r := range rollups {
		key := fmt.Sprint(r.Site, " ", r.Device, " ", r.Quantity, " ", r.Channel, " ", r.Minute)
		m, known := c.Minutes[key]
		if !known {
			m = journal.Minute{Site: r.Site, Device: r.Device, Quantity: r.Quantity.String(), Channel: r.Channel, At: r.Minute, Min: r.Min, Max: r.Max}
		}
		m.Count, m.Sum, m.Min, m.Max = m.Count+r.Count, m.Sum+r.Sum, min(m.Min, r.Min), max(m.Max, r.Max)
		if r.LastAt >= m.LastAt {
			m.Last, m.LastAt = r.Last, r.LastAt
		}
		c.Minutes[key] = m
	}
}

// read is what a journal says.
func read(t testing.TB, j journal.Journal) content {
	t.Helper()
	ctx, c := t.Context(), newContent()
	fail := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("reading %s: %v", what, err)
		}
	}
	c.State, c.Records, c.Head = *state(t, j), replayed(t, j, "", 0), j.Head()
	s := j.Source()
	var err error
	c.Transitions, err = s.Transitions(ctx, 0, 1<<20, nil)
	fail("the changes of verdict", err)
	c.Samples, err = s.Samples(ctx, 0, 1<<20, nil)
	fail("the samples", err)
	c.Flows, err = s.Flows(ctx, 0, 1<<20, nil)
	fail("the flows", err)
	c.Position, err = s.Position(ctx)
	fail("the position", err)
	c.Owed, err = j.Owed(ctx, 1<<20)
	fail("what is owed", err)
	c.History, err = j.History(ctx, "", 1<<20)
	fail("the resolved alerts", err)
	c.Refused, err = j.Refused(ctx, "", 0, 1<<20)
	fail("the refused points", err)
	for i := range c.Refused {
		c.Refused[i].When = 0 // the journal's own clock
	}
	verdicts, err := j.Verdicts(ctx, "mall")
	fail("the verdicts", err)
	for _, v := range verdicts {
		c.Verdicts[v.Rule+" "+v.Subject.String()] = v
	}
	if a, ok := j.(journal.Auditor); ok {
		f, err := a.Freeze(ctx)
		fail("one moment", err)
		defer f.Close()
		fail("the minutes", f.Minutes(ctx, func(m *journal.Minute) error {
			c.Minutes[fmt.Sprint(m.Site, " ", m.Device, " ", m.Quantity, " ", m.Channel, " ", m.At)] = *m
			return nil
		}))
	}
	return c
}

// differs says what of a content is not as wanted; empty: all is.
func (c content) differs(want content, j journal.Journal) string {
	if _, ok := j.(journal.Auditor); !ok {
		c.Minutes = want.Minutes
	}
	var all []string
	compare := func(prefix string, got, want reflect.Value) {
		for i := range got.NumField() {
			g, w := got.Field(i), want.Field(i)
			name := prefix + got.Type().Field(i).Name
			empty := g.Kind() == reflect.Slice && g.Len() == 0 && w.Len() == 0
			if name == "State" || name == "Changes" || empty || reflect.DeepEqual(g.Interface(), w.Interface()) {
				continue
			}
			if g.Kind() == reflect.Slice && g.Len() != w.Len() {
				all = append(all, fmt.Sprintf("%s: %d, want %d", name, g.Len(), w.Len()))
				continue
			}
			all = append(all, fmt.Sprintf("%s: %.300s, want %.300s", name, fmt.Sprintf("%+v", g.Interface()), fmt.Sprintf("%+v", w.Interface())))
		}
	}
	compare("", reflect.ValueOf(c), reflect.ValueOf(want))
	compare("State.", reflect.ValueOf(c.State), reflect.ValueOf(want.State))
	return strings.Join(all, "\n")
}

// has wants a journal to say what it was given.
func has(t testing.TB, when string, j journal.Journal, want content) {
	t.Helper()
	if odd := read(t, j).differs(want, j); odd != "" {
		t.Errorf("%s:\n%s", when, odd)
	}
}
