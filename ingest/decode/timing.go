package decode

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// readTime finds a time from the root or an element.
func readTime(t *model.Timing, doc *document.Document, from document.Found, zone *time.Location) deviceTime {
	if t == nil {
		return deviceTime{}
	}
	var n *document.Node
	for i := range t.Paths {
		if at, ok := t.Paths[i].FirstFrom(doc, from); ok && doc.Nodes[at].Kind != 'n' {
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
	if t.WallClock {
		given.wall, given.wallAgain = written.WallClock(n.Raw, zone)
	}
	if t.Zone != nil {
		zone = t.Zone
	}
	if t.ZonePath.Text != "" {
		if at, ok := t.ZonePath.FirstFrom(doc, from); ok {
			if offset, ok := written.Offset(doc.Nodes[at].Raw); ok {
				zone = time.FixedZone("", int(offset/time.Second))
			}
		}
	}
	for _, f := range t.Formats {
		if f == model.SecondsAgo {
			if ago, ok := written.Float(n.Raw); ok && ago >= 0 && ago <= model.MaxAgo {
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
	if own := e.time(e.model.Timing, document.Found{}, zone); own.at != 0 {
		end, t.borrowed = e.w.shared.clock.nearest(own, end), own.borrowed
	}
	t.at = end.Add(-t.ago)
	return t
}

// time is the time at t, or else the envelope's.
func (e *extraction) time(t *model.Timing, from document.Found, zone *time.Location) deviceTime {
	if given := readTime(t, e.doc, from, zone); given.given {
		return given
	}
	return e.w.facts.time
}
