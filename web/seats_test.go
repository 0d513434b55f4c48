package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// Issue 9, "seats": the room's page draws its seats where they stand, says of each what it is, and lists them for whoever does not see
// the drawing; the API has the same.
func TestSeatMapOfAZone(t *testing.T) {
	r := start(t, newFleet(), nil)
	page := r.get("/site/mpp-sumenep/zone/ruang-tunggu", "Accept-Language", "en", "Accept", "text/html").body
	for _, want := range []string{
		`aria-label="2 too close or not in use, 5 taken, 9 free, 11 out of use, 1 not measured"`, "<title>a3: too close or not in use, too close to a4</title>",
		`<rect class="seat wrong" x="150" y="30"`, "<td><b>d7</b></td><td>not measured</td>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("seats: got no %s in %s", want, one(t, page, "section#zone-seats"))
		}
	}
	if site := r.get("/site/mpp-sumenep", "Accept-Language", "en", "Accept", "text/html").body; !strings.Contains(site, "<dd>2 too close or not in use, 5 taken") {
		t.Error("the site's card of the room says nothing of its seats")
	}
	if other := r.get("/site/mpp-sumenep/zone/loket", "Accept", "text/html").body; strings.Contains(other, "seat-map") {
		t.Error("a room without a map has one")
	}
	var zones struct{ Items []apiZone }
	if err := json.Unmarshal([]byte(r.get("/api/v1/sites/mpp-sumenep/zones", "Accept", "application/json").body), &zones); err != nil || len(zones.Items[0].Seats) != 28 || zones.Items[0].Seats[2].TooClose != "a4" {
		t.Errorf("API: got %+v (%v), want 28 seats and who is too close to whom", zones.Items[0].Seats, err)
	}
}

// Issue 9, "queue cut-off with a forecast": page, API and the display at the entrance say when it is full, the last ticket, and what is left.
func TestIntakeOfASite(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	const at = "/site/mpp-sumenep"
	got := one(t, r.get(at, "Accept-Language", "en", "Accept", "text/html").body, "section#site-intake")
	for _, want := range []string{"36 of 250 left", "At this rate full at 15:01.", "Last ticket 14:31", "19 came in the last 30 minutes: 38 an hour.", "30 min before the quota is used up"} {
		if !strings.Contains(got, want) {
			t.Errorf("intake: got no %q in %s", want, got)
		}
	}
	sign := one(t, r.get("/sign/mpp-sumenep/ruang-tunggu").body, "div#sign")
	if !strings.Contains(sign, "Nomor terakhir 14.31") || !strings.Contains(sign, "Last ticket 14:31") {
		t.Errorf("display: got %s, want the last ticket in both languages", sign)
	}
	if inner := one(t, r.get("/sign/mpp-sumenep/ruang-bermain").body, "div#sign"); strings.Contains(inner, "14:31") {
		t.Errorf("display of a room inside: got %s, want nothing of the queue", inner)
	}
	var site apiSite
	if err := json.Unmarshal([]byte(r.get("/api/v1/sites/mpp-sumenep", "Accept", "application/json").body), &site); err != nil || site.Intake == nil || *site.Intake.Left != 36 || *site.Intake.Rate != 38 || !site.Intake.Full.Equal(fleetNow.Add(56*time.Minute)) {
		t.Errorf("API: got %+v (%v), want the forecast", site.Intake, err)
	}
	for name, tt := range map[string]struct {
		change func(*rules.Intake)
		want   string
	}{
		"nobody knows who came": {func(x *rules.Intake) {
			x.Visitors = rules.Estimate{Measured: true, Reason: rules.ReasonGap}
			x.Full = 0
		}, "there is no forecast"},
		"used up":   {func(x *rules.Intake) { x.Full, x.Closed, x.Left = x.Made, true, 0 }, "The quota is used up."},
		"too few":   {func(x *rules.Intake) { x.Full, x.Rate = 0, 0 }, "Too few came lately"},
		"no quota":  {func(x *rules.Intake) { x.Quota, x.Full, x.By = 0, 0, "hours" }, "before closing at"},
		"not today": {func(x *rules.Intake) { x.Full = 0 }, "is not used up today"},
	} {
		f.change("mpp-sumenep", func(v *rules.View) {
			seated(v)
			tt.change(v.Intake)
		})
		got := one(t, r.get(at, "Accept-Language", "en", "Accept", "text/html").body, "section#site-intake")
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: got no %q in %s", name, tt.want, got)
		}
	}
}

// Finding: a display of a room that is worked on said "wait until someone comes out".
func TestSignUnderMaintenance(t *testing.T) {
	f := newFleet()
	f.change("mpp-magetan", func(v *rules.View) { v.Zones[1].Advice = rules.AdviceWait })
	sign := one(t, start(t, f, nil).get("/sign/mpp-magetan/loket").body, "div#sign")
	if strings.Contains(sign, "Wait until someone comes out") || !strings.Contains(sign, "Being worked on: ask the staff") {
		t.Errorf("got %s, want that it is worked on", sign)
	}
}
