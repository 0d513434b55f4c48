package rehearse

import (
	"fmt"
	"strings"
	"testing"
)

func TestSeries(t *testing.T) {
	for text, want := range map[string]string{
		"5":             "5",
		"5x3":           "5 5 5 5",
		"0+2x3":         "0 2 4 6",
		"9-2x3":         "9 7 5 3",
		"-2+4x3":        "-2 2 6 10",
		"0+0.1x3":       "0 0.1 0.2 0.3",
		"1 _ 2 _x3 7x0": "1 _ 2 _ _ _ 7",
		"1e3":           "1000",
		"1e-1+1x1":      "0.1 1.1",
		"0--1x2":        "0 1 2",
	} {
		got, err := Series(text, false)
		if err != nil || shownSeries(got) != want {
			t.Errorf("Series(%q): got %s, %v, want %s", text, shownSeries(got), err, want)
		}
	}
	for _, text := range []string{"", " ", "x", "x3", "5x", "5x-1", "0+1", "a", "1+xx3", "NaN", "inf", "0+1x1000000", "single"} {
		if got, err := Series(text, false); err == nil {
			t.Errorf("Series(%q): got %s, want an error", text, shownSeries(got))
		}
	}
	got, err := Series("_x2 single double1x hold", true)
	if err != nil || shownSeries(got) != "_ _ single double1x hold" {
		t.Errorf("presses: got %s, %v", shownSeries(got), err)
	}
}

func shownSeries(all []Sample) string {
	var words []string
	for _, s := range all {
		switch {
		case s.Gap:
			words = append(words, "_")
		case s.Word != "":
			words = append(words, s.Word)
		default:
			words = append(words, fmt.Sprint(s.Value))
		}
	}
	return strings.Join(words, " ")
}

func FuzzSeries(f *testing.F) {
	for _, seed := range []string{"0+1x10", "_x3 5", "9-2x3", "single", "1e9x2"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, words bool) {
		all, err := Series(text, words)
		if err == nil && (len(all) == 0 || len(all) > maxSamples) {
			t.Errorf("%q: %d values without an error", text, len(all))
		}
		for _, s := range all {
			if s.Gap && (s.Word != "" || s.Value != 0) {
				t.Errorf("%q: a gap with a value: %+v", text, s)
			}
		}
	})
}

func TestSays(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		ok        bool
	}{
		{"60 inside", "60 inside", true}, {"60 inside", "60 inside.", false}, {"60…", "60 inside.", true}, {"…side.", "60 inside.", true},
		{"...in...", "60 inside.", true}, {"…x…", "60 inside.", false}, {"60  inside", "60\ninside", true},
	} {
		if got := Says(tt.want, tt.got); got != tt.ok {
			t.Errorf("Says(%q, %q): got %v", tt.want, tt.got, got)
		}
	}
}
