package model

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
func (c *Compiler) fields(at string, defs []Field) []ReadField {
	switch c.M.Count {
	case "", CountPeriod, CountTotal, CountPresent:
	default:
		c.Fail("count", fmt.Errorf("%q: want period, total or present", c.M.Count))
	}
	forms := make(map[Count]bool)
	var ready []ReadField
	for i := range defs {
		where := fmt.Sprintf("%s[%d]", at, i)
		for _, def := range c.named(where, &defs[i]) {
			f := c.field(where, &def)
			f.Way = c.way(where+".way", &def, f.Quantity)
			if form := CountOf(f.Quantity); form != "" && !def.Aside {
				forms[form] = true
			}
			f.Counted = c.M.counts(f.Quantity)
			if def.Aside {
				f.Counted = false
				c.aside(where, &f)
			}
			ready = append(ready, f)
		}
	}
	switch {
	case len(c.M.Prefer) > 0:
	case len(forms) > 1 && c.M.Count == "":
		c.Fail("count", fmt.Errorf("missing: %s has people by %s, which must not be added together; say which is counted (count), or which is better (prefer)",
			at, strings.Join(sortedText(forms), " and ")))
	case len(forms) > 0 && c.M.Count != "" && !forms[c.M.Count] && c.once():
		c.Fail("count", fmt.Errorf("%q: %s has people only by %s", c.M.Count, at, strings.Join(sortedText(forms), " and ")))
	}
	return ready
}

// way finds the way of a field among those that the model prefers.
func (c *Compiler) way(at string, def *Field, q telemetry.Quantity) int {
	form := CountOf(q)
	flow := form == CountPeriod || form == CountTotal
	switch {
	case def.Way != "" && (len(c.M.Prefer) == 0 || !flow):
		c.Fail(at, errors.New("belongs to people who pass, in a model with prefer"))
	case len(c.M.Prefer) > 0 && flow:
		name := def.Way
		if name == "" {
			name = string(form)
		}
		i := slices.Index(c.M.Prefer, name)
		switch {
		case i < 0:
			c.Fail(at, fmt.Errorf("%q: want one of prefer: %s", name, strings.Join(c.M.Prefer, ", ")))
		case c.M.Forms[i] != "" && c.M.Forms[i] != form:
			c.Fail(at, fmt.Errorf("%q: is %s elsewhere, want one form", name, c.M.Forms[i]))
		default:
			c.M.Forms[i] = form
		}
		return i
	}
	return AnyWay
}

// once reports whether all readings of the model stand in one list: another list may have the form that is counted.
func (c *Compiler) once() bool {
	return (c.M.Each == nil || len(c.M.Each.Readings) == 0) && (c.M.History == nil || len(c.M.History.Readings) == 0)
}

func sortedText(set map[Count]bool) []string {
	var all []string
	for _, c := range slices.Sorted(maps.Keys(set)) {
		all = append(all, string(c))
	}
	return all
}

func (c *Compiler) field(at string, def *Field) ReadField {
	f := ReadField{Quantity: def.Quantity, Value: def.Value, Channel: def.Channel}
	if def.Auto {
		return c.auto(at, def)
	}
	if def.Quantity == telemetry.NoQuantity {
		c.Fail(at+".quantity", errors.New("missing"))
		return f
	}
	if def.NamePath != "" || len(def.ByUnit) > 0 {
		c.Fail(at+".name_path", errors.New("name_path and by_unit mean nothing without auto"))
	}
	if c.M.Swap {
		f.Quantity = Swapped(f.Quantity)
	}
	switch def.Path {
	case "":
		c.Fail(at+".path", errors.New("missing"))
	default:
		f.Path = c.Path(at+".path", def.Path, true)
		c.word(f.Path)
	}
	c.unit(at, def, &f)
	f.When = c.conditions(at+".when", def.When)
	f.Invalid = c.literals(at+".invalid", def.Invalid)
	f.Words = lowered(def.Words)
	f.Kinds = def.Kinds
	f.Suffix = def.Suffix
	f.Min, f.Max = def.Min, def.Max
	if f.Min != nil && f.Max != nil && !(*f.Min <= *f.Max) {
		c.Fail(at+".min", fmt.Errorf("%v: want at most max, %v", *f.Min, *f.Max))
	}
	if len(def.Kinds) > 0 && def.Quantity != telemetry.Button {
		c.Fail(at+".kinds", fmt.Errorf("belong to button, not to %s", def.Quantity))
	}
	for word, kind := range def.Kinds {
		if !written.PlainName([]byte(kind)) {
			c.Fail(at+".kinds", fmt.Errorf("%q: %q: want a short word for the kind of press", word, kind))
		}
	}
	if def.Value != nil {
		if _, flt := Checked(def.Quantity, *def.Value); flt != nil {
			c.Fail(at+".value", errors.New(flt.Said(nil, redact.Open)))
		}
	}
	if def.Channel != "" && def.ChannelPath != "" {
		c.Fail(at+".channel", errors.New("want channel or channel_path, not both"))
	}
	if def.Channel != written.Channel([]byte(def.Channel)) {
		c.Fail(at+".channel", fmt.Errorf("%q: want at most %d letters, digits, spaces or the signs _-.: alone", def.Channel, written.MaxChannel))
	}
	if def.Main != nil && def.Channel == "" {
		c.Fail(at+".main", errors.New("want a channel, which tells the value from what is measured at the device's place"))
	}
	f.ChannelPath = c.joined(at+".channel_path", def.ChannelPath)
	f.Twice = c.twice(at+".twice", def)
	return f
}

