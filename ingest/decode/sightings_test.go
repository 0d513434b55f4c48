package decode

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func doorModel() model.Model {
	return model.Model{
		ID: "acme-door", Title: "Acme door", Match: []string{"acme/{device}/state"}, Format: "json",
		Readings: []model.Field{{Path: "open", Quantity: telemetry.ContactOpen}},
	}
}

func TestStrangersAreSeenWithWhatToWrite(t *testing.T) {
	var seen Sightings
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "known", Model: "acme-door"})
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{doorModel()}, Sightings: &seen})
	// All in one instant: a gateway that starts hears its strangers at once.
	for _, m := range [][2]string{
		{"acme/known/state", `{"open":true}`}, {"acme/door7/state", `{"open":true}`}, {"acme/door7/state", `{"open":false}`}, {"acme/Budi Santoso/state", `{"open":true}`},
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
		"acme/door7/state":       `2  door7: {model: acme-door, zone: …, measures: [contact_open]}`,
		"acme/…12/state":         `1  device: {model: acme-door, address: "…12", zone: …, measures: [contact_open]}`, // may be a person
		"…6/…5":                  "1",
		"gerbang/v1/mpp/new-one": "1  new-one: {model: native, door: …, measures: [people_in, battery]}",
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
	if len(all) != maxSightings || all[0].Topic != fmt.Sprintf("…5/%d", 3*maxSightings-1) {
		t.Errorf("got %d, the newest %s; want the newest %d", len(all), all[0].Topic, maxSightings)
	}
}

// A guess is charged what it took: strangers, however many and however dear, have a twentieth of the loop, and each is tried in its turn.
func TestGuessesHaveATwentiethOfTheTime(t *testing.T) {
	const cost = 40 * time.Millisecond
	var now time.Time
	guesses := 0
	seen := Sightings{clock: func() time.Time {
		now, guesses = now.Add(cost), guesses+1
		return now
	}}
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}, Sightings: &seen})
	const seconds, strangers = 60, 100
	for s := range seconds {
		for i := range strangers {
			msg := message(fmt.Sprintf("flood/%d", i), `{"x":1}`)
			msg.Received += telemetry.Instant(s) * 1e9
			d.Decode(msg, nil)
		}
		if s == 0 && (guesses/2 < 1 || guesses/2 > 2) {
			t.Errorf("at once: %d guesses of %s, want one or two", guesses/2, cost)
		}
	}
	if spent, most := time.Duration(guesses/2)*cost, (seconds+2)*time.Second/20; spent > most || spent < most*3/4 {
		t.Errorf("in a minute guesses took %s, want nearly %s and no more", spent, most)
	}
	for _, one := range seen.bySight {
		if one.tries > maxGuesses {
			t.Errorf("%s was tried %d times", one.Topic, one.tries)
		}
	}
}

// The made-up frames of one guess are bounded for all models together.
func TestAGuessIsBounded(t *testing.T) {
	const file = "../../configs/models/elsys-ers-co2.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m model.Model
	if _, problems := strict.Decode(file, data, &m); len(problems) > 0 {
		t.Fatal(problems)
	}
	trialsLeft := func(copies int) int {
		var models []model.Model
		for i := range copies {
			other := m
			other.ID = fmt.Sprintf("%s-%d", m.ID, i)
			models = append(models, other)
		}
		d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}, Models: models})
		q := Query{Payload: []byte{0x01, 0xff, 0x38, 0x02, 0x1e}, Frame: true, Port: 5, Received: message("", "").Received.Time()} // 1 °C below zero, 30 %
		_, left := d.guesser.weigh(q)
		return left
	}
	if used := guessTrials - trialsLeft(1); used < trials {
		t.Fatalf("one model: %d trials, want a frame that needs all %d", used, trials)
	}
	if left := trialsLeft(200); left != 0 {
		t.Errorf("two hundred models: %d trials left, want them to stop at none", left)
	}
}

// The entry to paste says where a device with such quantities hangs.
func TestPlaceOfANewDevice(t *testing.T) {
	for place, all := range map[string][][]telemetry.Quantity{
		"door": {{telemetry.PeopleIn, telemetry.Battery}, {telemetry.PeopleOutTotal, telemetry.Temperature}, {telemetry.BodyTemperature}},
		"task": {{telemetry.Button, telemetry.Battery}},
		"zone": {nil, {telemetry.CO2}, {telemetry.Battery}, {telemetry.PeoplePresent}, {telemetry.Button, telemetry.Temperature}},
	} {
		for _, q := range all {
			if got := (Candidate{Model: "m", Quantities: q}).YAML(); !strings.Contains(got, ", "+place+": …") {
				t.Errorf("%v: got %s, want %s", q, got, place)
			}
		}
	}
}
