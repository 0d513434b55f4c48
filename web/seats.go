package web

import (
	"math"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
)

// seatMap is a room's seats drawn where they stand, with a list of them for whoever does not see the drawing.
type seatMap struct {
	Width, Height float64 // of the drawing, in cm of the room
	Pixels        int     // how wide it is drawn where there is space
	Side, Corner  float64 // of a seat, cm
	Letters       float64 // size of a seat's name, cm; 0: too many seats to name them
	Name          string  // what the drawing says, in a sentence
	Seats         []seatRow
	Legend        []seatCount
}

// seatRow is one seat.
type seatRow struct {
	ID, Class, Word string  // the class is free, taken, wrong, blocked, unknown or none
	Note            string  // whom it is too close to
	X, Y            float64 // of its upper left corner, cm
	MidX, MidY      float64
}

// seatCount is how many seats are in a state.
type seatCount struct {
	Class, Word string
	N           int
}

// seatClasses are the states of a seat, what asks for a person first.
var seatClasses = []string{"wrong", "taken", "free", "blocked", "unknown", "none"}

const (
	widestSeat    = 50 // cm, as it is drawn
	seatMargin    = 30 // cm
	seatPixels    = 34 // a seat on a wide screen
	mostNamed     = 80 // so many seats are named in the drawing
	mostMapPixels = 900
)

// seatMapOf draws the seats of a zone; nil: no rule looks at any.
func seatMapOf(sc *scene, seats []rules.SeatView) *seatMap {
	if len(seats) == 0 {
		return nil
	}
	left, top, right, bottom := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	pitch := math.Inf(1)
	for i := range seats {
		s := &seats[i]
		left, top, right, bottom = min(left, s.X), min(top, s.Y), max(right, s.X), max(bottom, s.Y)
		for k := range i {
			pitch = min(pitch, max(math.Abs(s.X-seats[k].X), math.Abs(s.Y-seats[k].Y)))
		}
	}
	m := &seatMap{Side: math.Round(min(widestSeat, max(10, 80*pitch)))}
	m.Corner = math.Round(m.Side / 5)
	m.Width, m.Height = math.Round(100*(right-left)+m.Side)+2*seatMargin, math.Round(100*(bottom-top)+m.Side)+2*seatMargin
	m.Pixels = int(min(mostMapPixels, m.Width*seatPixels/m.Side))
	if len(seats) <= mostNamed {
		m.Letters = math.Round(m.Side*4) / 10
	}
	counts := map[string]int{}
	for i := range seats {
		s := &seats[i]
		row := seatRow{ID: s.ID, Class: seatClass(s), X: math.Round(100*(s.X-left)) + seatMargin, Y: math.Round(100*(s.Y-top)) + seatMargin}
		row.MidX, row.MidY = row.X+m.Side/2, row.Y+m.Side/2
		row.Word = sc.T("seats." + row.Class)
		switch {
		case s.TooClose != "":
			row.Note = sc.T("seats.too_close", "Seat", s.TooClose)
		case s.Wrong:
			row.Note = sc.T("seats.not_in_use")
		case s.Blocked && s.State == rules.SeatUnknown:
			row.Note = sc.T("seats.unknown")
		}
		counts[row.Class]++
		m.Seats = append(m.Seats, row)
	}
	var parts []string
	for _, class := range seatClasses {
		if n := counts[class]; n > 0 {
			m.Legend = append(m.Legend, seatCount{class, sc.T("seats." + class), n})
			parts = append(parts, sc.T("seats.count", "N", n, "State", sc.T("seats."+class)))
		}
	}
	m.Name = strings.Join(parts, ", ")
	return m
}

// brief is what of it a card has space for: who sits where nobody should, how many seats are taken, and how many nobody knows of.
func (m *seatMap) brief(t *tongue) string {
	var parts []string
	for _, c := range m.Legend {
		if c.Class == "wrong" || c.Class == "taken" || c.Class == "unknown" {
			parts = append(parts, t.T("seats.count", "N", c.N, "State", c.Word))
		}
	}
	return strings.Join(parts, ", ")
}

// seatClass is how a seat looks.
func seatClass(s *rules.SeatView) string {
	switch {
	case s.Wrong:
		return "wrong"
	case s.Blocked:
		return "blocked"
	case s.State == rules.SeatIsTaken:
		return "taken"
	case s.State == rules.SeatFree:
		return "free"
	case s.State == rules.SeatUnsensed:
		return "none"
	}
	return "unknown"
}

type apiSeat struct {
	ID       string  `json:"id" example:"a4"`
	X        float64 `json:"x_m" example:"1.8" doc:"Where it stands, in metres"`
	Y        float64 `json:"y_m" example:"0"`
	Blocked  bool    `json:"blocked,omitempty" doc:"It is taken out of use"`
	State    string  `json:"state" enum:"free,taken,unknown,none" doc:"unknown: its sensor says nothing; none: it has no sensor"`
	Wrong    bool    `json:"wrong,omitempty" doc:"Somebody sits there who should not: it is blocked, or too close to another that is taken"`
	TooClose string  `json:"too_close_to,omitempty" example:"a3" doc:"The nearest taken seat within the spacing"`
}

func apiSeatsOf(seats []rules.SeatView) []apiSeat {
	var all []apiSeat
	for _, s := range seats {
		all = append(all, apiSeat(s))
	}
	return all
}
