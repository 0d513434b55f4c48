package decode

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
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
}

// maxCandidates bounds what is worth showing.
const maxCandidates = 3

// Recognise guesses which models a message may be of, the likeliest first, at most three: by topic, by envelope, and by what
// each model reads in it. A guess says what to try, not what is true: two makers may pack their bytes alike.
func (d *Decoder) Recognise(topic string, payload []byte, now time.Time) []Candidate {
	w := d.Worker(nil)
	w.all = true
	msg := &ingest.Message{Topic: topic, Payload: payload, QoS: 1, Received: telemetry.InstantOf(now)}
	var all []Candidate
	for _, m := range d.models {
		if c, ok := w.candidate(m, msg); ok {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Model, b.Model))
	})
	return all[:min(len(all), maxCandidates)]
}

// candidate tries a model on a message of a stranger.
func (w *Worker) candidate(m *model, msg *ingest.Message) (c Candidate, ok bool) {
	defer func() {
		if recover() != nil { // a model that fails on a message is not the one
			ok = false
		}
	}()
	literal, fits := m.fits(msg.Topic)
	if m.native() && !fits || !fits && len(m.patterns) > 0 && m.format.open != nil && m.format.addresses == nil && m.anyTopic() {
		return c, false
	}
	c = Candidate{Model: m.ID, Title: m.Title}
	b := w.stranger(m, msg)
	c.Address = b.device
	records := w.decodeAs(b, msg)
	switch {
	case len(records) == 0:
		c.Detail = "not a reading"
		if !fits {
			return c, false
		}
	case records[0].Kind == telemetry.KindRejection:
		if records[0].Rejection.Reason != telemetry.ReasonUndecoded || m.codec != nil {
			return c, false
		}
		c.Detail = records[0].Rejection.Detail
	}
	for i := range records {
		for _, r := range records[i].Observation.Readings {
			if m.taken(&r) {
				c.Quantities = append(c.Quantities, r.Quantity)
			}
		}
	}
	slices.Sort(c.Quantities)
	c.Quantities = slices.Compact(c.Quantities)
	c.score = 4*literal + 2*min(len(c.Quantities), 4)
	if fits {
		c.score += 8
	}
	if !m.Varied {
		c.score++ // one maker's device says more than a family
	}
	c.score += m.named(msg.Payload)
	return c, true
}

// anyTopic reports whether the model's fields are too common to be told by the payload alone.
func (m *model) anyTopic() bool { return m.Varied }

// fits reports whether a topic is one of the model's, and how many of its levels are literal.
func (m *model) fits(topic string) (literal int, ok bool) {
	for i := range m.patterns {
		p := &m.patterns[i]
		if !p.matches(topic) {
			continue
		}
		n := 0
		for _, l := range p.levels {
			if l != "+" && l != "#" && !isNamed(l) {
				n++
			}
		}
		literal, ok = max(literal, n), true
	}
	return literal, ok
}

// named is a bonus where the network server's message names the model: a device profile "Milesight VS133".
func (m *model) named(payload []byte) int {
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
	fmt.Fprintf(&b, "  %s: {model: %s", idOf(c.Address), c.Model)
	if c.Address != idOf(c.Address) {
		fmt.Fprintf(&b, ", address: %q", c.Address)
	}
	b.WriteString(", zone: …")
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
	return id[:min(len(id), maxText)]
}
