package decode

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// guess makes a reading of a value whose quantity its name tells. What has no known meaning, or a value that the quantity
// cannot have, is passed over: the format leaves names to its users, and a stranger's field is no fault.
func (e *extraction) guess(fd *model.ReadField, v document.Found) *fault.Fault {
	n := &e.doc.Nodes[v.At]
	if n.Kind == '{' || n.Kind == '[' {
		return nil
	}
	name := e.nameOf(fd, v)
	if own := string(e.doc.Nodes[v.At].Name); own != "" && fd.Path.Ends(document.StepAll) {
		v.Label = strings.TrimSuffix(strings.TrimSuffix(v.Label, written.Channel([]byte(own))), ".") // the name is no channel
	}
	unit, word := "", ""
	if fd.UnitPath.Text != "" {
		element := v.Around()
		if at, ok := fd.UnitPath.FirstFrom(e.doc, element); ok && e.doc.Nodes[at].Kind == '"' {
			unit = string(e.doc.Nodes[at].Raw)
			word = unit
			if ucum, known := fd.UnitNames[strings.ToLower(unit)]; known {
				unit = ucum
			}
		}
	}
	s, rest, ok := meaning.Of(name, unit)
	if !ok && v.Label != "" {
		// A container can say what its member does not: {"esp32": {"temperature": …}}.
		label := v.Label[strings.LastIndexByte(v.Label, '.')+1:]
		if inside, _, known := meaning.Of(label+"_"+name, unit); known {
			s, rest, ok = inside, "", true
		}
	} else if ok && v.Label != "" {
		label := v.Label[strings.LastIndexByte(v.Label, '.')+1:]
		if inside, exact := meaning.Senses[strings.Join(written.Words(label+"_"+name), "_")]; exact {
			s.Quantity = inside.Quantity
		}
	}
	if q := fd.ByUnit[word]; !ok && q != telemetry.NoQuantity {
		s, ok = meaning.Sense{Quantity: q}, true
		if ucum, known := meaning.UnitWords[strings.ToLower(word)]; known {
			s.Unit = ucum
		}
	}
	if named, _, known := meaning.Of(name, ""); !ok && known && unit != "" && meaning.IsQuantityOfUnits(named.Quantity) {
		s, ok = meaning.In(named, unit, true)
		if !ok {
			return unknownUnit(unit, named.Quantity)
		}
	}
	if !ok {
		e.note(fd, v, "ignored: the name has no one meaning")
		return nil
	}
	if unit == "" && meaning.IsQuantityOfUnits(s.Quantity) {
		if word, sure := e.unitBeside(v.At, name, s.Quantity); word != "" {
			if s, ok = meaning.In(s, word, sure); !ok {
				return unknownUnit(word, s.Quantity)
			}
		}
	}
	if fd.Swap {
		s.Quantity = model.Swapped(s.Quantity)
	}
	if form := model.CountOf(s.Quantity); form != "" && e.model.Count != form && !e.w.all {
		return nil
	}
	r := telemetry.Reading{Quantity: s.Quantity, Channel: written.Channel([]byte(rest))}
	switch value, f := e.guessed(s, n); {
	case f != nil && f.Field:
		return f
	case f != nil:
		e.note(fd, v, "ignored: "+e.w.said(f))
		return nil
	case s.Quantity == telemetry.Button:
		if r.Text = guessedPress(n); r.Text == "" {
			return nil
		}
		r.Value = 1
	default:
		r.Value = value
	}
	if c := e.channel(fd, v); c != "" {
		r.Channel = strings.Trim(c+"."+r.Channel, ".")
	}
	if e.find(r.Quantity, r.Channel) >= 0 {
		if r.Channel = written.Channel([]byte(name)); e.find(r.Quantity, r.Channel) >= 0 {
			return nil
		}
	}
	e.note(fd, v, "")
	return e.add(r)
}

// unknownUnit costs the field: whatever number it has means nothing here. The word may be anything.
func unknownUnit(word string, q telemetry.Quantity) *fault.Fault {
	return fault.New(telemetry.ReasonField, "unit %s is none that is known of %s", fault.Quoted(word), q).Alone()
}

// NameOf is the name of the field that a value stands in.
func (e *extraction) nameOf(fd *model.ReadField, v document.Found) string {
	if fd.NamePath.Text == "" {
		return string(e.doc.Nodes[v.At].Name)
	}
	if at, ok := fd.NamePath.FirstFrom(e.doc, v.Around()); ok {
		name := string(e.doc.Nodes[at].Raw)
		// A name may be a path or a URN whose last part says what it is.
		return name[strings.LastIndexAny(name, "/:")+1:]
	}
	return ""
}

// guessed is the value of a field with meaning s.
func (e *extraction) guessed(s meaning.Sense, n *document.Node) (float64, *fault.Fault) {
	form := s.Quantity.Definition().Form
	if s.Quantity == telemetry.Button {
		return 1, nil
	}
	if form == telemetry.Flag {
		if v, ok := meaning.FlagWords[strings.ToLower(string(n.Raw))]; ok {
			return v, nil
		}
		return 0, fault.New(telemetry.ReasonField, "neither yes nor no")
	}
	if n.Kind == 't' || n.Kind == 'f' {
		return 0, fault.New(telemetry.ReasonField, "a boolean")
	}
	v, ok := written.Float(n.Raw)
	if !ok || len(n.Raw) == 0 {
		return 0, fault.New(telemetry.ReasonField, "no number")
	}
	if n.Kind == '"' && string(n.Raw) == "0.00" && s.Quantity == telemetry.Temperature {
		return 0, fault.New(telemetry.ReasonField, `"0.00" is what a missing probe reads`)
	}
	if v == -999 || v == 65535 || v == 32767 && s.Quantity != telemetry.Illuminance {
		return 0, fault.New(telemetry.ReasonField, "a marker for no value")
	}
	if s.Quantity == telemetry.BatteryVoltage && s.Unit == "" && v > 100 {
		s.Unit = "mV" // no battery of a sensor has so many volts
	}
	conv, err := meaning.Conversion(s.Unit, s.Quantity)
	if err != nil {
		return 0, fault.New(telemetry.ReasonField, "%v", err)
	}
	return model.Checked(s.Quantity, conv.Apply(v))
}

// guessedPress is the kind of press that a value tells, of a button or of its state; empty: it is none.
func guessedPress(n *document.Node) string {
	switch word := strings.ToLower(string(n.Raw)); word {
	case "off", "idle":
		return ""
	case "on":
		return "press"
	}
	kind, f := pressOf(n, false)
	if f != nil {
		return ""
	}
	return kind
}

// note explains what became of a value.
func (e *extraction) note(fd *model.ReadField, v document.Found, why string) {
	if e.w.trace == nil {
		return
	}
	where := fd.Path.Text
	if name := e.doc.Nodes[v.At].Name; fd.Path.Many() && len(name) > 0 && written.PlainName(name) {
		where += " (" + strings.Trim(v.Label+"."+string(name), ".") + ")"
	}
	e.w.trace.read(v.At)
	if why != "" {
		e.w.explain("field", where+": "+why)
		return
	}
	if !fd.Auto {
		for _, step := range fd.Path.Steps {
			if step.Kind == document.StepName {
				e.w.trace.named++
			}
		}
	}
	e.w.explain("field", where+": read")
}
