package evidence

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// book is what was recorded, less the readings: those pass by one at a time. It makes all files that follow from it.
type book struct {
	m        *Manifest
	policies []Policy          // in order
	texts    map[string][]byte // by version
	standing []Record
	verdicts []rules.Transition // by record and index
	alerts   []Alert

	// What was collected while the records passed.
	notes   []telemetry.Record
	entries []Record
	deeds   []Deed
	judges  []Judge
	seen    int // records

	reports [2]*compliance.Report // of Then and Now
	inputs  [2]*compliance.Input
	loc     *time.Location
}

var knowledges = [2]Knowledge{Then, Now}

// see collects what a record says beside its readings.
func (b *book) see(r *Record) {
	b.seen++
	switch {
	case r.Entry != nil:
		b.entries = append(b.entries, *r)
		if e := r.Entry; e.Kind == telemetry.EntryTask {
			b.deeds = append(b.deeds, Deed{
				Record: r.Record, Task: e.Subject, At: r.At, Received: r.Received, Began: e.Began, Done: e.Value != 0, Item: e.Item, Agent: e.Text, By: e.Author, Photo: e.Photo,
			})
		}
	case r.Observation != nil && r.Observation.Task != nil:
		t := r.Observation.Task
		b.deeds = append(b.deeds, Deed{
			Record: r.Record, Task: t.Task, At: r.At, Received: r.Received, Began: t.Began, Done: t.Done, Item: t.Item, Agent: t.Agent, By: t.By, Device: r.Observation.Device,
		})
	case r.Engine != nil:
		b.judges = append(b.judges, Judge{r.Record, r.Received, r.Engine.Version})
	}
	b.note(r)
}

// note keeps what the gateway said of itself.
func (b *book) note(r *Record) {
	if s := r.Service; s != nil {
		b.notes = append(b.notes, telemetry.Record{
			Seq: r.Record, Kind: telemetry.KindService, Site: b.m.Site, At: r.At, Received: r.Received,
			Service: &telemetry.Service{Since: s.Since, Deaf: s.Deaf, Set: s.Set, Door: s.Door},
		})
	}
}

// reckon adds the verdicts up, as they are known now and as they were then. The records must have passed.
func (b *book) reckon() error {
	for i := range b.standing {
		b.note(&b.standing[i])
	}
	slices.SortStableFunc(b.notes, func(x, y telemetry.Record) int { return cmp.Compare(x.Seq, y.Seq) })
	var terms []compliance.Term
	for i := range b.policies {
		p := &b.policies[i]
		if p.Received >= b.m.Until {
			break
		}
		agenda, err := rules.NewAgenda(b.texts[p.Version])
		if err != nil {
			return fmt.Errorf("policy %s: %w", p.Version, err)
		}
		terms = append(terms, compliance.Term{From: p.Received, Agenda: agenda})
	}
	for i, then := range []bool{true, false} {
		in := &compliance.Input{
			Site: b.m.Site, Terms: terms, Transitions: b.verdicts, Gaps: compliance.GapsOf(b.notes), From: b.m.From, Until: b.m.Until, AtTheTime: then, Now: b.m.AsOf, Judged: b.m.Stopped,
		}
		r, err := compliance.Compute(in, compliance.ByDay)
		if err != nil {
			return err
		}
		if len(b.m.Rules) > 0 {
			r.Measures = slices.DeleteFunc(r.Measures, func(m compliance.Measure) bool { return !slices.Contains(b.m.Rules, m.Rule) })
		}
		b.inputs[i], b.reports[i] = in, r
	}
	b.loc = b.reports[1].Location
	return nil
}

// wants reports whether the pack is about a rule.
func (b *book) wants(rule string) bool {
	return len(b.m.Rules) == 0 || slices.Contains(b.m.Rules, rule)
}

func (b *book) gaps() []Gap {
	var all []Gap
	for _, g := range compliance.GapsOf(b.notes) {
		if g.From < b.m.Until && g.Until > b.m.From {
			all = append(all, Gap{g.From, g.Until})
		}
	}
	return all
}

func (b *book) intervals() []Interval {
	var all []Interval
	for k, r := range b.reports {
		for i := range r.Measures {
			m := &r.Measures[i]
			for _, x := range m.Intervals {
				row := Interval{Known: knowledges[k], Rule: m.Rule, Subject: m.Subject, From: x.From, Until: x.Until, State: x.State.String(), Reason: x.Reason}
				if x.Change >= 0 {
					t := &b.verdicts[x.Change]
					row.Record, row.Index = t.Record, t.Index
				}
				all = append(all, row)
			}
		}
	}
	return all
}

