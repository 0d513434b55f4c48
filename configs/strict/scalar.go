package strict

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scalar reads a text, a number or a flag and checks it against the constraints of its field.
func (d *decoder) scalar(n Node, v reflect.Value, tag reflect.StructTag) {
	switch {
	case v.Kind() == reflect.Bool:
		if n.n.kind != kindBool {
			n.mismatch(v.Type(), tag)
			return
		}
		v.SetBool(n.n.text == "true")
	case v.Kind() == reflect.String:
		// A number is a text too, as it is written: radio addresses and serial numbers often have no letter in them.
		if n.n.kind != kindText && n.n.kind != kindNumber {
			n.mismatch(v.Type(), tag)
			return
		}
		if n.text(v.Type(), tag) {
			v.SetString(n.n.text)
		}
	case v.CanInt(), v.CanUint(), v.CanFloat():
		d.number(n, v, tag)
	default:
		n.Problem("%s cannot be configured", n.label())
	}
}

// text checks a text against required, enum and pattern.
func (n Node) text(t reflect.Type, tag reflect.StructTag) bool {
	s := n.n.text
	if enum := Words(t, tag); len(enum) > 0 {
		if slices.Contains(enum, s) {
			return true
		}
		n.Problem("%s is %s, %s", n.label(), n.n.what(), Suggestion(s, enum))
		return false
	}
	if tag.Get("required") != "" && strings.TrimSpace(s) == "" {
		n.Problem("%s is empty, want %s", n.label(), Wanted(t, tag))
		return false
	}
	if p := tag.Get("pattern"); p != "" && !regexp.MustCompile(p).MatchString(s) {
		n.mismatch(t, tag)
		return false
	}
	return true
}

// number reads a plain decimal number, with its unit behind it if the field has one.
func (d *decoder) number(n Node, v reflect.Value, tag reflect.StructTag) {
	text := n.n.text
	unit := tag.Get("unit")
	if n.n.kind == kindText && unit != "" {
		bare, ok := strings.CutSuffix(text, unit)
		if !ok && unit == "m²" {
			bare, ok = strings.CutSuffix(text, "m2") // not every keyboard has the sign
		}
		if !ok {
			n.mismatch(v.Type(), tag)
			return
		}
		text = strings.TrimSpace(bare)
	} else if n.n.kind != kindNumber {
		n.mismatch(v.Type(), tag)
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	// Hexadecimal, octal and 1_000 are numbers to YAML, but not to everybody who will read this file after you.
	if err != nil || math.IsInf(f, 0) || strings.ContainsAny(text, "xXoObB_pP") || leadingZero(text) {
		n.mismatch(v.Type(), tag)
		return
	}
	if limit, ok := bound(tag, "min"); ok && f < limit {
		n.mismatch(v.Type(), tag)
		return
	}
	if limit, ok := bound(tag, "max"); ok && f > limit {
		n.mismatch(v.Type(), tag)
		return
	}
	if limit, ok := bound(tag, "above"); ok && f <= limit {
		n.mismatch(v.Type(), tag)
		return
	}
	if v.CanFloat() {
		v.SetFloat(f)
		return
	}
	i, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
	switch {
	case err != nil, v.CanInt() && v.OverflowInt(i), v.CanUint() && (i < 0 || v.OverflowUint(uint64(i))):
		n.mismatch(v.Type(), tag)
	case v.CanInt():
		v.SetInt(i)
	default:
		v.SetUint(uint64(i))
	}
}

func leadingZero(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] != '.'
}

func bound(tag reflect.StructTag, name string) (float64, bool) {
	s, ok := tag.Lookup(name)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// duration reads 30s, 5m, 1h30m or 7d.
func (d *decoder) duration(n Node, v *time.Duration, tag reflect.StructTag) {
	t := reflect.TypeFor[time.Duration]()
	if n.n.kind != kindText && n.n.kind != kindNumber {
		n.mismatch(t, tag)
		return
	}
	got, err := ParseDuration(n.n.text)
	if err != nil {
		n.Problem("%s is %s, want %s", n.label(), n.n.what(), Wanted(t, tag))
		return
	}
	least, errLeast := ParseDuration(tag.Get("min"))
	most, errMost := ParseDuration(tag.Get("max"))
	if errLeast == nil && got < least || errMost == nil && got > most {
		n.Problem("%s is %s, want %s", n.label(), n.n.what(), Wanted(t, tag))
		return
	}
	*v = got
}

var (
	durationPart = regexp.MustCompile(`^(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)`)
	// unitOf are the units of a duration. A day is 24 hours and a year 365 days: these are lengths, not calendars.
	unitOf = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}
)

