package decode

import (
	"fmt"
	"slices"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// refusals are the fields of one message that were refused: a value that no working sensor measures, or one whose unit nobody
// knows. They cost no other field. What was refused is one rejection beside the readings, never silence.
type refusals struct {
	first *fault.Fault
	// passed is what was no value at all, and is told only of a message without readings.
	passed *fault.Fault
	of     []refusedOf // at most maxRefusedOf
	// zeros are the channels on which a zero was refused of a sensor that warms up.
	zeros []string
}

// refusedOf is what was refused of one device.
type refusedOf struct {
	b       *binding
	first   *fault.Fault
	details []*fault.Fault // at most maxRefused
	more    int
}

// maxRefused and maxRefusedOf bound how many refused fields a rejection names, and of how many devices a message's refusals are
// told apart: what is refused of more is counted with the last one's.
const (
	maxRefused   = 6
	maxRefusedOf = 64
)

func (r *refusals) reset() { *r = refusals{of: r.of[:0], zeros: r.zeros[:0]} }

// add notes that the field of a device on a channel is refused.
func (r *refusals) add(b *binding, f *fault.Fault, channel string) {
	if r.first == nil {
		r.first = f
	}
	if f.Warming {
		r.zeros = append(r.zeros, channel)
	}
	at := slices.IndexFunc(r.of, func(o refusedOf) bool { return o.b == b || o.b.site == b.site && o.b.device == b.device })
	beyond := at < 0 && len(r.of) == maxRefusedOf
	switch {
	case beyond:
		at = maxRefusedOf - 1
	case at < 0:
		at = len(r.of)
		r.of = append(r.of, refusedOf{b: b, first: f})
	}
	of := &r.of[at]
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
	if r.first == nil {
		return r.passed
	}
	return r.first
}

// withoutZeros takes back the zeros that a sensor says beside such a one: one that says 0 ppm while it warms up has not measured 0 °C
// either, whereas a battery of 0 V says nothing of the thermometer. It ends a record: the next begins without refused zeros.
func (w *worker) withoutZeros(b *binding) {
	if len(w.refused.zeros) == 0 {
		return
	}
	w.readings = slices.DeleteFunc(w.readings, func(r telemetry.Reading) bool {
		with := r.Value == 0 && (r.Quantity == telemetry.Temperature || r.Quantity == telemetry.TVOC) && slices.Contains(w.refused.zeros, r.Channel)
		if with {
			w.refused.add(b, fault.New(telemetry.ReasonRange, "%s: 0 %s, of a sensor that has measured nothing", r.Quantity, r.Quantity.Unit()), r.Channel)
		}
		return with
	})
	w.refused.zeros = w.refused.zeros[:0]
}

// withRefused appends the rejections of the fields that were refused to the message's records, which begin at start: one for each
// device. It is recognised as repeated with the device's readings, or else with those of the others.
func (w *worker) withRefused(records []telemetry.Record, start int, msg *ingest.Message) []telemetry.Record {
	if w.refused.first == nil || len(records) == start {
		return records
	}
	taken := records[start:]
	for i := range w.refused.of {
		r := &w.refused.of[i]
		more := ""
		if r.more > 0 {
			more = fmt.Sprintf("; and %d more", r.more)
		}
		rec := w.reject(msg, r.b, fault.New(r.first.Reason, "the other readings of the message are taken; %s%s", r.details, more))
		if i > 0 && w.refused.of[i-1].b.site == r.b.site {
			rec.Rejection.Raw = nil // once in a site is enough
		}
		n := uint32(unusable)
		last := len(taken) - 1
		for ; last >= 0 && (taken[last].Site != r.b.site || taken[last].Observation.Device != r.b.device); last-- {
		}
		if last < 0 {
			last, n = len(taken)-1, uint32(unusable+1+i)
		}
		rec.Identity = telemetry.Beside(taken[last].Identity, n)
		records = append(records, rec)
	}
	return records
}
