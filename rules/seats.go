package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Seats asks that people sit apart: no two of the seats of a zone's map (seat_map) that are closer to each other than the spacing are
// taken at once, and none that is blocked. Subjects: the zones that are named, else all with a map and a sensor at one of its seats.
//
// A sensor that says nothing makes it unknown only where its seat matters: a breach among the others is one all the same, and a seat
// whose neighbours are all free can be taken or not.
type Seats struct {
	// Spacing that people must keep, in metres, from the middle of a seat to that of another. Default 1 (Ministry of Health).
	Spacing float64 `yaml:"spacing_m" json:"spacing_m"`
	// Blocked also judges seats that are taken out of use. Default true.
	Blocked bool `yaml:"blocked" json:"blocked"`
	// Stale is the age after which the word of a sensor without interval says nothing any more. Default 12h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Seats) Validate() error {
	var c checks
	c.field(p.Spacing >= 0 && p.Spacing <= 10, "spacing_m", "%v: want metres, 0 to 10", p.Spacing)
	c.field(p.Spacing > 0 || p.Blocked, "spacing_m", "0: want a spacing, blocked or both")
	c.field(p.Stale > 0, "stale", "%v: want a duration above 0", p.Stale)
	return c.err()
}

// byBlocked is the constraint of a seat that is taken out of use; that of two seats is their spacing.
const (
	byBlocked = "blocked"
	bySpacing = "seat_spacing"
)

var seatsKind = kind{
	name:  "seats",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Ask one of the two to take another seat, and mark the seats that stay free.",
		"id": "Minta salah satu pindah ke kursi lain, dan tandai kursi yang harus dikosongkan.",
	},
	params: func() Params { return &Seats{Spacing: 1, Blocked: true, Stale: 12 * time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		for i := range p.def.Site.Zones {
			z := &p.def.Site.Zones[i]
			if len(z.SeatMap) > 0 && (r.names(z.ID) || len(r.Subjects) == 0 && len(p.def.Site.SeatSensors(z.ID)) > 0) {
				out = append(out, Subject{SubjectZone, z.ID})
			}
		}
		return out
	},
	keeps: func(r *Rule) []kept {
		taken := func(v, _ float64) uint64 {
			if seated(v) {
				return 1
			}
			return 0
		}
		return []kept{{quantity: telemetry.Occupied, class: taken, fresh: r.Params.(*Seats).Stale}}
	},
	judge: func(b *bench, s Subject) judge {
		p, z := b.rule.Params.(*Seats), b.plan.zone(s.ID)
		j := &seatsJudge{params: p, seats: make([]seatFacts, len(z.SeatMap))}
		sensors := b.plan.def.Site.SeatSensors(z.ID)
		for i, seat := range z.SeatMap {
			j.seats[i] = seatFacts{Seat: seat}
			x, ok := sensors[seat.ID]
			j.seats[i].sensed = ok
			if d := b.engine.deviceByID[x.Device]; x.Channel == "" {
				j.seats[i].device = d
			} else {
				j.seats[i].device = b.engine.partByKey[partOf{id: x.Device, channel: &facility.Channel{Name: x.Channel}}.key()]
			}
		}
		for i := range j.seats {
			for k := range i {
				a, b := &j.seats[k], &j.seats[i]
				if d := a.Distance(b.Seat); d < p.Spacing && !(p.Blocked && (a.Blocked || b.Blocked)) && (a.sensed || b.sensed) {
					j.pairs = append(j.pairs, seatPair{k, i, d})
				}
			}
		}
		b.onReadings(s, maskOf(telemetry.Occupied))
		return j
	},
}

// seated reports whether a sensor says that its seat is taken.
func seated(v float64) bool { return v >= 0.5 }

// seatsJudge keeps of the past only what it works with.
type seatsJudge struct {
	params *Seats
	seats  []seatFacts
	pairs  []seatPair // of seats that are too close to each other, neither of them blocked
}

// seatFacts is a seat, who watches it, and what is known of it at the time of the question.
type seatFacts struct {
	facility.Seat
	device *deviceState // nil: it is not there any more
	sensed bool         // it has a sensor
	state  seatState
}

// seatPair are two seats, by their places, and their distance.
type seatPair struct {
	a, b     int
	distance float64
}

// seatState is what a sensor says of its seat.
type seatState uint8

const (
	seatUnknown seatState = iota
	seatFree
	seatTaken
)

func (j *seatsJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	f, _, until := j.find(t)
	return f, until
}

