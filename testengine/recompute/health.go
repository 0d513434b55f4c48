package recompute

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// message is that a device said something; what a broker only repeats is none.
type message struct {
	at       telemetry.Instant
	clocked  bool // its own time was not believed
	boot     string
	number   uint64
	numbered bool
	readings []telemetry.Reading
}

// refusal is that some of a device's messages were not understood.
type refusal struct {
	at telemetry.Instant
	n  int
}

// health is what rules about devices look at, found once of each.
type health struct {
	messages []message // by time
	refused  []refusal
	// missing is when each message that never came was missed; since is when the first came that had a number, 0: none had.
	missing []telemetry.Instant
	since   telemetry.Instant
	found   bool // a number came behind later ones, so that what was missing is told otherwise by then
	still   map[line][]said
	lowest  map[int64]float64 // charge by day
}

// said is what one sensor said in one quarter of an hour.
type said struct {
	slot  telemetry.Instant
	value float64
	more  bool // than one value
}

const hour = telemetry.Instant(time.Hour)

// noteMessage keeps a message for rules about devices.
func (s *Site) noteMessage(o *telemetry.Observation, at telemetry.Instant) {
	s.healthOf(o.Device).messages = append(s.healthOf(o.Device).messages, message{
		at, o.Flags.Has(telemetry.FlagClock), o.Boot, o.Sequence, o.HasSequence, o.Readings,
	})
}

func (s *Site) noteRefusal(r *telemetry.Rejection, at telemetry.Instant) {
	h := s.healthOf(r.Device)
	h.refused = append(h.refused, refusal{at, 1 + int(r.More)})
}

func (s *Site) healthOf(device string) *health {
	if s.health[device] == nil {
		s.health[device] = &health{}
	}
	return s.health[device]
}

// examine sorts what is known of each device, and finds what is missing and what stands still.
func (s *Site) examine() {
	for _, h := range s.health {
		slices.SortStableFunc(h.messages, func(a, b message) int { return cmp(a.at, b.at) })
		h.findMissing()
		h.still, h.lowest = map[line][]said{}, map[int64]float64{}
		for _, m := range h.messages {
			for _, r := range m.readings {
				if r.Quantity == telemetry.Battery {
					day := int64(m.at / (24 * hour))
					if low, ok := h.lowest[day]; !ok || r.Value < low {
						h.lowest[day] = r.Value
					}
				}
				l, slot := line{r.Quantity, r.Channel}, m.at-m.at%quarter
				if n := len(h.still[l]); n > 0 && h.still[l][n-1].slot == slot {
					h.still[l][n-1].more = h.still[l][n-1].more || h.still[l][n-1].value != r.Value
				} else {
					h.still[l] = append(h.still[l], said{slot, r.Value, false})
				}
			}
		}
	}
}

// findMissing follows the numbers of each boot as time goes on. One that leaps by ten thousand, or falls to what cannot be a message that
// was sent again, begins anew, and then nothing is missing between.
func (h *health) findMissing() {
	type counting struct {
		low, high uint64
		holes     map[uint64]telemetry.Instant
	}
	newest := map[string]*counting{}
	var all []*counting
	for _, m := range h.messages {
		if !m.numbered {
			continue
		}
		if h.since == 0 {
			h.since = m.at
		}
		c := newest[m.boot]
		switch {
		case c != nil && m.number >= c.high && m.number-c.high < 10_000:
			for n := c.high + 1; n < m.number; n++ {
				c.holes[n] = m.at
			}
			c.high = m.number
		case c != nil && m.number >= c.low && m.number < c.high && c.high-m.number < 64:
			if _, was := c.holes[m.number]; was {
				h.found = true
			}
			delete(c.holes, m.number)
		default:
			c = &counting{m.number, m.number, map[uint64]telemetry.Instant{}}
			newest[m.boot], all = c, append(all, c)
		}
	}
	for _, c := range all {
		for _, at := range c.holes {
			h.missing = append(h.missing, at)
		}
	}
	slices.Sort(h.missing)
}

