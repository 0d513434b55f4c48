package decode

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Candidate is a model that a message of an unknown device may be of.
type Candidate struct {
	Model string `json:"model"`
	Title string `json:"title"`
	// Address is how the model's messages name the device.
	Address string `json:"address"`
	// Quantities are what the model reads in the message, each once.
	Quantities []telemetry.Quantity `json:"quantities,omitempty"`
	// Detail says why nothing is read: not a reading, or not decoded.
	Detail string `json:"detail,omitempty"`
	score  int
	// messages are how many messages of a sequence the model knows.
	messages int
}

// maxCandidates bounds what is worth showing.
const maxCandidates = 3

// guesser guesses which models the messages of unknown devices may be of. It is safe for concurrent use.
type guesser struct {
	shared  *shared
	models  map[string]*ready
	workers sync.Pool
}

func newGuesser(s *shared, models map[string]*ready) *guesser {
	g := &guesser{shared: s, models: models}
	g.workers.New = func() any { return newWorker(s, nil) }
	return g
}

// trial is the guess of one message.
type trial struct {
	w *worker
	// left is how many made-up frames may still be tried.
	left int
}

// recognise guesses which models a message may be of, the likeliest first, at most three: by topic, by envelope, and by what
// each model reads in it. A guess says what to try, not what is true: two makers may pack their bytes alike.
func (g *guesser) recognise(q Query) []Candidate {
	all, _ := g.weigh(q)
	return all
}

// weigh is recognise; left is how many made-up frames might still have been tried.
func (g *guesser) weigh(q Query) (all []Candidate, left int) {
	w := g.workers.Get().(*worker)
	defer func() {
		w.all, w.bare, w.trace, w.sight = false, nil, nil, redact.Kept
		g.workers.Put(w)
	}()
	t := &trial{w, guessTrials}
	w.all, w.parsed = true, nil
	if w.sight = redact.Heard; q.Open {
		w.sight = redact.Open
	}
	if q.Frame {
		w.bare = &q.Port
	}
	msg := &ingest.Message{Topic: q.Topic, Payload: q.Payload, QoS: 1, Retained: q.Retained, Received: telemetry.InstantOf(q.Received)}
	enveloped := false
	if w.bare == nil && msg.Topic == "" {
		_, f := uplinkOf(w, msg)
		enveloped = f == nil
	}
	for _, id := range slices.Sorted(maps.Keys(g.models)) { // the same ones find the trials used up each time
		m := g.models[id]
		if enveloped && m.Format != "lorawan" {
			continue // whose names would be those of the envelope
		}
		if c, ok := t.candidate(m, msg); ok {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Model, b.Model))
	})
	return all[:min(len(all), maxCandidates)], t.left
}

// recogniseAll guesses the model of messages that belong together. Each may be taken in several ways, as it is or as the text of a
// frame; the queries are in the way in which most is recognised.
func (g *guesser) recogniseAll(ways [][]Query) ([]Candidate, []Query) {
	taken := make([]Query, len(ways))
	var all []Candidate
	for i, queries := range ways {
		taken[i] = queries[0]
		var best []Candidate
		for _, q := range queries {
			if found := g.recognise(q); len(found) > 0 && (len(best) == 0 || len(best[0].Quantities) == 0 && len(found[0].Quantities) > 0) {
				best, taken[i] = found, q
			}
		}
		for _, c := range best {
			at := slices.IndexFunc(all, func(o Candidate) bool { return o.Model == c.Model })
			if at < 0 {
				c.messages = 1
				all = append(all, c)
				continue
			}
			all[at].messages++
			for _, q := range c.Quantities {
				if !slices.Contains(all[at].Quantities, q) {
					all[at].Quantities = append(all[at].Quantities, q)
				}
			}
			all[at].score += c.score
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.messages, a.messages), cmp.Compare(b.score, a.score))
	})
	return all[:min(len(all), maxCandidates)], taken
}

// candidate tries a model on a message of a stranger.
func (t *trial) candidate(m *ready, msg *ingest.Message) (c Candidate, ok bool) {
	defer func() {
		if recover() != nil { // a model that fails on a message is not the one
			ok = false
		}
	}()
	w := t.w
	literal, fits := topical(m, msg.Topic)
	if a, ok := m.state.(announcer); ok && a.hears(msg.Topic) {
		literal, fits = 1, true // it was announced
	}
	if msg.Topic != "" && !fits && len(m.Patterns) > 0 {
		return c, false // its devices speak elsewhere
	}
	if w.bare != nil && (codecOf(m) == nil || m.Format != "lorawan") {
		return c, false
	}
	c = Candidate{Model: m.ID, Title: m.Title}
	b := w.stranger(m, msg)
	c.Address = b.device
	w.trace = &Trace{}
	records := w.decodeAs(b, msg)
	read := w.trace.named
	w.trace = nil
	switch {
	case len(records) == 0:
		c.Detail = "not a reading"
		if !fits {
			return c, false
		}
	case records[0].Kind == telemetry.KindRejection:
		// Of a device that is known by its topic it is told what is wrong.
		known := literal > 0 && len(m.Patterns) > 0 && m.Format != "lorawan" && records[0].Rejection.Reason == telemetry.ReasonRange
		if !known && (records[0].Rejection.Reason != telemetry.ReasonUndecoded || codecOf(m) != nil) {
			return c, false
		}
		c.Detail = records[0].Rejection.Detail
	}
	for i := range records {
		for _, r := range records[i].Observation.Readings {
			if m.Taken(&r) && !slices.Contains(c.Quantities, r.Quantity) {
				c.Quantities = append(c.Quantities, r.Quantity)
				c.score += plausibility(r)
			}
		}
	}
	slices.Sort(c.Quantities)
	c.score = min(c.score, 16)
	if codecOf(m) != nil && m.Format == "lorawan" {
		bonus, ok := t.evidence(m, b, msg, records)
		if !ok {
			return c, false
		}
		c.score += bonus
	}
	c.score += 4*literal + min(read, 8)
	if fits {
		c.score += 8
	}
	if len(c.Quantities) == 0 {
		c.score -= 10 // whoever reads something is likelier
	}
	if m.Varied && codecOf(m) == nil {
		c.score -= 2 // one maker's device says more than a family
	}
	return c, true
}

