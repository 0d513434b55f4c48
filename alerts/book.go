package alerts

import (
	"cmp"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The bounds of an alert's life.
const (
	// UpdateInterval is the least time between two Updated changes of one alert. What moves meanwhile is told at its end.
	UpdateInterval = time.Minute
	// DefaultAcknowledgement is how long an acknowledgement lasts that does not say so, MaxAcknowledgement the longest.
	DefaultAcknowledgement = time.Hour
	MaxAcknowledgement     = 24 * time.Hour
)

// Book holds the open alerts and decides what opens, changes and resolves them. It does no I/O and reads no clock: the same
// calls give the same changes. It is used by one goroutine.
//
// Every method appends the changes it caused to dst and returns it.
type Book struct {
	names  Names
	open   map[key]*entry
	byID   map[string]*entry
	bySite map[string]int // open alerts a site
	// silences are those that stand, also of what is not open now.
	silences map[key]*Silencing
	// ended are the newest resolved alerts that carry a silence: it is taken up from them after a restart.
	ended map[key]*Alert

	// plan is whom a site calls about an alert; nil: nobody.
	plan func(site string) *facility.Escalation

	due   telemetry.Instant
	stale bool // due must be computed again
}

// key is what there is at most one open alert of.
type key struct {
	site, rule string
	subject    rules.Subject
}

// NewBook makes a book of the alerts that are open, as the journal has them. Of resolved ones only the silence is taken that may still
// stand. names may be nil.
func NewBook(open []Alert, names Names) *Book {
	b := &Book{
		names: names, stale: true,
		open: make(map[key]*entry, len(open)), byID: make(map[string]*entry, len(open)), bySite: make(map[string]int),
		silences: make(map[key]*Silencing), ended: make(map[key]*Alert),
	}
	for i := range open {
		a := &open[i]
		b.remember(a)
		if a.Open() {
			b.insert(*a)
		}
	}
	return b
}

// Alarm follows a change of what a rule asks of people.
func (b *Book) Alarm(a *rules.Alarm, dst []Change) []Change {
	e := b.open[key{a.Site, a.Rule, a.Subject}]
	switch {
	case a.Worse:
		if e == nil || e.unconfirmed != 0 {
			return dst
		}
		b.worsen(e, &a.Explanation) // the next view keeps it, or the next minute: a stream of them is no stream of changes
		return dst
	case a.Phase != rules.Firing && e == nil:
		return dst
	case a.Phase != rules.Firing:
		return b.resolve(e, &a.Explanation, a.At, dst)
	case e == nil && a.Doubt:
		return dst // a doubt opens nothing
	case e == nil:
		return b.openAlert(Alert{
			Site: a.Site, Rule: a.Rule, Kind: a.Kind, Class: a.Class, Severity: a.Severity, Subject: a.Subject,
			Opened: a.At, Explanation: a.Explanation,
		}, dst)
	}
	since := telemetry.Instant(0)
	if a.Doubt {
		if since = e.unconfirmed; since == 0 {
			since = a.At
		}
	}
	return b.update(e, &a.Explanation, since, a.At, dst)
}

// Refresh tells the book the present verdicts of a site, so that people learn when the value behind an open alert moves
// materially without the alarm changing. It opens and resolves nothing. It costs nothing for a site without open alerts.
func (b *Book) Refresh(site string, verdicts []rules.VerdictView, at telemetry.Instant, dst []Change) []Change {
	if b.bySite[site] == 0 {
		return dst
	}
	for i := range verdicts {
		v := &verdicts[i]
		if v.Phase != rules.Firing {
			continue
		}
		e := b.open[key{site, v.Rule, v.Subject}]
		demand := rules.DemandOf(v.Class, v.Verdict, v.Explanation.Reason)
		if e != nil && demand != rules.Void {
			dst = b.press(e, at, dst)
		}
		// An alert under doubt is confirmed by an alarm only.
		switch {
		case e == nil || demand == rules.Doubtful || e.unconfirmed != 0:
		case demand == rules.Void:
			dst = b.ease(e, v, at, dst)
		case moved(&e.alert.Explanation, &v.Explanation):
			dst = b.update(e, &v.Explanation, 0, at, dst)
		default:
			b.worsen(e, &v.Explanation)
			dst = b.keep(e, at, dst)
		}
	}
	return dst
}

// Entry applies what people do with alerts: EntryAcknowledge, EntryAssign, EntryHandover, EntrySilence, EntryDrill; all other records
// change nothing. The entry's site must be the alert's. The Until of an acknowledgement is the expiry: 0 means DefaultAcknowledgement, more than MaxAcknowledgement is cut to it, a time that is not after the entry
// withdraws the acknowledgement. A second acknowledgement replaces the first.
func (b *Book) Entry(rec *telemetry.Record, dst []Change) []Change {
	if rec.Kind != telemetry.KindEntry || rec.Entry == nil {
		return dst
	}
	switch rec.Entry.Kind {
	case telemetry.EntryAcknowledge:
		return b.acknowledge(rec, dst)
	case telemetry.EntryAssign, telemetry.EntryHandover:
		return b.assign(rec, dst)
	case telemetry.EntrySilence:
		return b.silence(rec, dst)
	case telemetry.EntryDrill:
		return b.drill(rec, dst)
	}
	return dst
}

func (b *Book) acknowledge(rec *telemetry.Record, dst []Change) []Change {
	e := b.byID[rec.Entry.Subject]
	if e == nil || e.alert.Site != rec.Site {
		return dst
	}
	until := rec.Entry.Until
	switch {
	case until == 0:
		until = rec.At.Add(DefaultAcknowledgement)
	case until <= rec.At:
		if e.alert.Ack == nil {
			return dst
		}
		return b.expire(e, rec.At, dst)
	}
	e.alert.handle(&Acknowledgement{
		By: rec.Entry.Author, Proven: !rec.Entry.Claimed, Reason: rec.Entry.Reason, At: rec.At, Until: min(until, rec.At.Add(MaxAcknowledgement)),
	}, rec.At)
	e.alert.rest()
	b.stale = true
	return append(dst, e.change(Acknowledged, rec.At))
}

// Service follows a fault of the gateway itself. Saying the same again changes nothing, so whoever watches a service may
// tell its whole state at start: that resolves what a previous run left open.
func (b *Book) Service(f Fault, at telemetry.Instant, dst []Change) []Change {
	name := f.Name.known()
	subject := rules.Subject{Kind: rules.SubjectSite, ID: f.Site}
	e := b.open[key{f.Site, string(name), subject}]
	x := rules.Explanation{Detail: f.Detail}
	switch {
	case e == nil && f.Firing:
		return b.openAlert(Alert{
			Site: f.Site, Rule: string(name), Kind: KindService, Class: rules.ClassService, Severity: name.Severity(),
			Subject: subject, Opened: at, Explanation: x,
		}, dst)
	case e != nil && !f.Firing:
		if x.Detail == "" {
			x.Detail = e.alert.Explanation.Detail
		}
		return b.resolve(e, &x, at, dst)
	case e != nil && x.Detail != "" && x.Detail != e.alert.Explanation.Detail:
		// Another cause of the same fault, told at once: whoever has just mended the one that is shown must not be shown it still.
		e.waiting = merge(&e.alert.Explanation, &x)
		return b.flush(e, at, dst)
	}
	return dst
}

// Configure resolves the open alerts of a site whose rule or subject is no longer in its definition: no alarm will ever
// come for them.
func (b *Book) Configure(def *rules.Definition, at telemetry.Instant, dst []Change) []Change {
	if b.bySite[def.Site.ID] == 0 {
		return dst
	}
	judged := make(map[string]bool)
	for i := range def.Protocols {
		for j := range def.Protocols[i].Rules {
			judged[def.Protocols[i].Rules[j].ID] = true
		}
	}
	return b.withdraw(def.Site.ID, at, dst, func(a *Alert) bool {
		return a.Class == rules.ClassService || (judged[a.Rule] || a.Drill != nil) && exists(def, a.Subject)
	})
}

// Remove resolves all open alerts of a site that is gone from the configuration.
func (b *Book) Remove(site string, at telemetry.Instant, dst []Change) []Change {
	return b.withdraw(site, at, dst, func(*Alert) bool { return false })
}

// Due is when Tick has something to do next; telemetry.Never: nothing.
func (b *Book) Due() telemetry.Instant {
	if b.stale {
		b.stale, b.due = false, telemetry.Never
		for _, e := range b.open {
			b.due = min(b.due, e.due())
		}
	}
	return b.due
}

// Tick ends the acknowledgements that ran out and tells what waited for UpdateInterval, in the order of their times.
func (b *Book) Tick(now telemetry.Instant, dst []Change) []Change {
	if b.Due() > now {
		return dst
	}
	var due []*entry
	for _, e := range b.open {
		if e.due() <= now {
			due = append(due, e)
		}
	}
	first := len(dst)
	for _, e := range due {
		if e.dirty && e.updateDue() <= now {
			dst = b.flush(e, e.updateDue(), dst)
		}
		if e.worse && e.keepDue() <= now {
			dst = append(dst, e.change(Worsened, e.keepDue()))
			b.stale = true
		}
		if e.alert.Ack != nil && e.alert.Ack.Until <= now {
			dst = b.expire(e, e.alert.Ack.Until, dst)
		}
		if s := e.alert.Silenced; s != nil && s.Until <= now {
			dst = b.loud(e, s.Until, dst)
		}
		if d := e.alert.Drill; d != nil && d.Until <= now {
			dst = b.resolve(e, &e.alert.Explanation, d.Until, dst)
		} else if e.callDue() <= now {
			dst = b.call(e, now, dst)
		}
	}
	slices.SortStableFunc(dst[first:], func(x, y Change) int {
		// Whoever is called is called because of the others; several are in the order of their steps.
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Alert.ID, y.Alert.ID), last(x.What == Called, y.What == Called), cmp.Compare(x.What, y.What))
	})
	return dst
}

