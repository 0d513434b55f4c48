package web

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestADisplayOpensItsSignAndNothingElse makes links on the page, opens the signs with them where nobody is signed in, and ends them.
func TestADisplayOpensItsSignAndNothingElse(t *testing.T) {
	now := fleetNow
	store := accounts.NewMemory()
	k, err := accounts.New(t.Context(), accounts.Options{Store: store, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	manager := &accounts.Caller{Account: "1", Name: "Sari", Grants: []accounts.Grant{{May: accounts.Manager.May(), Sites: []string{"mpp-gresik"}}}}
	r := start(t, newFleet(), func(o *Options) {
		o.Accounts, o.Token, o.Now = k, testToken, func() time.Time { return now }
	})
	known := r.access.identify
	as := func(c *accounts.Caller) {
		if r.access.identify = known; c != nil {
			r.access.identify = func(*http.Request) (*accounts.Caller, error) { return c, nil }
		}
	}
	mint := func(pairs ...string) string {
		t.Helper()
		as(manager)
		defer as(nil)
		a := r.form("/site/mpp-gresik/displays", pairs...)
		links := find(t, a.body, "code.secret")
		if a.StatusCode != http.StatusOK || len(links) == 0 {
			t.Fatalf("making a link: got %d %s", a.StatusCode, one(t, a.body, "p.trouble"))
		}
		wants(t, "a link of this computer only", one(t, a.body, "p.doubt"), "http.external_url")
		u, err := url.Parse(text(links[len(links)-1]))
		if err != nil || !strings.HasPrefix(text(links[0]), r.url+"/sign/mpp-gresik/") {
			t.Fatalf("the link: got %q (%v)", text(links[0]), err)
		}
		return u.Query().Get("key")
	}
	status := func(path string) int {
		t.Helper()
		r.client.Jar, _ = cookiejar.New(nil)
		return r.status("GET", path, "Accept", "text/html")
	}
	if got := status("/sign/mpp-gresik/loket"); got != http.StatusSeeOther {
		t.Errorf("a sign without a link where signs are not open: got %d, want 303 to sign in", got)
	}
	lone, all := mint("name", "Pintu loket", "zone", "loket", "days", "30"), mint("name", "Lobi", "zone", "", "days", "0")
	for _, tc := range []struct {
		path string
		want int
	}{
		{"/sign/mpp-gresik/loket?key=" + lone, 200}, {"/sign/mpp-gresik/loket?key=" + strings.ToUpper(lone), 200}, {"/live/sign/mpp-gresik/loket?lang=id&key=" + lone, 200},
		{"/sign/mpp-gresik/ruang-tunggu?key=" + lone, 403}, {"/live/sign/mpp-gresik/ruang-tunggu?key=" + lone, 403}, {"/sign/mpp-magetan/loket?key=" + lone, 403},
		{"/sign/mpp-gresik/ruang-tunggu?key=" + all, 200}, {"/sign/mpp-magetan/ruang-tunggu?key=" + all, 403}, {"/sign/mpp-gresik/nowhere?key=" + all, 404},
		{"/sign/mpp-gresik/loket?key=" + lone[1:], 403}, {"/site/mpp-gresik?key=" + all, 303}, {"/?key=" + all, 303}, {"/api/v1/sites/mpp-gresik?key=" + all, 303},
		{"/live/site/mpp-gresik?key=" + all, 303}, {"/sign/mpp-gresik/loket?key=", 303},
	} {
		if got := status(tc.path); got != tc.want {
			t.Errorf("GET %s: got %d, want %d", tc.path, got, tc.want)
		}
	}
	r.client.Jar, _ = cookiejar.New(nil)
	if page := r.get("/sign/mpp-gresik/loket?key=" + lone).body; !strings.Contains(page, "/live/sign/mpp-gresik/loket?lang=en&amp;key="+lone) {
		t.Error("the sign's stream has no key: it would be cut off")
	}
	rows, err := store.AccountRows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if strings.Contains(row.ID+string(row.Body), lone) || strings.Contains(row.ID+string(row.Body), all) {
			t.Errorf("row %s %s has the key itself, want its hash", row.Kind, row.ID)
		}
	}
	// After a restart, from what is kept.
	again := start(t, newFleet(), func(o *Options) {
		o.Accounts, o.Token, o.Now = keeperAt(t, store, func() time.Time { return now }), testToken, func() time.Time { return now }
	})
	if got := again.status("GET", "/sign/mpp-gresik/loket?key="+lone); got != http.StatusOK {
		t.Errorf("after a restart: got %d, want 200", got)
	}
	as(manager)
	page := r.get("/site/mpp-gresik/displays?lang=en").body
	wants(t, "the list", one(t, page, "section#screens"), "Pintu loket", "Loket layanan", "Lobi", "all signs of the building", "Made by Sari", "Until 4 Feb 2026", "Last seen just now")
	if strings.Contains(page, lone) || strings.Contains(page, all) {
		t.Error("the list shows a key again")
	}
	// Ended by hand, and expired.
	ended := ""
	for _, x := range k.Screens("mpp-gresik") {
		if x.Zone == "" {
			ended = x.ID
		}
	}
	r.form("/site/mpp-gresik/displays/end", "screen", ended)
	as(nil)
	if got := status("/sign/mpp-gresik/ruang-tunggu?key=" + all); got != http.StatusForbidden {
		t.Errorf("after its end: got %d, want 403", got)
	}
	now = now.Add(30 * 24 * time.Hour)
	if got := status("/sign/mpp-gresik/loket?key=" + lone); got != http.StatusForbidden {
		t.Errorf("after its time: got %d, want 403", got)
	}
	if got := r.get("/sign/mpp-gresik/loket?key="+lone, "Accept-Language", "id").body; !strings.Contains(got, "Tautan layar ini sudah berakhir") {
		t.Errorf("the display after its time: got %.200s", got)
	}
}

// keeperAt is a keeper of what a store has.
func keeperAt(t *testing.T, store accounts.Store, now func() time.Time) *accounts.Keeper {
	t.Helper()
	k, err := accounts.New(t.Context(), accounts.Options{Store: store, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSignsAreOpenUnlessSaid: links from before there were displays go on where signs are open, and there an ended link is dark all the same.
func TestSignsAreOpenUnlessSaid(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Token, o.PublicSigns = testToken, true })
	for path, want := range map[string]int{"/sign/mpp-gresik/loket": 200, "/live/sign/mpp-gresik/loket": 200, "/sign/mpp-gresik/loket?key=ended": 403, "/site/mpp-gresik": 401} {
		if got := r.status("GET", path); got != want {
			t.Errorf("GET %s: got %d, want %d", path, got, want)
		}
	}
}

// TestTheSignSaysWhatHoldsAndWhenTheRoomIsDisinfected, in small print below the word.
func TestTheSignSaysWhatHoldsAndWhenTheRoomIsDisinfected(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	wants(t, "the sign", one(t, r.get("/sign/mpp-gresik/ruang-tunggu").body, "p.foot"), "Disinfeksi terakhir 07.05", "berikutnya besok 07.05", "Disinfected 07:05, next tomorrow 07:05", "PPKM level two", "-12:30")
	wants(t, "a room without a task", one(t, r.get("/sign/mpp-gresik/musala").body, "p.foot"), "-isinfe")
	second := func(done telemetry.Instant) {
		f.change("mpp-gresik", func(v *rules.View) {
			x := v.Tasks[0]
			x.ID, x.LastDone, x.NextDue = "lap-kursi", done, x.NextDue-telemetry.Instant(time.Hour)
			v.Tasks = append(v.Tasks[:2:2], x)
		})
	}
	second(ago(9 * time.Hour))
	wants(t, "a room with two tasks, by the one that waits longest", one(t, r.get("/sign/mpp-gresik/ruang-tunggu").body, "p.foot"), "Disinfected 05:05, next tomorrow 06:05")
	second(0)
	wants(t, "a room of which one never was done", one(t, r.get("/sign/mpp-gresik/ruang-tunggu").body, "p.foot"), "-Disinfected 0", "06:05")
}
