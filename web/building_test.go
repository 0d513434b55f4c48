package web

import (
	"net/url"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// The building could be counted by the API and by nobody at a door.
func TestTheBuildingIsCountedByHand(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	wants(t, "the form", one(t, r.get("/site/mpp-magetan?lang=id").body, "section#count"), "Ada berapa orang di seluruh gedung?", "12", "Simpan")
	done := r.do("POST", "/site/mpp-magetan/zone/_site/count", url.Values{"id": {someUUID}, "value": {"12"}, "author": {"satpam"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if to := done.Header.Get("Location"); to != "/site/mpp-magetan?saved=count#count" || len(f.entries) != 1 || f.entries[0].Entry.Subject != "" {
		t.Fatalf("got %q and %+v, want the page again and one entry about the building", to, f.entries)
	}
	wants(t, "afterwards", one(t, r.get("/site/mpp-magetan?saved=count&lang=id").body, "section#count"), "Tersimpan", "satpam")
}

// "Misses 0 ± 1.4 of 100 more" means nothing.
func TestACounterWithoutADifferenceSaysSo(t *testing.T) {
	f := newFleet()
	f.change("mpp-magetan", func(v *rules.View) {
		v.Doors = append([]rules.DoorView(nil), v.Doors...)
		v.Doors[0].Counters = []rules.CounterView{{Device: "hitung-utama", Drift: 0.04, Uncertainty: 1.4, Closings: []rules.Closing{{Passages: 47, Residual: -34}}}}
	})
	r := start(t, f, nil)
	wants(t, "the door", one(t, r.get("/site/mpp-magetan?lang=en").body, "section#site-doors"), "no difference seen between in and out, give or take 1.4 in 100 passages", "the whole zone off by -34", "-misses 0 ±")
}