// last puts true behind false.
func last(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

// Reconcile resolves the open alerts of a site that its verdicts no longer ask for: of a history that was judged again.
func (b *Book) Reconcile(site string, verdicts []rules.VerdictView, at telemetry.Instant, dst []Change) []Change {
	firing := make(map[key]bool, len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		firing[key{site, v.Rule, v.Subject}] = v.Phase == rules.Firing
	}
	return b.withdraw(site, at, dst, func(a *Alert) bool {
		return a.Class == rules.ClassService || a.Drill != nil || firing[key{a.Site, a.Rule, a.Subject}]
	})
}

// SetClock follows a clock that was set. What has a time still to come gets the present, so that people are told now and not
// when that time comes; acknowledgements last as long as they would have.
func (b *Book) SetClock(now telemetry.Instant, dst []Change) []Change {
	first := len(dst)
	for _, e := range b.open {
		a := &e.alert
		if a.Opened <= now && a.Updated <= now && (a.Ack == nil || a.Ack.At <= now) && (a.Silenced == nil || a.Silenced.At <= now) && (a.Chain == nil || a.Chain.At <= now) && (a.Drill == nil || a.Drill.Until.Sub(now) <= MaxDrill) {
			continue
		}
		b.reclockSilence(e, now)
		e.reclockChain(now)
		if a.Drill != nil {
			drill := *a.Drill // it lasts no longer than it would have from its beginning
			drill.Until = now.Add(min(drill.Until.Sub(a.Opened), MaxDrill))
			a.Drill = &drill
		}
		a.Opened, a.Updated = min(a.Opened, now), min(a.Updated, now)
		if a.Ack != nil && a.Ack.At > now {
			ack := *a.Ack
			ack.Until, ack.At = now.Add(ack.Until.Sub(ack.At)), now
			all := slices.Clone(a.Acknowledgements())
			all[len(all)-1] = ack
			a.Ack, a.Handled = &ack, all
		}
		dst = append(dst, e.change(Updated, now))
	}
	dst = b.reclockStanding(now, dst)
	b.stale = true
	slices.SortFunc(dst[first:], func(x, y Change) int { return compareAlerts(&x.Alert, &y.Alert) })
	return dst
}

// Open lists the open alerts by site, opening, rule and subject.
func (b *Book) Open() []Alert {
	// An alert with all that it says is large: it is put in its place once.
	order := make([]*Alert, 0, len(b.open))
	for _, e := range b.open {
		order = append(order, &e.alert)
	}
	slices.SortFunc(order, compareAlerts)
	all := make([]Alert, len(order))
	for i, a := range order {
		all[i] = *a
	}
	return all
}

// Len is the number of open alerts.
func (b *Book) Len() int { return len(b.open) }

func compareAlerts(x, y *Alert) int {
	return cmp.Or(cmp.Compare(x.Site, y.Site), cmp.Compare(x.Opened, y.Opened), cmp.Compare(x.Rule, y.Rule),
		cmp.Compare(x.Subject.Kind, y.Subject.Kind), cmp.Compare(x.Subject.ID, y.Subject.ID))
}

func (b *Book) withdraw(site string, at telemetry.Instant, dst []Change, keep func(*Alert) bool) []Change {
	var gone []*entry
	for _, e := range b.open {
		if e.alert.Site == site && !keep(&e.alert) {
			gone = append(gone, e)
		}
	}
	slices.SortFunc(gone, func(x, y *entry) int { return compareAlerts(&x.alert, &y.alert) })
	for _, e := range gone {
		dst = b.resolve(e, &rules.Explanation{Reason: rules.ReasonNotInForce}, at, dst)
	}
	return dst
}

func exists(def *rules.Definition, s rules.Subject) bool {
	var ok bool
	switch s.Kind {
	case rules.SubjectSite:
		ok = true
	case rules.SubjectZone:
		_, ok = def.Site.Zone(s.ID)
	case rules.SubjectDoor:
		_, ok = def.Site.Door(s.ID)
	case rules.SubjectDevice:
		_, ok = def.Site.Device(s.ID)
	case rules.SubjectTask:
		_, ok = def.Site.Task(s.ID)
	case rules.SubjectUplink:
		_, ok = def.Site.Uplink(s.ID)
	}
	return ok
}
