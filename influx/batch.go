package influx

import (
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// batch is the lines of one position step, with what they came from. Its memory is used again for the next one.
type batch struct {
	text    []byte // lines, each with its line break
	sources []source
	// to is the position when all lines are stored or rejected.
	to journal.Position
	// elements is how many elements of the streams are in it, oldest when the gateway learned of the first one (records
	// only; 0: none).
	elements int
	oldest   telemetry.Instant
	rejected []journal.Rejected
}

// source is the element that a line came from.
type source struct {
	end          int // of the line in the text
	stream       journal.Stream
	id           int64
	site, device string
	at           telemetry.Instant
}

// reset empties the batch for the elements behind from. Memory that one unusual batch has blown up is let go.
func (b *batch) reset(from journal.Position) {
	const keep = 8 << 20
	if cap(b.text) > keep {
		b.text = nil
	}
	clear(b.sources)
	clear(b.rejected)
	*b = batch{text: b.text[:0], sources: b.sources[:0], rejected: b.rejected[:0], to: from}
}

// lines is how many there are.
func (b *batch) lines() int { return len(b.sources) }

// start is where line i begins.
func (b *batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.sources[i-1].end
}

// reject sets a piece aside with the server's words.
func (b *batch) reject(p piece, reason string) {
	s := p.from
	b.rejected = append(b.rejected, journal.Rejected{
		Stream: s.stream, ID: s.id, Site: s.site, Device: s.device, At: s.at,
		Line: p.line, Reason: reason,
	})
}
