package reach

import (
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/alerts"
)

// sound publishes which sirens are on: retained, so that one that was off, and a broker that was away, find out what is so now. all: also those
// that have not changed.
func (r *Reach) sound(all bool) {
	r.sounding.Lock()
	defer r.sounding.Unlock()
	r.mu.Lock()
	topics := map[string]bool{}
	words := map[string]*Siren{}
	place := func(site, channel string) (string, bool) {
		c, ok := r.o.Channels[channel]
		if !ok || c.Siren == nil {
			return "", false
		}
		topic := c.Siren.topic(site, channel)
		words[topic] = c.Siren
		return topic, true
	}
	for _, p := range r.o.Sirens {
		if topic, ok := place(p.Site, p.Channel); ok {
			topics[topic] = topics[topic] || false
		}
	}
	for _, a := range r.open {
		for i := range a.Calls {
			channel := a.Calls[i].Channel
			topic, ok := place(a.Site, channel)
			if channel == "" || !ok {
				continue
			}
			topics[topic] = topics[topic] || a.Sounds(channel) && (a.Drill == nil || a.Drill.Siren)
		}
	}
	for topic, on := range r.sirens { // of an alert that is over
		if _, still := topics[topic]; !still && on {
			topics[topic] = false
		}
	}
	var out []alerts.Signal
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		on := topics[topic]
		was, known := r.sirens[topic]
		s := words[topic]
		if s == nil {
			s = r.spoken(topic)
		}
		if r.sirens[topic] = on; s == nil || !all && known && was == on || !all && !known && !on {
			continue
		}
		payload := s.Off
		if on {
			payload = s.On
		}
		out = append(out, alerts.Signal{ID: "siren/" + topic, Topic: topic, Payload: []byte(payload), Retain: true})
	}
	r.mu.Unlock()
	if len(out) > 0 {
		r.o.Show(out)
	}
}

// spoken is the siren of a topic that no alert calls any more. The lock is held.
func (r *Reach) spoken(topic string) *Siren {
	for name, c := range r.o.Channels {
		if c.Siren == nil {
			continue
		}
		for _, p := range r.o.Sirens {
			if p.Channel == name && c.Siren.topic(p.Site, name) == topic {
				return c.Siren
			}
		}
	}
	for _, c := range r.o.Channels { // of a site that is new since the start
		if c.Siren != nil {
			return c.Siren
		}
	}
	return nil
}
