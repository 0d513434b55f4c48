package wire_test

import (
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// Finding T3: what is remembered of a session tells a message that is sent again from one that never arrived.
func TestT3_RecentSpeaks(t *testing.T) {
	const second = int64(1e9)
	type use struct {
		id      uint16
		topic   string
		payload string
		at      int64
	}
	again := use{5, "gerbang/v1/mpp/door", `{"people_in":1}`, 0}
	tests := []struct {
		name   string
		before []use // of the connection before
		heard  int64 // when its peer was last heard
		own    []use // of this connection
		oldest int64 // unacknowledged
		speaks bool
	}{
		{name: "nothing is known"},
		{name: "sent just before the connection ended", before: []use{{5, again.topic, again.payload, 100 * second}}, heard: 101 * second, oldest: 200 * second},
		{name: "another message had the identifier", before: []use{{5, again.topic, `{"people_in":2}`, 100 * second}}, heard: 101 * second, oldest: 200 * second, speaks: true},
		{name: "another device had the identifier", before: []use{{5, "gerbang/v1/mpp/other", again.payload, 100 * second}}, heard: 101 * second, oldest: 200 * second, speaks: true},
		{name: "the last use counts", before: []use{{5, again.topic, `{"people_in":2}`, 99 * second}, {5, again.topic, again.payload, 100 * second}}, heard: 101 * second, oldest: 200 * second},
		{name: "the sender lived on for minutes after it", before: []use{{5, again.topic, again.payload, 100 * second}}, heard: 300 * second, oldest: 400 * second, speaks: true},
		{name: "the sender lived on, but it was never acknowledged", before: []use{{5, again.topic, again.payload, 100 * second}}, heard: 300 * second, oldest: 90 * second},
		{name: "sent again on this connection already", own: []use{{5, again.topic, again.payload, 500 * second}}, oldest: 600 * second},
		{name: "the identifier was used again on this connection", own: []use{{5, again.topic, "x", 500 * second}}, oldest: 600 * second, speaks: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before *wire.Recent
			if tt.before != nil {
				before = new(wire.Recent)
				for _, u := range tt.before {
					before.Note(u.id, u.topic, []byte(u.payload), u.at)
				}
				before.Heard(tt.heard)
			}
			own := new(wire.Recent)
			for _, u := range tt.own {
				own.Note(u.id, u.topic, []byte(u.payload), u.at)
			}
			if got := own.Speaks(again.id, again.topic, []byte(again.payload), before, tt.oldest); got != tt.speaks {
				t.Errorf("speaks against it: %t, want %t", got, tt.speaks)
			}
		})
	}
}

func TestSessionsHaveNames(t *testing.T) {
	seen := map[uint64]bool{}
	for _, where := range []string{"broker:1883", "broker:1884"} {
		for _, id := range []string{"", "a", "b"} {
			h := wire.SessionHash(where, id)
			if h == 0 || seen[h] {
				t.Errorf("session %q at %s has the name %d of another", id, where, h)
			}
			seen[h] = true
		}
	}
}

// BenchmarkRecent measures what remembering costs each message.
func BenchmarkRecent(b *testing.B) {
	r := new(wire.Recent)
	payload := []byte(`{"people_in":1,"people_out":0}`)
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		r.Note(uint16(i), "gerbang/v1/mpp/door", payload, i)
	}
}
