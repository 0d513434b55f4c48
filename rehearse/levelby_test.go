package rehearse

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Who chose the level by the API is named as long as it holds, also after another choice was planned or taken back.
func TestLevelByNamesWhoChose(t *testing.T) {
	w := NewWitness("hall")
	hour := func(n int) telemetry.Instant { return telemetry.Instant(n) * telemetry.Instant(time.Hour) }
	entries := []struct {
		at telemetry.Instant
		e  telemetry.Entry
	}{
		{hour(10), telemetry.Entry{ID: "a", Text: "half", Author: "ani", Reason: "circular", Legal: "SE 1"}},
		{hour(11), telemetry.Entry{ID: "b", Text: "quarter", Author: "budi", From: hour(20)}},
		{hour(12), telemetry.Entry{ID: "c", Ends: "b", Author: "citra"}},
		{hour(13), telemetry.Entry{ID: "d", Text: "full", Author: "dewi", Until: hour(15)}},
	}
	for i, x := range entries {
		x.e.Kind = telemetry.EntryLevel
		w.choose(&telemetry.Record{Kind: telemetry.KindEntry, Seq: uint64(i + 1), At: x.at, Entry: &x.e})
		x.e.Text, x.e.Author = "scribbled", "over" // the record need not stay as it is
	}
	for _, tt := range []struct {
		level string
		at    int
		want  string
	}{
		{"half", 9, ""}, {"half", 14, "ani"}, {"quarter", 21, ""}, {"full", 14, "dewi"}, {"full", 15, ""}, {"half", 30, "SE 1"},
	} {
		got := w.levelBy(tt.level, hour(tt.at), func(at telemetry.Instant) string { return at.Time().UTC().Format(time.TimeOnly) })
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s at %d: got %q, want one that names %q", tt.level, tt.at, got, tt.want)
		}
	}
}

func TestSpelledParametersAreAsWritten(t *testing.T) {
	p := &rules.Disinfection{Every: 4 * time.Hour, Grace: 90 * time.Minute, Pace: 5 * time.Second, Agents: []string{"alcohol", "bleach"}, Copies: true}
	if got, want := spelled(p), "{every: 4h, grace: 1h30m, agents: [alcohol, bleach], pace: 5s, copies: true}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
