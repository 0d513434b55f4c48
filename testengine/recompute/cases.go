package recompute

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// outcome is what a person said of a case.
type outcome struct {
	at, opened telemetry.Instant
	device     string
}

// hearOutcome takes in what a person said, if it is about a case at all.
func (s *Site) hearOutcome(e *telemetry.Entry, at telemetry.Instant) {
	i := strings.LastIndex(e.Subject, "-")
	if i < 1 || !slices.Contains([]string{"cleared", "refused", "unmeasured"}, e.Text) {
		return
	}
	ms, err := strconv.ParseInt(e.Subject[i+1:], 10, 64)
	if opened := telemetry.Instant(ms * 1e6); err == nil && ms > 0 && opened <= at {
		s.outcomes = append(s.outcomes, outcome{at, opened, e.Subject[:i]})
	}
}

// person is somebody who was too warm.
type person struct {
	device                string
	opened, until, closed telemetry.Instant
	due, late             telemetry.Instant
	checked               bool
}

func (p *person) open(t telemetry.Instant) bool { return t < p.closed && t < p.until }

// look is one look of a thermometer at somebody.
type look struct {
	at     telemetry.Instant
	sensor string
	device string
	value  float64
	bar    float64
}

// looksAt are all readings at the place of a device: of the thermometers at its doors, or its own where it hangs at none.
func (s *Site) looksAt(k Key) [][]look {
	var places []facility.Place
	for _, d := range s.whole(k.ID) {
		p := d.place
		if p.Kind != facility.AtDoor {
			p = facility.Place{}
		}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	var all [][]look
	for _, p := range places {
		var at []look
		for _, d := range s.devices {
			here := d.place == p
			if p.Kind == "" {
				here = d.def.ID == k.ID && d.place.Kind != facility.AtDoor
			}
			if !here {
				continue
			}
			for _, x := range d.readings {
				if x.quantity == telemetry.BodyTemperature {
					at = append(at, look{x.at, d.def.ID + "\x00" + x.channel, d.def.ID, x.value, d.def.Error})
				}
			}
		}
		slices.SortStableFunc(at, func(a, b look) int {
			for _, c := range [...]int{cmp(a.at, b.at), cmp(a.sensor, b.sensor)} {
				if c != 0 {
					return c
				}
			}
			return cmp(a.value, b.value)
		})
		all = append(all, at)
	}
	return all
}

// warm reports whether somebody whom the device found too warm still waits at t, or is to be turned away.
func (s *Site) warm(p *params, k Key, t telemetry.Instant) bool {
	q := queued{p, k}
	if _, ok := s.queues[q]; !ok {
		s.queues[q] = nil
		for _, looks := range s.looksAt(k) {
			for _, x := range s.waiting(p, looks, s.end) {
				if x.device == k.ID {
					s.queues[q] = append(s.queues[q], x)
				}
			}
		}
	}
	return slices.ContainsFunc(s.queues[q], func(x *person) bool { return x.opened <= t && x.open(t) })
}

// queued is a question that is asked again and again. What happens later does not change what was so at a time.
type queued struct {
	p *params
	k Key
}

// waiting lets everything happen at one place, up to t.
func (s *Site) waiting(p *params, looks []look, t telemetry.Instant) []*person {
	var all []*person
	stands := map[string]*person{}         // before which thermometer
	seen := map[string]telemetry.Instant{} // there, when last
	said := slices.Clone(s.outcomes)
	slices.SortStableFunc(said, func(a, b outcome) int { return cmp(a.at, b.at) })
	say := func(before telemetry.Instant) {
		for len(said) > 0 && said[0].at < before {
			for _, x := range slices.Backward(all) {
				if x.device == said[0].device && x.opened < said[0].opened.Add(time.Millisecond) {
					if said[0].opened <= x.until && x.open(said[0].at) {
						x.closed = said[0].at
					}
					break
				}
			}
			said = said[1:]
		}
	}
	for _, l := range looks {
		if l.at > t {
			break
		}
		say(l.at)
		class := p.class(l.value, l.bar)
		if class != normal && class != hot {
			continue
		}
		var next *person
		for _, x := range all {
			if next == nil && x.open(l.at) && !x.checked && x.due <= l.at && l.at < x.late {
				next = x
			}
		}
		same := stands[l.sensor]
		if same != nil && (class == normal || l.at.Sub(seen[l.sensor]) > 10*time.Second || l.at >= same.until) {
			same = nil
		}
		seen[l.sensor] = l.at
		switch {
		case class == normal && next != nil:
			next.checked, next.closed = true, l.at
		case class == normal:
		case same != nil && next != same:
		case next != nil:
			next.checked, same = true, next
		default:
			same = &person{device: l.device, opened: l.at, until: l.at.Add(max(p.Lapse, p.Case+p.Recheck)), closed: telemetry.Never, due: l.at.Add(p.Case), late: l.at.Add(p.Case + p.Recheck)}
			all = append(all, same)
		}
		stands[l.sensor] = same
	}
	say(t + 1)
	return all
}