// within is how many of some times, in order, lie in [from, to).
func within(times []telemetry.Instant, from, to telemetry.Instant) int {
	upTo := func(t telemetry.Instant) int {
		return sort.Search(len(times), func(i int) bool { return times[i] >= t })
	}
	return upTo(to) - upTo(from)
}

// in are the messages in [from, to).
func (h *health) in(from, to telemetry.Instant) []message {
	upTo := func(t telemetry.Instant) int {
		return sort.Search(len(h.messages), func(i int) bool { return h.messages[i].at >= t })
	}
	return h.messages[upTo(from):max(upTo(from), upTo(to))]
}

// wholeHours are those of a window that ends with the last that is over.
func wholeHours(t telemetry.Instant, window time.Duration) (from, to telemetry.Instant) {
	to = t - t%hour
	return max(0, to.Add(-window)), to
}

// clock counts the messages with a wrong time.
func (s *Site) clock(r *rule, k Key, t telemetry.Instant) Answer {
	from, to := wholeHours(t, r.params.Window)
	wrong, all := 0, s.healthOf(k.ID).in(from, to)
	for _, m := range all {
		if m.clocked {
			wrong++
		}
	}
	switch {
	case len(all) == 0:
		return idle
	case wrong >= r.params.Messages:
		return Answer{Verdict: Breached}
	}
	return Answer{Verdict: Within}
}

// rejected is the share of messages that were not understood.
func (s *Site) rejected(r *rule, k Key, t telemetry.Instant) Answer {
	from, to := wholeHours(t, r.params.Window)
	bad := 0
	for _, x := range s.healthOf(k.ID).refused {
		if x.at >= from && x.at < to {
			bad += x.n
		}
	}
	return r.params.tooMany(bad, len(s.healthOf(k.ID).in(from, to)))
}

// missing is the share of messages that never came.
func (s *Site) missing(r *rule, k Key, t telemetry.Instant) Answer {
	h := s.healthOf(k.ID)
	if h.since == 0 || h.since > t {
		return idle
	}
	from, to := wholeHours(t, r.params.Window)
	return r.params.tooMany(within(h.missing, from, to), len(h.in(from, to)))
}

// tooMany judges a number of bad messages beside good ones.
func (p *params) tooMany(bad, good int) Answer {
	switch {
	case bad+good == 0:
		return idle
	case bad >= p.Messages && float64(bad) > p.Share*float64(bad+good):
		return Answer{Verdict: Breached}
	}
	return Answer{Verdict: Within}
}

// frozen is breached where one sensor stands still, and else well where one is known to move.
func (s *Site) frozen(r *rule, k Key, t telemetry.Instant) Answer {
	worst := idle
	for l, all := range s.healthOf(k.ID).still {
		if !slices.Contains(r.params.Quantities, l.quantity) {
			continue
		}
		if a := r.params.stands(all, t); a.Verdict != Unknown && (worst.Verdict == Unknown || worse(a, worst)) {
			worst = a
		}
	}
	return worst
}

// stands judges one sensor by the quarters of an hour that are over.
func (p *params) stands(all []said, t telemetry.Instant) Answer {
	begin := t - t%quarter - telemetry.Instant(p.After)
	all = all[:sort.Search(len(all), func(i int) bool { return all[i].slot >= t-t%quarter })]
	n := len(all)
	if n == 0 || all[n-1].slot < begin {
		return idle
	}
	if all[n-1].more {
		return Answer{Verdict: Within}
	}
	first := n - 1 // of the quarters in which it said the same
	for first > 0 && !all[first-1].more && all[first-1].value == all[n-1].value {
		first--
	}
	if all[first].slot > begin {
		if first > 0 {
			return Answer{Verdict: Within} // it has moved since
		}
		return idle // it is not known for so long
	}
	lately := slices.IndexFunc(all, func(x said) bool { return x.slot >= begin })
	if n-lately >= p.Readings {
		return Answer{Verdict: Breached}
	}
	return idle
}
