package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestAccountsAreInTheJournal sets a gateway up by its link, as the first person does, and finds in the journal what was done and by whom, also
// after a restart, and no secret.
func TestAccountsAreInTheJournal(t *testing.T) {
	r := &running{t: t, dir: t.TempDir()}
	r.write("gerbang.yaml", "data: data\nhttp: {listen: \"127.0.0.1:0\"}\nmqtt: {embedded: {listen: \"127.0.0.1:0\", credentials: [{name: jembatan, password_file: before, bridge: true}]}}\nsites: sites/\n")
	r.write("before", "a-secret")
	r.write("sites/gedung.yaml", reloadSite)
	open := func(t *testing.T) (stop func()) {
		cfg, err := configs.Load(filepath.Join(r.dir, "gerbang.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if r.app, err = New(t.Context(), cfg, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
		r.web = strings.TrimSuffix(r.app.URL(), "/")
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- r.app.Run(ctx) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := open(t)
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	const password = "tujuh sendok di laci"
	post := func(path string, form url.Values) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.web+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	link := r.app.SetUpURL()
	code := link[strings.Index(link, "=")+1:]
	if !strings.HasPrefix(link, r.web+"/setup?code=") {
		t.Fatalf("the first link: got %q", link)
	}
	if got, body := post("/setup", url.Values{"code": {code}, "name": {"sari"}, "display": {"Sari Dewi"}, "password": {password}}); got != http.StatusSeeOther {
		t.Fatalf("setting up: got %d %s", got, body)
	}
	if got, _ := post("/people", url.Values{"name": {"budi"}, "display": {"Budi"}, "role-security": {"1"}, "sites-security": {"gedung"}}); got != http.StatusOK {
		t.Fatalf("making an account: got %d", got)
	}
	if link := r.app.SetUpURL(); link != "" {
		t.Errorf("a link for the first account beside one: got %q", link)
	}
	if got, _ := post("/login", url.Values{"name": {"budi"}, "password": {"wrong"}}); got != http.StatusUnauthorized {
		t.Errorf("a wrong password: got %d, want 401", got)
	}
	stop()
	// Finding R10: killed after a change and before its entry, and between its entry and the note that there is one.
	written := r.leaveEvents(t)
	stop = open(t)
	defer stop()
	resp, err := client.Get(r.web + "/people") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the session after a restart: got %d, want 200", resp.StatusCode)
	}
	seen, times := map[string]telemetry.Entry{}, map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	j, err := sqlite.OpenReader(ctx, filepath.Join(r.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	look := func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindEntry && rec.Entry.Kind == telemetry.EntryAccount {
			if rec.Site != "" || strings.Contains(rec.Entry.After+rec.Entry.Reason+rec.Entry.Subject, password) || strings.Contains(rec.Entry.After, code) {
				t.Errorf("entry %+v of %q: want none of a site, and no secret in it", rec.Entry, rec.Site)
			}
			seen[rec.Entry.Text+" "+rec.Entry.Subject] = *rec.Entry
			times[rec.Entry.ID]++
		}
		return nil
	}
	if err := j.Replay(ctx, "", 0, look); err != nil {
		t.Fatal(err)
	}
	for times["account-killed"] == 0 && ctx.Err() == nil { // it is told while the gateway runs
		time.Sleep(20 * time.Millisecond)
		clear(times)
		if err := j.Replay(ctx, "", 0, look); err != nil {
			t.Fatal(err)
		}
	}
	if times["account-killed"] != 1 || times[written] != 1 {
		t.Errorf("entries of a change before the kill: %d, of one that was there already: %d, want one of each", times["account-killed"], times[written])
	}
	for _, want := range []string{"account_made sari", "password_set sari", "login sari", "account_made budi", "link_made budi", "login_refused budi"} {
		if _, ok := seen[want]; !ok {
			t.Errorf("the journal has no entry %q, it has %v", want, seen)
		}
	}
	if e := seen["account_made budi"]; e.Author != "Sari Dewi" || e.Claimed || !strings.Contains(e.After, "security@gedung") {
		t.Errorf("entry of the new account: got %+v, want who and what", e)
	}
}

// leaveEvents leaves two events of accounts in the journal of a gateway that has ended: one that nobody has recorded, and one that is an entry already,
// whose ID it gives.
func (r *running) leaveEvents(t *testing.T) string {
	t.Helper()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Dir: filepath.Join(r.dir, "data"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	entries, err := j.Entries(t.Context(), "", telemetry.EntryAccount, 1)
	if err != nil || len(entries) != 1 {
		t.Fatalf("entries: %d, %v", len(entries), err)
	}
	id := entries[0].Entry.ID
	var rows []accounts.Row
	for _, id := range []string{"killed", strings.TrimPrefix(id, "account-")} {
		body, err := json.Marshal(accounts.Event{ID: id, At: time.Now().Add(-time.Minute), What: accounts.Altered, By: "Sari Dewi", About: "budi"})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, accounts.Row{Kind: accounts.KindEvent, ID: id, Body: body})
	}
	if err := j.KeepAccounts(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
	return id
}
