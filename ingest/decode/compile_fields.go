package decode

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fields compiles readings and applies Count: forms that are not counted are left out here, once.
func (c *compiler) fields(at string, defs []Field) []field {
	switch c.m.Count {
	case "", CountPeriod, CountTotal, CountPresent:
	default:
		c.fail("count", fmt.Errorf("%q: want period, total or present", c.m.Count))
	}
	forms := make(map[Count]bool)
	var ready []field
	for i := range defs {
		where := fmt.Sprintf("%s[%d]", at, i)
		for _, def := range c.named(where, &defs[i]) {
			f := c.field(where, &def)
			f.way = c.way(where+".way", &def, f.quantity)
			if form := countOf(f.quantity); form != "" && !def.Aside {
				forms[form] = true
			}
			f.counted = c.m.counts(f.quantity)
			if def.Aside {
				f.counted = false
				c.aside(where, &f)
			}
			ready = append(ready, f)
		}
	}
	switch {
	case len(c.m.Prefer) > 0:
	case len(forms) > 1 && c.m.Count == "":
		c.fail("count", fmt.Errorf("missing: %s has people by %s, which must not be added together; say which is counted (count), or which is better (prefer)",
			at, strings.Join(sortedText(forms), " and ")))
	case len(forms) > 0 && c.m.Count != "" && !forms[c.m.Count] && c.once():
		c.fail("count", fmt.Errorf("%q: %s has people only by %s", c.m.Count, at, strings.Join(sortedText(forms), " and ")))
	}
	return ready
}

// way finds the way of a field among those that the model prefers.
func (c *compiler) way(at string, def *Field, q telemetry.Quantity) int {
	form := countOf(q)
	flow := form == CountPeriod || form == CountTotal
	switch {
	case def.Way != "" && (len(c.m.Prefer) == 0 || !flow):
		c.fail(at, errors.New("belongs to people who pass, in a model with prefer"))
	case len(c.m.Prefer) > 0 && flow:
		name := def.Way
		if name == "" {
			name = string(form)
		}
		i := slices.Index(c.m.Prefer, name)
		switch {
		case i < 0:
			c.fail(at, fmt.Errorf("%q: want one of prefer: %s", name, strings.Join(c.m.Prefer, ", ")))
		case c.m.forms[i] != "" && c.m.forms[i] != form:
			c.fail(at, fmt.Errorf("%q: is %s elsewhere, want one form", name, c.m.forms[i]))
		default:
			c.m.forms[i] = form
		}
		return i
	}
	return anyWay
}

// once reports whether all readings of the model stand in one list: another list may have the form that is counted.
func (c *compiler) once() bool {
	return (c.m.Each == nil || len(c.m.Each.Readings) == 0) && (c.m.History == nil || len(c.m.History.Readings) == 0)
}

func sortedText(set map[Count]bool) []string {
	var all []string
	for _, c := range slices.Sorted(maps.Keys(set)) {
		all = append(all, string(c))
	}
	return all
}

func (c *compiler) field(at string, def *Field) field {
	f := field{quantity: def.Quantity, value: def.Value, channel: def.Channel}
	if def.Auto {
		return c.auto(at, def)
	}
	if def.Quantity == telemetry.NoQuantity {
		c.fail(at+".quantity", errors.New("missing"))
		return f
	}
	if def.NamePath != "" || len(def.ByUnit) > 0 {
		c.fail(at+".name_path", errors.New("name_path and by_unit mean nothing without auto"))
	}
	if c.m.Swap {
		f.quantity = swapped(f.quantity)
	}
	switch def.Path {
	case "":
		c.fail(at+".path", errors.New("missing"))
	default:
		f.path = c.path(at+".path", def.Path, true)
		c.word(f.path)
	}
	c.unit(at, def, &f)
	f.when = c.conditions(at+".when", def.When)
	f.invalid = c.literals(at+".invalid", def.Invalid)
	f.words = lowered(def.Words)
	f.kinds = def.Kinds
	f.suffix = def.Suffix
	f.min, f.max = def.Min, def.Max
	if f.min != nil && f.max != nil && !(*f.min <= *f.max) {
		c.fail(at+".min", fmt.Errorf("%v: want at most max, %v", *f.min, *f.max))
	}
	if len(def.Kinds) > 0 && def.Quantity != telemetry.Button {
		c.fail(at+".kinds", fmt.Errorf("belong to button, not to %s", def.Quantity))
	}
	for word, kind := range def.Kinds {
		if !written.PlainName([]byte(kind)) {
			c.fail(at+".kinds", fmt.Errorf("%q: %q: want a short word for the kind of press", word, kind))
		}
	}
	if def.Value != nil {
		if _, flt := checked(def.Quantity, *def.Value); flt != nil {
			c.fail(at+".value", errors.New(flt.Said(nil, redact.Open)))
		}
	}
	if def.Channel != "" && def.ChannelPath != "" {
		c.fail(at+".channel", errors.New("want channel or channel_path, not both"))
	}
	if def.Channel != written.Channel([]byte(def.Channel)) {
		c.fail(at+".channel", fmt.Errorf("%q: want at most %d letters, digits, spaces or the signs _-.: alone", def.Channel, written.MaxChannel))
	}
	if def.Main != nil && def.Channel == "" {
		c.fail(at+".main", errors.New("want a channel, which tells the value from what is measured at the device's place"))
	}
	f.channelPath = c.joined(at+".channel_path", def.ChannelPath)
	f.twice = c.twice(at+".twice", def)
	return f
}

