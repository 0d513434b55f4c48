package decode

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func doorModel() Model {
	return Model{
		ID: "acme-door", Title: "Acme door", Match: []string{"acme/{device}/state"}, Format: "json",
		Readings: []Field{{Path: "open", Quantity: telemetry.ContactOpen}},
	}
}

func TestStrangersAreSeenWithWhatToWrite(t *testing.T) {
	var seen Sightings
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "known", Model: "acme-door"})
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []Model{doorModel()}, Sightings: &seen})
	// All in one instant: a gateway that starts hears its strangers at once.
	for _, m := range [][2]string{
		{"acme/known/state", `{"open":true}`}, {"acme/Back Door/state", `{"open":true}`}, {"acme/Back Door/state", `{"open":false}`},
		{"nobody/knows", `{"x":1}`}, {"gerbang/v1/mpp/new-one", `{"people_in":1,"battery":50}`},
	} {
		d.Decode(message(m[0], m[1]), nil)
	}
	got := map[string]string{}
	for _, s := range seen.List() {
		got[s.Topic] = fmt.Sprint(s.Messages)
		if len(s.Candidates) > 0 {
			got[s.Topic] += s.Candidates[0].YAML()
		}
	}
	want := map[string]string{
		"acme/Back Door/state":   `2  back-door: {model: acme-door, address: "Back Door", zone: …, measures: [contact_open]}`,
		"nobody/knows":           "1",
		"gerbang/v1/mpp/new-one": "1  new-one: {model: native, zone: …, measures: [people_in, battery]}",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	seen.Forget()
	if n := len(seen.List()); n != 0 {
		t.Errorf("after Forget: %d, want none", n)
	}
}

func TestSightingsAreBounded(t *testing.T) {
	var seen Sightings
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}, Sightings: &seen})
	for i := range 3 * maxSightings {
		msg := message(fmt.Sprintf("flood/%d", i), `{"x":1}`)
		msg.Received += telemetry.Instant(i)
		d.Decode(msg, nil)
	}
	all := seen.List()
	if len(all) != maxSightings || all[0].Topic != fmt.Sprintf("flood/%d", 3*maxSightings-1) {
		t.Errorf("got %d, the newest %s; want the newest %d", len(all), all[0].Topic, maxSightings)
	}
}
