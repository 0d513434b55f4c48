package web

import (
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// "Main door: measured 1 %; at least 80 %" did not say of what, and two alerts about the lobby had the same title. A fever was offered
// the answers to a crowd.
func TestWhatIsBreachedIsNamed(t *testing.T) {
	f := newFleet()
	lobby := rules.Subject{Kind: rules.SubjectZone, ID: "ruang-tunggu"}
	f.open = []alerts.Alert{
		{ID: "full", Site: "mpp-gresik", Kind: "capacity", Class: rules.ClassBreach, Subject: lobby, Opened: ago(0), Description: alerts.Description{SubjectName: "Lobi"}},
		{ID: "air", Site: "mpp-gresik", Kind: "expression", Class: rules.ClassBreach, Subject: lobby, Opened: ago(0),
			Explanation: rules.Explanation{Evidence: []rules.Evidence{{Device: "udara-1", Quantity: telemetry.CO2}}}, Description: alerts.Description{SubjectName: "Lobi"}},
		{ID: "fever", Site: "mpp-gresik", Kind: "temperature", Class: rules.ClassBreach, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "suhu-utama"}, Opened: ago(0)},
	}
	r := start(t, f, nil)
	site := r.get("/site/mpp-gresik?lang=id").body
	wants(t, "the crowd", one(t, site, "article#alert-full"), "Kapasitas: Lobi", "Pintu ditahan", "-Jendela dibuka")
	wants(t, "the air", one(t, site, "article#alert-air"), "CO₂: Lobi", "Jendela dibuka", "-Pintu ditahan")
	wants(t, "the fever", one(t, site, "article#alert-fever"), "Suhu tubuh: Termometer pintu utama", "Diukur ulang", "-Pintu ditahan", "-Pengunjung mulai keluar")
	wants(t, "the banner", one(t, site, "section#site-head"), "Kapasitas, Ruang tunggu: Ada 55–61 orang")
	wants(t, "the overview", one(t, r.get("/?lang=id").body, "div#site-mpp-gresik"), "Kapasitas, Ruang tunggu")
	wants(t, "the list", r.get("/alerts?lang=en").body, "Capacity: Lobi", "CO₂: Lobi")
}