// twice is what becomes of a second value: counted events add up without being told to.
func (c *compiler) twice(at string, def *Field) string {
	form := def.Quantity.Definition().Form
	switch {
	case def.Twice == twiceAdd && form != telemetry.Period && form != telemetry.Present:
		c.fail(at, fmt.Errorf("%s does not add up", def.Quantity))
	case def.Twice != "" && def.Twice != twiceAdd && def.Twice != twiceLast:
		c.fail(at, fmt.Errorf("%q: want add or last", def.Twice))
	case def.Twice == "" && def.Value != nil && form == telemetry.Period:
		return twiceAdd
	}
	return def.Twice
}

// auto compiles a field whose quantity its name tells.
func (c *compiler) auto(at string, def *Field) field {
	f := field{auto: true, counted: true, swap: c.m.Swap, channel: def.Channel, byUnit: def.ByUnit}
	if def.Quantity != telemetry.NoQuantity || def.Unit != "" || def.Scale != 0 || def.Offset != 0 || def.Value != nil || len(def.Words) > 0 || len(def.Kinds) > 0 || def.Min != nil || def.Max != nil || len(def.Suffix) > 0 {
		c.fail(at+".auto", errors.New("finds quantity and unit by itself: want no quantity, unit, scale, offset, suffix, value, words, kinds, min or max beside it"))
	}
	if def.Path == "" {
		c.fail(at+".path", errors.New("missing"))
	}
	f.path = c.path(at+".path", def.Path, true)
	f.namePath = c.path(at+".name_path", def.NamePath, false)
	f.unitPath = c.path(at+".unit_path", def.UnitPath, false)
	f.unitNames = make(map[string]string, len(def.Units))
	for word, unit := range def.Units {
		f.unitNames[strings.ToLower(word)] = unit
	}
	f.when = c.conditions(at+".when", def.When)
	f.invalid = c.literals(at+".invalid", def.Invalid)
	f.channelPath = c.joined(at+".channel_path", def.ChannelPath)
	return f
}

func (c *compiler) unit(at string, def *Field, f *field) {
	scale := def.Scale
	if scale == 0 {
		scale = 1
	}
	for name, v := range map[string]float64{"scale": scale, "offset": def.Offset} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail(at+"."+name, fmt.Errorf("%v: want a finite number", v))
		}
	}
	own := meaning.Linear{Factor: scale, Add: def.Offset}
	conv, err := meaning.Conversion(def.Unit, def.Quantity)
	c.fail(at+".unit", err)
	f.unit, f.own = own.Then(conv), own
	f.unitless = def.Unit == "" && def.UnitPath == "" && scale == 1 && def.Offset == 0 && def.Quantity.Unit() == "Cel"
	f.unitPath = c.path(at+".unit_path", def.UnitPath, false)
	c.word(f.unitPath)
	if (def.UnitPath == "") != (len(def.Units) == 0) {
		c.fail(at+".unit_path", errors.New("unit_path and units belong together"))
	}
	f.units = make(map[string]meaning.Linear, len(def.Units))
	for word, unit := range def.Units {
		conv, err := meaning.Conversion(unit, def.Quantity)
		c.fail(at+".units", err)
		f.units[strings.ToLower(word)] = own.Then(conv)
	}
}

// word notes the name of the member at p: it is the format's.
func (c *compiler) word(p document.Path) {
	for _, v := range slices.Backward(p.Steps) {
		if v.Kind == document.StepName {
			c.m.words[strings.ToLower(v.Name)] = true
			return
		}
	}
}

func lowered(words map[string]float64) map[string]float64 {
	if len(words) == 0 {
		return nil
	}
	low := make(map[string]float64, len(words))
	for w, v := range words {
		low[strings.ToLower(w)] = v
	}
	return low
}
