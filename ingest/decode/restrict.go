package decode

import (
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ofItself are the quantities that a device says about itself: they are taken whatever it is there to measure.
const ofItself = 1<<telemetry.Battery | 1<<telemetry.BatteryVoltage | 1<<telemetry.DeviceTemperature | 1<<telemetry.Tamper

// measuresOf is what a device is there for, as bits; 0: whatever its model reads.
func measuresOf(dev *facility.Device) (mask uint64) {
	for _, q := range dev.Measures {
		mask |= 1 << q
	}
	return mask
}

// restrict refuses the readings of a message, whose records begin at from, that their devices are not configured to measure:
// each device's with one rejection that says so. What the device is there for is kept.
func (r *router) restrict(w *worker, msg *ingest.Message, records []telemetry.Record, from int) []telemetry.Record {
	for i := from; r.restricted && i < len(records); i++ {
		rec := &records[i]
		if rec.Kind != telemetry.KindObservation {
			continue
		}
		b := r.sites[rec.Site][rec.Observation.Device]
		if b == nil || b.measures == 0 {
			continue
		}
		refused := func(r telemetry.Reading) bool { return (b.measures|ofItself)>>r.Quantity&1 == 0 }
		if !slices.ContainsFunc(rec.Observation.Readings, refused) {
			continue
		}
		rejection := refusal(w, msg, b, rec, refused)
		rec.Observation.Readings = slices.DeleteFunc(rec.Observation.Readings, refused)
		if len(rec.Observation.Readings) == 0 && rec.Observation.Task == nil {
			records[i] = rejection
			continue
		}
		records = slices.Insert(records, i+1, rejection)
		i++
	}
	return records
}

// refusal is the rejection of the readings of an observation that its device is not configured to measure. It is recognised
// when it comes again, as the observation is, and repeats nothing of the payload: the quantities say all.
func refusal(w *worker, msg *ingest.Message, b *binding, rec *telemetry.Record, refused func(telemetry.Reading) bool) telemetry.Record {
	var names, wanted []string
	for _, r := range rec.Observation.Readings {
		if name := r.Quantity.String(); refused(r) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, q := range telemetry.Quantities() {
		if b.measures>>q&1 == 1 {
			wanted = append(wanted, q.String())
		}
	}
	r := w.reject(msg, b, fault.New(telemetry.ReasonMeasures, "%s: the device is configured to measure %s alone (measures)",
		strings.Join(names, ", "), strings.Join(wanted, ", ")))
	r.At, r.Rejection.Raw = rec.At, nil
	r.Identity = telemetry.Beside(rec.Identity, notMeasured)
	return r
}

// What stands beside an observation: the readings that its device is not configured to measure, and the values that nobody can use.
const (
	notMeasured = 1
	unusable    = 2
)
