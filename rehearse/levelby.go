package rehearse

import (
	"cmp"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// chosen is a level that a person chose, by the pages or the API.
type chosen struct {
	entry telemetry.Entry
	seq   uint64
	from  telemetry.Instant // when it begins
	at    telemetry.Instant // when it was chosen
}

// choose notes an entry about the level. A choice and its end may come in any order.
func (w *Witness) choose(rec *telemetry.Record) {
	e := *rec.Entry
	if e.Ends != "" {
		if w.ended == nil {
			w.ended = make(map[string]telemetry.Instant)
		}
		w.ended[e.Ends] = rec.At
		return
	}
	w.chosen = append(w.chosen, chosen{entry: e, seq: rec.Seq, from: max(rec.At, e.From), at: rec.At})
}

// levelBy says which person chose a level that holds at a time, in the words of a clock; empty: none did.
func (w *Witness) levelBy(level string, at telemetry.Instant, clock func(telemetry.Instant) string) string {
	var best *chosen
	for i := range w.chosen {
		c := &w.chosen[i]
		until := c.entry.Until
		if end, ok := w.ended[c.entry.ID]; ok && c.entry.ID != "" && (until == 0 || end < until) {
			until = end
		}
		holds := c.entry.Text == level && c.from <= at && (until == 0 || at < until)
		if holds && (best == nil || cmp.Or(cmp.Compare(c.from, best.from), cmp.Compare(c.at, best.at)) >= 0) {
			best = c
		}
	}
	if best == nil {
		return ""
	}
	text := fmt.Sprintf("chosen by %s at %s (record %d): %s", cmp.Or(best.entry.Author, "somebody"), clock(best.at), best.seq, cmp.Or(best.entry.Reason, "no reason given"))
	if best.entry.Legal != "" {
		text += ", " + best.entry.Legal
	}
	if best.from > best.at {
		text += ", from " + clock(best.from)
	}
	return text
}
