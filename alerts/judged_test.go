package alerts

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// What is not judged yet, or no breach yet, says so beside its value.
func TestWhatIsNotJudgedYetSaysSo(t *testing.T) {
	texts := sampleTexts(t)
	share := rules.VerdictView{Kind: "expression", Class: rules.ClassBreach, Verdict: rules.Unknown, Explanation: rules.Explanation{
		Value: 33.333, HasValue: true, Limit: 80, HasLimit: true, Unit: "%", Bound: rules.AtLeast, Constraint: "expression", Reason: rules.ReasonPending,
		Condition: "in_today >= 20.0", Inputs: []rules.Input{{Name: "in_today", Value: 3}}}}
	air := rules.VerdictView{Kind: "expression", Class: rules.ClassBreach, Verdict: rules.Within, Explanation: rules.Explanation{
		Value: 1600, HasValue: true, Limit: 1000, HasLimit: true, Unit: "ppm", Constraint: "expression",
		Inputs: []rules.Input{{Name: rules.InputOver, Value: 10, Unit: "min"}, {Name: rules.InputLasted, Value: 2.01, Unit: "min"}}}}
	row := air
	row.Explanation.Inputs = []rules.Input{{Name: rules.InputReadings, Value: 3, Unit: "1"}, {Name: rules.InputInRow, Value: 2, Unit: "1"}}
	begun := air
	begun.Verdict, begun.Explanation.Reason = rules.Unknown, rules.ReasonNoData
	begun.Explanation.Inputs = []rules.Input{{Name: rules.InputOver, Value: 10, Unit: "min"}}
	few := begun
	few.Explanation.Inputs = []rules.Input{{Name: rules.InputReadings, Value: 3, Unit: "1"}}
	none := begun
	none.Explanation.HasValue = false
	for _, tc := range []struct {
		v            rules.VerdictView
		brief        bool
		lang, suffix string
	}{
		{share, false, "en", "Not judged yet. Judged when: entered today ≥ 20. Now: entered today 3."},
		{share, true, "en", "Not judged yet."},
		{share, false, "id", "Belum dinilai. Dinilai bila: masuk hari ini ≥ 20. Kini: masuk hari ini 3."},
		{air, true, "en", "Not a breach yet: 2 min of 10 min."},
		{air, false, "id", "Belum pelanggaran: 2 menit dari 10 menit."},
		// What has a value has data.
		{begun, true, "en", "at most 1000 ppm is allowed. The readings do not cover the last 10 min yet."},
		{begun, false, "id", "Pembacaan belum mencakup 10 menit terakhir."},
		{few, true, "en", "There are fewer than 3 readings yet."},
		{few, true, "id", "Pembacaan belum sampai 3."},
		{none, true, "en", "There is no data yet."},
		{row, false, "en", "Not a breach yet: 2 of 3 readings in a row."},
	} {
		if got := texts.Finding(tc.lang, &tc.v, Moment{}, tc.brief); !strings.HasSuffix(got, tc.suffix) {
			t.Errorf("got %q, want %q at its end", got, tc.suffix)
		}
	}
}
