package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// level makes the entry of a chosen level.
func (r *rig) level(id, level string, change func(*telemetry.Entry)) telemetry.Entry {
	n := telemetry.Entry{ID: id, Kind: telemetry.EntryLevel, Text: level}
	if change != nil {
		change(&n)
	}
	return n
}

// wantLimit compares the hall's limit, which l1 leaves at 50 and l2 halves.
func (r *rig) wantLimit(at string, want float64) {
	r.t.Helper()
	r.tick(at)
	if got := r.zone("hall").Limit; got != want {
		r.t.Errorf("limit at %s: got %v, want %v", at, got, want)
	}
}

// TestALevelIsChosenForLater: it begins when its author says, not when he says it, and is taken back before or after that.
func TestALevelIsChosenForLater(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.read("c-main", "2022-07-04 07:00:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
	r.enter("2022-07-04 08:00:00", r.level("a", "l2", func(n *telemetry.Entry) { n.From = r.at("2022-07-04 12:00:00") }))
	r.wantLimit("2022-07-04 11:59:59", 50)
	r.wantLimit("2022-07-04 12:00:00", 25)
	r.enter("2022-07-04 13:00:00", telemetry.Entry{ID: "b", Kind: telemetry.EntryLevel, Ends: "a"})
	r.wantLimit("2022-07-04 13:00:00", 50)
	r.enter("2022-07-04 13:30:00", r.level("c", "l2", func(n *telemetry.Entry) { n.From = r.at("2022-07-04 15:00:00") }))
	r.enter("2022-07-04 13:31:00", telemetry.Entry{ID: "d", Kind: telemetry.EntryLevel, Ends: "c"})
	r.wantLimit("2022-07-04 15:30:00", 50)
	if v := r.engine.View(); len(v.Chosen) != 0 || v.Level != "l1" || len(v.Levels) != 2 || v.Levels[0].Level != "l2" {
		t.Errorf("level %q, chosen %v of %v; want l1, none, l2 and l1", v.Level, v.Chosen, v.Levels)
	}
}

// TestALevelThatIsTakenBackUncoversTheOneBefore also after the one before is older than anything else that the engine remembers.
func TestALevelThatIsTakenBackUncoversTheOneBefore(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.enter("2022-07-04 08:00:00", r.level("a", "l2", nil))
	r.enter("2022-07-05 08:00:00", r.level("b", "l1", nil))
	r.read("c-main", "2022-07-28 08:00:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
	r.wantLimit("2022-07-28 08:00:00", 50)
	r.enter("2022-07-28 09:00:00", telemetry.Entry{ID: "c", Kind: telemetry.EntryLevel, Ends: "b"})
	r.wantLimit("2022-07-28 09:00:00", 25)
}

// TestLevelsInAnyOrder: what people chose and took back gives the same whenever it is heard, once or twice, with snapshots between.
func TestLevelsInAnyOrder(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 6, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 30, func(t *testing.T, rng *rand.Rand) {
		records := traffic(rng, start, 20*time.Hour, 300)
		var ids []string
		for i := range 12 {
			at := start.Add(time.Duration(rng.IntN(20*60)) * time.Minute)
			n := telemetry.Entry{ID: string(rune('a' + i)), Kind: telemetry.EntryLevel, Text: []string{"l1", "l2"}[rng.IntN(2)]}
			switch {
			case rng.IntN(3) == 0 && len(ids) > 0:
				n.Text, n.Ends = "", ids[rng.IntN(len(ids))]
			default:
				ids = append(ids, n.ID)
				if rng.IntN(2) == 0 {
					n.From = start.Add(time.Duration(rng.IntN(20)) * time.Hour)
				}
				if rng.IntN(2) == 0 {
					n.Until = max(at, n.From).Add(time.Duration(1+rng.IntN(300)) * time.Minute)
				}
			}
			records = append(records, telemetry.Record{Kind: telemetry.KindEntry, Site: "mpp", At: at, Received: at, Entry: &n})
		}
		inOrder := delayed(rng, records, 1)
		for i := range inOrder {
			inOrder[i].Received = inOrder[i].At
		}
		end := start.Add(21 * time.Hour)
		want, _ := run(t, d, start, end, inOrder)
		var twice []telemetry.Record
		for _, r := range delayed(rng, inOrder, DefaultLateness) {
			twice = append(twice, r)
			if r.Kind == telemetry.KindEntry && r.Entry.Kind == telemetry.EntryLevel {
				twice = append(twice, r)
			}
		}
		e := runRestarting(t, rng, 40, d, start, end, twice)
		if got, want := plain(t, e), plain(t, want); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
	})
}
