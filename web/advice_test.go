package web

import (
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// A closed building and a room whose air is bad were shown as free to enter.
func TestAdviceOnThePages(t *testing.T) {
	f := newFleet()
	f.change("mpp-magetan", func(v *rules.View) {
		v.Zones[0].Advice, v.Zones[0].Held = rules.AdviceStop, "co2-tindakan"
		v.Zones[3].Advice, v.Zones[3].Held = rules.AdviceStop, "co2-tindakan"
	})
	r := start(t, f, nil)
	site := r.get("/site/mpp-magetan?lang=id").body
	wants(t, "the room", one(t, site, "article#zone-ruang-tunggu"), "Berhenti", "-Masuk ")
	wants(t, "a room that nobody counts", one(t, site, "article#zone-musala"), "Berhenti")
	wants(t, "its sign", one(t, r.get("/sign/mpp-magetan/ruang-tunggu").body, "div#sign"), "Belum boleh masuk", "No entry yet", "Tanya petugas", "-Penuh", "-Full")
	wants(t, "the API", r.get("/api/v1/sites/mpp-magetan/zones", "Accept", "application/json").body, `"advice":"stop","held":"co2-tindakan"`)

	f.change("mpp-magetan", func(v *rules.View) {
		closed(v)
		v.Zones[0].Held, v.Zones[3].Advice, v.Zones[3].Held = "", "", ""
	})
	site = r.get("/site/mpp-magetan?lang=en").body
	wants(t, "a room of a closed building", one(t, site, "article#zone-ruang-tunggu"), "Closed", "-Go in", "-Stop")
	wants(t, "one that nobody counts", one(t, site, "article#zone-musala"), "-Stop")
	wants(t, "its sign", one(t, r.get("/sign/mpp-magetan/ruang-tunggu").body, "div#sign"), "Tutup")
}
