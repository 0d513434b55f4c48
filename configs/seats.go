package configs

import (
	"fmt"
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// mostSeats bounds a map: every seat is compared with every other.
const mostSeats = 1000

// seats makes the plain values, by id.
func (m *seatMapDoc) seats() []facility.Seat {
	if m == nil {
		return nil
	}
	all := make([]facility.Seat, 0, len(m.Seats))
	for _, r := range m.Seats {
		all = append(all, m.seat(r.ID, &r.Value))
	}
	slices.SortFunc(all, facility.CompareSeats)
	return all
}

// seat is where a seat stands: as x and y say, else by row and number.
func (m *seatMapDoc) seat(id string, d *seatDoc) facility.Seat {
	s := facility.Seat{ID: id, X: float64(d.Number-1) * m.Pitch, Y: float64(d.Row-1) * m.RowPitch, Blocked: d.Blocked}
	if d.X != nil {
		s.X = *d.X
	}
	if d.Y != nil {
		s.Y = *d.Y
	}
	s.X, s.Y = millimetres(s.X), millimetres(s.Y)
	return s
}

// millimetres rounds metres to what is meant: 3 × 0.6 is 1.8.
func millimetres(v float64) float64 { return math.Round(v*1000) / 1000 }

// checkSeats checks the seat maps, and that every sensor of a seat has one, and every seat that is in use its sensor.
func (s *siteFile) checkSeats() {
	for _, r := range s.doc.Zones {
		if m := r.Value.SeatMap; m != nil {
			s.checkMap("zones."+r.ID+".seat_map", m)
		}
	}
	sensors := map[[2]string]string{} // zone and seat → the device, or device and channel
	sensor := func(path, what, zone, seat string) {
		if seat == "" {
			return
		}
		path += ".seat"
		z := s.doc.Zones.find(zone)
		switch {
		case zone == "":
			s.at(path, "%s: a seat without zone, want the zone in whose seat_map it is", what)
		case z == nil: // is told already
		case z.SeatMap == nil:
			s.at(path, "%s: zone %q has no seat_map, want one with seat %q", what, zone, seat)
		case !z.SeatMap.Seats.has(seat):
			s.at(path, "%s: seat %q is not in the seat_map of zone %q, %s", what, seat, zone, strict.Suggestion(seat, z.SeatMap.Seats.ids()))
		case sensors[[2]string{zone, seat}] != "":
			s.at(path, "%s: seat %q has a sensor already, %s, want one at each seat", what, seat, sensors[[2]string{zone, seat}])
		default:
			sensors[[2]string{zone, seat}] = what
		}
	}
	for _, r := range s.doc.Devices {
		path := "devices." + r.ID
		sensor(path, fmt.Sprintf("device %q", r.ID), r.Value.Zone, r.Value.Seat)
		for _, c := range r.Value.Channels {
			sensor(path+".channels."+c.ID, fmt.Sprintf("channel %q of device %q", c.ID, r.ID), c.Value.Zone, c.Value.Seat)
		}
	}
	for _, r := range s.doc.Zones {
		if r.Value.SeatMap == nil {
			continue
		}
		watched := func(x row[seatDoc]) bool { return sensors[[2]string{r.ID, x.ID}] != "" }
		if !slices.ContainsFunc(r.Value.SeatMap.Seats, watched) {
			continue // a map for limits alone
		}
		for _, x := range r.Value.SeatMap.Seats {
			if !watched(x) && !x.Value.Blocked {
				s.at("zones."+r.ID+".seat_map.seats."+x.ID, "seat %q has no sensor, and others of zone %q have: want a device with seat: %s, or blocked: true", x.ID, r.ID, x.ID)
			}
		}
	}
}

func (s *siteFile) checkMap(path string, m *seatMapDoc) {
	if n := len(m.Seats); n > mostSeats {
		s.at(path+".seats", "%d seats, want at most %d in a zone", n, mostSeats)
		return
	}
	placed := map[[2]float64]string{}
	for _, r := range m.Seats {
		at, d := path+".seats."+r.ID, &r.Value
		byMetres, byRow := d.X != nil && d.Y != nil, d.Row > 0 && d.Number > 0
		if byMetres == byRow || !byMetres && (d.X != nil || d.Y != nil) || !byRow && (d.Row > 0 || d.Number > 0) {
			s.at(at, "seat %q: want either x and y, or row and number", r.ID)
			continue
		}
		if byRow && (m.Pitch == 0 && d.Number > 1 || m.RowPitch == 0 && d.Row > 1) {
			s.at(at, "seat %q: row and number without pitch and row_pitch, want how far seats and rows are apart", r.ID)
			continue
		}
		seat := m.seat(r.ID, d)
		where := [2]float64{seat.X, seat.Y}
		if other := placed[where]; other != "" {
			s.at(at, "seat %q stands where seat %q does, at %v m, %v m, want each in its own place", r.ID, other, seat.X, seat.Y)
			continue
		}
		placed[where] = r.ID
	}
}
