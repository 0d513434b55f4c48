package recompute

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// trust is what a rule about the credibility of a thermometer finds: docs/thermometers.md.
type trust struct {
	Answer
	high   bool // it reads too high, so that who is too warm by it need not be
	refuse bool // nobody knows the air around it, and then its readings are no evidence
}

// incredible reports whether some rule finds that what a thermometer reads at t is no evidence.
func (s *Site) incredible(id string, t telemetry.Instant) (bad, high bool) {
	for _, k := range s.keys {
		r := s.rule(k.Rule, t)
		if k.ID != id || r == nil || r.Kind != "credibility" || !s.about(s.config(t), r, k) || s.maintained(k, t) {
			continue
		}
		if x := s.trusted(r, id, t); x.Verdict == Breached || x.refuse {
			bad, high = true, high || x.high
		}
	}
	return bad, high
}

// tenths are the readings of a thermometer in the hours of UTC that begin in [from, to), in order, in tenths of a degree: those that can
// be a person's.
func (s *Site) tenths(id string, from, to telemetry.Instant) (all []float64) {
	for _, d := range s.whole(id) {
		for _, x := range d.readings {
			v := math.Round(x.value * 10)
			if begun := x.at - x.at%hour; x.quantity == telemetry.BodyTemperature && begun >= from && begun < to && v >= 300 && v <= 430 {
				all = append(all, v)
			}
		}
	}
	slices.Sort(all)
	return all
}

// quantile is the value up to which a share of sorted ones lies.
func quantile(all []float64, share float64) float64 {
	return all[max(0, int(math.Ceil(share*float64(len(all))))-1)] / 10
}

func hundredths(v float64) float64 { return math.Round(v*100) / 100 }

// trusted judges by the day up to the last whole hour, or by the day before.
func (s *Site) trusted(r *rule, id string, t telemetry.Instant) trust {
	if w := s.config(t).device(id).Ambient; w != nil {
		v, known := s.airAround(id, t)
		switch {
		case known && (v < w.Min || v > w.Max):
			return trust{Answer: Answer{Verdict: Breached}}
		case !known && r.params.AmbientUnknown == "refuse":
			return trust{Answer: Answer{Verdict: Unknown}, refuse: true}
		}
	}
	k := judgedDay{r, id, t - t%hour}
	x, ok := s.trusts[k]
	if !ok {
		x = s.trustedBy(r, id, t-t%hour)
		s.trusts[k] = x
	}
	if all := s.device(id).signs; x.Idle && (len(all) == 0 || all[0].at > t) {
		x.Idle = false // nobody waits for more readings of one that has said nothing at all
	}
	return x
}

// judgedDay is a question that is asked again and again: its answer holds for an hour.
type judgedDay struct {
	rule *rule
	id   string
	hour telemetry.Instant
}

func (s *Site) trustedBy(r *rule, id string, to telemetry.Instant) trust {
	p, c := &r.params, s.config(to)
	day := func(t telemetry.Instant) telemetry.Instant { return c.days.begins[c.days.today(t-1)] }
	from := day(to)
	all := s.tenths(id, from, to)
	if len(all) < p.Readings {
		from, to = day(from), from
		if all = s.tenths(id, from, to); len(all) < p.Readings {
			return trust{Answer: idle}
		}
	}
	var others []float64
	for _, d := range c.Site.Devices {
		if d.ID == id {
			continue
		}
		if x := s.tenths(d.ID, from, to); len(x) >= p.Readings {
			others = append(others, quantile(x, 0.5))
		}
	}
	slices.Sort(others)
	low := 0
	for _, v := range all {
		if v/10 < p.Low {
			low++
		}
	}
	median, n := quantile(all, 0.5), len(others)
	bad := median < p.MedianMin || float64(low)/float64(len(all)) > p.LowShare || hundredths((quantile(all, 0.75)-quantile(all, 0.25))/2) < p.Spread ||
		p.SameDegree > 0 && len(all) >= p.SameDegree && all[len(all)-1]-all[0] < 10
	if n >= 2 {
		bad = bad || math.Abs(median-hundredths((others[(n-1)/2]+others[n/2])/2)) > p.Apart
	}
	switch {
	case median > p.MedianMax:
		return trust{Answer: Answer{Verdict: Breached}, high: true}
	case bad:
		return trust{Answer: Answer{Verdict: Breached}}
	}
	return trust{Answer: Answer{Verdict: Within}}
}

// airAround is the temperature of the air around a thermometer: as it says itself, else as the newest word of a sensor in a room at its
// door, of the last half hour.
func (s *Site) airAround(id string, t telemetry.Instant) (v float64, known bool) {
	at := telemetry.Instant(0)
	look := func(d *device) {
		for _, channel := range d.channelsOf(telemetry.Temperature) {
			if all := d.upTo(telemetry.Temperature, channel, t); len(all) > 0 {
				if x := all[len(all)-1]; x.at > at && t < x.at.Add(30*time.Minute) {
					v, known, at = x.value, true, x.at
				}
			}
		}
	}
	for _, d := range s.whole(id) {
		look(d)
	}
	if known {
		return v, true
	}
	rooms := []string{s.device(id).place.ID}
	if s.device(id).place.Kind == facility.AtDoor {
		door := s.last().door(s.device(id).place.ID)
		rooms = []string{door.To, door.From}
	}
	for _, room := range rooms {
		if z := s.zones[room]; z != nil && room != facility.Outside {
			for _, d := range z.devices {
				look(d)
			}
		}
	}
	return v, known
}
