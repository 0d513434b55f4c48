package reading

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// readTime finds a time from the root or an element.
func readTime(t *model.Timing, doc *document.Document, from document.Found, zone *time.Location) DeviceTime {
	if t == nil {
		return DeviceTime{}
	}
	var n *document.Node
	for i := range t.Paths {
		if at, ok := t.Paths[i].FirstFrom(doc, from); ok && doc.Nodes[at].Kind != 'n' {
			n = &doc.Nodes[at]
			break
		}
	}
	if n == nil {
		return DeviceTime{}
	}
	if n.Kind != '"' && n.Kind != '0' {
		return DeviceTime{Given: true}
	}
	given := DeviceTime{Given: true, Text: n.Raw}
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
		if given.At, given.Again = written.TimeAs(f, n.Raw, zone); given.At != 0 {
			break
		}
	}
	return given
}

// before makes a time of one that counts back from the message: from its own time, or else from its receipt.
func (e *Extraction) before(t DeviceTime, zone *time.Location) DeviceTime {
	if !t.counted {
		return t
	}
	end := e.msg.Received
	t.borrowed = true
	if own := e.time(e.model.Timing, document.Found{}, zone); own.At != 0 {
		end, t.borrowed = e.W.Shared.Clock.nearest(own, end), own.borrowed
	}
	t.At = end.Add(-t.ago)
	return t
}

// time is the time at t, or else the envelope's.
func (e *Extraction) time(t *model.Timing, from document.Found, zone *time.Location) DeviceTime {
	if given := readTime(t, e.Doc, from, zone); given.Given {
		return given
	}
	return e.W.Facts.Time
}
