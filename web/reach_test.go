package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/reach"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A browser tells where it can be reached only while somebody with an account is signed in there, and is forgotten when he signs out; what a
// notification tells needs its token and nothing else.
func TestPhonesBelongToWhoeverIsSignedIn(t *testing.T) {
	fake := &fakeReach{}
	r := staffed(t, newFleet(), func(o *Options) { o.Reach = fake })
	guard := r.hire("siti", "Siti", "security", "mpp-gresik")
	cleaner := r.hire("joko", "Joko", "cleaner", "mpp-gresik")
	sub := []string{"endpoint", "https://push.example/1", "p256dh", "x", "auth", "y"}
	if got := guard.form("/reach/phone", sub...); got.StatusCode != http.StatusOK || len(fake.phones) != 1 || fake.phones[0].Account == "" || fake.phones[0].Session == "" {
		t.Fatalf("a guard's phone: %d, kept %+v", got.StatusCode, fake.phones)
	}
	for name, who := range map[string]*running{"a cleaner": cleaner, "a stranger": r.another()} {
		if got := who.form("/reach/phone", sub...); got.StatusCode == http.StatusOK || len(fake.phones) != 1 {
			t.Errorf("%s: got %d, want it refused", name, got.StatusCode)
		}
	}
	if got := guard.form("/reach/phone"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no address: got %d, want 422", got.StatusCode)
	}
	var probe struct {
		Test, Shown string
		Sent        bool
	}
	got := guard.form("/reach/phone/test", "endpoint", "https://push.example/1")
	if err := json.Unmarshal([]byte(got.body), &probe); err != nil || probe.Test != "t1" || !probe.Sent || probe.Shown != "" {
		t.Errorf("a test: %d %s", got.StatusCode, got.body)
	}
	if got := guard.get("/reach/phone/test/t1"); json.Unmarshal([]byte(got.body), &probe) != nil || probe.Shown == "" {
		t.Errorf("what became of it: %d %s", got.StatusCode, got.body)
	}
	for token, want := range map[string]int{"tok": http.StatusNoContent, "wrong": http.StatusNotFound, strings.Repeat("x", 200): http.StatusNotFound} {
		if got := r.another().form("/push/told", "token", token, "what", "shown"); got.StatusCode != want {
			t.Errorf("a notification with token %.10s tells: got %d, want %d", token, got.StatusCode, want)
		}
	}
	guard.form("/logout")
	if len(fake.ended) != 1 || fake.ended[0] != fake.phones[0].Session {
		t.Errorf("signed out: forgotten %v, want the phone's session", fake.ended)
	}
}

