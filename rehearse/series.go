package rehearse

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Sample is one place of a series: a value, a word (the kind of a button's press), or nothing.
type Sample struct {
	Value float64
	Word  string
	Gap   bool
}

// maxSamples bounds a series: 0+1x1000000000 is a slip of the hand.
const maxSamples = 100_000

// Series reads the short notation of a series of values, that of promtool: values with spaces between them, each
//
//	5        the value 5
//	_        nothing is sent
//	5x3      5 and three more of it: 5 5 5 5
//	0+2x3    0 and three steps up: 0 2 4 6
//	9-2x3    9 and three steps down: 9 7 5 3
//	_x3      nothing, three times
//
// words says that a value may be a word: single_x2 is no step, and stays one.
func Series(text string, words bool) ([]Sample, error) {
	var all []Sample
	for part := range strings.FieldsSeq(text) {
		samples, err := expand(part, words)
		if err != nil {
			return nil, err
		}
		if all = append(all, samples...); len(all) > maxSamples {
			return nil, fmt.Errorf("more than %d values", maxSamples)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no value, want some, such as 0+1x10")
	}
	return all, nil
}

func expand(part string, words bool) ([]Sample, error) {
	base, times, repeated := strings.Cut(part, "x")
	n := 0
	if repeated {
		var err error
		if n, err = strconv.Atoi(times); err != nil || n < 0 || n > maxSamples {
			if words {
				return []Sample{{Value: 1, Word: part}}, nil
			}
			return nil, badSeries(part)
		}
	}
	if base == "_" {
		gaps := make([]Sample, max(n, 1))
		for i := range gaps {
			gaps[i].Gap = true
		}
		return gaps, nil
	}
	start, step, ok := steps(base)
	if !ok && words {
		all := make([]Sample, n+1)
		for i := range all {
			all[i] = Sample{Value: 1, Word: base}
		}
		return all, nil
	}
	if !ok || step != 0 && !repeated {
		return nil, badSeries(part)
	}
	all := make([]Sample, n+1)
	for i := range all {
		// Steps of a tenth would otherwise end beside the number that people have in mind.
		all[i].Value = math.Round((start+float64(i)*step)*1e9) / 1e9
	}
	return all, nil
}

// steps reads 5, 0+2 and 9-2.
func steps(text string) (start, step float64, ok bool) {
	at := -1
	for i := 1; i < len(text); i++ {
		if c := text[i]; (c == '+' || c == '-') && text[i-1] != 'e' && text[i-1] != 'E' {
			at = i
			break
		}
	}
	if at < 0 {
		start, ok = number(text)
		return start, 0, ok
	}
	start, okStart := number(text[:at])
	step, okStep := number(text[at+1:])
	if text[at] == '-' {
		step = -step
	}
	return start, step, okStart && okStep
}

func number(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func badSeries(part string) error {
	return fmt.Errorf("value %q, want numbers such as 5, 5x3, 0+2x3, 9-2x3, and _ where nothing is sent", part)
}
