package alerts

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// entry is an open alert and what is not told about it yet.
type entry struct {
	alert Alert
	// waiting is the newest explanation while UpdateInterval has not passed since the last change.
	waiting     rules.Explanation
	unconfirmed telemetry.Instant
	dirty       bool
	// kept is the worst that the journal has, since keptAt; worse says that there is a worse one by now.
	kept   rules.Explanation
	keptAt telemetry.Instant
	worse  bool
	// easedAt is when people were told last that it eased, or is worse again.
	easedAt telemetry.Instant
}

func (b *Book) openAlert(a Alert, dst []Change) []Change {
	a.ID = alertID(a.Site, a.Rule, a.Subject, a.Opened)
	a.Updated = a.Opened
	if a.Severity == "" {
		a.Severity = rules.Warning
	}
	// The engine may reuse the slice.
	a.Explanation.Evidence = slices.Clone(a.Explanation.Evidence)
	a.Raised, a.Worst = a.Explanation, a.Explanation
	if b.names != nil {
		a.Description = b.names.Describe(a.Site, a.Rule, a.Subject)
	}
	a.Silenced, dst = b.standing(&a, dst)
	a.Chain = b.chain(&a, a.Opened)
	e := b.insert(a)
	dst = append(dst, Change{Alert: a, What: Opened, At: a.Opened})
	if e.callDue() <= a.Opened { // who is called at once is called in the same commit
		dst = b.call(e, a.Opened, dst)
	}
	return dst
}

func (b *Book) insert(a Alert) *entry {
	e := &entry{alert: a, unconfirmed: a.Unconfirmed, kept: a.Worst, keptAt: a.Updated}
	b.open[key{a.Site, a.Rule, a.Subject}] = e
	b.byID[a.ID] = e
	b.bySite[a.Site]++
	b.stale = b.stale || e.due() != telemetry.Never
	return e
}

// update takes a new explanation; people are told at once, or when UpdateInterval has passed, or not at all if nothing
// material moved.
func (b *Book) update(e *entry, x *rules.Explanation, unconfirmed, at telemetry.Instant, dst []Change) []Change {
	next := merge(&e.alert.Explanation, x)
	if unconfirmed == 0 {
		b.worsen(e, &next)
	}
	changed := unconfirmed != e.alert.Unconfirmed || moved(&e.alert.Explanation, &next)
	if changed || e.dirty {
		b.stale = b.stale || e.dirty != changed
		e.waiting, e.unconfirmed, e.dirty = next, unconfirmed, changed
	}
	if !changed || at < e.updateDue() {
		return b.keep(e, at, dst)
	}
	return b.flush(e, at, dst)
}

func (b *Book) flush(e *entry, at telemetry.Instant, dst []Change) []Change {
	e.alert.Explanation, e.alert.Unconfirmed, e.alert.Updated = e.waiting, e.unconfirmed, at
	e.dirty, b.stale = false, true
	return append(dst, e.change(Updated, at))
}

func (b *Book) expire(e *entry, at telemetry.Instant, dst []Change) []Change {
	e.alert.handle(nil, at)
	b.begin(e, at)
	b.stale = true
	return append(dst, e.change(Expired, at))
}

func (b *Book) resolve(e *entry, x *rules.Explanation, at telemetry.Instant, dst []Change) []Change {
	a := e.alert
	b.stale = b.stale || e.due() != telemetry.Never
	delete(b.open, key{a.Site, a.Rule, a.Subject})
	delete(b.byID, a.ID)
	if b.bySite[a.Site]--; b.bySite[a.Site] == 0 {
		delete(b.bySite, a.Site)
	}
	// An event time can lie a little behind: an alert never ends before it began.
	at = max(at, a.Opened)
	a.Explanation, a.Eased, a.Unconfirmed, a.Updated, a.Resolved = merge(&a.Explanation, x), nil, 0, at, at
	if a.Silenced != nil {
		b.ended[key{a.Site, a.Rule, a.Subject}] = &a
	}
	return append(dst, Change{Alert: a, What: Resolved, At: at})
}

// due is when the entry needs a tick.
func (e *entry) due() telemetry.Instant {
	d := telemetry.Never
	if e.alert.Ack != nil {
		d = e.alert.Ack.Until
	}
	if e.alert.Silenced != nil {
		d = min(d, e.alert.Silenced.Until)
	}
	if e.dirty {
		d = min(d, e.updateDue())
	}
	if e.worse {
		d = min(d, e.keepDue())
	}
	if e.alert.Drill != nil {
		d = min(d, e.alert.Drill.Until)
	}
	return min(d, e.callDue())
}

// updateDue is when people may be told of the next update.
func (e *entry) updateDue() telemetry.Instant { return e.alert.Updated.Add(UpdateInterval) }

// merge takes the new explanation and keeps of the old one what the new one cannot say: a sensor that fell silent has no
// value, and people still want to know the last one and what it rested on.
func merge(old, now *rules.Explanation) rules.Explanation {
	x := *now
	x.Evidence = slices.Clone(now.Evidence)
	if !x.HasValue && old.HasValue {
		x.HasValue, x.Value, x.Error, x.Unit = true, old.Value, old.Error, old.Unit
		x.HasRange, x.Low, x.High = old.HasRange, old.Low, old.High
	}
	if !x.HasLimit && old.HasLimit {
		x.HasLimit, x.Limit, x.Constraint, x.Share = true, old.Limit, old.Constraint, old.Share
		x.Bound, x.Condition, x.Inputs = old.Bound, old.Condition, old.Inputs
	}
	if len(x.Evidence) == 0 {
		x.Evidence = old.Evidence
	}
	return x
}

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// alertID is 80 bits of a hash in 16 lower-case letters and digits. NUL cannot occur in an id, so no two alerts share a
// text to hash.
func alertID(site, rule string, subject rules.Subject, opened telemetry.Instant) string {
	text := make([]byte, 0, 128)
	for _, s := range []string{site, rule, string(subject.Kind), subject.ID} {
		text = append(append(text, s...), 0)
	}
	text = binary.BigEndian.AppendUint64(text, uint64(opened))
	sum := sha256.Sum256(text)
	return idEncoding.EncodeToString(sum[:10])
}
