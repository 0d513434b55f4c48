package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What scripts read is JSON: a password with its hash, and what a backup or a restore did.
func TestScriptsReadJSON(t *testing.T) {
	code, out, errs := run(t, "", "password", "--json")
	var p made
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || len(p.Password) < 20 || p.Hash == "" {
		t.Errorf("password: code %d, %q, %q (%v)", code, out, errs, err)
	}
	if _, out, _ := run(t, "correct horse battery\n", "password", "--generate=false", "--json"); !strings.HasPrefix(out, `{"password_hash":"sha256:`) {
		t.Errorf("a password of one's own: got %q, want its hash alone", out)
	}
	if access.HashPassword(p.Password) == p.Hash {
		t.Error("two hashes of a password are the same: there is no salt")
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := journal.Copy{Path: "x.db", Bytes: 4096, First: 1, Last: 20, LastReceived: telemetry.InstantOf(at)}
	c.Verified.Findings = []journal.Finding{{First: 3, Last: 4, What: journal.Changed}}
	var b strings.Builder
	if err := restoredReport("data", &journal.Restored{Copy: c, Kept: ".old", Lost: 25}).print(&b); err != nil {
		t.Fatal(err)
	}
	want := `{"file":"x.db","bytes":4096,"first":1,"last":20,"last_received":"2026-03-02T09:00:00Z","compared":0,"damage":["records 3 to 4 are changed"],` +
		`"kept":"data/*.old","lost":{"first":21,"last":25}}` + "\n"
	if b.String() != want {
		t.Errorf("restore:\n got %s\nwant %s", b.String(), want)
	}
}

// Finding N7: the path of http.external_url reaches the pages.
func TestN7_ExternalPathReachesThePages(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	r := newRig(t, "http: {listen: \""+addr+"\", external_url: \"https://www.example.go.id/gerbang/\"}").building()
	r.web = addr
	r.serve()
	page, err := get("http://" + addr + "/gerbang/site/gedung")
	if err != nil || !strings.Contains(page, `href="/gerbang/alerts"`) || strings.Contains(page, `href="/alerts"`) {
		t.Errorf("the page of a site below the path: %v, has links below it: %t", err, strings.Contains(page, `href="/gerbang/alerts"`))
	}
	r.stop()
}
