package decode

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// A device's time without a zone is the first instant that its site's clocks show it or a later one, in every
// hemisphere and format; of two the second where the message comes soon after it. A message that is delivered again is the same,
// and an equal one of the other hour is another.
func TestTimesWithoutAZone(t *testing.T) {
	const lokal = "lokal"
	for _, tt := range []struct{ zone, at, received, want string }{
		{"Pacific/Auckland", "2026-04-05T02:30", "2026-04-04T13:30:20Z", "2026-04-04T13:30:00Z"},
		{"Pacific/Auckland", "2026-04-05T02:30", "2026-04-04T14:30:20Z", "2026-04-04T14:30:00Z"},
		{"Pacific/Auckland", "2026-04-05T02:30", "2026-04-04T14:20:00Z", "2026-04-04T13:30:00Z"},
		{"Pacific/Auckland", "2026-04-05T02:30", "2026-04-04T15:20:00Z", "2026-04-04T14:30:00Z"},
		{"Pacific/Auckland", "2026-04-05T02:30", "2026-04-06T00:00:00Z", "2026-04-04T13:30:00Z"}, // of a backlog
		{"Pacific/Auckland", "2026-09-27T02:30", "2026-09-26T14:00:30Z", "2026-09-26T14:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T14:45:00Z"},
		{"Africa/Cairo", "2026-10-29T23:30", "2026-10-29T20:30:01Z", "2026-10-29T20:30:00Z"},
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:10Z", "2026-11-01T05:30:00Z"},
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T06:30:10Z", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2026-03-08T02:30", "2026-03-08T07:00:10Z", "2026-03-08T07:00:00Z"},
	} {
		site := testSite(t)
		site.Location = facility.Location{Location: testengine.Zone(t, tt.zone)}
		site.Devices = append(site.Devices, facility.Device{ID: "door-3", Model: lokal})
		d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{{ID: lokal, Title: "Lokal", Match: []string{"m/{device}"}, Time: &model.Time{Path: "t", Formats: []string{"2006-01-02T15:04"}},
			Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}}}})
		for _, m := range []ingest.Message{
			{Topic: door, Payload: []byte(`{"at":"` + tt.at + `","people_in":1}`)},
			{Topic: "m/door-3", Payload: []byte(`{"t":"` + tt.at + `","n":1}`)},
		} {
			m.QoS, m.Received = 1, written.Time([]byte(tt.received), time.UTC)
			recs := d.Decode(&m, nil)
			if len(recs) != 1 || recs[0].Rejection != nil {
				t.Fatalf("%s: got %s", m.Payload, show(recs))
			}
			rec := recs[0]
			if want := written.Time([]byte(tt.want), time.UTC); rec.At != want || rec.Observation.Flags&telemetry.FlagClock != 0 {
				t.Errorf("%s %s %s, received %s: got %v (flags %v), want %v", tt.zone, m.Topic, tt.at, tt.received, rec.At, rec.Observation.Flags, want)
			}
		}
	}
	site := testSite(t)
	site.Location = facility.Location{Location: testengine.Zone(t, "America/New_York")}
	d := newDecoder(t, Options{Sites: []facility.Site{site}})
	identity := func(received string) uint64 {
		m := message(door, `{"at":"2026-11-01T01:30","people_in":1}`)
		m.Received = written.Time([]byte(received), time.UTC)
		recs := d.Decode(m, nil)
		if len(recs) != 1 || recs[0].Identity == 0 {
			t.Fatalf("got %s, want a message with an identity", show(recs))
		}
		return recs[0].Identity
	}
	first, second := identity("2026-11-01T05:30:10Z"), identity("2026-11-01T06:30:10Z")
	if first == second {
		t.Error("equal messages of the two hours that show 01:30 are the same, want two")
	}
	if again := identity("2026-11-01T06:20:00Z"); again != first {
		t.Error("a message of the first hour is another when it is delivered again")
	}
	if again := identity("2026-11-03T06:20:00Z"); again != second {
		t.Error("a message of the second hour is another when it is delivered again")
	}
}
