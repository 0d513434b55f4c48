package decode

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// homieModel is that of configs/models, as far as it matters here.
func homieModel() model.Model {
	return model.Model{ID: "homie", Title: "H", Format: "homie", Otherwise: "ignore", Count: model.CountTotal, Match: []string{
		"homie/5/{device}/{node}/{property}", "homie/5/{device}/{attribute}", "homie/5/{device}/{node}/{property}/{attribute}",
		"homie/{device}/{node}/{property}", "homie/{device}/{attribute}", "homie/{device}/{node}/{property}/{attribute}",
	}, Readings: []model.Field{{Path: "value", Auto: true, NamePath: "name", UnitPath: "unit", ChannelPath: "node"}}}
}

// homes decodes for the devices d1 and d2 of the Homie convention.
func homes(t testing.TB, m Memory) *Decoder {
	t.Helper()
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "homie"}, {ID: "d2", Model: "homie"}}
	return newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{homieModel()}, Memory: m})
}

// outcome is what a message means, in short.
func outcome(d *Decoder, topic, payload string) string {
	recs := d.Decode(message(topic, payload), nil)
	switch {
	case len(recs) == 0:
		return "nothing"
	case recs[0].Rejection != nil:
		return string(recs[0].Rejection.Reason)
	}
	var s []string
	for i := range recs {
		if r := recs[i].Rejection; r != nil { // of what was refused beside the readings
			s = append(s, string(r.Reason))
			continue
		}
		s = append(s, recs[i].Observation.Device+values(recs[i:i+1]))
	}
	return strings.Join(s, "; ")
}

