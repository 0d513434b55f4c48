package alerts

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// durations are the UCUM units of time spans.
var durations = map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// symbols are how people write UCUM units; others are written as they are.
var symbols = map[string]string{"Cel": "°C", "%": "%", "ug/m3": "µg/m³", "B[SPL]": "dB", "m2": "m²"}

// countsPeople reports whether the unit "1" of a kind of rule stands for persons.
func countsPeople(kind string) bool {
	switch kind {
	case "capacity", "distancing", "occupancy", "quota", "hours", "queue":
		return true
	}
	return false
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
	digits := 1
	if unit == "m" {
		digits = 2
	}
	s := w.number(value, digits)
	if err > 0 {
		s += " ± " + w.number(err, digits)
	}
	switch symbol, ok := symbols[unit]; {
	case ok:
		return s + " " + symbol
	case unit == "" || unit == "1":
		return s
	}
	return s + " " + unit
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
