package gateway

import (
	"cmp"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// series names one line of a chart.
type series struct {
	device   string
	quantity telemetry.Quantity
	channel  string
}

// bucket is a series in one minute.
type bucket struct {
	series
	minute telemetry.Instant
}

// rollups are the minutes that were not written yet. They are written with the site's snapshot, so that a restart, which
// replays what came after the snapshot, counts every record once.
type rollups map[bucket]*Rollup

func (s *site) rollup(rec *telemetry.Record) {
	if rec.Kind != telemetry.KindObservation || rec.Observation.Flags.Has(telemetry.FlagRetained) {
		return
	}
	minute := rec.At - rec.At%telemetry.Instant(time.Minute)
	for i := range rec.Observation.Readings {
		r := &rec.Observation.Readings[i]
		key := bucket{series{rec.Observation.Device, r.Quantity, r.Channel}, minute}
		sum := s.rollups[key]
		if sum == nil {
			sum = &Rollup{Min: r.Value, Max: r.Value}
			s.rollups[key] = sum
		}
		sum.add(r.Value, rec.At)
	}
}

func (r *Rollup) add(v float64, at telemetry.Instant) {
	r.Count++
	r.Sum += v
	r.Min, r.Max = min(r.Min, v), max(r.Max, v)
	if at >= r.LastAt {
		r.Last, r.LastAt = v, at
	}
}

// drain appends all minutes in a fixed order and empties the collection.
func (r rollups) drain(site string, dst []Rollup) []Rollup {
	from := len(dst)
	for key, sum := range r {
		row := *sum
		row.Site, row.Device, row.Quantity, row.Channel, row.Minute = site, key.device, key.quantity, key.channel, key.minute
		dst = append(dst, row)
	}
	clear(r)
	slices.SortFunc(dst[from:], func(a, b Rollup) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Channel, b.Channel),
			cmp.Compare(a.Minute, b.Minute))
	})
	return dst
}
