package decode

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// timing is Time made ready.
type timing struct {
	paths     []path // in turn
	formats   []string
	zone      *time.Location // nil: the site's
	zonePath  path
	wallClock bool
}

// read finds a time from the root or an element.
func (t *timing) read(doc *document, from found, zone *time.Location) deviceTime {
	if t == nil {
		return deviceTime{}
	}
	var n *node
	for i := range t.paths {
		if at, ok := t.paths[i].firstFrom(doc, from); ok && doc.nodes[at].kind != 'n' {
			n = &doc.nodes[at]
			break
		}
	}
	if n == nil {
		return deviceTime{}
	}
	if n.kind != '"' && n.kind != '0' {
		return deviceTime{given: true}
	}
	given := deviceTime{given: true, text: n.raw}
	if t.wallClock {
		given.wall, given.wallAgain = written.WallClock(n.raw, zone)
	}
	if t.zone != nil {
		zone = t.zone
	}
	if t.zonePath.text != "" {
		if at, ok := t.zonePath.firstFrom(doc, from); ok {
			if offset, ok := written.Offset(doc.nodes[at].raw); ok {
				zone = time.FixedZone("", int(offset/time.Second))
			}
		}
	}
	for _, f := range t.formats {
		if f == secondsAgo {
			if ago, ok := written.Float(n.raw); ok && ago >= 0 && ago <= maxAgo {
				given.ago = time.Duration(ago * float64(time.Second))
				given.counted = true
				break
			}
			continue
		}
		if given.at, given.again = written.TimeAs(f, n.raw, zone); given.at != 0 {
			break
		}
	}
	return given
}

// before makes a time of one that counts back from the message: from its own time, or else from its receipt.
func (e *extraction) before(t deviceTime, zone *time.Location) deviceTime {
	if !t.counted {
		return t
	}
	end := e.msg.Received
	t.borrowed = true
	if own := e.time(e.model.time, found{}, zone); own.at != 0 {
		end, t.borrowed = e.w.d.clock.nearest(own, end), own.borrowed
	}
	t.at = end.Add(-t.ago)
	return t
}

// time is the time at t, or else the envelope's.
func (e *extraction) time(t *timing, from found, zone *time.Location) deviceTime {
	if given := t.read(e.doc, from, zone); given.given {
		return given
	}
	return e.w.facts.time
}

// secondsAgo is the format of a time that counts back from the message's own. maxAgo bounds it: no device keeps a century.
const (
	secondsAgo = "seconds_ago"
	maxAgo     = 100 * 365 * 24 * 3600
)
