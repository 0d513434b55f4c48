package decode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// refusals are the fields of one message that were refused: a value that no working sensor measures, or one whose unit nobody
// knows. They cost no other field. What was refused is one rejection beside the readings, never silence.
type refusals struct {
	first *fault
	// passed is what was no value at all, and is told only of a message without readings.
	passed  *fault
	details []string // at most maxRefused
	more    int
	// zeros are the channels on which a zero was refused of a sensor that warms up.
	zeros []string
}

// maxRefused bounds how many refused fields a rejection names.
const maxRefused = 6

func (r *refusals) reset() { *r = refusals{details: r.details[:0], zeros: r.zeros[:0]} }

// add notes that the field on a channel is refused.
func (r *refusals) add(f *fault, channel string) {
	if r.first == nil {
		r.first = f
	}
	if f.warming {
		r.zeros = append(r.zeros, channel)
	}
	if len(r.details) == maxRefused {
		r.more++
		return
	}
	r.details = append(r.details, f.detail)
}

// pass notes what was passed over.
func (r *refusals) pass(f *fault) {
	if r.passed == nil {
		r.passed = f
	}
}

// why is why a message without readings has none; nil: nothing was refused.
func (r *refusals) why() *fault {
	if r.first == nil {
		return r.passed
	}
	return r.first
}

// withoutZeros takes back the zeros that a sensor says beside such a one: one that says 0 ppm while it warms up has not measured 0 °C
// either, whereas a battery of 0 V says nothing of the thermometer. It ends a record: the next begins without refused zeros.
func (w *Worker) withoutZeros() {
	if len(w.refused.zeros) == 0 {
		return
	}
	w.readings = slices.DeleteFunc(w.readings, func(r telemetry.Reading) bool {
		with := r.Value == 0 && (r.Quantity == telemetry.Temperature || r.Quantity == telemetry.TVOC) && slices.Contains(w.refused.zeros, r.Channel)
		if with {
			w.refused.add(faultf(telemetry.ReasonRange, "%s: 0 %s, of a sensor that has measured nothing", r.Quantity, r.Quantity.Unit()), r.Channel)
		}
		return with
	})
	w.refused.zeros = w.refused.zeros[:0]
}

// withRefused appends the rejection of the fields that were refused to the message's records, which begin at start. It is recognised
// as repeated with them.
func (w *Worker) withRefused(records []telemetry.Record, start int, b *binding, msg *ingest.Message) []telemetry.Record {
	r := &w.refused
	if r.first == nil || len(records) == start {
		return records
	}
	detail := strings.Join(r.details, "; ")
	if r.more > 0 {
		detail += fmt.Sprintf("; and %d more", r.more)
	}
	rec := reject(msg, b, faultf(r.first.reason, "the other readings of the message are taken; %s", detail))
	if last := &records[len(records)-1]; last.Identity != 0 {
		rec.Identity = telemetry.Beside(last.Identity, unusable)
		rec.Rejection.Device = last.Observation.Device
	}
	return append(records, rec)
}
