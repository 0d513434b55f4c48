package web

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Only what was cut says that it goes on: a shape is shorter than its message, which had spaces and long texts.
func TestOnlyWhatWasCutEndsInDots(t *testing.T) {
	f := newFleet()
	reject := func(topic string, size int, raw string) {
		f.reject = append(f.reject, telemetry.Record{Seq: 1, Kind: telemetry.KindRejection, Received: ago(0),
			Rejection: &telemetry.Rejection{Topic: topic, Reason: telemetry.ReasonUnknownTopic, Size: size, Raw: []byte(raw)}})
	}
	f.reject = nil
	reject("whole", 40, `{"whole":##}`)
	reject("long", 600, `{"long":`+strings.Repeat("#", telemetry.MaxRaw-8))
	reject("huge", 9000, `{"huge":…9000}`)
	body := start(t, f, nil).get("/rejections").body
	for name, want := range map[string]bool{"whole": false, "long": true, "huge": true} {
		_, pre, _ := strings.Cut(body, "<pre>{&#34;"+name)
		pre, _, ok := strings.Cut(pre, "</pre>")
		if !ok || strings.HasSuffix(pre, "…") != want {
			t.Errorf("%s: got %q, dots at its end: want %v", name, pre, want)
		}
	}
}

// Times of several places in one list say where they are of.
func TestRejectionsNameTheirTimeZones(t *testing.T) {
	body := start(t, newFleet(), nil).get("/rejections").body
	for _, zone := range []string{" UTC · ", " WIB · ", " WITA · "} {
		if !strings.Contains(body, zone) {
			t.Errorf("no time says %q", zone)
		}
	}
}

// A list of what was kept says that more was counted, and one that shows topics as they are does not promise otherwise.
func TestBackstageListsSayWhatTheyLeaveOut(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Ear = &fakeEar{} })
	for _, tc := range []struct{ path, lang, want string }{
		{"/rejections", "en", "may be larger than this list"},
		{"/rejections", "id", "bisa lebih besar daripada daftar ini"},
		{"/devices", "en", "Addresses and topics stand here as they came"},
		{"/devices", "id", "Alamat dan topik ditampilkan apa adanya"},
	} {
		if a := r.get(tc.path, "Accept-Language", tc.lang); !strings.Contains(a.body, tc.want) {
			t.Errorf("%s in %s: want %q", tc.path, tc.lang, tc.want)
		}
	}
}

// The words before a time fit a clock and a day.
func TestTheLastReadingOfYesterdayIsASentence(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, key := range []string{"explain.readings", "explain.counts"} {
		for _, tongue := range r.tongues {
			if got := tongue.T(key, "Count", 2, "Device", "D", "When", "X"); !strings.HasSuffix(got, "D: X") {
				t.Errorf("%s: got %q", key, got)
			}
		}
	}
}