// A manager begins and ends a drill by forms; a guard may not, two at once are refused, and it is an entry with who and why.
func TestDrillByForm(t *testing.T) {
	f := newFleet()
	r := staffed(t, f, func(o *Options) { o.Reach, o.Entries = &fakeReach{}, drills{f} })
	manager, guard := r.hire("rina", "Ibu Rina", "manager", "mpp-gresik"), r.hire("siti", "Siti", "security", "mpp-gresik")
	begin := func(who *running, pairs ...string) answer {
		return who.form("/site/mpp-gresik/drill", append([]string{"id", newUUID(), "reason", "latihan bulanan", "minutes", "10"}, pairs...)...)
	}
	if got := begin(guard); got.StatusCode != http.StatusForbidden {
		t.Errorf("a guard begins one: got %d, want 403", got.StatusCode)
	}
	if got := begin(manager, "reason", "x", "zone", "nowhere"); got.StatusCode != http.StatusNotFound {
		t.Errorf("in a room that there is not: got %d, want 404", got.StatusCode)
	}
	if got := begin(manager, "siren", "1"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("a drill: got %d %.300s", got.StatusCode, got.body)
	}
	f.mu.Lock()
	e := *f.entries[len(f.entries)-1].Entry
	f.mu.Unlock()
	if e.Kind != telemetry.EntryDrill || e.Author != "Ibu Rina" || e.Claimed || e.Reason != "latihan bulanan" || e.Item != "siren" || e.Until != in(10*time.Minute) {
		t.Errorf("the entry: %+v", e)
	}
	if got := begin(manager); got.StatusCode != http.StatusConflict {
		t.Errorf("a second one: got %d, want 409", got.StatusCode)
	}
	page := manager.get("/reach?site=mpp-gresik&lang=id")
	if !strings.Contains(page.body, "LATIHAN") || !strings.Contains(page.body, "/site/mpp-gresik/drill/end") {
		t.Errorf("the page: %d, want the drill and how to end it", page.StatusCode)
	}
	for path, want := range map[string]string{"/alerts?lang=id": "LATIHAN", "/site/mpp-gresik?lang=id": "LATIHAN", "/watch?lang=id": "LATIHAN"} {
		if got := guard.get(path); !strings.Contains(strings.ToUpper(got.body), want) {
			t.Errorf("GET %s: the guard does not see that it is a drill", path)
		}
	}
	if got := manager.form("/site/mpp-gresik/drill/end", "id", newUUID(), "reason", "cukup", "ends", e.ID); got.StatusCode != http.StatusSeeOther {
		t.Errorf("ending it: got %d %.200s", got.StatusCode, got.body)
	}
	if got := manager.form("/site/mpp-gresik/drill/end", "id", newUUID(), "reason", "cukup", "ends", e.ID); got.StatusCode != http.StatusConflict {
		t.Errorf("ending it again: got %d, want 409", got.StatusCode)
	}
}

// The page of an alert says whom it has called, when each was shown and opened it, and the clock has both; a drill is no alert in any figure.
func TestTheResponseClockKnowsWhoSawIt(t *testing.T) {
	f := newFleet()
	before := start(t, f, nil).get("/metrics").body
	f.open = append(f.open, drilled("mpp-gresik"))
	r := start(t, f, func(o *Options) { o.Reach = &fakeReach{} })
	for lang, words := range map[string][]string{
		"en": {"Siti Aminah", "after 3 s", "after 20 s", "Budi Santoso", "answers 403", "SMS", "This is a drill"},
		"id": {"Siti Aminah", "3 detik", "20 detik", "Ini latihan"},
	} {
		page := r.get("/alert/drill1?lang=" + lang).body
		for _, w := range words {
			if !strings.Contains(page, w) {
				t.Errorf("the page in %s does not say %q", lang, w)
			}
		}
	}
	var whole struct {
		Alert struct {
			Drill bool
			Clock struct{ Shown, Opened time.Time }
			Calls []struct{ Deliveries []struct{ To, Via string } }
		}
	}
	if err := json.Unmarshal([]byte(r.get("/api/v1/alerts/drill1").body), &whole); err != nil || !whole.Alert.Drill || whole.Alert.Clock.Shown.IsZero() || whole.Alert.Clock.Opened.IsZero() || len(whole.Alert.Calls) != 2 {
		t.Errorf("the API: %+v, %v", whole, err)
	}
	open := func(text string) (lines []string) {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "gerbang_alerts_open") {
				lines = append(lines, line)
			}
		}
		slices.Sort(lines)
		return lines
	}
	if got, want := open(r.get("/metrics").body), open(before); !slices.Equal(got, want) {
		t.Errorf("metrics with a drill:\n%v\nwant as without:\n%v", got, want)
	}
}

