package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// someAccountEvents puts some of the day before and of today into the fleet's record.
func someAccountEvents(f *fleet) {
	event := func(at telemetry.Instant, e telemetry.Entry) {
		e.Kind = telemetry.EntryAccount
		f.entries = append(f.entries, telemetry.Record{At: at, Received: at, Entry: &e})
	}
	event(ago(20*time.Hour), telemetry.Entry{Text: string(accounts.TokenNew), Author: "Rina", Subject: "rina", After: "papan; display@*"})
	event(ago(time.Hour), telemetry.Entry{Text: string(accounts.Refused), Subject: "admin", Item: "203.0.113.7", Value: 12})
	event(ago(time.Minute), telemetry.Entry{Text: string(accounts.Altered), Author: "Rina", Subject: "sari", Reason: "pindah tugas", Before: "cleaner@*", After: "security@*"})
}

// TestTheAdministratorSeesWhoCameInByDay: each event of accounts stands on the page of people on its day, in the buildings' time.
func TestTheAdministratorSeesWhoCameInByDay(t *testing.T) {
	f := newFleet()
	someAccountEvents(f)
	r := start(t, f, full(t))
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Rina", Grants: accounts.All()}, nil
	}
	today := one(t, r.get("/people?lang=en").body, "section#log")
	wants(t, "today", today, "Refused 12 times: admin · 203.0.113.7", "Account changed: sari · by Rina · pindah tugas", "cleaner@* → security@*", "-papan", "-day after")
	if strings.Index(today, "Refused") > strings.Index(today, "Account changed") {
		t.Errorf("today: got %q, want the morning first", today)
	}
	yesterday := one(t, r.get("/people?lang=id&day="+fleetNow.Add(-20*time.Hour).Add(7*time.Hour).Format(time.DateOnly)).body, "section#log")
	wants(t, "the day before, in Indonesian", yesterday, "Token dibuat: rina · oleh Rina", "papan; display@*", "-Ditolak", "hari berikutnya")
	wants(t, "a day of nothing", one(t, r.get("/people?lang=en&day=2021-01-01").body, "section#log"), "Nothing on this day.")
	f.fail = context.DeadlineExceeded
	wants(t, "without the journal", one(t, r.get("/people?lang=en").body, "section#log"), "cannot be read now", "-Nothing")
}
