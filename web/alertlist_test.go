package web

import (
	"net/url"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
)

// The list of all sites' alerts mixed time zones without a word, and had no button to take an alert.
func TestTheListOfAllAlerts(t *testing.T) {
	f := newFleet()
	zone := rules.Subject{Kind: rules.SubjectZone, ID: "ruang-tunggu"}
	f.open = []alerts.Alert{
		{ID: "a1", Site: "mpp-gresik", Kind: "capacity", Class: rules.ClassBreach, Subject: zone, Opened: ago(time.Hour), Description: alerts.Description{SubjectName: "Lobi"}},
		{ID: "a2", Site: "mpp-banjar", Kind: "capacity", Class: rules.ClassBreach, Subject: zone, Opened: ago(time.Hour), Description: alerts.Description{SubjectName: "Lobi"}},
	}
	r := start(t, f, nil)
	page := r.get("/alerts?lang=id").body
	wants(t, "the list", page, "13.05 WIB", "14.05 WITA", "Saya tangani")
	if n := len(find(t, page, "div.handled")); n != 2 {
		t.Errorf("got %d forms, want one for each open alert", n)
	}
	done := r.do("POST", "/alert/a1/acknowledge", url.Values{"site": {"mpp-gresik"}, "from": {"alerts"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if to := done.Header.Get("Location"); to != "/alerts" {
		t.Errorf("afterwards: got %q, want the list again", to)
	}
	wants(t, "a site's own page", one(t, r.get("/site/mpp-gresik?lang=id").body, "article#alert-a1"), "13.05", "-13.05 WIB")
}