// Why a message did not go out is said in the language of the page, wherever it stands; the API has its code. Nobody reads a name to sign in.
func TestFailuresAreSaidInTheReadersLanguage(t *testing.T) {
	f := newFleet()
	drill := drilled("mpp-gresik")
	drill.Calls = append(drill.Calls, alerts.Call{Number: 3, Step: 3, Round: 1, Account: "rina", At: drill.Opened, Done: true, Deliveries: []alerts.Delivery{{Key: "nobody", To: "rina", Via: alerts.ViaNobody, Failed: reach.NoPhone}}})
	f.open = append(f.open, drill)
	r := start(t, f, func(o *Options) { o.Reach = &fakeReach{} })
	for path, words := range map[string][]string{
		"/alert/drill1?lang=id":          {"Tidak terkirim: layanan notifikasi peramban ponsel menjawab 403", "Tidak ada ponsel yang menerima notifikasi"},
		"/alert/drill1?lang=en":          {"Did not go out: the push service of the phone&#39;s browser answers 403"},
		"/reach?site=mpp-gresik&lang=id": {"layanan notifikasi peramban ponsel menjawab 403", "modem tidak dapat mengirimnya"},
	} {
		page := r.get(path).body
		for _, w := range words {
			if !strings.Contains(page, w) {
				t.Errorf("GET %s does not say %q", path, w)
			}
		}
		if strings.Contains(page, "push_status") || strings.Contains(page, "modem_failed") {
			t.Errorf("GET %s shows a code", path)
		}
	}
	if api := r.get("/api/v1/alerts/drill1").body; !strings.Contains(api, `"failed":"push_status:403"`) || !strings.Contains(api, `"why":`) {
		t.Errorf("the API tells neither code nor words: %.2000s", api)
	}
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range all {
		for _, code := range reach.Failures() {
			if key := "reach.why." + code; code != reach.NoPhone && !lang.Has(key) {
				t.Errorf("%s has no words for %s", lang.Tag, key)
			}
		}
		if got := (&scene{tongue: lang, people: func() []*accounts.Account { return []*accounts.Account{{Name: "rina", Display: "Ibu Rina"}} }}).calledWhom(&alerts.Call{Account: "rina"}); got != "Ibu Rina" {
			t.Errorf("an account that was called is %q", got)
		}
	}
}

// In a real browser: a push is delivered to the service worker, a notification stands there with just that text, whatever the text is, and the
// gateway is told that it was shown. No page, no script of the text, no policy is broken.
func TestServiceWorkerShowsAPush(t *testing.T) {
	fake := &fakeReach{}
	r := start(t, newFleet(), func(o *Options) { o.Reach = fake })
	ctx := browser(t)
	ids := make(chan serviceworker.RegistrationID, 16)
	err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/alerts"), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if err := chromedp.Listen(ctx, func(ev any) {
			if e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated); ok {
				for _, reg := range e.Registrations {
					if !reg.IsDeleted {
						select {
						case ids <- reg.RegistrationID:
						default:
						}
					}
				}
			}
		}); err != nil {
			return err
		}
		if _, err := chromedp.CallBrowser(ctx, control.SetPermission, control.SetPermissionParams{Permission: &control.PermissionDescriptor{Name: "notifications"}, Setting: control.PermissionSettingGranted, Origin: r.url}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, serviceworker.Enable, cdp.Empty{})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => true)`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatalf("registering the service worker: %v", err)
	}
	var id serviceworker.RegistrationID
	select {
	case id = <-ids:
	case <-time.After(20 * time.Second):
		t.Fatal("the browser names no registration")
	}
	for i, evil := range append([]string{"Kapasitas: Ruang tunggu"}, payloads...) {
		token := "tok" + string(rune('a'+i))
		data, _ := json.Marshal(map[string]any{"web_push": 8030, "notification": map[string]any{
			"title": evil, "body": evil, "tag": token, "navigate": "https://evil.example/", "data": map[string]string{"token": token, "path": "//evil.example/" + evil},
		}})
		if _, err := chromedp.Call(ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: r.url, RegistrationID: id, Data: string(data)}); err != nil {
			t.Fatalf("delivering: %v", err)
		}
		deadline := time.Now().Add(20 * time.Second)
		for !slices.Contains(fake.heard(), token+" shown") {
			if time.Now().After(deadline) {
				t.Fatalf("the gateway was not told that %q was shown: %v", evil, fake.heard())
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	titles, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`navigator.serviceWorker.ready.then(r => r.getNotifications()).then(all => all.map(n => n.title))`, chromedp.EvalAwaitPromise))
	if err != nil || len(titles) == 0 || !slices.Contains(titles, payloads[0]) {
		t.Errorf("notifications: %q (%v), want the texts as they are", titles, err)
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
}
