package decode

import (
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// nativeNames are the names of the native format, less those that are too short to be told from a slip of the pen.
var nativeNames = func() []string {
	names := []string{"boot", "task", "done", "agent", "item"}
	for _, q := range telemetry.Quantities() {
		names = append(names, q.String())
	}
	return names
}()

// maxUnknown bounds how many names that mean nothing a Worker remembers.
const maxUnknown = 256

// misspelt is the native name that an unknown member is probably meant to have; empty: it is the firmware's own business.
func misspelt(w *worker, name []byte) string {
	if meant, known := w.unknown[string(name)]; known {
		return meant
	}
	meant := ""
	if len(name) <= written.MaxText && written.PlainName(name) {
		meant = closest(string(name))
	}
	if len(w.unknown) >= maxUnknown {
		clear(w.unknown)
	}
	if w.unknown == nil {
		w.unknown = make(map[string]string)
	}
	w.unknown[string(name)] = meant
	return meant
}

// closest is the native name that differs by no more than the letter case, what joins the words, and one letter, or two of a long
// name. Two names that are equally close say nothing.
func closest(name string) string {
	name = joined(name)
	best, least, twice := "", 3, false
	for _, known := range nativeNames {
		plain := joined(known)
		d := edits(name, plain)
		if most := min(len(name), len(plain)) / 4; d > min(most, 2) {
			continue
		}
		if d < least {
			best, least, twice = known, d, false
		} else if d == least {
			twice = true
		}
	}
	if twice {
		return ""
	}
	return best
}

// joined is a name without case and without what joins its words.
func joined(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
}

// edits is how many letters are to be put in, taken out, replaced or exchanged with their neighbour to make b of a.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, slices.Clone(before)
	}
	return last[len(b)]
}
