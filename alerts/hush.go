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
			delete(b.silences, k)
			if e := b.open[k]; e != nil && e.alert.Silenced != nil {
				dst = b.loud(e, rec.At, dst)
			}
		}
		return dst
	}
	e := b.byID[n.Subject]
	if e == nil || e.alert.Site != rec.Site || n.Until <= rec.At {
		return dst
	}
	s := &Silencing{Entry: n.ID, By: n.Author, Proven: !n.Claimed, Reason: n.Reason, At: rec.At, Until: min(n.Until, rec.At.Add(SilenceBound(e.alert.Severity)))}
	b.silences[key{e.alert.Site, e.alert.Rule, e.alert.Subject}] = s
	e.alert.Silenced, b.stale = s, true
	return append(dst, e.change(Silenced, rec.At))
}

// standing is the silence that holds for an alert that opens; nil: none.
func (b *Book) standing(a *Alert) *Silencing {
	k := key{a.Site, a.Rule, a.Subject}
	s := b.silences[k]
	if s != nil && s.Until <= a.Opened {
		delete(b.silences, k)
		return nil
	}
	return s
}

func (b *Book) loud(e *entry, at telemetry.Instant, dst []Change) []Change {
	delete(b.silences, key{e.alert.Site, e.alert.Rule, e.alert.Subject})
	e.alert.Silenced, b.stale = nil, true
	return append(dst, e.change(Loud, at))
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
