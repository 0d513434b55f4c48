package alerts

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// TestNoMessageIsDead: every message of the catalogues is asked for somewhere, by its name or by one that is put together. Only
// classes that a rule can have are among the latter: faults of the gateway have words of their own.
func TestNoMessageIsDead(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([a-z_]+(?:\.[a-z_0-9]+)+)"`).FindAllStringSubmatch(code.String(), -1) {
		said[m[1]] = true
	}
	built := []string{"duration.", "fault.", "reason.", "row.", "text.", "title.", "todo.", "var.", "why."}
	for _, c := range []rules.Class{rules.ClassBreach, rules.ClassOverdue, rules.ClassSensor} {
		said["title.class."+string(c)], said["todo.class."+string(c)] = true, true
	}
	texts := sampleTexts(t)
	for _, lang := range texts.Languages() {
		for m := range texts.in(lang).has {
			class := strings.HasPrefix(m, "title.class.") || strings.HasPrefix(m, "todo.class.")
			if !said[m] && (class || !slices.ContainsFunc(built, func(prefix string) bool { return strings.HasPrefix(m, prefix) })) {
				t.Errorf("%s: nothing asks for message %q", lang, m)
			}
		}
	}
}

// What is near its limit and no number of people is measured, not counted: in no language does its alert speak of people.
func TestNearIsNotAlwaysAboutPeople(t *testing.T) {
	texts := sampleTexts(t)
	warm := Alert{Site: "magetan", Kind: "temperature", Class: rules.ClassBreach, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "thermo-1"},
		Opened: t0, Unconfirmed: after(time.Minute),
		Explanation: rules.Explanation{Value: 37.2, Error: 0.3, Limit: 37.3, HasValue: true, HasLimit: true, Unit: "Cel", Constraint: "threshold", Reason: rules.ReasonNear}}
	full := warm
	full.Kind, full.Subject = "capacity", rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	full.Explanation = rules.Explanation{Value: 50, Error: 3, Low: 47, High: 53, HasRange: true, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "seats", Reason: rules.ReasonNear}
	for lang, want := range map[string][3]string{
		"en": {"Measure once more on site.", "Hold the entrance and count once.", "Close to the limit: too close to tell."},
		"id": {"Ukur sekali lagi di tempat.", "Tahan pintu masuk dan hitung sekali.", "Mendekati batas: terlalu dekat untuk dipastikan."},
	} {
		_, text, todo := texts.Explain(lang, &warm)
		if all := strings.ToLower(text + todo); todo != want[0] || strings.Contains(all, "orang") || strings.Contains(all, "people") || strings.Contains(all, "hitung") {
			t.Errorf("%s: a temperature near its limit: got %q, %q", lang, text, todo)
		}
		if _, _, todo := texts.Explain(lang, &full); todo != want[1] {
			t.Errorf("%s: people near their limit: got %q, want %q", lang, todo, want[1])
		}
		if got := texts.in(lang).say("reason.near", nil); got != want[2] {
			t.Errorf("%s: the reason: got %q, want %q", lang, got, want[2])
		}
	}
}

// The last number of people before a counter fell silent is not told as if they were there: of a verdict nothing is said of it, of an
// alert that it was the last one known, and since when nobody can tell. A breach that is certain all the same has its number.
func TestALostNumberIsNotToldAsPresent(t *testing.T) {
	texts := sampleTexts(t)
	hall := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	for _, kind := range []string{"capacity", "distancing"} {
		for _, r := range []rules.Reason{rules.ReasonSilent, rules.ReasonNoData, rules.ReasonGap, rules.ReasonUnlistened, rules.ReasonUncounted} {
			x := rules.Explanation{Value: 3, Error: 2, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "seats", Reason: r, Detail: "door-1"}
			v := rules.VerdictView{Rule: "r", Kind: kind, Class: rules.ClassBreach, Subject: hall, SubjectName: "Aula", Explanation: x}
			a := Alert{ID: "x", Site: "magetan", Rule: "r", Kind: kind, Class: rules.ClassBreach, Subject: hall, Opened: t0, Unconfirmed: after(20 * time.Minute), Explanation: x}
			bare := v
			bare.Explanation.HasLimit = false
			for lang, word := range map[string][3]string{"en": {"3 ± 2", "Last known: 3 ± 2 people inside; limit 50 people", "50 people"}, "id": {"3 ± 2", "Terakhir diketahui 3 ± 2 orang; batas 50 orang", "50 orang"}} {
				_, text, _ := texts.ExplainVerdict(lang, &v, nil)
				if brief := texts.Finding(lang, &v, Moment{}, true); strings.Contains(text, word[0]) || strings.Contains(brief, word[0]) || !strings.Contains(text, word[2]) {
					t.Errorf("%s %s %s: a verdict says %q, in short %q", lang, kind, r, text, brief)
				}
				if _, text, _ := texts.ExplainVerdict(lang, &bare, nil); strings.Contains(text, word[0]) || text == "" {
					t.Errorf("%s %s %s: a verdict without limit says %q", lang, kind, r, text)
				}
				if _, text, _ := texts.Explain(lang, &a); !strings.HasPrefix(text, word[1]) || !strings.Contains(text, "20 UTC") {
					t.Errorf("%s %s %s: an alert says %q, want it to begin with %q and say when", lang, kind, r, text, word[1])
				}
			}
			v.Verdict, v.Explanation.Value = rules.Breached, 61
			if _, text, _ := texts.ExplainVerdict("en", &v, nil); !strings.Contains(text, "61 ± 2 people inside") {
				t.Errorf("%s %s: a certain breach says %q, want its number", kind, r, text)
			}
		}
	}
}
