package gateway

import (
	"cmp"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// book is what the loop keeps about a device beside the engine.
type book struct {
	// rows are the minutes that were not written yet. They are written with the site's snapshot, so that a restart, which
	// replays what came after the snapshot, counts every record once.
	rows []journal.Rollup
}

// rowsBack is how far a row is looked for. Where a device comes back to an older one there are two, which add up.
const rowsBack = 16

// book of a device; a new one where there is none.
func (s *site) book(device string) *book {
	if s.open != nil && s.opened == device {
		return s.open // a record asks twice
	}
	b := s.books[device]
	if b == nil {
		b = &book{}
		s.books[device] = b
	}
	s.open, s.opened = b, device
	return b
}

func (s *site) rollup(rec *telemetry.Record) {
	if rec.Kind != telemetry.KindObservation || rec.Observation.Flags.Has(telemetry.FlagRetained) {
		return
	}
	b := s.book(rec.Observation.Device)
	minute := rec.At - rec.At%telemetry.Instant(time.Minute)
	for i := range rec.Observation.Readings {
		r := &rec.Observation.Readings[i]
		row := b.row(r, minute)
		if row == nil {
			b.rows = append(b.rows, journal.Rollup{Quantity: r.Quantity, Channel: r.Channel, Minute: minute, Min: r.Value, Max: r.Value})
			row = &b.rows[len(b.rows)-1]
			s.rows++
		}
		add(row, r.Value, rec.At)
	}
}

// row of a reading's series in a minute, among the newest; nil: there is none. It is valid until rows grows.
func (b *book) row(r *telemetry.Reading, minute telemetry.Instant) *journal.Rollup {
	for i := len(b.rows) - 1; i >= 0 && i >= len(b.rows)-rowsBack; i-- {
		if row := &b.rows[i]; row.Minute == minute && row.Quantity == r.Quantity && row.Channel == r.Channel {
			return row
		}
	}
	return nil
}

func add(r *journal.Rollup, v float64, at telemetry.Instant) {
	r.Count++
	r.Sum += v
	r.Min, r.Max = min(r.Min, v), max(r.Max, v)
	if at >= r.LastAt {
		r.Last, r.LastAt = v, at
	}
}

// drain appends all rows in a fixed order and forgets them.
func (s *site) drain(dst []journal.Rollup) []journal.Rollup {
	from := len(dst)
	for device, b := range s.books {
		for _, row := range b.rows {
			row.Site, row.Device = s.id, device
			dst = append(dst, row)
		}
		if b.rows = b.rows[:0]; cap(b.rows) > rowsBack {
			b.rows = nil
		}
	}
	s.rows = 0
	slices.SortStableFunc(dst[from:], func(a, b journal.Rollup) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Channel, b.Channel),
			cmp.Compare(a.Minute, b.Minute))
	})
	return dst
}
