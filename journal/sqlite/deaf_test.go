package sqlite

import (
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The last note between two records says since when nobody listened.
func TestDeaf(t *testing.T) {
	j := open(t, t.TempDir())
	note := func(seq uint64, site string, s telemetry.Service) telemetry.Record {
		at := telemetry.Instant(seq * 1e9)
		return telemetry.Record{Seq: seq, Kind: telemetry.KindService, Site: site, At: at, Received: at, Service: &s}
	}
	all := append(records(1, 2), note(3, "mall", telemetry.Service{Deaf: true, Since: 25e8}), note(4, "other", telemetry.Service{}),
		note(5, "mall", telemetry.Service{Deaf: true}), note(6, "mall", telemetry.Service{Since: 1e9}))
	commit(t, j, &journal.Batch{Records: append(all, records(7, 2)...)})
	for _, tc := range []struct {
		site        string
		after, upTo uint64
		want        telemetry.Instant
	}{
		{"mall", 0, 2, 0}, {"mall", 0, 3, 25e8}, {"mall", 0, 4, 25e8}, {"mall", 0, 5, 5e9}, {"mall", 0, 8, 0},
		{"mall", 3, 4, 0}, {"other", 0, 8, 0}, {"nowhere", 0, 8, 0},
	} {
		if got, err := j.Deaf(t.Context(), tc.site, tc.after, tc.upTo); err != nil || got != tc.want {
			t.Errorf("site %s, records %d to %d: nobody listened since %v (%v), want %v", tc.site, tc.after+1, tc.upTo, got, err, tc.want)
		}
	}
	// The engine's record says it for good.
	engine := telemetry.Engine{Version: "9", After: 3, Deaf: 25e8}
	commit(t, j, &journal.Batch{Records: []telemetry.Record{{Seq: 9, Kind: telemetry.KindEngine, Site: "mall", At: 9e9, Received: 9e9, Engine: &engine}}})
	if got := replayed(t, j, "mall", 8); len(got) != 1 || *got[0].Engine != engine {
		t.Errorf("the record of the engine: got %+v, want %+v", got, engine)
	}
}
