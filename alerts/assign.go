package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Assignment says whose an alert is. It is no acknowledgement: nobody has said yet that he works on it.
type Assignment struct {
	To     string            `json:"to"`
	By     string            `json:"by"`
	Proven bool              `json:"proven,omitempty"` // By is the name of an account; else what somebody said of himself
	Reason string            `json:"reason,omitempty"` // a remark to whoever it is given to
	At     telemetry.Instant `json:"at"`
	// Handover says that all that was open at the site was given at once, at the end of a shift.
	Handover bool `json:"handover,omitempty"`
}

// TakenOver reports whether he to whom the shift was handed over has said so himself: all that was open then is his.
func (g *Assignment) TakenOver() bool { return g.Handover && g.To == g.By }

// assign gives the alert of an EntryAssign, or all open alerts of the site of an EntryHandover, to somebody.
func (b *Book) assign(rec *telemetry.Record, dst []Change) []Change {
	n := rec.Entry
	var given []*entry
	if n.Kind == telemetry.EntryAssign {
		if e := b.byID[n.Subject]; e != nil && e.alert.Site == rec.Site {
			given = []*entry{e}
		}
	} else if n.Text != "" {
		for _, e := range b.open {
			if e.alert.Site == rec.Site {
				given = append(given, e)
			}
		}
		slices.SortFunc(given, func(x, y *entry) int { return compareAlerts(&x.alert, &y.alert) })
	}
	for _, e := range given {
		if n.Text == "" && e.alert.Assigned == nil {
			continue
		}
		e.alert.Assigned = nil
		if n.Text != "" {
			e.alert.Assigned = &Assignment{To: n.Text, By: n.Author, Proven: !n.Claimed, Reason: n.Reason, At: rec.At, Handover: n.Kind == telemetry.EntryHandover}
		}
		dst = append(dst, e.change(Assigned, rec.At))
	}
	return dst
}

// Accepted notes that a router took an alert, and to whom it leads it. Only the first time of an open alert counts.
func (b *Book) Accepted(id string, told []string, at telemetry.Instant, dst []Change) []Change {
	e := b.byID[id]
	if e == nil || e.alert.Accepted != 0 {
		return dst
	}
	e.alert.Accepted, e.alert.Told = max(at, e.alert.Opened), told
	return append(dst, e.change(Taken, at))
}
