package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What was broken is drawn before what was kept, however many were kept.
func TestWhatWasWorstIsDrawnFirst(t *testing.T) {
	measure := func(id string, times compliance.Times) compliance.Measure {
		times.Open = 8 * time.Hour
		return compliance.Measure{Kind: "expression", Key: compliance.Key{Rule: id, Subject: rules.Subject{Kind: rules.SubjectZone, ID: "z"}}, Times: times}
	}
	var all []compliance.Measure
	for i := range 20 {
		all = append(all, measure(fmt.Sprint("kept-", i), compliance.Times{Within: 8 * time.Hour}))
	}
	all = append(all, measure("idle", compliance.Times{Idle: 8 * time.Hour}), measure("unknown", compliance.Times{Unknown: 8 * time.Hour}), measure("near", compliance.Times{Near: time.Hour}),
		measure("breached", compliance.Times{Breached: time.Minute}), measure("worse", compliance.Times{Breached: time.Hour}), measure("after", compliance.Times{Within: 8 * time.Hour, After: 2 * time.Minute}))
	for _, zone := range []string{"z", ""} {
		var got []string
		kept := 0
		for _, m := range worstFirst(all, zone) {
			if alwaysKept(m) {
				kept++
				continue
			}
			got = append(got, m.Rule)
		}
		if want := []string{"worse", "after", "breached", "near", "unknown", "idle"}; !slices.Equal(got, want) || kept != 20 {
			t.Errorf("zone %q: %v and %d kept, want %v and 20", zone, got, kept, want)
		}
	}
}

// A task that a button logged is in the day as one of a page is.
func TestATaskByButtonIsInTheDay(t *testing.T) {
	f := newFleet()
	done := telemetry.InstantOf(fleetNow.Add(-time.Hour))
	name := ""
	f.change("mpp-gresik", func(v *rules.View) { v.Tasks[0].LastDone = done; name = v.Tasks[0].Name })
	r := start(t, f, nil)
	wants(t, "the day", r.get("/site/mpp-gresik/history?lang=en").body, name+": done")
	wants(t, "the day before", r.get("/site/mpp-gresik/history?on=2025-10-07&lang=en").body, "nobody logged a task on a page", "-"+name+": done")
}

// Finding: of the times at which a button was pressed the last alone was in the day.
func TestEveryPressOfAButtonIsInTheDay(t *testing.T) {
	f, s := newFleet(), shelved()
	last, name := telemetry.InstantOf(fleetNow.Add(-time.Hour)), ""
	f.change("mpp-gresik", func(v *rules.View) {
		v.Tasks[0].LastDone, name = last, v.Tasks[0].Name
		v.Devices = append(v.Devices, rules.DeviceView{ID: "tombol", Name: "Tombol", Place: facility.Place{Kind: facility.AtTask, ID: v.Tasks[0].ID}})
	})
	s.page.Rows = nil
	for i := range 3 {
		s.page.Rows = append(s.page.Rows, ReadingRow{At: last.Add(-time.Duration(i) * 45 * time.Minute), Device: "tombol", Quantity: telemetry.Button})
	}
	r := start(t, f, func(o *Options) { o.Readings = s })
	if got := strings.Count(r.get("/site/mpp-gresik/history?lang=en").body, "</span><span>"+name); got > 3 {
		t.Errorf("got %d times, want each once", got)
	}
	wants(t, "the day", r.get("/site/mpp-gresik/history?lang=en").body, ">11:35<", ">12:20<", ">13:05<")
	s.fail = errors.New("the archive does not answer")
	wants(t, "without the archive", r.get("/site/mpp-gresik/history?lang=en").body, ">13:05<", "->12:20<")
}

// The page of alerts has no stream: the answer to its button brings the row as it is now, and only what the reader may see.
func TestTheRowFollowsItsButton(t *testing.T) {
	r := start(t, newFleet(), nil)
	a := r.do("POST", "/alert/a1/acknowledge", "site=mpp-gresik&minutes=30&from=alerts&lang=en", "HX-Request", "true")
	wants(t, "the answer", a.body, `id="row-a1"`, `hx-swap-oob="outerHTML"`, "is on it until", "-nobody is on it")
	wants(t, "the page", r.get("/alerts?lang=en").body, `id="row-a1"`, "-hx-swap-oob")
	wants(t, "on the site's page", r.do("POST", "/alert/a1/acknowledge", "site=mpp-gresik&minutes=30", "HX-Request", "true").body, "-row-a1")
}

// The link to what was read carries the zone, not its time zone.
func TestTheZoneLinksToItsReadings(t *testing.T) {
	wants(t, "a zone", start(t, newFleet(), nil).get("/site/mpp-gresik/zone/loket").body, "/readings?site=mpp-gresik&amp;zone=loket")
}
