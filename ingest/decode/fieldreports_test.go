package decode_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/gerbang-iot/gerbang/ingest/decode"
)

// TestFieldReportsAreReadWithoutAModel reads messages of public reports, where GERBANG_PAYLOADS names the folder that holds them, as
// gerbang decode does without a model, and compares with what the reports' files expect in words. Findings D1 to D7.
func TestFieldReportsAreReadWithoutAModel(t *testing.T) {
	folder := os.Getenv("GERBANG_PAYLOADS")
	if folder == "" {
		t.Skip("GERBANG_PAYLOADS names no folder with payloads")
	}
	d, err := decode.New(decode.Options{Models: shippedModels(t)})
	if err != nil {
		t.Fatal(err)
	}
	reports := 0
	for _, s := range collect(t, folder) {
		if s.family != "field-reports" {
			continue
		}
		reports++
		words := inWords(t, filepath.Join(folder, s.family, s.name+".meta.yaml"))
		queries, err := s.messages()
		if err != nil {
			t.Fatal(err)
		}
		ways := make([][]decode.Query, len(queries))
		for i := range queries {
			queries[i].Received = time.Now()
			ways[i] = []decode.Query{queries[i]}
		}
		candidates, queries := d.RecogniseAll(ways)
		var lines []decode.Line
		rejected := len(candidates) == 0
		model := "none"
		for i := range queries {
			if rejected {
				break
			}
			model = candidates[0].Model
			queries[i].Model = model
			a := d.One(queries[i])
			lines = append(lines, a.Lines...)
			rejected = rejected || a.Rejection != nil
		}
		for _, wrong := range compareWords(words, lines, rejected) {
			t.Errorf("%s (model %s): %s; expected %q", s.name, model, wrong, words)
		}
	}
	if reports < 15 {
		t.Errorf("%d reports, want 15", reports)
	}
}

func inWords(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Words string `yaml:"expected_in_words"`
	}
	if err := yaml.Unmarshal(text, &meta); err != nil || meta.Words == "" {
		t.Fatalf("%s: no expected_in_words (%v)", file, err)
	}
	return meta.Words
}

var (
	expectedNo    = regexp.MustCompile(`\bno (?:(\w+) )?(-?[\d.]+)`)
	expectedNot   = regexp.MustCompile(`\bnot (-?[\d.]+) ppb`)
	expectedValue = regexp.MustCompile(`^(people total|\w+) (-?[\d.]+)(?: \([^)]*\))?(?: or (-?[\d.]+))?`)
	expectedVolts = regexp.MustCompile(`^([\d.]+) V\b`)
	expectedName  = regexp.MustCompile(`counter "([^"]+)"`)
)

// compareWords lists in what lines differ from what is expected in words.
func compareWords(words string, lines []decode.Line, rejected bool) (wrong []string) {
	has := func(quantity, value string) bool {
		want, _ := strconv.ParseFloat(value, 64)
		return slices.ContainsFunc(lines, func(l decode.Line) bool {
			return l.Value != nil && *l.Value == want && (quantity == "" || l.Quantity == quantity || quantity == "people total" && strings.HasSuffix(l.Quantity, "_total"))
		})
	}
	may := strings.Contains(words, "or a rejection") || strings.Contains(words, "or undecoded")
	for clause := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ',' || r == ';' }) {
		clause = strings.TrimSpace(clause)
		if m := expectedNo.FindStringSubmatch(clause); m != nil {
			if has(m[1], m[2]) {
				wrong = append(wrong, fmt.Sprintf("%s: got %v", clause, lines))
			}
			continue
		}
		if m := expectedNot.FindStringSubmatch(clause); m != nil {
			if has("tvoc", m[1]) {
				wrong = append(wrong, fmt.Sprintf("%s: got %v", clause, lines))
			}
			continue
		}
		if may && rejected {
			continue
		}
		if m := expectedName.FindStringSubmatch(clause); m != nil && !slices.ContainsFunc(lines, func(l decode.Line) bool { return l.Channel == m[1] }) {
			wrong = append(wrong, fmt.Sprintf("no channel %s: got %v", m[1], lines))
		}
		if m := expectedVolts.FindStringSubmatch(clause); m != nil {
			if !has("battery_voltage", m[1]) {
				wrong = append(wrong, fmt.Sprintf("no %s V: got %v", m[1], lines))
			}
			continue
		}
		if m := expectedValue.FindStringSubmatch(clause); m != nil && (m[1] == "people total" || slices.Contains(judged, m[1]) || m[1] == "pm25" || m[1] == "people_in_total") {
			if !has(m[1], m[2]) && (m[3] == "" || !has(m[1], m[3])) {
				wrong = append(wrong, fmt.Sprintf("no %s %s: got %v", m[1], m[2], lines))
			}
		}
		if clause == "one press" {
			n := 0
			for _, l := range lines {
				if l.Quantity == "button" {
					n++
				}
			}
			if n != 1 {
				wrong = append(wrong, fmt.Sprintf("%d presses: %v", n, lines))
			}
		}
	}
	return wrong
}
