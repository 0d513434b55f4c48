package web

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"rsc.io/qr"

	"github.com/gerbang-iot/gerbang/accounts"
)

// TestACleanerComesInByPIN follows a phone from the supervisor's page to the first task.
func TestACleanerComesInByPIN(t *testing.T) {
	f := newFleet()
	k, err := accounts.New(t.Context(), accounts.Options{Store: accounts.NewMemory(), Cost: accounts.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, f, func(o *Options) { o.Accounts = k })
	post := func(path string, form url.Values) answer {
		return r.do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	}
	const password, pin = "kereta lewat jam tujuh", "4711"
	post("/setup", url.Values{"code": {k.FirstCode()}, "name": {"rina"}, "display": {"Rina"}, "password": {password}})
	boss := k.Accounts()[0]
	by := &accounts.Caller{Account: boss.ID, Name: "Rina", Grants: boss.Grants()}
	siti, err := k.Make(t.Context(), by, accounts.Person{Name: "siti", Display: "Siti", Posts: []accounts.Post{{Role: accounts.Cleaner, Sites: []string{"mpp-magetan"}}}})
	if err != nil {
		t.Fatal(err)
	}
	code, err := k.NewLink(t.Context(), by, siti.ID)
	if err != nil {
		t.Fatal(err)
	}
	page := post("/site/mpp-magetan/phones?lang=en", url.Values{"name": {"troli <b>"}})
	link := one(t, page.body, "code.secret")
	wants(t, "the supervisor's page", page.body, "troli &lt;b&gt;", "its link was not opened yet", "<path")
	phone := func() { // another browser
		jar, _ := cookiejar.New(nil)
		r.client.Jar = jar
	}
	phone()
	post("/setup", url.Values{"code": {code}, "password": {password}})
	if got := post("/account/pin?lang=en", url.Values{"password": {password}, "pin": {"1234"}}); !strings.Contains(got.body, "no series") {
		t.Errorf("a PIN that is a series: got %d %s", got.StatusCode, got.body)
	}
	if got := post("/account/pin", url.Values{"password": {password}, "pin": {pin}}); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("setting a PIN: got %d %s", got.StatusCode, got.body)
	}
	phone()
	if got := post("/pin", url.Values{"person": {siti.ID}, "pin": {pin}}); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a PIN on a phone that is not enrolled: got %d, want 422", got.StatusCode)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the phone", r.get(u.RequestURI()).body, "MPP Kabupaten Magetan")
	if got := post("/phone", url.Values{"code": {u.Query().Get("code")}}); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("enrolling: got %d %s", got.StatusCode, got.body)
	}
	wants(t, "the log-in", r.get("/login?lang=en").body, "Who are you?", "Siti", "-Rina")
	if got := post("/pin?lang=en", url.Values{"person": {siti.ID}, "pin": {"8064"}}); !strings.Contains(got.body, "The PIN is wrong.") {
		t.Errorf("a wrong PIN: got %d %s", got.StatusCode, got.body)
	}
	in := post("/pin", url.Values{"person": {siti.ID}, "pin": {pin}, "next": {"/people"}})
	if to := in.Header.Get("Location"); to != "/site/mpp-magetan/do" {
		t.Fatalf("the PIN: got %d to %q, want the tasks", in.StatusCode, to)
	}
	for path, want := range map[string]int{"/site/mpp-magetan/do/lap-gagang": 200, "/site/mpp-magetan": 403, "/site/mpp-gresik/do": 403, "/account": 403, "/people": 403, "/site/mpp-magetan/phones": 403, "/api/v1/sites": 403} {
		if got := r.get(path).StatusCode; got != want {
			t.Errorf("%s by PIN: got %d, want %d", path, got, want)
		}
	}
	wants(t, "a page by PIN", r.get("/site/mpp-magetan/do").body, "Siti", `-href="/account"`)
	now := r.get("/site/mpp-magetan/shift").body
	wants(t, "for whom the phone sends", now, siti.ID, "Siti")
	log := url.Values{"id": {someUUID}, "by": {siti.ID}, "item": {"lift"}, "done": {"1767596700000"}, "sent": {"1767596700000"}, "elapsed": {"0"}}
	first := post("/site/mpp-magetan/do/lap-gagang/log", log)
	log.Set("sent", "1767596760000") // again, a minute later by its clock
	log.Set("elapsed", "60000")
	if again := post("/site/mpp-magetan/do/lap-gagang/log", log); first.StatusCode != http.StatusOK || again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %d %s, then %s, %d entries; want one, and the same answer", first.StatusCode, first.body, again.body, len(f.entries))
	}
	if e := f.entries[0].Entry; e.Author != "Siti" || e.Claimed {
		t.Errorf("got %+v, want Siti, proven", e)
	}
	log.Set("by", boss.ID)
	log.Set("id", otherUUID)
	if got := post("/site/mpp-magetan/do/lap-gagang/log", log); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, `"other"`) || len(f.entries) != 1 {
		t.Errorf("what another person entered: got %d %s and %d entries, want it to wait", got.StatusCode, got.body, len(f.entries))
	}
}

