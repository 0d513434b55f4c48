package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What follows says what each fact looks like in a log. It says what an auditor wants to find, and the rest by the hash of the row: sealed where the row
// may tell of people, who they are, what they said and how they are reached.

// Tables that entries speak of.
const (
	tableRecords     = "records"
	tableTransitions = "transitions"
	tableChanges     = "alert_changes"
)

// factOfTransition is a change of verdict, or a revision of what one had been.
func (b *logbook) factOfTransition(id int64, t *rules.Transition, body []byte) {
	kind := audit.Verdict
	if t.Late {
		kind = audit.Revision
	}
	e := audit.Make(b.text, kind, t.Site, t.At)
	e.Time("until", t.Until)
	e.Time("told", t.Told)
	e.Text("rule", t.Rule)
	e.Text("subject", t.Subject.String())
	e.Text("class", string(t.Class))
	e.Text("from", t.From.String())
	e.Text("to", t.To.String())
	e.Flag("near", t.Near)
	e.Flag("idle", t.Idle)
	e.Text("reason", string(t.Explanation.Reason))
	if t.Explanation.HasValue {
		e.Value("value", t.Explanation.Value)
	}
	e.Number("record", int64(t.Record))
	e.Of(tableTransitions, id, body)
	b.add(t.Site, &e, nil)
}

// factOfChange is a step in the life of an alert.
func (b *logbook) factOfChange(id int64, c *alerts.Change, body []byte) {
	a := &c.Alert
	e := audit.Make(b.text, audit.Alert, a.Site, c.At)
	e.Text("what", string(c.What))
	e.Text("alert", a.ID)
	switch c.What {
	case alerts.Called, alerts.Sent, alerts.Shown, alerts.Looked:
		factOfCall(&e, c) // there are many of them
	default:
		e.Text("rule", a.Rule)
		e.Text("subject", a.Subject.String())
		e.Text("severity", string(a.Severity))
		e.Time("opened", a.Opened)
		e.Time("resolved", a.Resolved)
	}
	salt := newSalt()
	e.Sealed(tableChanges, id, body, salt)
	b.add(a.Site, &e, salt)
}

