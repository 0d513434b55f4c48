package reading

import (
	"fmt"
	"slices"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

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
