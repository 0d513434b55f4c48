package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Where a reload moves the site to another time zone, or its clock is set back, the counts of the day are those of
// the day that is now, also after a restart, and rules on them follow.
func TestCountsOfTheDayFollowTheTimeZone(t *testing.T) {
	rule := airRule(func(p *Expression) { p.SubjectKind, p.Expr = SubjectDoor, "in_today > 100.0" })
	warm, _ := NewParams("temperature")
	warm.(*Temperature).Above = 37.5
	definition := func(zone string) *Definition {
		d := exact(with(mall(t), rule, capacityRule(nil), Rule{ID: "warm", Kind: "temperature", Params: warm}))
		d.Site.Location = location(t, zone)
		for i := range d.Site.Devices {
			if d.Site.Devices[i].ID == "c-back" {
				d.Site.Devices[i].Swap = true
			}
		}
		return d
	}
	day := func(t *testing.T) *rig { // by the clocks of Jakarta, which are two hours behind those of Jayapura
		r := newRig(t, definition("Asia/Jakarta"))
		r.read("c-main", "2022-07-04 09:00:00", in, 200, out, 20)
		r.read("thermo", "2022-07-04 09:00:00", body, 38.5)
		r.read("c-main", "2022-07-04 22:10:00", in, 5, out, 3)
		r.read("c-back", "2022-07-04 22:20:00", in, 2, out, 1) // mounted the other way
		r.read("thermo", "2022-07-04 22:10:00", body, 36)
		r.tick("2022-07-04 22:30:00")
		r.wantVerdict("air", "main", "breached")
		return r
	}
	check := func(t *testing.T, r *rig, when string, hall [2]float64, main [2]float64, screened, warm float64, verdict string) {
		t.Helper()
		for range 2 {
			v := r.engine.View()
			for _, z := range v.Zones {
				if z.ID == "hall" && [2]float64{z.InToday, z.OutToday} != hall {
					t.Errorf("%s: hall %v in and %v out today, want %v", when, z.InToday, z.OutToday, hall)
				}
			}
			for _, d := range v.Doors {
				if d.ID == "main" && ([2]float64{d.InToday, d.OutToday} != main || d.Screened != screened || d.TooWarm != warm) {
					t.Errorf("%s: main %v in, %v out, %v screened, %v too warm today, want %v, %v, %v", when, d.InToday, d.OutToday, d.Screened, d.TooWarm, main, screened, warm)
				}
			}
			r.wantVerdict("air", "main", verdict)
			when += ", restored"
			r.restore()
		}
	}
	t.Run("a later day", func(t *testing.T) {
		r := day(t)
		check(t, r, "in Jakarta", [2]float64{207, 24}, [2]float64{205, 23}, 2, 1, "breached")
		r.configure(definition("Asia/Jayapura"), r.at("2022-07-04 22:30:00")) // 00:30 there
		check(t, r, "in Jayapura", [2]float64{7, 4}, [2]float64{5, 3}, 1, 0, "within")
		r.read("c-main", "2022-07-04 22:40:00", in, 1, out, 0)
		check(t, r, "ten minutes later", [2]float64{8, 4}, [2]float64{6, 3}, 1, 0, "within")
	})
	t.Run("an earlier day", func(t *testing.T) {
		r := day(t)
		r.configure(definition("Asia/Jayapura"), r.at("2022-07-04 22:30:00"))
		r.configure(definition("Asia/Jakarta"), r.at("2022-07-04 22:31:00"))
		check(t, r, "back in Jakarta", [2]float64{207, 24}, [2]float64{205, 23}, 2, 1, "breached")
	})
	t.Run("a clock that is set back over midnight", func(t *testing.T) {
		r := day(t)
		r.read("c-main", "2022-07-05 00:10:00", in, 7, out, 0)
		check(t, r, "after midnight", [2]float64{7, 0}, [2]float64{7, 0}, 0, 0, "within")
		at := r.at("2022-07-04 23:50:00")
		r.apply(telemetry.Record{Kind: telemetry.KindService, At: at, Received: at, Service: &telemetry.Service{Set: true}})
		check(t, r, "set back", [2]float64{214, 24}, [2]float64{212, 23}, 2, 1, "breached")
	})
	t.Run("the same zone", func(t *testing.T) {
		r := day(t)
		d := definition("Asia/Jakarta")
		d.Site.Doors = append(d.Site.Doors, facility.Door{ID: "side", Name: "Side", From: facility.Outside, To: "hall"})
		r.configure(d, r.at("2022-07-04 22:31:00").Add(time.Second))
		check(t, r, "with another door", [2]float64{207, 24}, [2]float64{205, 23}, 2, 1, "breached")
	})
}