// factOfCall says which way a call went and what came back; to whom it went is sealed.
func factOfCall(e *audit.Entry, c *alerts.Change) {
	calls := c.Alert.Calls
	if len(calls) == 0 {
		return
	}
	var sent, shown, looked, failed int64
	for i := range calls {
		for _, d := range calls[i].Deliveries {
			sent += one(d.Sent != 0)
			shown += one(d.Shown != 0)
			looked += one(d.Looked != 0)
			failed += one(d.Failed != "")
		}
	}
	for _, n := range []struct {
		key string
		n   int64
	}{{"calls", int64(len(calls))}, {"sent", sent}, {"shown", shown}, {"looked", looked}, {"failed", failed}} {
		if n.n > 0 {
			e.Number(n.key, n.n)
		}
	}
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// factOfRecord is a record that is a fact by itself. Readings are bound by the digest of their day.
func (b *logbook) factOfRecord(rec *telemetry.Record, body []byte) {
	switch rec.Kind {
	case telemetry.KindEntry:
		b.factOfEntry(rec, body)
	case telemetry.KindConfiguration:
		c := rec.Configuration
		e := audit.Make(b.text, audit.Configuration, rec.Site, rec.At)
		e.Text("version", c.Version)
		sum := sha256.Sum256(c.Definition)
		e.Text("definition_sha256", hex.EncodeToString(sum[:]))
		salt := newSalt() // the author is somebody
		e.Sealed(tableRecords, int64(rec.Seq), body, salt)
		b.add(rec.Site, &e, salt)
	case telemetry.KindEngine:
		e := audit.Make(b.text, audit.Engine, rec.Site, rec.At)
		e.Text("version", rec.Engine.Version)
		e.Of(tableRecords, int64(rec.Seq), body)
		b.add(rec.Site, &e, nil)
	case telemetry.KindService:
		e := audit.Make(b.text, audit.Listening, rec.Site, rec.At)
		e.Time("since", rec.Service.Since)
		e.Flag("deaf", rec.Service.Deaf)
		e.Flag("clock_set", rec.Service.Set)
		e.Text("door", rec.Service.Door)
		e.Of(tableRecords, int64(rec.Seq), body)
		b.add(rec.Site, &e, nil)
	}
}

// factOfEntry is something that somebody entered.
func (b *logbook) factOfEntry(rec *telemetry.Record, body []byte) {
	x := rec.Entry
	e := audit.Make(b.text, audit.Entered, rec.Site, rec.At)
	e.Time("received", rec.Received)
	e.Text("what", string(x.Kind))
	e.Time("from", x.From)
	e.Time("until", x.Until)
	if x.Ends != "" {
		e.Flag("takes_back", true)
	}
	switch x.Kind {
	case telemetry.EntryLevel:
		e.Text("level", x.Text)
		e.Text("legal", x.Legal)
	case telemetry.EntryCount, telemetry.EntryCorrection, telemetry.EntryCalibration, telemetry.EntryAccuracy, telemetry.EntryDrift, telemetry.EntryDirection:
		e.Text("subject", x.Subject)
		e.Value("value", x.Value)
	case telemetry.EntryTask, telemetry.EntryMaintenance, telemetry.EntryAcknowledge, telemetry.EntryComment, telemetry.EntryAssign, telemetry.EntrySilence,
		telemetry.EntryLimit, telemetry.EntryDrill, telemetry.EntryFile:
		e.Text("subject", x.Subject)
	}
	salt := newSalt()
	e.Sealed(tableRecords, int64(rec.Seq), body, salt)
	b.add(rec.Site, &e, salt)
}

// factOfStop is that a site is not judged from a record on, or is again.
func (b *logbook) factOfStop(s journal.Stop) {
	e := audit.Make(b.text, audit.Stopped, s.Site, telemetry.InstantOf(time.Now()))
	e.Flag("judged", s.Seq == 0)
	if s.Seq != 0 {
		e.Number("record", int64(s.Seq))
	}
	b.add(s.Site, &e, nil)
}

// factOfRetention is that rows past their retention were deleted; of records also between which numbers.
func (b *logbook) factOfRetention(table string, rows, first, last int64) {
	e := audit.Make(b.text, audit.Retention, "", telemetry.InstantOf(time.Now()))
	e.Text("table", table)
	e.Number("rows", rows)
	if first != 0 {
		e.Number("first", first)
		e.Number("last", last)
	}
	b.add("", &e, nil)
}

// factOfDamage is what happened to records.
func (b *logbook) factOfDamage(n *journal.Noted) {
	e := audit.Make(b.text, audit.Damage, "", n.Noticed)
	e.Text("what", string(n.What))
	e.Number("first", int64(n.First))
	e.Number("last", int64(n.Last))
	b.add("", &e, nil)
}

// factOfRestore is that a copy was put in the place of the journal. What was committed since the copy was made is gone, and the log goes on from there:
// whoever has a later checkpoint finds that.
func (b *logbook) factOfRestore(at telemetry.Instant, last uint64) {
	e := audit.Make(b.text, audit.Restored, "", at)
	e.Number("last", int64(last))
	b.add("", &e, nil)
}

// factOfMended is that a site is judged again from a record on (0: it is not), and that what was recorded behind a time is taken back: the clock was ahead.
func (b *logbook) factOfMended(site string, record uint64, after telemetry.Instant) {
	e := audit.Make(b.text, audit.Mended, site, telemetry.InstantOf(time.Now()))
	if record != 0 {
		e.Number("record", int64(record))
	}
	e.Number("after", int64(after))
	b.add(site, &e, nil)
}

// factOfRewritten is that a change of an alert stands there in another form, because the one before it was taken back.
func (b *logbook) factOfRewritten(site string, row int64, at telemetry.Instant, body []byte) {
	e := audit.Make(b.text, audit.Mended, site, at)
	salt := newSalt()
	e.Sealed(tableChanges, row, body, salt)
	b.add(site, &e, salt)
}
