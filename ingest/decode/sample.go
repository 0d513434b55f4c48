package decode

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/model"
)

// Check decodes a sample of the model called id and lists in what it differs from what was expected.
func (d *Decoder) Check(id string, s model.Sample) []string {
	q := Query{Model: id, Topic: s.Topic, Payload: []byte(s.Payload), Received: s.Receipt()}
	if s.Frame != "" {
		frame, err := hex.DecodeString(strings.ReplaceAll(s.Frame, " ", ""))
		if err != nil {
			return []string{fmt.Sprintf("frame: %v", err)}
		}
		q.Payload, q.Frame, q.Port = frame, d.Frames(id), s.Port
	}
	answer := d.One(q)
	rejection := answer.Rejection
	lines := slices.DeleteFunc(answer.Lines, func(l Line) bool { return l.Counted != nil })
	var problems []string
	fail := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if rejection != nil {
		if rejection.Reason != s.Rejected {
			fail("rejected as %s: %s", rejection.Reason, rejection.Detail)
		}
		return problems
	}
	if s.Rejected != "" {
		fail("got %v, want it rejected as %s", lines, s.Rejected)
		return problems
	}
	switch r := answer.Refused; {
	case r != nil && r.Reason != s.Refused:
		fail("%s: %s", r.Reason, r.Detail)
	case r == nil && s.Refused != "":
		fail("nothing is refused, want some as %s", s.Refused)
	}
	for i, line := range lines {
		if i >= len(s.Expect) {
			fail("got %v, which is not expected", line)
			continue
		}
		if e := s.Expect[i]; !matches(&e, line) {
			fail("got %v, want %s %v on channel %q (%s %s %s)", line, e.Quantity, e.Value, e.Channel, e.Device, e.Text, e.At)
		}
	}
	for _, e := range s.Expect[min(len(lines), len(s.Expect)):] {
		fail("got nothing, want %s %v", e.Quantity, e.Value)
	}
	return problems
}

func matches(e *model.Expected, l Line) bool {
	if l.Value == nil || strings.TrimSuffix(l.Quantity, "_period") != e.Quantity.String() || l.Channel != e.Channel || l.Text != e.Text {
		return false
	}
	if e.Device != "" && l.Device != e.Device {
		return false
	}
	if e.At != "" {
		want, err := time.Parse(time.RFC3339, e.At)
		got, gotErr := time.Parse(time.RFC3339, l.At)
		if err != nil || gotErr != nil || !got.Equal(want) {
			return false
		}
	}
	return math.Abs(*l.Value-e.Value) <= 1e-9*math.Max(1, math.Abs(e.Value))
}