// twice is what becomes of a second value: counted events add up without being told to.
func (c *Compiler) twice(at string, def *Field) string {
	form := def.Quantity.Definition().Form
	switch {
	case def.Twice == TwiceAdd && form != telemetry.Period && form != telemetry.Present:
		c.Fail(at, fmt.Errorf("%s does not add up", def.Quantity))
	case def.Twice != "" && def.Twice != TwiceAdd && def.Twice != TwiceLast:
		c.Fail(at, fmt.Errorf("%q: want add or last", def.Twice))
	case def.Twice == "" && def.Value != nil && form == telemetry.Period:
		return TwiceAdd
	}
	return def.Twice
}

// auto compiles a field whose quantity its name tells.
func (c *Compiler) auto(at string, def *Field) ReadField {
	f := ReadField{Auto: true, Counted: true, Swap: c.M.Swap, Channel: def.Channel, ByUnit: def.ByUnit}
	if def.Quantity != telemetry.NoQuantity || def.Unit != "" || def.Scale != 0 || def.Offset != 0 || def.Value != nil || len(def.Words) > 0 || len(def.Kinds) > 0 || def.Min != nil || def.Max != nil || len(def.Suffix) > 0 {
		c.Fail(at+".auto", errors.New("finds quantity and unit by itself: want no quantity, unit, scale, offset, suffix, value, words, kinds, min or max beside it"))
	}
	if def.Path == "" {
		c.Fail(at+".path", errors.New("missing"))
	}
	f.Path = c.Path(at+".path", def.Path, true)
	f.NamePath = c.Path(at+".name_path", def.NamePath, false)
	f.UnitPath = c.Path(at+".unit_path", def.UnitPath, false)
	f.UnitNames = make(map[string]string, len(def.Units))
	for word, unit := range def.Units {
		f.UnitNames[strings.ToLower(word)] = unit
	}
	f.When = c.conditions(at+".when", def.When)
	f.Invalid = c.literals(at+".invalid", def.Invalid)
	f.ChannelPath = c.joined(at+".channel_path", def.ChannelPath)
	return f
}

func (c *Compiler) unit(at string, def *Field, f *ReadField) {
	scale := def.Scale
	if scale == 0 {
		scale = 1
	}
	for name, v := range map[string]float64{"scale": scale, "offset": def.Offset} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.Fail(at+"."+name, fmt.Errorf("%v: want a finite number", v))
		}
	}
	own := meaning.Linear{Factor: scale, Add: def.Offset}
	conv, err := meaning.Conversion(def.Unit, def.Quantity)
	c.Fail(at+".unit", err)
	f.Unit, f.Own = own.Then(conv), own
	f.Unitless = def.Unit == "" && def.UnitPath == "" && scale == 1 && def.Offset == 0 && def.Quantity.Unit() == "Cel"
	f.UnitPath = c.Path(at+".unit_path", def.UnitPath, false)
	c.word(f.UnitPath)
	if (def.UnitPath == "") != (len(def.Units) == 0) {
		c.Fail(at+".unit_path", errors.New("unit_path and units belong together"))
	}
	f.Units = make(map[string]meaning.Linear, len(def.Units))
	for word, unit := range def.Units {
		conv, err := meaning.Conversion(unit, def.Quantity)
		c.Fail(at+".units", err)
		f.Units[strings.ToLower(word)] = own.Then(conv)
	}
}

// word notes the name of the member at p: it is the format's.
func (c *Compiler) word(p document.Path) {
	for _, v := range slices.Backward(p.Steps) {
		if v.Kind == document.StepName {
			c.M.Words[strings.ToLower(v.Name)] = true
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
