package web

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// TestNoSentenceIsDead: every sentence of the catalogues is asked for somewhere, by its key or by one that is put together.
// What is told of an estimate is a closed list: there is a sentence for each reason that one can have, and no other.
func TestNoSentenceIsDead(t *testing.T) {
	asked := map[string]bool{}
	for _, pattern := range []string{"*.go", "templates/*", "static/*.js"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`"([a-z_]+(?:\.[a-z_0-9]*)*)"`).FindAllStringSubmatch(string(text), -1) {
				asked[m[1]] = true
			}
		}
	}
	var built []string
	for k := range asked {
		if strings.HasSuffix(k, ".") && k != "estimate." {
			built = append(built, k)
		}
	}
	var reasons []string
	for _, r := range []rules.Reason{rules.ReasonNoData, rules.ReasonSilent, rules.ReasonGap, rules.ReasonNegative, rules.ReasonUncounted, rules.ReasonUnlistened, rules.ReasonStopped} {
		reasons = append(reasons, "estimate."+string(r))
	}
	for _, lang := range []string{"en", "id"} {
		text, err := os.ReadFile("locales/active." + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for _, r := range reasons {
			if all[r] == nil {
				t.Errorf("%s: no sentence %q", lang, r)
			}
		}
		for k := range all {
			if !asked[k] && !slices.Contains(reasons, k) && !slices.ContainsFunc(built, func(prefix string) bool { return strings.HasPrefix(k, prefix) }) {
				t.Errorf("%s: nothing asks for %q", lang, k)
			}
		}
	}
}
