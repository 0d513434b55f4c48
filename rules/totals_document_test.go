package rules

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The table in docs/counters.md says what the engine does: each row whose values are written out is counted.
func TestDocumentedCountersAreCounted(t *testing.T) {
	page, err := os.ReadFile("../docs/counters.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 {
			continue
		}
		examples, counts := strings.Split(cells[1], " · "), strings.Split(cells[2], " · ")
		for i, example := range examples {
			var all []entry[float64]
			at := minutely(0)[0].at
			for word := range strings.SplitSeq(example, ", ") {
				v, err := strconv.ParseFloat(word, 64)
				switch {
				case word == "*gap*":
					at = at.Add(time.Hour)
				case err != nil:
					all = nil
				default:
					all = append(all, entry[float64]{at, v})
					at = at.Add(5 * time.Minute)
				}
				if err != nil && word != "*gap*" {
					break
				}
			}
			if len(all) == 0 || strings.ContainsAny(example, "…t") {
				continue
			}
			rows++
			if got, _ := toldOf(newTotal(inTotal, "", ""), all); strconv.FormatFloat(got.number(), 'f', -1, 64) != counts[i] {
				t.Errorf("%s: the engine counts %v", strings.TrimSpace(line), got.number())
			}
		}
	}
	if rows < 12 {
		t.Errorf("%d examples were found, want the table", rows)
	}
}
