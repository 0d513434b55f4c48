package configs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// scenarioTime is a local time as a scenario writes it. What it is, is known when the site and the start are.
type scenarioTime struct {
	text string
	at   strict.Position
}

// UnmarshalStrict keeps the text and where it stands.
func (m *scenarioTime) UnmarshalStrict(n strict.Node) {
	text, ok := n.Text()
	if !ok {
		n.Problem("a time is %s, want %s", n.What(), wantMoment)
		return
	}
	m.text, m.at = text, n.At()
}

// Wanted says what a configuration takes.
func (scenarioTime) Wanted() string { return wantMoment }

const wantMoment = "a local time such as 10:05 (on the day of the start), 2026-03-02 10:05, or +1h30m (after the start)"

// momentLayouts are those of a time with its date, then of one on the day of the start.
var momentLayouts = []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05", "15:04", "15:04:05"}

const datedLayouts = 4

// parse reads the scenarioTime in a scenario that begins at start; 0: this is the start.
func (m scenarioTime) parse(start telemetry.Instant, loc *time.Location) (telemetry.Instant, error) {
	if after, ok := strings.CutPrefix(m.text, "+"); ok && start != 0 {
		d, err := strict.ParseDuration(after)
		return start.Add(d), err
	}
	if m.text == "start" && start != 0 {
		return start, nil
	}
	if m.text == "24:00" && start != 0 {
		return telemetry.InstantOf(facility.NextDay(start.In(loc), loc)), nil
	}
	for i, layout := range momentLayouts {
		text := m.text
		if i >= datedLayouts {
			if start == 0 {
				break
			}
			text, layout = start.In(loc).Format(time.DateOnly)+" "+text, "2006-01-02 "+layout
		}
		if t, _, err := facility.ParseTime(layout, text, loc); err == nil {
			return telemetry.InstantOf(t), nil
		}
	}
	if start == 0 {
		return 0, fmt.Errorf("time %q, want a local time with its date, such as 2026-03-02 08:00", m.text)
	}
	return 0, fmt.Errorf("time %q, want %s", m.text, wantMoment)
}

// numberDoc is an expected number, with ~ before it where it is rounded.
type numberDoc struct{ rehearse.Number }

// UnmarshalText reads the number.
func (n *numberDoc) UnmarshalText(b []byte) error {
	v, ok := rehearse.ParseNumber(string(b))
	if !ok {
		return fmt.Errorf("%q, want %s", b, n.Wanted())
	}
	n.Number = v
	return nil
}

// Wanted says what a configuration takes.
func (numberDoc) Wanted() string { return "a number, or ~33.3 for what rounds to it" }

// number is the expected number; nil: none is expected.
func (n *numberDoc) number() *rehearse.Number {
	if n == nil {
		return nil
	}
	return &n.Number
}

// flatDoc is a mapping of words to texts or lists of texts, whose keys depend on each other.
type flatDoc struct {
	at     strict.Position
	fields []flatField
}

type flatField struct {
	name    string
	key, at strict.Position
	text    string
	list    []string // of a list; nil: it is none
}

// UnmarshalStrict reads the mapping.
func (f *flatDoc) UnmarshalStrict(n strict.Node) {
	if !n.IsMap() {
		n.Problem("%s, want a mapping such as {at: \"10:05\", device: …}", n.What())
		return
	}
	f.at = n.At()
	for _, e := range n.Entries() {
		field := flatField{name: e.Name, key: e.Key(), at: e.At()}
		ok := true
		if e.IsList() {
			field.list = []string{}
			for _, i := range e.Items() {
				text, isText := i.Text()
				field.list, ok = append(field.list, text), ok && isText
			}
		} else {
			field.text, ok = e.Text()
		}
		if !ok {
			e.Problem("%s is %s, want a value or a list of values", e.Name, e.What())
			continue
		}
		f.fields = append(f.fields, field)
	}
}

// has finds a field; nil: it is not there.
func (f *flatDoc) has(name string) *flatField {
	for i := range f.fields {
		if f.fields[i].name == name {
			return &f.fields[i]
		}
	}
	return nil
}

// texts is a field's list, or its one text.
func (f *flatField) texts() []string {
	if f.list != nil {
		return f.list
	}
	return []string{f.text}
}

// members are the fields of a plain struct by the names under which a scenario sets them: a field ContactTime is contact_time.
func members(v reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			all[snake(f.Name)] = v.Field(i)
		}
	}
	return all
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// set gives a member the field's value. parse reads a time.
func (f *flatField) set(v reflect.Value, parse func(scenarioTime) (telemetry.Instant, error)) error {
	if f.list != nil && v.Kind() != reflect.Slice {
		return fmt.Errorf("%s is a list, want one value", f.name)
	}
	switch v.Interface().(type) {
	case telemetry.Instant:
		at, err := parse(scenarioTime{f.text, f.at})
		v.SetInt(int64(at))
		return err
	case time.Duration:
		d, err := strict.ParseDuration(f.text)
		v.SetInt(int64(d))
		return err
	}
	switch {
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		for _, text := range f.texts() {
			v.Set(reflect.Append(v, reflect.ValueOf(text).Convert(v.Type().Elem())))
		}
	case v.Kind() == reflect.String:
		v.SetString(f.text)
	case v.Kind() == reflect.Bool:
		if f.text != "true" && f.text != "false" {
			return fmt.Errorf("%s is %q, want true or false", f.name, f.text)
		}
		v.SetBool(f.text == "true")
	case v.CanInt(), v.CanUint(), v.CanFloat():
		n, err := strconv.ParseFloat(f.text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || !v.CanFloat() && (n != math.Trunc(n) || v.CanUint() && n < 0) {
			return fmt.Errorf("%s is %q, want a number", f.name, f.text)
		}
		v.Set(reflect.ValueOf(n).Convert(v.Type()))
	default:
		return fmt.Errorf("%s cannot be written in a scenario", f.name)
	}
	return nil
}
