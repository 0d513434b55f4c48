package model

import (
	"bytes"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
)

// Fitting is the pattern that tells what the levels of a topic are; nil: none does. Where several fit it is one that
// names the device by address, and then one that suits the payload: a pattern with {field} carries a bare value.
func (m *Mapping) Fitting(topic string, payload []byte, address string) *pattern.Pattern {
	if !m.captures {
		return nil
	}
	var best *pattern.Pattern
	rank := 0
	for i := range m.Patterns {
		p := &m.Patterns[i]
		if !p.Matches(topic) {
			continue
		}
		r := 1
		if p.Device < 0 || address == "" || strings.EqualFold(p.Value(topic, p.Device), address) {
			r += 2
		}
		if (p.Field() >= 0) == Bare(payload) {
			r++
		}
		if r > rank {
			best, rank = p, r
		}
	}
	return best
}

// Bare reports whether a payload is one value, not an object or list.
func Bare(payload []byte) bool {
	payload = bytes.TrimLeft(payload, " \t\r\n")
	return len(payload) == 0 || payload[0] != '{' && payload[0] != '['
}

// Known is a pattern of a model, and whether nobody measures on its topics.
type Known struct {
	pattern pattern.Pattern
	silent  bool
}

// Pushed reports whether a topic is one that the HTTP door makes.
func Pushed(topic string) bool { return strings.HasPrefix(topic, pattern.Push) }

// PushPatterns are the topics that the HTTP door makes for the model.
func (m *Mapping) PushPatterns() []string {
	base := pattern.Push + m.ID
	patterns := []string{base + "/{device}", base + "/{site}/{device}"}
	if m.NamesDevice() {
		patterns = append(patterns, base)
	}
	return patterns
}

// NamesDevice reports whether messages of the model name their device in the payload.
func (m *Mapping) NamesDevice() bool {
	return len(m.Addresses) > 0 || len(m.EachDevice) > 0 || m.notation.Addressed
}

// Quiet is the silent pattern that decides about topic; nil: none.
func (m *Mapping) Quiet(topic string) *pattern.Pattern {
	if found := m.topics.Match(topic, nil); len(found) > 0 && found[0].silent {
		return &found[0].pattern
	}
	return nil
}
