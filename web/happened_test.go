package web

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// busyDay is a day on which people did one of everything that the history has a mark for.
func busyDay(f *fleet) {
	at := func(h, m int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(2025, 12, 31, h-7, m, 0, 0, time.UTC))
	}
	for i, e := range []telemetry.Entry{
		{Kind: telemetry.EntryCount, Subject: "loket", Value: 18, Author: "Rina", Reason: "tampak penuh", Before: "22 (19–25)", After: "18"},
		{Kind: telemetry.EntryCorrection, Subject: "loket", Value: -2, Author: "Rina", Reason: "petugas ikut terhitung", Before: "18", After: "16"},
		{Kind: telemetry.EntryCorrection, Subject: "loket", Value: 2, Author: "Rina", Reason: "keliru", Ends: "did1", Before: "16", After: "18"},
		{Kind: telemetry.EntryLevel, Text: "3", Author: "Kepala", Reason: "instruksi", Legal: "Inmendagri 1/2026"},
		{Kind: telemetry.EntryLimit, Subject: "zone:loket", Item: "capacity", Text: "zone:loket:capacity", Author: "Kepala", Reason: "meja ditambah", Before: "30", After: "24"},
		{Kind: telemetry.EntryFile, Subject: "device:hitung-utama", Author: "Teknisi", Reason: "rusak", Before: "address: a1", After: "address: b2"},
		{Kind: telemetry.EntrySilence, Subject: "a1", Author: "Kepala", Reason: "teknisi datang", Until: at(18, 0)},
		{Kind: telemetry.EntryMaintenance, Subject: "zone:loket", Author: "Kepala", Reason: "cat", Until: at(19, 0)},
		{Kind: telemetry.EntryHandover, Text: "Sari", Author: "Rina", Reason: "pintu samping macet", Claimed: true},
	} {
		e.ID = "did" + string(rune('0'+i))
		f.entries = append(f.entries, telemetry.Record{Seq: uint64(2_000_000 + i), Kind: telemetry.KindEntry, Site: "mpp-gresik", At: at(9+i, 5), Received: at(9+i, 5), Entry: &e})
	}
}

// handedOver is a shift that nobody has taken yet.
func handedOver(site string) telemetry.Record {
	return telemetry.Record{Seq: 2_100_000, Kind: telemetry.KindEntry, Site: site, At: ago(12 * time.Minute), Received: ago(12 * time.Minute), Entry: &telemetry.Entry{
		ID: "handed", Kind: telemetry.EntryHandover, Author: "Budi", Text: "Sari", Reason: "Pintu samping macet, teknisi datang pukul tiga",
	}}
}

// Whatever people did on a day is a mark of its history, with who, when, why, before and after: on the page, by API and as a table.
func TestHistoryMarksWhatPeopleDid(t *testing.T) {
	f := newFleet()
	busyDay(f)
	r := start(t, f, func(o *Options) { o.Histories = aWeek(t) })
	page := r.get("/site/mpp-gresik/history?by=day&on=2025-12-31&lang=en").body
	list := one(t, page, ".happened")
	for what, all := range map[string][]string{
		"a count": {"09:05", "Counted by hand", "22 (19–25) → 18", "Rina", "tampak penuh"}, "a correction": {"Corrected", "18 → 16", "petugas ikut terhitung"}, "taken back": {"Taken back", "16 → 18", "keliru"},
		"a level": {"12:05", "Level", "instruksi (Inmendagri 1/2026)"}, "a limit": {"Limit changed", "30 → 24", "meja ditambah"}, "a device": {"Penghitung pintu utama", "address: a1 → address: b2", "Teknisi"},
		"a silence": {"Silenced", "until", "teknisi datang"}, "maintenance": {"Maintenance: ", "cat"}, "a handover": {"Shift handed over to Sari", "Rina (as they say)", "pintu samping macet"},
	} {
		wants(t, what, list, all...)
	}
	for _, shape := range []string{`class="mark count"`, `class="mark change"`} {
		if !strings.Contains(page, shape) {
			t.Errorf("the drawing has no %s", shape)
		}
	}
	wants(t, "in Indonesian", one(t, r.get("/site/mpp-gresik/history?by=day&on=2025-12-31&lang=id").body, ".happened"), "Dihitung langsung", "Dikoreksi", "Dibatalkan", "Batas diubah", "Dibisukan", "Shift diserahkan kepada Sari")
	zone := one(t, r.get("/site/mpp-gresik/zone/ruang-tunggu/history?by=day&on=2025-12-31&lang=en").body, "section.card")
	if strings.Contains(zone, "Counted by hand") {
		t.Error("a count of one room is in the history of another")
	}
	var events struct{ Items []apiEvent }
	body := r.get("/api/v1/sites/mpp-gresik/events?from=2025-12-31&to=2025-12-31&zone=loket", "Accept", "application/json").body
	if err := json.Unmarshal([]byte(body), &events); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]apiEvent{}
	for _, e := range events.Items {
		kinds[e.Kind] = e
	}
	if e := kinds["limit"]; e.Before != "30" || e.After != "24" || e.By != "Kepala" || e.Why != "meja ditambah" || e.Part != "zone:loket" {
		t.Errorf("by API: %+v in %s", e, body)
	}
	if _, other := kinds["handover"]; other {
		t.Errorf("a handover is none of a room's: %s", body)
	}
	rows, err := csv.NewReader(strings.NewReader(r.get("/api/v1/sites/mpp-gresik/events.csv?from=2025-12-31&to=2025-12-31", "Accept", "text/csv").body)).ReadAll()
	if err != nil || len(rows) < 10 {
		t.Fatalf("the table: %d rows, %v", len(rows), err)
	}
	for path, want := range map[string]int{"/api/v1/sites/nowhere/events": 404, "/api/v1/sites/mpp-gresik/events?zone=nowhere": 404, "/api/v1/sites/mpp-gresik/events?from=x": 422} {
		if got := r.get(path, "Accept", "application/json").StatusCode; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// A level that was planned is a mark of the day on which that was done, and of the day on which it began.
func TestAPlannedLevelIsAMarkOfTheDayItBegins(t *testing.T) {
	f := newFleet()
	day := func(d int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(2025, 12, d, 5, 0, 0, 0, time.UTC))
	}
	e := telemetry.Entry{ID: "plan", Kind: telemetry.EntryLevel, Text: "3", Author: "Kepala", Reason: "instruksi", From: day(31)}
	f.entries = append(f.entries, telemetry.Record{Seq: 2_000_000, Kind: telemetry.KindEntry, Site: "mpp-gresik", At: day(29), Received: day(29), Entry: &e})
	r := start(t, f, func(o *Options) { o.Histories = aWeek(t) })
	wants(t, "the day of the plan", r.get("/site/mpp-gresik/history?by=day&on=2025-12-29&lang=en").body, "Level planned")
	begun := r.get("/site/mpp-gresik/history?by=day&on=2025-12-31&lang=en").body
	wants(t, "the day it began", one(t, begun, ".happened"), "Level", "Kepala")
	if strings.Contains(begun, "Level planned") || strings.Contains(r.get("/site/mpp-gresik/history?by=day&on=2025-12-30&lang=en").body, "Kepala") {
		t.Error("the level has a mark where it has none")
	}
}
