package reading

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

// WithoutZeros takes back the zeros that a sensor says beside such a one: one that says 0 ppm while it warms up has not measured 0 °C
// either, whereas a battery of 0 V says nothing of the thermometer. It ends a record: the next begins without refused zeros.
func (w *Worker) WithoutZeros(b *Binding) {
	if len(w.Refused.zeros) == 0 {
		return
	}
	w.Readings = slices.DeleteFunc(w.Readings, func(r telemetry.Reading) bool {
		with := r.Value == 0 && (r.Quantity == telemetry.Temperature || r.Quantity == telemetry.TVOC) && slices.Contains(w.Refused.zeros, r.Channel)
		if with {
			w.Refused.Add(b, fault.New(telemetry.ReasonRange, "%s: 0 %s, of a sensor that has measured nothing", r.Quantity, r.Quantity.Unit()), r.Channel)
		}
		return with
	})
	w.Refused.zeros = w.Refused.zeros[:0]
}

// WithRefused appends the rejections of the fields that were refused to the message's records, which begin at start: one for each
// device. It is recognised as repeated with the device's readings, or else with those of the others.
func (w *Worker) WithRefused(records []telemetry.Record, start int, msg *ingest.Message) []telemetry.Record {
	if w.Refused.First == nil || len(records) == start {
		return records
	}
	taken := records[start:]
	for i := range w.Refused.Of {
		r := &w.Refused.Of[i]
		more := ""
		if r.more > 0 {
			more = fmt.Sprintf("; and %d more", r.more)
		}
		rec := w.Reject(msg, r.B, fault.New(r.first.Reason, "the other readings of the message are taken; %s%s", r.details, more))
		if i > 0 && w.Refused.Of[i-1].B.Site == r.B.Site {
			rec.Rejection.Raw = nil // once in a site is enough
		}
		n := uint32(unusable)
		last := len(taken) - 1
		for ; last >= 0 && (taken[last].Site != r.B.Site || taken[last].Observation.Device != r.B.Device); last-- {
		}
		if last < 0 {
			last, n = len(taken)-1, uint32(unusable+1+i)
		}
		rec.Identity = telemetry.Beside(taken[last].Identity, n)
		records = append(records, rec)
	}
	return records
}

// What stands beside an observation: the readings that its device is not configured to measure, and the values that nobody can use.
const (
	NotMeasured = 1
	unusable    = 2
)
