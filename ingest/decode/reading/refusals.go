package reading

import (
	"slices"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
)

// refusals are the fields of one message that were refused: a value that no working sensor measures, or one whose unit nobody
// knows. They cost no other field. What was refused is one rejection beside the readings, never silence.
type refusals struct {
	First *fault.Fault
	// passed is what was no value at all, and is told only of a message without readings.
	passed *fault.Fault
	Of     []refusedOf // at most MaxRefusedOf
	// zeros are the channels on which a zero was refused of a sensor that warms up.
	zeros []string
}

// refusedOf is what was refused of one device.
type refusedOf struct {
	B       *Binding
	first   *fault.Fault
	details []*fault.Fault // at most maxRefused
	more    int
}

// maxRefused and MaxRefusedOf bound how many refused fields a rejection names, and of how many devices a message's refusals are
// told apart: what is refused of more is counted with the last one's.
const (
	maxRefused   = 6
	MaxRefusedOf = 64
)

func (r *refusals) reset() { *r = refusals{Of: r.Of[:0], zeros: r.zeros[:0]} }

// Add notes that the field of a device on a channel is refused.
func (r *refusals) Add(b *Binding, f *fault.Fault, channel string) {
	if r.First == nil {
		r.First = f
	}
	if f.Warming {
		r.zeros = append(r.zeros, channel)
	}
	at := slices.IndexFunc(r.Of, func(o refusedOf) bool { return o.B == b || o.B.Site == b.Site && o.B.Device == b.Device })
	beyond := at < 0 && len(r.Of) == MaxRefusedOf
	switch {
	case beyond:
		at = MaxRefusedOf - 1
	case at < 0:
		at = len(r.Of)
		r.Of = append(r.Of, refusedOf{B: b, first: f})
	}
	of := &r.Of[at]
	if beyond || len(of.details) == maxRefused {
		of.more++
		return
	}
	of.details = append(of.details, f)
}

// pass notes what was passed over.
func (r *refusals) pass(f *fault.Fault) {
	if r.passed == nil {
		r.passed = f
	}
}

// why is why a message without readings has none; nil: nothing was refused.
func (r *refusals) why() *fault.Fault {
	if r.First == nil {
		return r.passed
	}
	return r.First
}