func (b *book) revisions() []Revision {
	var all []Revision
	for _, d := range compliance.Differences(b.reports[0], b.reports[1]) {
		row := Revision{Rule: d.Rule, Subject: d.Subject, From: d.From, Until: d.Until, Then: d.Then.String(), Now: d.Now.String()}
		if d.Change >= 0 {
			t := &b.verdicts[d.Change]
			row.Record, row.Told = t.Record, t.Told
		}
		all = append(all, row)
	}
	return all
}

func sumsOf(t compliance.Times) Sums {
	return Sums{
		seconds(t.Open), seconds(t.Within), seconds(t.Breached), seconds(t.Near), seconds(t.Unknown), seconds(t.Idle), seconds(t.Maintenance), seconds(t.Closed), seconds(t.After),
	}
}

func (b *book) figures() []Figure {
	var all []Figure
	for k, r := range b.reports {
		for i := range r.Measures {
			m := &r.Measures[i]
			add := func(day string, span compliance.Span, t compliance.Times) {
				row := Figure{
					Known: knowledges[k], Day: day, From: span.From, Until: span.Until, Rule: m.Rule, Subject: m.Subject, SubjectName: m.SubjectName, Kind: m.Kind, Protocol: m.Protocol,
					Legal: m.Legal, Counts: m.Counts(), State: t.State().String(), Sums: sumsOf(t),
				}
				if m.Subject.Kind == rules.SubjectZone {
					row.Zone = m.Subject.ID
				}
				row.Kept, row.Observed = share(t.Kept()), share(t.Share())
				all = append(all, row)
			}
			add("", compliance.Span{From: r.From, Until: r.Until}, m.Times)
			for p, span := range r.Parts {
				add(dayOf(span.From, r.Location), span, m.Parts[p])
			}
		}
	}
	return all
}

// siteFigures are the figures of the whole site. A pack about some rules has none: what the site's worst measure was it cannot say.
func (b *book) siteFigures() []SiteFigure {
	if len(b.m.Rules) > 0 {
		return nil
	}
	var all []SiteFigure
	for k, r := range b.reports {
		add := func(day string, span compliance.Span, f compliance.Figure) {
			row := SiteFigure{
				Known: knowledges[k], Day: day, From: span.From, Until: span.Until, State: f.State.String(), Kept: share(f.Kept, f.Known),
				Near: share(f.Near, f.Known), Breached: share(f.Broken, f.Known), Observed: share(f.Observed, f.Asked),
				Measures: f.Measures, Fully: f.Fully, Blind: f.Blind, Sums: sumsOf(f.Times),
			}
			if f.Worst >= 0 {
				row.Rule, row.Subject = r.Measures[f.Worst].Rule, &r.Measures[f.Worst].Subject
			}
			all = append(all, row)
		}
		add("", compliance.Span{From: r.From, Until: r.Until}, r.Figure)
		for p, span := range r.Parts {
			add(dayOf(span.From, r.Location), span, r.Figures[p])
		}
	}
	return all
}

// corrects reports whether an entry changes what is measured or counted.
func corrects(k telemetry.EntryKind) bool {
	switch k {
	case telemetry.EntryCount, telemetry.EntryCorrection, telemetry.EntryCalibration, telemetry.EntryAccuracy, telemetry.EntryDrift, telemetry.EntryDirection:
		return true
	}
	return false
}

// calibrates reports whether an entry is about a device, and holds from its receipt on.
func calibrates(k telemetry.EntryKind) bool {
	return corrects(k) && k != telemetry.EntryCount && k != telemetry.EntryCorrection
}

// stands reports whether an entry from before the period may hold in it.
func stands(k telemetry.EntryKind) bool {
	return k == telemetry.EntryLevel || k == telemetry.EntryMaintenance || calibrates(k)
}

func (b *book) corrections() []Record {
	return slices.DeleteFunc(slices.Clone(b.entries), func(r Record) bool { return !corrects(r.Entry.Kind) })
}

// instruments are the devices of the last policy of the period, with what people entered about them.
func (b *book) instruments() []Instrument {
	in := b.inputs[1]
	if len(in.Terms) == 0 {
		return nil
	}
	site := in.Terms[len(in.Terms)-1].Agenda.Site()
	var all []Instrument
	for i := range site.Devices {
		d := &site.Devices[i]
		row := Instrument{ID: d.ID, Name: d.Name, Model: d.Model, Address: d.Address, Place: d.Place, Offset: d.Offset, Accuracy: d.Accuracy, Swap: d.Swap}
		for _, list := range [][]Record{b.standing, b.entries} {
			for k := range list {
				e := list[k].Entry
				if e == nil || !calibrates(e.Kind) {
					continue
				}
				if device, _ := deviceOf(e.Subject); device == d.ID {
					row.Calibrations = append(row.Calibrations, list[k])
				}
			}
		}
		all = append(all, row)
	}
	return all
}