// usual are ranges in which a sensor in a building is found: what a wrong codec makes of a frame mostly lies elsewhere.
var usual = map[telemetry.Quantity][2]float64{
	telemetry.Temperature: {5, 45}, telemetry.Humidity: {15, 95}, telemetry.CO2: {350, 5000}, telemetry.Pressure: {800, 1080},
	telemetry.BatteryVoltage: {2, 4.3}, telemetry.Illuminance: {0, 20_000}, telemetry.TVOC: {0, 5000}, telemetry.BodyTemperature: {30, 43},
	telemetry.DeviceTemperature: {0, 90}, telemetry.Battery: {5, 100}, telemetry.PeopleIn: {0, 2000}, telemetry.PeopleOut: {0, 2000},
	telemetry.PeoplePresent: {0, 2000}, telemetry.PeopleInTotal: {0, 1e7}, telemetry.PeopleOutTotal: {0, 1e7}, telemetry.OpenCount: {0, 1e6},
	telemetry.PM25: {0, 500}, telemetry.PM10: {0, 600}, telemetry.Noise: {20, 120}, telemetry.Distance: {0, 10}, telemetry.MotionCount: {0, 500},
}

// plausibility is what a reading says for or against the model that made it.
func plausibility(r telemetry.Reading) int {
	bounds, known := usual[r.Quantity]
	switch {
	case !known:
		return 1
	case r.Value < bounds[0] || r.Value > bounds[1]:
		return -6
	}
	return 3
}

// topical reports whether a topic is one of the model's, and how many of its levels are literal.
func topical(m *ready, topic string) (literal int, ok bool) {
	for i := range m.Patterns {
		p := &m.Patterns[i]
		if !p.Matches(topic) {
			continue
		}
		n := 0
		for _, l := range p.Levels {
			if l != "+" && l != "#" && !pattern.IsNamed(l) {
				n++
			}
		}
		literal, ok = max(literal, n), true
	}
	return literal, ok
}

// mentioned is a bonus where the network server's message names the model: a device profile "Milesight VS133".
func mentioned(m *ready, payload []byte) int {
	if m.Format != "lorawan" || m.Codec == "" {
		return 0
	}
	text := strings.ToLower(string(payload[:min(len(payload), 4<<10)]))
	for name := range strings.SplitSeq(m.ID, "-") {
		if len(name) > 3 && strings.ContainsAny(name, "0123456789") && strings.Contains(text, name) {
			return 12
		}
	}
	return 0
}

// YAML is the entry for the devices of a site's file.
func (c Candidate) YAML() string {
	var b strings.Builder
	id := idOf(c.Address)
	if strings.HasPrefix(c.Address, "…") {
		id = "device" // whose address is not shown
	}
	fmt.Fprintf(&b, "  %s: {model: %s", id, c.Model)
	if c.Address != id {
		fmt.Fprintf(&b, ", address: %q", c.Address)
	}
	fmt.Fprintf(&b, ", %s: …", c.place())
	if len(c.Quantities) > 0 {
		names := make([]string, len(c.Quantities))
		for i, q := range c.Quantities {
			names[i] = q.String()
		}
		fmt.Fprintf(&b, ", measures: [%s]", strings.Join(names, ", "))
	}
	b.WriteString("}")
	return b.String()
}

// place is where a device with such quantities hangs: what counts or measures those who pass, at a door; what has a button and
// measures no room, at a task.
func (c Candidate) place() string {
	button, room := false, false
	for _, q := range c.Quantities {
		switch q {
		case telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal, telemetry.BodyTemperature,
			telemetry.MaskWorn, telemetry.MaskMissing, telemetry.VehiclesIn:
			return string(facility.AtDoor)
		case telemetry.Button:
			button = true
		case telemetry.Battery, telemetry.BatteryVoltage, telemetry.DeviceTemperature, telemetry.Tamper: // of the device itself
		default:
			room = true
		}
	}
	if button && !room {
		return string(facility.AtTask)
	}
	return string(facility.AtZone)
}

// idOf makes an id for a configuration of how a device names itself.
func idOf(address string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, address)
	if id = strings.Trim(id, "-_"); id == "" {
		return "device"
	}
	return id[:min(len(id), written.MaxText)]
}
