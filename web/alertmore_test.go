package web

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// crowdedLog is a log with more alerts than are looked through.
type crowdedLog struct {
	AlertLog
	all []alerts.Alert
}

func (l *crowdedLog) AlertsDuring(_ context.Context, site string, _, _ telemetry.Instant, limit int) (out []alerts.Alert, _ error) {
	for i := range l.all {
		if (site == "" || l.all[i].Site == site) && len(out) < limit {
			out = append(out, l.all[i])
		}
	}
	return out, nil
}

// The alerts of other sites take no place in the list of somebody who may not see them; a list that ends early says so.
func TestTheAlertsOfOthersTakeNoPlace(t *testing.T) {
	f := newFleet()
	crowd := &crowdedLog{}
	r := staffed(t, f, func(o *Options) {
		for i := range mostAlerts + 1 {
			a := f.open[0]
			a.ID, a.Site = fmt.Sprint("theirs", i), "mpp-tabalong"
			crowd.all = append(crowd.all, a)
		}
		mine := f.open[0]
		mine.ID, mine.Site = "mine", "mpp-gresik"
		mine.Opened = mine.Opened.Add(-time.Hour)
		crowd.all, crowd.AlertLog = append(crowd.all, mine), o.AlertLog
		o.AlertLog = crowd
	})
	log := func(r *running, query string) (n int, more, own bool) {
		t.Helper()
		var out struct {
			Items []struct{ ID string }
			More  *bool
		}
		a := r.get("/api/v1/alerts/log"+query, "Accept", "application/json")
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != 200 || out.More == nil {
			t.Fatalf("%s: %d %.200s, want whether there are more", query, a.StatusCode, a.body)
		}
		return len(out.Items), *out.More, strings.Contains(a.body, `"mine"`)
	}
	auditor := r.hire("bujang", "Bujang", "auditor", "mpp-gresik")
	if n, more, own := log(auditor, ""); n != 1 || more || !own {
		t.Errorf("who may see one site: %d alerts, more: %v, his own: %v; want his own and no more", n, more, own)
	}
	if n, more, _ := log(r, "?limit=2000"); n != mostAlerts || !more {
		t.Errorf("who may see all: %d alerts, more: %v", n, more)
	}
	table := r.get("/api/v1/alerts.csv", "Accept", "text/csv")
	if table.Header.Get("Gerbang-More") != "true" || !strings.Contains(table.Header.Get("Content-Disposition"), "alerts-first-500.csv") {
		t.Errorf("the table that ends early: %v", table.Header)
	}
	if table = auditor.get("/api/v1/alerts.csv", "Accept", "text/csv"); table.Header.Get("Gerbang-More") != "false" || !strings.Contains(table.Header.Get("Content-Disposition"), `"alerts.csv"`) {
		t.Errorf("the whole table: %v", table.Header)
	}
}

// A time zone is read once, and not for every alert.
func TestATimeZoneIsReadOnce(t *testing.T) {
	var z zones
	jakarta := z.named("Asia/Jakarta")
	if jakarta.String() != "Asia/Jakarta" || z.named("No/Where") != time.UTC {
		t.Errorf("zones %v and %v", jakarta, z.named("No/Where"))
	}
	if n := testing.AllocsPerRun(10, func() { _ = z.named("Asia/Jakarta") }); n > 1 || z.named("Asia/Jakarta") != jakarta {
		t.Errorf("a zone that is known is read again: %v allocations", n)
	}
}

// Whoever has an account need not say his name, and a handover that is sent again is answered the same when nothing is open any more.
func TestDeedsOfAnAccount(t *testing.T) {
	f := newFleet()
	r := staffed(t, f, nil)
	post := func(path, text string, want int) string {
		t.Helper()
		a := r.do("POST", "/api/v1/"+path, text, "Content-Type", "application/json", "Accept", "application/json", "Origin", r.url)
		if a.StatusCode != want {
			t.Errorf("POST %s: %d %.300s, want %d", path, a.StatusCode, a.body, want)
		}
		return a.body
	}
	for path, rest := range map[string]string{
		"alerts/a1/comment": `"text":"seen"`, "alerts/a1/assign": `"to":"Rina"`, "alerts/a1/silence": `"reason":"x","minutes":30`,
		"sites/mpp-banjar/devices/hitung-samping/accuracy": `"accuracy":0.96`, "sites/mpp-banjar/devices/hitung-samping/drift": `"drift_per_100":2`,
		"sites/mpp-banjar/devices/hitung-samping/direction": `"swap":true`,
	} {
		if got := post(path, `{"id":"`+newUUID()+`",`+rest+`}`, 200); !strings.Contains(got, "Sari Dewi") && !strings.Contains(got, `"sari"`) {
			t.Errorf("%s: %s, want the name of the account", path, got)
		}
	}
	text := `{"id":"` + newUUID() + `","to":"malam"}`
	first := post("alerts/handover", text, 200)
	f.mu.Lock()
	open := f.open
	late := open[0]
	late.ID, late.Site, late.Opened = "late", "mpp-magetan", telemetry.InstantOf(fleetNow.Add(time.Minute))
	f.open = []alerts.Alert{late}
	f.mu.Unlock()
	if again := post("alerts/handover", text, 200); again != first {
		t.Errorf("a handover sent again, an alert was opened since: %s\nwant %s", again, first)
	}
	f.mu.Lock()
	f.open = nil
	f.mu.Unlock()
	if again := post("alerts/handover", text, 200); again != first {
		t.Errorf("a handover sent again, nothing is open: %s\nwant %s", again, first)
	}
	post("alerts/handover", strings.Replace(text, "malam", "pagi", 1), 409)
	post("alerts/handover", `{"id":"`+newUUID()+`","to":"malam"}`, 409)
}