// engines are the versions that judged the site.
func (b *book) engines() []Judge {
	var all []Judge
	for i := range b.standing {
		if r := &b.standing[i]; r.Engine != nil {
			all = append(all, Judge{r.Record, r.Received, r.Engine.Version})
		}
	}
	return append(all, b.judges...)
}

// derivedFile is a file that follows from what was recorded.
type derivedFile struct {
	name string
	of   any // the type of a line; nil: it has none
	make func(b *book, w io.Writer) error
}

// derivedFiles are those that a pack has, in order, but for the table of readings.
var derivedFiles = []derivedFile{
	{"intervals.jsonl", Interval{}, func(b *book, w io.Writer) error { return linesOf(w, b.intervals()) }},
	{"revisions.jsonl", Revision{}, func(b *book, w io.Writer) error { return linesOf(w, b.revisions()) }},
	{"figures.jsonl", Figure{}, func(b *book, w io.Writer) error { return linesOf(w, b.figures()) }},
	{"site.jsonl", SiteFigure{}, func(b *book, w io.Writer) error { return linesOf(w, b.siteFigures()) }},
	{"gaps.jsonl", Gap{}, func(b *book, w io.Writer) error { return linesOf(w, b.gaps()) }},
	{"corrections.jsonl", Record{}, func(b *book, w io.Writer) error { return linesOf(w, b.corrections()) }},
	{"tasks.jsonl", Deed{}, func(b *book, w io.Writer) error { return linesOf(w, b.deeds) }},
	{"actions.jsonl", Record{}, func(b *book, w io.Writer) error { return linesOf(w, b.entries) }},
	{"devices.jsonl", Instrument{}, func(b *book, w io.Writer) error { return linesOf(w, b.instruments()) }},
	{"engines.jsonl", Judge{}, func(b *book, w io.Writer) error { return linesOf(w, b.engines()) }},
	{tableFolder + "figures.csv", nil, (*book).figuresTable},
	{tableFolder + "site.csv", nil, (*book).siteTable},
	{tableFolder + "intervals.csv", nil, (*book).intervalsTable},
	{tableFolder + "verdicts.csv", nil, (*book).verdictsTable},
	{tableFolder + "revisions.csv", nil, (*book).revisionsTable},
	{tableFolder + "alerts.csv", nil, (*book).alertsTable},
	{tableFolder + "gaps.csv", nil, (*book).gapsTable},
	{tableFolder + "tasks.csv", nil, (*book).tasksTable},
	{tableFolder + "actions.csv", nil, (*book).actionsTable},
	{tableFolder + "devices.csv", nil, (*book).devicesTable},
	{"READ-ME.txt", nil, func(b *book, w io.Writer) error { return readMe(w, b.m, "en") }},
	{"BACA-SAYA.txt", nil, func(b *book, w io.Writer) error { return readMe(w, b.m, "id") }},
}

// recordedFiles are those that hold what was recorded, with the type of a line.
var recordedFiles = []struct {
	name string
	of   any
}{
	{fileRecords, Record{}}, {fileStanding, Record{}}, {filePolicy, Policy{}}, {fileVerdicts, rules.Transition{}}, {fileAlerts, Alert{}},
}

// tableReadings is the table of all readings.
const tableReadings = tableFolder + "readings.csv"

// allFiles are the names that a file of a pack may have, but for policies.
var allFiles = func() []string {
	all := []string{fileManifest, fileSums, fileState, tableReadings, schemaFolder + fileManifest}
	for _, f := range recordedFiles {
		all = append(all, f.name, schemaOf(f.name))
	}
	for _, f := range derivedFiles {
		all = append(all, f.name)
		if f.of != nil {
			all = append(all, schemaOf(f.name))
		}
	}
	return all
}()

// tidy is an alert without what tells devices of people apart: the marks by which their answers are recognised.
func tidy(a alerts.Alert) alerts.Alert {
	a.Calls = slices.Clone(a.Calls)
	for i := range a.Calls {
		a.Calls[i].Deliveries = slices.Clone(a.Calls[i].Deliveries)
		for k := range a.Calls[i].Deliveries {
			a.Calls[i].Deliveries[k].Key = ""
		}
	}
	return a
}
