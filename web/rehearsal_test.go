package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rehearse"
)

// tried is a gateway that has tried a level, or is at it.
type tried struct {
	rehearsal Rehearsal
	err       error
	asked     []string
}

func (f *tried) Rehearse(site, level string) (Rehearsal, error) {
	f.asked = append(f.asked, site+" "+level)
	return f.rehearsal, f.err
}

func aTrial() *tried {
	sums := func(breached, near time.Duration, alerts int) rehearse.Sums {
		return rehearse.Sums{Times: compliance.Times{Open: 40 * time.Hour, Breached: breached, Near: near, Within: 40*time.Hour - breached - near}, Alerts: alerts}
	}
	return &tried{rehearsal: Rehearsal{Done: true, Made: fleetNow, Took: 140 * time.Millisecond, Outcome: &rehearse.Outcome{
		Site: "mpp-gresik", From: fleetNow.AddDate(0, 0, -7), Until: fleetNow, Readings: 31_415,
		Measures: []rehearse.Measure{
			{Rule: "kapasitas", Kind: "capacity", Subject: "zone/ruang-tunggu", SubjectName: "Ruang tunggu", Was: sums(200*time.Minute, 30*time.Minute, 2), Would: sums(425*time.Minute, 0, 9), Differs: 4 * time.Hour, Touched: true},
			{Rule: "kapasitas", Kind: "capacity", Subject: "zone/loket", SubjectName: "Loket layanan", Was: sums(0, 0, 0), Would: sums(0, 0, 0), Touched: true},
			{Rule: "co2-perhatian", Kind: "expression", Subject: "zone/musala", SubjectName: "Musala", Was: sums(time.Hour, 0, 1), Would: sums(time.Hour, 0, 1)},
		},
		Was: rehearse.Side{Over: 200 * time.Minute, Near: 30 * time.Minute}, Would: rehearse.Side{Over: 425 * time.Minute},
	}}}
}

// Issue 9, "Levels … previewed on the site's own last week": side by side, by rule, on a page of its own, before it is confirmed, and by API.
func TestALevelIsTriedOnLastWeek(t *testing.T) {
	f := aTrial()
	r := start(t, newFleet(), func(o *Options) { o.Rehearsals = f })
	wants := []string{"3 h 20 min", "7 h 5 min", "Capacity, Ruang tunggu", "2 → ", "1 other measure that it is about would have been as it was.", "31,415 readings judged again in 0.1 s."}
	page := r.get("/site/mpp-gresik/level/rehearsal?level=3", "Accept-Language", "en", "Accept", "text/html")
	form := url.Values{"id": {someUUID}, "choice": {"3"}, "reason": {"kasus naik"}, "author": {"kepala"}, "step": {"look"}}
	asked := r.do("POST", "/site/mpp-gresik/level", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "en")
	for name, a := range map[string]answer{"its page": page, "before it is confirmed": asked} {
		text := strings.Join(strings.Fields(one(t, a.body, "main")), " ")
		for _, want := range wants {
			if a.StatusCode != http.StatusOK || !strings.Contains(text, want) {
				t.Errorf("%s: got %d and no %q in %s", name, a.StatusCode, want, text)
			}
		}
		if strings.Contains(text, "Musala") {
			t.Errorf("%s: got a rule that the level is not about", name)
		}
	}
	if len(f.asked) == 0 || f.asked[0] != "mpp-gresik 3" {
		t.Errorf("asked: got %v", f.asked)
	}
	var got apiRehearsal
	if a := r.get("/api/v1/sites/mpp-gresik/level/rehearsal?level=3", "Accept", "application/json"); json.Unmarshal([]byte(a.body), &got) != nil || !got.Done || got.Was.Alerts != 2 || got.Would.Alerts != 9 || len(got.Measures) != 2 {
		t.Errorf("API: got %s, want both weeks", a.body)
	}
	if page := r.get("/site/mpp-gresik/level?choice=3", "Accept", "text/html").body; !strings.Contains(page, `value="3" required checked`) || !strings.Contains(page, "/level/rehearsal?level=1") {
		t.Error("the level's page: want the choice made and a link to try each")
	}
	for _, path := range []string{"/site/mpp-gresik/level/rehearsal?level=9", "/site/mpp-gresik/level/rehearsal", "/site/x/level/rehearsal?level=3"} {
		if a := r.get(path, "Accept", "text/html"); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, a.StatusCode)
		}
	}
}

// A rehearsal that takes long tells how far it is, and the page looks again by itself; without scripts too.
func TestALevelThatTakesLongToTry(t *testing.T) {
	f := aTrial()
	f.rehearsal.Done, f.rehearsal.Progress, f.rehearsal.Outcome = false, 0.43, nil
	r := start(t, newFleet(), func(o *Options) { o.Rehearsals = f })
	a := r.get("/site/mpp-gresik/level/rehearsal?level=3", "Accept-Language", "en", "Accept", "text/html")
	if a.Header.Get("Refresh") == "" || !strings.Contains(a.body, "being judged again: 43 %") {
		t.Errorf("got Refresh %q and %s, want how far it is", a.Header.Get("Refresh"), one(t, a.body, "main"))
	}
	for want, change := range map[string]func(){
		"could not be judged again": func() { f.rehearsal.Done, f.rehearsal.Failed = true, true },
		"Too many changes":          func() { f.err = ErrTooMuch },
	} {
		change()
		if got := r.get("/site/mpp-gresik/level/rehearsal?level=3", "Accept-Language", "en", "Accept", "text/html").body; !strings.Contains(got, want) {
			t.Errorf("got %s, want %q", one(t, got, "main"), want)
		}
		*f = *aTrial()
	}
}
