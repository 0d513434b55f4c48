package alerts

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// durations are the UCUM units of time spans.
var durations = map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// symbols are how people write UCUM units; others are written as they are.
var symbols = map[string]string{"Cel": "°C", "%": "%", "ug/m3": "µg/m³", "B[SPL]": "dB", "m2": "m²", "m3": "m³"}

// countsPeople reports whether the unit "1" of a kind of rule stands for persons.
func countsPeople(kind string) bool {
	switch kind {
	case "afterhours", "capacity", "cutoff", "distancing", "occupancy", "quota", "queue":
		return true
	}
	return false
}

// Value writes the value of an explanation with its unit, for a rule of a kind; empty: it has none.
func (t *Texts) Value(lang, kind string, x *rules.Explanation) string {
	if !x.HasValue {
		return ""
	}
	return t.value(lang, kind, x)
}

// value is an explanation's value with its unit: an interval of people, else value ± error. It is written exactly enough to
// be compared with the limit as that is written: 37.34 against 37.3 is not 37.3.
func (t *Texts) value(lang, kind string, x *rules.Explanation) string {
	w := t.in(lang)
	if span, ok := durations[x.Unit]; ok {
		return t.Duration(lang, floorSpan(time.Duration(x.Value*float64(span))))
	}
	if x.HasRange && (x.Unit == "1" || x.Unit == "") {
		return w.people(x.High, w.interval(x.Low, x.High))
	}
	if x.HasLimit && !(countsPeople(kind) && (x.Unit == "1" || x.Unit == "")) {
		return t.measured(lang, x.Unit, x.Value, x.Error, digitsApart(x.Value, x.Limit, unitDigits(x.Unit)))
	}
	return t.quantity(lang, kind, x.Unit, x.Value, x.Error)
}

// limit is an explanation's limit with its unit, exactly.
func (t *Texts) limit(lang, kind string, x *rules.Explanation) string {
	if span, ok := durations[x.Unit]; ok {
		return t.exactDuration(lang, time.Duration(x.Limit*float64(span)))
	}
	if countsPeople(kind) && (x.Unit == "1" || x.Unit == "") {
		return t.quantity(lang, kind, x.Unit, x.Limit, 0)
	}
	return t.measured(lang, x.Unit, x.Limit, 0, max(unitDigits(x.Unit), digitsOf(x.Limit)))
}

// bare is the number of people as an interval without their word: it stands before "of 50 people".
func (t *Texts) bare(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	if x.HasRange {
		return w.interval(x.Low, x.High)
	}
	if countsPeople(s.kind) && x.Error > 0 {
		return w.number(math.Round(x.Value), 0) + " ± " + w.number(math.Ceil(x.Error-0.05), 0)
	}
	return t.value(s.lang, s.kind, x)
}

// interval is the people between two whole numbers.
func (w *words) interval(low, high float64) string {
	if low == high {
		return w.number(low, 0)
	}
	return w.number(low, 0) + "–" + w.number(high, 0)
}

// quantity is value ± error with its unit.
func (t *Texts) quantity(lang, kind, unit string, value, err float64) string {
	w := t.in(lang)
	if span, ok := durations[unit]; ok {
		return t.Duration(lang, time.Duration(value*float64(span)))
	}
	if (unit == "1" || unit == "") && countsPeople(kind) {
		// Nobody is half inside; an error is not made smaller than it is.
		n := math.Round(value)
		if e := math.Ceil(err - 0.05); e > 0 {
			return w.people(n, w.number(n, 0)+" ± "+w.number(e, 0))
		}
		return w.people(n, w.number(n, 0))
	}
	return t.measured(lang, unit, value, err, unitDigits(unit))
}

func unitDigits(unit string) int {
	if unit == "m" {
		return 2
	}
	return 1
}

// mostDigits bounds the digits behind the decimal sign.
const mostDigits = 6

// digitsOf is how many digits a number needs behind the decimal sign.
func digitsOf(v float64) int {
	for d := range mostDigits {
		if p := math.Pow10(d); math.Abs(math.Round(v*p)-v*p) < 1e-9*math.Max(1, math.Abs(v*p)) {
			return d
		}
	}
	return mostDigits
}

// digitsApart is how many digits a value needs so that it stands to the limit, as written, as it does in truth.
func digitsApart(value, limit float64, least int) int {
	for d := least; d < mostDigits; d++ {
		p := math.Pow10(d)
		if (math.Round(value*p)/p > limit) == (value > limit) && (math.Round(value*p)/p < limit) == (value < limit) {
			return d
		}
	}
	return mostDigits
}

// measured is value ± error with its unit, with at most so many digits behind the decimal sign.
func (t *Texts) measured(lang, unit string, value, err float64, digits int) string {
	w := t.in(lang)
	s := w.number(value, digits)
	if sign := w.say("number.decimal", nil); unit == "Cel" && !strings.Contains(s, sign) && s != "?" {
		s += sign + "0" // 36.0 stands beside 36.8
	}
	if err > 0 {
		s += " ± " + w.number(err, max(unitDigits(unit), min(digitsOf(err), max(2, digits))))
	}
	switch symbol, ok := symbols[unit]; {
	case ok:
		return s + " " + symbol
	case unit == "" || unit == "1":
		return s
	}
	return s + " " + unit
}

// floorSpan cuts a time span to what Duration shows of it: what is not yet over the limit is not shown as over it.
func floorSpan(d time.Duration) time.Duration {
	switch a := d.Abs(); {
	case a >= 24*time.Hour:
		return d.Truncate(time.Hour)
	case a >= time.Hour:
		return d.Truncate(time.Minute)
	}
	return d.Truncate(time.Second)
}

// exactDuration is a time span in all the units it needs.
func (t *Texts) exactDuration(lang string, d time.Duration) string {
	if d == floorSpan(d) || d < time.Hour {
		return t.Duration(lang, d)
	}
	whole := floorSpan(d)
	return t.Duration(lang, whole) + " " + t.exactDuration(lang, d-whole)
}

// people is n persons, written as text.
func (w *words) people(n float64, text string) string {
	s := w.count("unit.person", int64(n))
	return strings.Replace(s, strconv.FormatInt(int64(n), 10), text, 1)
}

// number is written with at most so many digits behind the language's decimal sign.
func (w *words) number(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return strings.Replace(s, ".", w.say("number.decimal", nil), 1)
}
