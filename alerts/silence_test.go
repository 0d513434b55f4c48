package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// "Expected every 15 minutes" was said of a device that promises five: that is the tolerance. And since when it is silent stays
// true on a page that nobody writes anew.
func TestSilenceSaysThePromiseAndSinceWhen(t *testing.T) {
	texts := sampleTexts(t)
	x := rules.Explanation{Value: 35, HasValue: true, Limit: 15, HasLimit: true, Unit: "min", Constraint: "interval", Bound: rules.Below, Reason: rules.ReasonSilent,
		Inputs: []rules.Input{{Name: rules.InputInterval, Value: 5, Unit: "min"}}}
	v := rules.VerdictView{Kind: "silence", Class: rules.ClassSensor, Verdict: rules.Breached, SubjectName: "Penghitung", Explanation: x}
	a := Alert{Kind: "silence", Class: rules.ClassSensor, Opened: t0, Updated: t0, Explanation: x, Description: Description{Timezone: "Asia/Jakarta"}}
	for lang, want := range map[string]string{
		"en": "since 07:25 WIB; promised every 5 min, counted as silent after 15 min.",
		"id": "sejak 07.25 WIB; dijanjikan tiap 5 menit, dianggap diam setelah 15 menit.",
	} {
		for _, brief := range []bool{true, false} {
			if got := texts.Finding(lang, &v, Moment{At: after(0), Timezone: "Asia/Jakarta"}, brief); !strings.HasSuffix(got, want) {
				t.Errorf("%s: the verdict says %q, want %q", lang, got, want)
			}
		}
		if _, got, _ := texts.Explain(lang, &a); !strings.HasSuffix(got, want[strings.Index(want, "W"):]) || !strings.Contains(got, "2 Mar 2026") {
			t.Errorf("%s: the alert says %q, want %q with the date", lang, got, want)
		}
	}
	// On another day the date stands with it.
	if got := texts.Finding("en", &v, Moment{At: after(-7*time.Hour - 30*time.Minute), Timezone: "Asia/Jakarta"}, true); !strings.Contains(got, "1 Mar 2026 23:55 WIB") {
		t.Errorf("yesterday: got %q, want its date", got)
	}
}
