package alerts

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// How long a silence may last. What is critical is heard again within the hour: somebody must look, and say so again.
const (
	MaxSilence         = 7 * 24 * time.Hour
	MaxCriticalSilence = time.Hour
)

// SilenceBound is how long an alert of a severity may be silenced at once.
func SilenceBound(s rules.Severity) time.Duration {
	if s.Rank() == rules.Critical.Rank() {
		return MaxCriticalSilence
	}
	return MaxSilence
}

// Silencing says that somebody wants nobody to be notified of a rule about a subject for a while. It ends by itself.
type Silencing struct {
	Entry  string            `json:"entry"` // the ID of the entry that made it
	By     string            `json:"by"`
	Proven bool              `json:"proven,omitempty"` // By is the name of an account; else what somebody said of himself
	Reason string            `json:"reason"`
	At     telemetry.Instant `json:"at"`
	Until  telemetry.Instant `json:"until"`
}

// silence begins a silence of an alert's rule and subject, or ends the one that its entry names.
func (b *Book) silence(rec *telemetry.Record, dst []Change) []Change {
	n := rec.Entry
	if n.Ends != "" {
		for k, s := range b.silences {
			if k.site != rec.Site || s.Entry != n.Ends {
				continue
			}
			if e := b.open[k]; e != nil && e.alert.Silenced != nil {
				dst = b.loud(e, rec.At, dst)
			} else {
				delete(b.silences, k)
				dst = b.cut(k, rec.At, dst)
			}
		}
		return dst
	}
	e := b.byID[n.Subject]
	if e == nil || e.alert.Site != rec.Site || n.Until <= rec.At {
		return dst
	}
	s := &Silencing{Entry: n.ID, By: n.Author, Proven: !n.Claimed, Reason: n.Reason, At: rec.At, Until: min(n.Until, rec.At.Add(SilenceBound(e.alert.Severity)))}
	k := key{e.alert.Site, e.alert.Rule, e.alert.Subject}
	b.silences[k] = s
	e.alert.Silenced, b.stale = s, true
	e.alert.rest()
	return b.cut(k, rec.At, append(dst, e.change(Silenced, rec.At)))
}

// standing is the silence that holds for an alert that opens; nil: none. It covers no more than its alert's own severity allows: what was
// silenced as a warning may be critical by now.
func (b *Book) standing(a *Alert, dst []Change) (*Silencing, []Change) {
	k := key{a.Site, a.Rule, a.Subject}
	s := b.silences[k]
	if s == nil {
		return nil, dst
	}
	if s.At > a.Opened { // by a clock that was ahead, and was set right while nothing ran
		moved := *s
		moved.Until, moved.At = a.Opened.Add(s.Until.Sub(s.At)), a.Opened
		s = &moved
		b.silences[k] = s
	}
	if until := s.At.Add(SilenceBound(a.Severity)); until < s.Until {
		bounded := *s
		bounded.Until = until
		s = &bounded
		b.silences[k] = s
		dst = b.cut(k, max(until, a.Opened), dst)
	}
	if s.Until <= a.Opened {
		delete(b.silences, k)
		delete(b.ended, k)
		return nil, dst
	}
	return s, dst
}

// loud ends the silence of an open alert.
func (b *Book) loud(e *entry, at telemetry.Instant, dst []Change) []Change {
	k := key{e.alert.Site, e.alert.Rule, e.alert.Subject}
	delete(b.silences, k)
	e.alert.Silenced, b.stale = nil, true
	b.begin(e, at)
	return b.cut(k, at, append(dst, e.change(Loud, at)))
}

// remember takes the silence of an alert as the journal has it. One that stands in several alerts ends when the first of them says.
func (b *Book) remember(a *Alert) {
	s, k := a.Silenced, key{a.Site, a.Rule, a.Subject}
	switch old := b.silences[k]; {
	case s == nil:
		return
	case old == nil || old.Entry != s.Entry && old.At < s.At || old.Entry == s.Entry && s.Until < old.Until:
		b.silences[k] = s
	}
	if last := b.ended[k]; !a.Open() && (last == nil || last.Resolved <= a.Resolved) {
		b.ended[k] = a
	}
}

// cut lets the silence end that a resolved alert carries: a restart would take it up again from there.
func (b *Book) cut(k key, at telemetry.Instant, dst []Change) []Change {
	a := b.ended[k]
	if a == nil || a.Silenced.Until <= at {
		return dst
	}
	over, s := *a, *a.Silenced
	s.Until = at
	over.Silenced = &s
	b.ended[k] = &over
	return append(dst, Change{Alert: over, What: Loud, At: at})
}

// reclockSilence keeps the length of a silence whose begin lies in the future of a clock that was set.
func (b *Book) reclockSilence(e *entry, now telemetry.Instant) {
	s := e.alert.Silenced
	if s == nil || s.At <= now {
		return
	}
	moved := *s
	moved.Until, moved.At = now.Add(s.Until.Sub(s.At)), now
	e.alert.Silenced = &moved
	b.silences[key{e.alert.Site, e.alert.Rule, e.alert.Subject}] = &moved
}

// reclockStanding does the same for silences whose alert is over: they would hold for what opens again until the clock's old future has come.
func (b *Book) reclockStanding(now telemetry.Instant, dst []Change) []Change {
	for k, s := range b.silences {
		if s.At <= now || b.open[k] != nil {
			continue
		}
		moved := *s
		moved.Until, moved.At = now.Add(s.Until.Sub(s.At)), now
		b.silences[k] = &moved
		if a := b.ended[k]; a != nil && a.Silenced != nil && a.Silenced.Entry == s.Entry {
			over := *a
			over.Silenced = &moved
			b.ended[k] = &over
			dst = append(dst, Change{Alert: over, What: Updated, At: now})
		}
	}
	return dst
}

// hush is why and until when nobody is notified of an alert: somebody works on it, or has silenced it. nil: people are notified.
func hush(a *Alert, now telemetry.Instant) *Acknowledgement {
	if !a.Open() {
		return nil
	}
	var h *Acknowledgement
	if a.Ack != nil && a.Ack.Until > now {
		h = a.Ack
	}
	if s := a.Silenced; s != nil && s.Until > now && (h == nil || s.Until > h.Until) {
		h = &Acknowledgement{By: s.By, Reason: s.Reason, At: s.At, Until: s.Until}
	}
	return h
}