func TestHomieSequences(t *testing.T) {
	const description = `{"homie":"5.0","version":3,"name":"D","nodes":{"air":{"name":"Air","properties":{
		"temperature":{"unit":"°F","datatype":"float","format":"-20:120"},"humidity":{"datatype":"percent"},
		"target":{"name":"Room temperature","datatype":"float","unit":"°C","settable":true},
		"p1":{"name":"Air pressure","datatype":"float","unit":"Pa"},"p2":{"name":"Room","datatype":"float","unit":"furlong"}}},
		"door":{"properties":{"is-open":{"datatype":"boolean","format":"closed,open"},"people-in-total":{"datatype":"integer","unit":"#"}}}}}`
	tests := []struct {
		name  string
		steps [][3]string // topic, payload, what it means
	}{
		{"attributes before the value", [][3]string{
			{"homie/d1/air/temperature/$name", "Air temperature", "nothing"},
			{"homie/d1/air/temperature/$datatype", "float", "nothing"},
			{"homie/d1/air/temperature/$unit", "°F", "nothing"},
			{"homie/d1/air/temperature/$format", "-20:120", "nothing"},
			{"homie/d1/air/temperature/$settable", "false", "nothing"},
			{"homie/d1/air/temperature", "77", "d1 temperature=25 @ air"},
			{"homie/d1/air/temperature", "warm", "field"},
			{"homie/d1/air/temperature", "NaN", "field"},
		}},
		{"the value before its attributes", [][3]string{
			{"homie/d1/air/temperature", "25", "d1 temperature=25 @ air"},
			{"homie/d1/air/temperature/$unit", "K", "nothing"},
			{"homie/d1/air/temperature", "298.15", "d1 temperature=25 @ air"},
			{"homie/d1/air/temperature/$unit", "", "nothing"},
			{"homie/d1/air/temperature", "25", "d1 temperature=25 @ air"},
		}},
		{"a description", [][3]string{
			{"homie/5/d1/$description", description, "nothing"},
			{"homie/5/d1/$state", "ready", "nothing"},
			{"homie/5/d1/air/temperature", "77", "d1 temperature=25 @ air"},
			{"homie/5/d1/air/humidity", "61.5", "d1 humidity=61.5 @ air"},
			{"homie/5/d1/air/target", "24", "nothing"},
			{"homie/5/d1/air/p1", "100850", "d1 pressure=1008.5 @ air"},
			{"homie/5/d1/air/p2", "4", "nothing"},
			{"homie/5/d1/door/is-open", "true", "d1 contact_open=1 @ door"},
			{"homie/5/d1/door/is-open", "TRUE", "field"},
			{"homie/5/d1/door/people-in-total", "417", "d1 people_in_total=417 @ door"},
			{"homie/5/d1/door/people-in-total", "-7141", "range"},
			{"homie/5/d1/air/temperature/$target", "70", "nothing"},
			{"homie/5/d1/air/temperature/set", "70", "nothing"},
			{"homie/5/d1/$log/warn", "hot", "nothing"},
		}},
		{"another description forgets the first", [][3]string{
			{"homie/5/d1/$description", description, "nothing"},
			{"homie/5/d1/$description", `{"homie":"5.0","version":4,"nodes":{"air":{"properties":{"humidity":{"datatype":"float"}}}}}`, "nothing"},
			{"homie/5/d1/air/temperature", "25", "d1 temperature=25 @ air"},
			{"homie/5/d1/air/p1", "100850", "nothing"},
		}},
		{"a device that is gone", [][3]string{
			{"homie/5/d1/$description", description, "nothing"},
			{"homie/5/d1/$state", "", "nothing"},
			{"homie/5/d1/air/temperature", "25", "d1 temperature=25 @ air"},
			{"homie/5/d1/air/temperature", "", "nothing"},
		}},
		{"another device knows nothing of it", [][3]string{
			{"homie/5/d1/$description", description, "nothing"},
			{"homie/5/d2/air/temperature", "25", "d2 temperature=25 @ air"},
		}},
		{"no description at all", [][3]string{
			{"homie/5/d1/$description", `[1]`, "field"},
			{"homie/5/d1/$description", `{"nodes":[]}`, "field"},
			{"homie/5/d1/$description", `{"nodes":{"a b":{"properties":{"x y":{}}},"n":{"properties":3},"m":4}}`, "nothing"},
			{"homie/5/d1/$description", `{"nodes":`, "syntax"},
			{"homie/d1/air/temperature/$unit", "\xff", "encoding"},
		}},
		{"booleans", [][3]string{
			{"homie/d1/room/occupied", "true", "d1 occupied=1 @ room"},
			{"homie/d1/room/occupied", "1", "field"},
			{"homie/d1/room/occupied/$datatype", "enum", "nothing"},
			{"homie/d1/room/occupied", "vacant", "d1 occupied=0 @ room"},
			{"homie/d1/room/occupied/$datatype", "datetime", "nothing"},
			{"homie/d1/room/occupied", "true", "nothing"},
		}},
		{"node and version", [][3]string{
			{"homie/d1/temperature/degrees", "25", "d1 temperature=25 @ temperature"},
			{"homie/d1/temperature/$type", "temperature", "nothing"},
			{"homie/d1/$fw/version", "25", "nothing"},
			{"homie/d1/$implementation/ota/enabled", "true", "nothing"},
			{"homie/d1/air", "25", "unknown_topic"},
			{"homie/d3/air/temperature", "25", "unknown_device"},
			{"homie/d3/air/temperature/$unit", "°F", "nothing"},
			{"homie/d1/air/color/$datatype", "color", "nothing"},
			{"homie/d1/air/color", "rgb,1,2,3", "nothing"},
			{"homie/d1/air/temperature", strings.Repeat("1", 300), "too_large"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := homes(t, nil)
			for _, s := range tt.steps {
				if got := outcome(d, s[0], s[1]); got != s[2] {
					t.Errorf("%s %s: got %s, want %s", s[0], s[1], got, s[2])
				}
			}
		})
	}
}

// TestHomieIsRemembered: another decoder over the same memory, as a reload or a restart makes it, knows what devices said,
// also what one said before it was configured.
func TestHomieIsRemembered(t *testing.T) {
	m := &volatile{}
	for _, topic := range []string{"homie/d1/air/temperature/$unit", "homie/d3/air/temperature/$unit"} {
		if got := outcome(homes(t, m), topic, "°F"); got != "nothing" {
			t.Errorf("%s: got %s", topic, got)
		}
	}
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "homie"}, {ID: "d3", Model: "homie"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{homieModel()}, Memory: m})
	for _, id := range []string{"d1", "d3"} {
		if got, want := outcome(d, "homie/"+id+"/air/temperature", "77"), id+" temperature=25 @ air"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestHomieIsBounded: neither one device nor strangers can make the memory grow without bound, and strangers do not keep a
// configured device from being heard.
func TestHomieIsBounded(t *testing.T) {
	m := &volatile{}
	d := homes(t, m)
	refused := 0
	announce := func(device string, n int) {
		for i := range n {
			switch got := outcome(d, fmt.Sprintf("homie/%s/n/p%d/$unit", device, i), "°C"); got {
			case "nothing":
			case "too_large":
				refused++
			default:
				t.Fatalf("got %s", got)
			}
		}
	}
	announce("d1", maxPerOwner+10)
	if refused != 10 || len(m.facts) != maxPerOwner {
		t.Errorf("one device: %d refused and %d kept, want 10 and %d", refused, len(m.facts), maxPerOwner)
	}
	for i := range maxForeign/maxPerOwner + 2 {
		announce(fmt.Sprintf("stranger-%d", i), maxPerOwner)
	}
	if len(m.facts) != maxPerOwner+maxForeign {
		t.Errorf("strangers: %d kept, want %d", len(m.facts), maxPerOwner+maxForeign)
	}
	refused = 0
	announce("d2", 3)
	if refused > 0 {
		t.Error("a configured device was refused because of strangers")
	}
	// What a decoder finds in its memory counts, too.
	d, refused = homes(t, m), 0
	announce("stranger-x", 1)
	announce("d1", maxPerOwner+1)
	if refused != 2 {
		t.Errorf("after a restart: %d refused, want 2", refused)
	}
	if got := outcome(d, "homie/stranger-0/$homie", ""); got != "nothing" {
		t.Errorf("got %s", got)
	}
	announce("stranger-y", 1)
	if refused != 2 {
		t.Error("the place of a device that is gone is not free")
	}
}

// forgetful is a Memory that keeps nothing and says so.
type forgetful struct{ volatile }

func (f *forgetful) Put(string, string) error { return errors.New("disk full") }

func TestAnnouncementThatCannotBeKeptIsTold(t *testing.T) {
	d := homes(t, &forgetful{})
	recs := d.Decode(message("homie/d1/air/temperature/$unit", "°F"), nil)
	if len(recs) != 1 || recs[0].Rejection == nil || recs[0].Rejection.Reason != telemetry.ReasonFault ||
		!strings.Contains(recs[0].Rejection.Detail, "disk full") {
		t.Errorf("got %s, want a rejection that says why", show(recs))
	}
}

func TestHomieAnnouncementsNeedTheRightToSpeak(t *testing.T) {
	d := homes(t, nil)
	msg := message("homie/d3/air/temperature/$unit", "°F")
	msg.Sender = &ingest.Sender{Name: "s", Bridge: true, Devices: map[string]bool{"mpp/d1": true}}
	if recs := d.Decode(msg, nil); len(recs) != 1 || recs[0].Rejection == nil || recs[0].Rejection.Reason != telemetry.ReasonForeign {
		t.Errorf("for another: got %s, want a foreign topic", show(recs))
	}
	msg.Topic = "homie/d1/air/temperature/$unit"
	if recs := d.Decode(msg, nil); len(recs) != 0 {
		t.Errorf("for itself: got %s, want nothing", show(recs))
	}
}

// TestHomieConcurrently is for the race detector.
func TestHomieConcurrently(t *testing.T) {
	d := homes(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				unit := [...]string{"°C", "°F"}[i%2]
				_ = outcome(d, "homie/d1/air/temperature/$unit", unit)
				switch got := outcome(d, "homie/d1/air/temperature", "77"); got {
				case "d1 temperature=25 @ air", "d1 temperature=77 @ air":
				default:
					t.Errorf("got %s", got)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzHomie asserts that whatever is announced and sent, readings are possible, announcements are no readings, and the memory
// stays bounded.
func FuzzHomie(f *testing.F) {
	for _, seed := range [][3]string{
		{"air/temperature/$unit", "°F", "77"}, {"$description", `{"nodes":{"air":{"properties":{"temperature":{"unit":"K","datatype":"float"}}}}}`, "298"},
		{"air/temperature/$datatype", "boolean", "true"}, {"air/$properties", "temperature", "nan"}, {"$state", "", "1e999"}, {"air/temperature/set", "1", "-0"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, topic, announcement, value string) {
		m := &volatile{}
		d := homes(t, m)
		for _, root := range []string{"homie/d1/", "homie/5/d1/"} {
			recs := d.Decode(message(root+topic, announcement), nil)
			if strings.Contains(topic, "$") && len(recs) > 0 && recs[0].Rejection == nil {
				t.Fatalf("%q is an announcement, got %s", topic, show(recs))
			}
			recs = append(recs, d.Decode(message(root+"air/temperature", value), nil)...)
			for i := range recs {
				if r := recs[i].Rejection; r != nil {
					if r.Reason == telemetry.ReasonFault {
						t.Fatalf("got %s", show(recs))
					}
					checkRejection(t, r)
					continue
				}
				checkObservation(t, &recs[i])
			}
		}
		for _, key := range slices.Collect(maps.Keys(m.facts)) {
			if !strings.HasPrefix(key, "homie ") || len(key) > written.MaxTopic+16 || len(m.facts[key]) > maxAnnounced {
				t.Fatalf("remembered %d bytes as %q", len(m.facts[key]), key)
			}
		}
	})
}
