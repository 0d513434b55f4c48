package decode

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// timing is Time made ready.
type timing struct {
	paths     []document.Path // in turn
	formats   []string
	zone      *time.Location // nil: the site's
	zonePath  document.Path
	wallClock bool
}

// read finds a time from the root or an element.
func (t *timing) read(doc *document.Document, from document.Found, zone *time.Location) deviceTime {
	if t == nil {
		return deviceTime{}
	}
	var n *document.Node
	for i := range t.paths {
		if at, ok := t.paths[i].FirstFrom(doc, from); ok && doc.Nodes[at].Kind != 'n' {
			n = &doc.Nodes[at]
			break
		}
	}
	if n == nil {
		return deviceTime{}
	}
	if n.Kind != '"' && n.Kind != '0' {
		return deviceTime{given: true}
	}
	given := deviceTime{given: true, text: n.Raw}
	if t.wallClock {
		given.wall, given.wallAgain = written.WallClock(n.Raw, zone)
	}
	if t.zone != nil {
		zone = t.zone
	}
	if t.zonePath.Text != "" {
		if at, ok := t.zonePath.FirstFrom(doc, from); ok {
			if offset, ok := written.Offset(doc.Nodes[at].Raw); ok {
				zone = time.FixedZone("", int(offset/time.Second))
			}
		}
	}
	for _, f := range t.formats {
		if f == secondsAgo {
			if ago, ok := written.Float(n.Raw); ok && ago >= 0 && ago <= maxAgo {
				given.ago = time.Duration(ago * float64(time.Second))
				given.counted = true
				break
			}
			continue
		}
		if given.at, given.again = written.TimeAs(f, n.Raw, zone); given.at != 0 {
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
	if own := e.time(e.model.time, document.Found{}, zone); own.at != 0 {
		end, t.borrowed = e.w.shared.clock.nearest(own, end), own.borrowed
	}
	t.at = end.Add(-t.ago)
	return t
}

// time is the time at t, or else the envelope's.
func (e *extraction) time(t *timing, from document.Found, zone *time.Location) deviceTime {
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