// TestCodesLeadToTheTasks: the sheet has a code for each task, which is the drawing of its address.
func TestCodesLeadToTheTasks(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Origin = "https://gerbang.example.go.id" })
	body := r.get("/site/mpp-magetan/tasks/codes?lang=id").body
	const address = "https://gerbang.example.go.id/site/mpp-magetan/do/lap-gagang"
	wants(t, "the sheet", body, address, "Lap gagang pintu", "Buka kamera", "-computer")
	c, err := qr.Encode(address, qr.Q)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := drawCode(address)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the drawing", body, drawn.Path)
	black := 0
	for y := range c.Size {
		for x := range c.Size {
			if c.Black(x, y) && (x == 0 || !c.Black(x-1, y)) {
				black++
			}
		}
	}
	if got := strings.Count(drawn.Path, "M"); got != black || drawn.Size != c.Size+8 {
		t.Errorf("got %d runs in %d squares, want %d in %d", got, drawn.Size, black, c.Size+8)
	}
	if got := start(t, newFleet(), nil).get("/site/mpp-magetan/tasks/codes?lang=en").body; !strings.Contains(got, "this computer only") {
		t.Error("codes for an address that no phone can open: the sheet does not say so")
	}
}

// TestNotes: what somebody wrote is there on the day, on the pages of what it is about, and inert.
func TestNotes(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	note := func(about, text string) int {
		form := url.Values{"id": {newUUID()}, "about": {about}, "text": {text}, "author": {"Siti"}}
		return r.do("POST", "/site/mpp-magetan/note", form.Encode(), "Content-Type", "application/x-www-form-urlencoded").StatusCode
	}
	for about, want := range map[string]int{"": 303, "zone:loket": 303, "task:lap-gagang": 303, "zone:nothing": 404, "device:x": 404} {
		if got := note(about, "<script>pwned()</script> "+about); got != want {
			t.Errorf("a note about %q: got %d, want %d", about, got, want)
		}
	}
	if got := note("", " "); got != http.StatusUnprocessableEntity {
		t.Errorf("an empty note: got %d, want 422", got)
	}
	for path, want := range map[string]string{"/site/mpp-magetan": "zone:loket", "/site/mpp-magetan/zone/loket": "zone:loket", "/site/mpp-magetan/task/lap-gagang": "task:lap-gagang"} {
		wants(t, path, r.get(path).body, "&lt;script&gt;pwned()&lt;/script&gt; "+want, "-<script>pwned", "Siti")
	}
	wants(t, "another zone", r.get("/site/mpp-magetan/zone/musala").body, "-zone:loket")
	wants(t, "the zone's day", r.get("/site/mpp-magetan/zone/loket/history?by=day&on=2026-01-05").body, "&lt;script&gt;pwned()&lt;/script&gt; zone:loket")
	wants(t, "the zone on another day", r.get("/site/mpp-magetan/zone/loket?day=2026-01-04").body, "-zone:loket")
}
