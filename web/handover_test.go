package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// A shift is handed over on one page, in one wording: who, to whom, what is open; who comes takes it with one tap, and once.
func TestAShiftIsHandedOverAndTaken(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	post := func(path string, form url.Values) answer {
		return r.do("POST", path+"?lang=en", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	page := r.get("/handover?site=mpp-gresik&lang=en").body
	wants(t, "what is open", page, "Shift handover", "Alerts", "Tasks that are due", "Hand the shift over")
	if len(find(t, page, "ul.handover")) == 0 {
		t.Error("nothing is open at a site with alerts")
	}
	give := url.Values{"id": {someUUID}, "site": {"mpp-gresik"}, "to": {"Sari"}, "reason": {"pintu samping macet"}, "author": {"Budi"}}
	for range 2 {
		if got := post("/alerts/handover", give); got.StatusCode != 303 || !strings.HasPrefix(got.Header.Get("Location"), "/handover?") {
			t.Fatalf("handing over: %d to %q", got.StatusCode, got.Header.Get("Location"))
		}
	}
	if len(f.entries) != 1 {
		t.Fatalf("%d entries of one handover", len(f.entries))
	}
	for _, at := range []string{"/alerts?site=mpp-gresik&lang=en", "/site/mpp-gresik?lang=en", "/handover?site=mpp-gresik&lang=en"} {
		wants(t, at, r.get(at).body, "Budi (as they say) handed the shift over to Sari", "pintu samping macet", "I take the shift over")
	}
	wants(t, "in Indonesian", r.get("/alerts?site=mpp-gresik&lang=id").body, "Serah terima shift", "menyerahkan shift kepada Sari", "Saya terima shift ini")
	take := url.Values{"id": {otherUUID}, "handover": {someUUID}, "author": {"Sari"}}
	for range 2 {
		if got := post("/site/mpp-gresik/handover/take", take); got.StatusCode != 303 {
			t.Fatalf("taking it: %d %s", got.StatusCode, got.body)
		}
	}
	if e := f.entries[1].Entry; len(f.entries) != 2 || e.Kind != telemetry.EntryHandover || e.Subject != someUUID || e.Text != "Sari" || e.Author != "Sari" {
		t.Fatalf("taken: %+v of %d", e, len(f.entries))
	}
	wants(t, "who has it", r.get("/handover?site=mpp-gresik&saved=taken&lang=en").body, "Taken over. All that is open is yours.", "Taken over by Sari (as they say)")
	if body := r.get("/alerts?site=mpp-gresik&lang=en").body; strings.Contains(body, "I take the shift over") {
		t.Error("a shift that is taken is still offered")
	}
	take.Set("id", "7f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10")
	take.Set("author", "Rina")
	if got := post("/site/mpp-gresik/handover/take", take); got.StatusCode != 409 || !strings.Contains(got.body, "Sari has taken this shift over already.") {
		t.Errorf("a second one takes it: %d, want 409 and who has it", got.StatusCode)
	}
	if got := r.do("POST", "/api/v1/sites/mpp-gresik/handover/take", `{"id":"8f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10","handover":"9f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10","author":"x"}`, "Content-Type", "application/json"); got.StatusCode != 409 {
		t.Errorf("a handover that is none: %d, want 409", got.StatusCode)
	}
	// Where nothing is open a shift ends all the same.
	give.Set("id", "6f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10")
	give.Set("site", "mpp-sumenep")
	if got := post("/alerts/handover", give); got.StatusCode != 303 {
		t.Errorf("a shift without anything open: %d %s", got.StatusCode, got.body)
	}
}