// DurationPattern matches every text that ParseDuration reads.
const DurationPattern = `^(\d+(\.\d+)?(ms|s|m|h|d|w|y))+$`

// ParseDuration reads a duration with units ms, s, m, h, d, w (7 d) or y (365 d), such as "1h30m" or "7d". A number without
// a unit and a negative duration are errors.
func ParseDuration(s string) (time.Duration, error) {
	var total float64
	rest := s
	for rest != "" {
		part := durationPart.FindStringSubmatch(rest)
		if part == nil {
			return 0, fmt.Errorf("duration %s: want a number with a unit, such as 30s, 5m, 2h or 7d", quote(s))
		}
		f, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, fmt.Errorf("reading duration %s: %w", quote(s), err)
		}
		total += f * float64(unitOf[part[2]])
		rest = rest[len(part[0]):]
	}
	if s == "" || total >= math.MaxInt64 {
		return 0, fmt.Errorf("duration %s: want a number with a unit, at most 292 years", quote(s))
	}
	return time.Duration(total), nil
}

// FormatDuration writes a duration as ParseDuration reads it, in the largest unit that leaves a whole number.
func FormatDuration(d time.Duration) string {
	for _, name := range []string{"y", "d", "h", "m", "s", "ms"} {
		if d%unitOf[name] == 0 {
			return fmt.Sprintf("%d%s", d/unitOf[name], name)
		}
	}
	return d.String()
}

// textual reads a scalar by the type's own UnmarshalText.
func (d *decoder) textual(n Node, v encoding.TextUnmarshaler, t reflect.Type, tag reflect.StructTag) {
	text, ok := n.Text()
	if !ok || n.n.kind == kindBool {
		n.mismatch(t, tag)
		return
	}
	if known := d.words[t]; len(known) > 0 && !slices.Contains(known, text) {
		n.Problem("%s is %s, %s", n.label(), n.n.what(), Suggestion(text, known))
		return
	}
	if err := v.UnmarshalText([]byte(text)); err != nil {
		n.Problem("%s: %v", n.label(), err)
	}
}

// Worded is a type whose values are a closed set of words.
type Worded interface {
	Words() []string
}

// Words are the words a field may hold; none: anything.
func Words(t reflect.Type, tag reflect.StructTag) []string {
	if enum := tag.Get("enum"); enum != "" {
		return strings.Fields(enum)
	}
	if w, ok := reflect.TypeAssert[Worded](reflect.Zero(t)); ok && t.Kind() != reflect.Pointer {
		return w.Words()
	}
	return nil
}

// Described is a type that says in words what it wants in a configuration.
type Described interface {
	Wanted() string
}

// Wanted says in words what a field takes.
func Wanted(t reflect.Type, tag reflect.StructTag) string {
	if want := tag.Get("want"); want != "" {
		return want
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if w, ok := reflect.TypeAssert[Described](reflect.New(t)); ok {
		return w.Wanted()
	}
	if words := Words(t, tag); len(words) > 0 {
		return "one of " + strings.Join(words, ", ")
	}
	if t == reflect.TypeFor[time.Duration]() {
		return "a number with a unit (30s, 5m, 2h, 7d)" + strings.Replace(limits(tag), " from", ", from", 1)
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Float32, reflect.Float64:
		return "a number" + unitWords(tag) + limits(tag)
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a mapping"
	case reflect.Interface:
		return "a value"
	}
	return "a whole number" + unitWords(tag) + limits(tag)
}

func unitWords(tag reflect.StructTag) string {
	if unit := tag.Get("unit"); unit != "" {
		return " in " + unit
	}
	return ""
}

func limits(tag reflect.StructTag) string {
	least, hasLeast := tag.Lookup("min")
	most, hasMost := tag.Lookup("max")
	above, hasAbove := tag.Lookup("above")
	switch {
	case hasLeast && hasMost:
		return fmt.Sprintf(" from %s to %s", least, most)
	case hasAbove && hasMost:
		return fmt.Sprintf(" above %s, at most %s", above, most)
	case hasLeast:
		return ", at least " + least
	case hasMost:
		return ", at most " + most
	case hasAbove:
		return " above " + above
	}
	return ""
}
