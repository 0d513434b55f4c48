package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// stillness is what one sensor of a device said in quarters of an hour, as far as it tells whether its value moves: runs of
// neighbouring quarters in which it was one and the same, and such in which it was not. A sensor that works has one run of all
// the quarters in which its value moved.
type stillness struct {
	quantity telemetry.Quantity
	channel  string
	runs     []spell
}

// spell are neighbouring quarters.
type spell struct {
	from, to int64   // slots, both included
	value    float64 // the one value of all of them; of moved: 0
	moved    bool    // in each of them there was more than one value
}

// canFreeze reports whether a value of a quantity that does not move for hours says something of its sensor.
func canFreeze(q telemetry.Quantity) bool {
	switch q {
	case telemetry.BodyTemperature, telemetry.Distance:
		return true
	case telemetry.FillLevel, telemetry.Battery, telemetry.BatteryVoltage:
		return false // they stand still when all is well
	}
	return q.Definition().Form == telemetry.Gauge
}

// note takes in a reading and reports whether it told anything new. Channels above the bound are not looked at. moving: the news are
// of the quarter that is not over, and in the last that was the sensor moved, so that it will not stand still for too long before
// whoever found it well asks again.
func (h *health) note(r *telemetry.Reading, at, now telemetry.Instant) (news, moving bool) {
	i, found := slices.BinarySearchFunc(h.still, r, func(s stillness, r *telemetry.Reading) int {
		return cmp.Or(cmp.Compare(s.quantity, r.Quantity), strings.Compare(s.channel, r.Channel))
	})
	if !found {
		if len(h.still) >= mostChannels && h.channels(r.Quantity) >= mostChannels {
			return false, false
		}
		h.still = slices.Insert(h.still, i, stillness{quantity: r.Quantity, channel: strings.Clone(r.Channel)})
	}
	s := &h.still[i]
	if !s.note(slotOf(at), r.Value) {
		return false, false
	}
	n := len(s.runs) - 1
	for n >= 0 && s.runs[n].from >= slotOf(now) {
		n--
	}
	return true, slotOf(at) >= slotOf(now) && n >= 0 && s.runs[n].moved
}

// channels is how many channels of a quantity are looked at.
func (h *health) channels(q telemetry.Quantity) (n int) {
	for i := range h.still {
		if h.still[i].quantity == q {
			n++
		}
	}
	return n
}

func (s *stillness) note(slot int64, value float64) bool {
	i, found := slices.BinarySearchFunc(s.runs, slot, func(r spell, slot int64) int {
		switch {
		case r.to < slot:
			return -1
		case r.from > slot:
			return 1
		}
		return 0
	})
	if !found {
		s.runs = slices.Insert(s.runs, i, spell{from: slot, to: slot, value: value})
		s.join(i)
		return true
	}
	r := s.runs[i]
	if r.moved || r.value == value {
		return false
	}
	var parts [3]spell
	all := parts[:0]
	if r.from < slot {
		all = append(all, spell{from: r.from, to: slot - 1, value: r.value})
	}
	at := i + len(all)
	all = append(all, spell{from: slot, to: slot, moved: true})
	if r.to > slot {
		all = append(all, spell{from: slot + 1, to: r.to, value: r.value})
	}
	s.runs = slices.Replace(s.runs, i, i+1, all...)
	s.join(at)
	return true
}

// join makes one of the i-th run and its neighbours where they say the same.
func (s *stillness) join(i int) {
	same := func(a, b *spell) bool { return a.to+1 == b.from && a.moved == b.moved && a.value == b.value }
	if i+1 < len(s.runs) && same(&s.runs[i], &s.runs[i+1]) {
		s.runs[i].to = s.runs[i+1].to
		s.runs = slices.Delete(s.runs, i+1, i+2)
	}
	if i > 0 && same(&s.runs[i-1], &s.runs[i]) {
		s.runs[i-1].to = s.runs[i].to
		s.runs = slices.Delete(s.runs, i, i+1)
	}
}

// before is the number of runs that begin before a slot.
func (s *stillness) before(slot int64) int {
	n, _ := slices.BinarySearchFunc(s.runs, slot, func(r spell, slot int64) int { return cmp.Compare(r.from, slot) })
	return n
}

// forgetStill drops the runs that ended before the time.
func (h *health) forgetStill(before telemetry.Instant) {
	if h.wants&healthStill == 0 {
		h.still = nil
		return
	}
	for i := range h.still {
		s := &h.still[i]
		n := 0
		for n+1 < len(s.runs) && s.runs[n].to < slotOf(before) {
			n++
		}
		s.runs = slices.Delete(s.runs, 0, n)
	}
}