// find judges, and gives the places of the seats that decided: two, one twice where it is blocked, or −1.
func (j *seatsJudge) find(t telemetry.Instant) (f finding, decided [2]int, until telemetry.Instant) {
	until = j.see(t)
	decided = [2]int{-1, -1}
	f = finding{verdict: Within, unit: "m", limit: j.params.Spacing, hasLimit: j.params.Spacing > 0, constraint: bySpacing}
	doubt := -1 // a seat of which nobody knows, and that may be one too many
	wonder := func(seat int) {
		if doubt < 0 || seat < doubt {
			doubt = seat
		}
	}
	for _, p := range j.pairs {
		a, b := j.seats[p.a].state, j.seats[p.b].state
		switch {
		case a == seatTaken && b == seatTaken:
			if f.verdict != Breached || p.distance < f.value {
				f.verdict, f.value, f.hasValue, decided = Breached, p.distance, true, [2]int{p.a, p.b}
			}
		case a == seatFree || b == seatFree:
		case a == seatUnknown:
			wonder(p.a)
		default:
			wonder(p.b)
		}
	}
	if f.verdict == Breached {
		f.detail = j.seats[decided[0]].ID + ", " + j.seats[decided[1]].ID
		return f, decided, until
	}
	known := false
	for i := range j.seats {
		s := &j.seats[i]
		known = known || s.state != seatUnknown
		if !s.Blocked || !j.params.Blocked || !s.sensed {
			continue
		}
		switch s.state {
		case seatTaken:
			f = finding{verdict: Breached, constraint: byBlocked, detail: s.ID}
			return f, [2]int{i, i}, until
		case seatUnknown:
			wonder(i)
		}
	}
	switch {
	case doubt >= 0:
		f.verdict, f.reason, f.detail = Unknown, ReasonSilent, j.seats[doubt].ID
		if d := j.seats[doubt].device; d == nil || d.known&maskOf(telemetry.Occupied) == 0 {
			f.reason = ReasonNoData
		}
		decided = [2]int{doubt, doubt}
	case !known:
		f.verdict, f.reason, f.detail = Unknown, ReasonNoData, j.seats[0].ID
	}
	return f, decided, until
}

// see finds what is known of each seat at t, and when that changes next.
func (j *seatsJudge) see(t telemetry.Instant) (until telemetry.Instant) {
	until = telemetry.Never
	for i := range j.seats {
		s := &j.seats[i]
		s.state = seatUnknown
		if s.device == nil {
			continue
		}
		until = min(until, s.device.nextSilence(t))
		silent := s.device.silent(t)
		for _, line := range s.device.kept {
			if line.quantity != telemetry.Occupied || line.probe() {
				continue
			}
			e, k, _ := line.at(t)
			until = min(until, line.line.next(k+1))
			if e == nil || silent {
				continue
			}
			stale := e.v.last.Add(j.params.Stale)
			if t >= stale {
				continue
			}
			until = min(until, stale)
			switch {
			case seated(e.v.v):
				s.state = seatTaken
			case s.state == seatUnknown:
				s.state = seatFree
			}
		}
	}
	return until
}

func (j *seatsJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = AtLeast
	j.see(t)
	taken, observed, silent := 0, 0, 0
	for i := range j.seats {
		switch s := &j.seats[i]; {
		case s.state == seatTaken:
			taken++
			observed++
		case s.state == seatFree:
			observed++
		case s.sensed || !s.Blocked:
			silent++
		}
	}
	x.Inputs = append(x.Inputs, Input{Name: InputTaken, Value: float64(taken)}, Input{Name: InputObserved, Value: float64(observed)})
	if silent > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputSilent, Value: float64(silent)})
	}
}

func (j *seatsJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	_, decided, _ := j.find(t)
	for i := range j.seats {
		s := &j.seats[i]
		if s.device == nil || decided[0] >= 0 && i != decided[0] && i != decided[1] {
			continue
		}
		for _, line := range s.device.kept {
			if e, _, _ := line.at(t); line.quantity == telemetry.Occupied && !line.probe() && e != nil {
				to = append(to, line.evidence(e, t))
			}
		}
	}
	return newestEvidence(to, first)
}

// SeatView is a seat now.
type SeatView struct {
	ID string `json:"id"`
	// X and Y are where it stands, in metres.
	X       float64 `json:"x_m"`
	Y       float64 `json:"y_m"`
	Blocked bool    `json:"blocked,omitempty"`
	// State is free, taken or unknown; none: it has no sensor.
	State string `json:"state"`
	// Wrong says that somebody sits there who should not: it is blocked, or too close to another that is taken.
	Wrong bool `json:"wrong,omitempty"`
	// TooClose is the nearest seat that is taken within the spacing of this one, which is taken, too; empty: there is none.
	TooClose string `json:"too_close_to,omitempty"`
}

// The states of a seat.
const (
	SeatFree     = "free"
	SeatIsTaken  = "taken"
	SeatUnknown  = "unknown"
	SeatUnsensed = "none"
)

// view is the seats at a time.
func (j *seatsJudge) view(t telemetry.Instant) []SeatView {
	j.see(t)
	all := make([]SeatView, 0, len(j.seats))
	for i := range j.seats {
		s := &j.seats[i]
		v := SeatView{ID: s.ID, X: s.X, Y: s.Y, Blocked: s.Blocked, State: SeatUnknown}
		switch {
		case s.state == seatTaken:
			v.State, v.Wrong = SeatIsTaken, s.Blocked && j.params.Blocked
		case s.state == seatFree:
			v.State = SeatFree
		case !s.sensed:
			v.State = SeatUnsensed
		}
		all = append(all, v)
	}
	nearest := make([]float64, len(j.seats))
	near := func(seat, other int, distance float64) {
		if v := &all[seat]; v.TooClose == "" || distance < nearest[seat] {
			v.Wrong, v.TooClose, nearest[seat] = true, j.seats[other].ID, distance
		}
	}
	for _, p := range j.pairs {
		if j.seats[p.a].state == seatTaken && j.seats[p.b].state == seatTaken {
			near(p.a, p.b, p.distance)
			near(p.b, p.a, p.distance)
		}
	}
	return all
}

// seatsOf are the seats of a zone as the first rule about them sees them; nil: none does.
func (e *Engine) seatsOf(z *zoneState) []SeatView {
	for _, w := range z.readWatchers {
		if w.instance.now().rule == nil {
			continue
		}
		if j, ok := w.instance.now().judge.(*seatsJudge); ok {
			return j.view(e.clock)
		}
	}
	return nil
}
