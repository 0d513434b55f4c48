package web

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// hiddenFields are the fields of the form that a page wants to be confirmed.
func hiddenFields(t *testing.T, page string) url.Values {
	t.Helper()
	form := url.Values{"step": {"confirm"}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], strings.NewReplacer("&#43;", "+", "&#34;", `"`).Replace(m[2]))
	}
	return form
}

// A correction shows before and after and is confirmed; it is taken back as easily, by an entry of its own, and the history has both.
func TestACorrectionIsShownConfirmedAndTakenBack(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	const zone = "/site/mpp-pamekasan/zone/ruang-tunggu"
	post := func(path string, form url.Values) answer {
		return r.do("POST", path+"?lang=en", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	before := f.views["mpp-pamekasan"].Zones[0].Persons
	look := post(zone+"/correction", url.Values{"id": {someUUID}, "value": {"-5"}, "author": {"satpam"}, "reason": {"rombongan keluar lewat gudang"}, "step": {"look"}})
	if look.StatusCode != 200 || len(f.entries) != 0 {
		t.Fatalf("looking at a correction: %d, %d entries, want a page and none", look.StatusCode, len(f.entries))
	}
	was, is := interval(before.Persons, before.Low, before.High), interval(before.Persons-5, before.Low-5, before.High-5)
	wants(t, "before it is confirmed", one(t, look.body, "#sure"), was, is, "(-5)", "satpam", "rombongan keluar lewat gudang")
	form := hiddenFields(t, look.body)
	for range 2 { // the second time is the same
		if got := post(zone+"/correction", form); got.StatusCode != 303 {
			t.Fatalf("confirming: %d %s", got.StatusCode, got.body)
		}
	}
	if e := f.entries[0].Entry; len(f.entries) != 1 || e.Before != was || e.After != is || e.Author != "satpam" || e.Reason == "" {
		t.Fatalf("the entry: %+v of %d", e, len(f.entries))
	}
	page := r.get(zone + "?lang=en").body
	wants(t, "the zone's page", one(t, page, "#count"), was+" → "+is, "Take it back")

	undo := post(zone+"/undo", url.Values{"id": {otherUUID}, "ends": {someUUID}, "author": {"kepala"}, "reason": {"salah ruang"}, "step": {"look"}})
	if undo.StatusCode != 200 || len(f.entries) != 1 {
		t.Fatalf("looking at what taking back does: %d %s", undo.StatusCode, undo.body)
	}
	wants(t, "before it is taken back", one(t, undo.body, "#sure"), "+5", "kepala", "salah ruang")
	form = hiddenFields(t, undo.body)
	for range 2 {
		if got := post(zone+"/undo", form); got.StatusCode != 303 {
			t.Fatalf("taking back: %d %s", got.StatusCode, got.body)
		}
	}
	if e := f.entries[1].Entry; len(f.entries) != 2 || e.Kind != telemetry.EntryCorrection || e.Value != 5 || e.Ends != someUUID {
		t.Fatalf("taken back: %+v of %d", e, len(f.entries))
	}
	page = one(t, r.get(zone+"?lang=id").body, "#count")
	wants(t, "both are there", page, "pembatalan", "dibatalkan")
	form.Set("id", "7f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10")
	if got := post(zone+"/undo", form); got.StatusCode != 409 {
		t.Errorf("taking back what is taken back: %d, want 409", got.StatusCode)
	}
	if got := post(zone+"/undo", url.Values{"id": {"8f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10"}, "ends": {"9f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10"}, "author": {"x"}, "reason": {"x"}}); got.StatusCode != 409 {
		t.Errorf("taking back what is not there: %d, want 409", got.StatusCode)
	}
}

// A count that is taken back leaves the number as unsure as it was; after another count nothing is to be taken back.
func TestACountIsTakenBack(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	const path = "/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/"
	f.change("mpp-pamekasan", func(v *rules.View) { v.Zones[0].Persons = estimate(50, 6) })
	post := func(what, body string) answer {
		return r.do("POST", path+what, body, "Content-Type", "application/json")
	}
	if got := post("count", `{"id":"`+someUUID+`","value":20,"author":"satpam"}`); got.StatusCode != 200 || !strings.Contains(got.body, `"before":"50 (44–56)","after":"20"`) {
		t.Fatalf("counting: %d %s", got.StatusCode, got.body)
	}
	got := post("undo", `{"id":"`+otherUUID+`","ends":"`+someUUID+`","author":"kepala","reason":"ruang lain"}`)
	var e apiEntry
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.StatusCode != 200 || e.Value != 30 || e.Ends != someUUID {
		t.Fatalf("taking a count back: %d %s", got.StatusCode, got.body)
	}
	if text := f.entries[1].Entry.Text; text != "3.65" { // (56 − 44) ÷ 2 ÷ 1.645
		t.Errorf("the number is unsure by a deviation of %q, want 3.65", text)
	}
	if again := post("undo", `{"id":"`+otherUUID+`","ends":"`+someUUID+`","author":"kepala","reason":"ruang lain"}`); again.body != got.body {
		t.Errorf("again: %s, want the first answer", again.body)
	}
	post("count", `{"id":"7f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10","value":44,"author":"satpam"}`)
	f.change("mpp-pamekasan", func(v *rules.View) { v.Zones[0].Persons.Anchor = in(1) })
	if got := post("undo", `{"id":"8f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10","ends":"`+otherUUID+`","author":"kepala","reason":"x"}`); got.StatusCode != 409 {
		t.Errorf("taking back what a later count made void: %d %s, want 409", got.StatusCode, got.body)
	}
}

// Readers of both languages read who was told in their own words; a name of a configuration stays as it is.
func TestReceiversAreNamedInTheReadersLanguage(t *testing.T) {
	f := newFleet()
	f.open[0].Accepted, f.open[0].Told = f.open[0].Opened.Add(1e9), []string{"guard", "technician", "posko-3"}
	r := start(t, f, nil)
	for lang, want := range map[string]string{"id": "satpam, teknisi, posko-3", "en": "guard, technician, posko-3"} {
		wants(t, lang, r.get("/alerts?lang="+lang).body, want)
		wants(t, lang, r.get("/alert/"+f.open[0].ID+"?lang="+lang).body, want)
	}
}
