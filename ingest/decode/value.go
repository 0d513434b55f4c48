package decode

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// read appends the readings of one field to the worker's, looking from the root or an element.
func (e *extraction) read(fd *model.ReadField, from document.Found) *fault.Fault {
	if !fd.Counted && !e.w.all || !e.reads(fd) {
		return nil
	}
	var f *fault.Fault
	fd.Path.Each(e.doc, from, func(v document.Found) bool {
		f = e.value(fd, from, v)
		if f != nil && (f.Field || e.model.Partial && f.Reason != telemetry.ReasonTooLarge) {
			e.note(fd, v, "refused: "+e.w.said(f))
			if n := &e.doc.Nodes[v.At]; n.Kind == '{' || n.Kind == '[' {
				e.w.refused.pass(f.In(fd.Path.Text)) // a wide path came by
			} else {
				e.w.refused.add(e.of, f.In(e.place(fd, v)), e.channel(fd, v))
			}
			f = nil
		}
		return f == nil
	})
	if f != nil {
		return f.In(fd.Path.Text)
	}
	return nil
}

// value makes the reading of the value v, which fd leads to from the root or an element.
func (e *extraction) value(fd *model.ReadField, from, v document.Found) *fault.Fault {
	for i := range fd.When {
		if !fd.When[i].Holds(e.doc, v) {
			return nil
		}
	}
	n := &e.doc.Nodes[v.At]
	if n.Kind == 'n' || document.IsAny(fd.Invalid, n) {
		e.unfitted = true
		e.note(fd, v, "no value: not fitted, or not measured")
		return nil
	}
	if fd.Auto {
		return e.guess(fd, v)
	}
	r := telemetry.Reading{Quantity: fd.Quantity, Channel: fd.Channel}
	var f *fault.Fault
	switch {
	case fd.Quantity == telemetry.Button && fd.Value != nil:
		r.Value, r.Text = 1, "press"
	case fd.Quantity == telemetry.Button:
		r.Value = 1
		r.Text, f = pressed(fd, n)
	case fd.Value != nil:
		r.Value = *fd.Value
	default:
		r.Value, f = e.number(fd, from, v.At)
		if outside := fd.Min != nil && r.Value < *fd.Min || fd.Max != nil && r.Value > *fd.Max; f == nil && !outside {
			r.Value, f = model.Checked(fd.Quantity, r.Value)
		}
	}
	switch {
	case f == fault.NotPress:
		e.unfitted = true
		e.note(fd, v, "no press: a release, a turn, or what a model has to know")
		return nil
	case f != nil && (!fd.Counted || e.lesser(fd)):
		return nil // shown only where it can be
	case f != nil:
		return f
	case fd.Min != nil && r.Value < *fd.Min || fd.Max != nil && r.Value > *fd.Max:
		e.unfitted = true
		e.note(fd, v, "no value: outside of what the field measures")
		return nil
	case e.lesser(fd) && r.Value != 0 && !e.w.all:
		e.unfitted = true
		e.note(fd, v, "the device tells these people in a better way")
		return nil
	}
	r.Channel = e.channel(fd, v)
	i := e.find(r.Quantity, r.Channel)
	if i >= 0 && e.lesser(fd) {
		return nil
	}
	e.note(fd, v, "")
	if i >= 0 {
		return e.again(fd, &e.w.readings[i], r.Value)
	}
	return e.add(r)
}

// place names the field of a value: the member's own name, where the path leads to several.
func (e *extraction) place(fd *model.ReadField, v document.Found) any {
	if name := e.doc.Nodes[v.At].Name; fd.Auto && written.PlainName(name) {
		return fault.Quoted(string(name))
	}
	return fd.Path.Text
}

// again takes in a further value of a reading that the record has.
func (e *extraction) again(fd *model.ReadField, have *telemetry.Reading, v float64) *fault.Fault {
	switch fd.Twice {
	case model.TwiceAdd:
		sum, f := model.Checked(have.Quantity, have.Value+v)
		if f == nil {
			have.Value = sum
		}
		return f
	case model.TwiceLast:
		have.Value = v
		return nil
	}
	return fault.New(telemetry.ReasonField, "second value of %s on channel %s: want a channel_path that tells them apart", have.Quantity, fault.Quoted(have.Channel))
}

// channel names the line, region or probe of a value.
func (e *extraction) channel(fd *model.ReadField, v document.Found) string {
	named := ""
	for i := range fd.ChannelPath {
		c, ok := fd.ChannelPath[i].FirstFrom(e.doc, v.Around())
		if !ok {
			continue
		}
		if n := &e.doc.Nodes[c]; len(n.Raw) > 0 && n.Kind != 'n' {
			if named != "" {
				named += "."
			}
			named += written.Channel(n.Raw)
		}
	}
	switch {
	case named != "":
		return named
	case fd.Channel != "":
		return fd.Channel
	}
	return v.Label
}

// find is where the worker's readings have a quantity on a channel; -1: nowhere.
func (e *extraction) find(q telemetry.Quantity, channel string) int {
	for i := range e.w.readings {
		if have := &e.w.readings[i]; have.Quantity == q && have.Channel == channel {
			return i
		}
	}
	return -1
}

func (e *extraction) add(r telemetry.Reading) *fault.Fault {
	if e.total++; e.total > maxReadings {
		return fault.New(telemetry.ReasonTooLarge, "more than %d readings in one message", maxReadings)
	}
	e.w.readings = append(e.w.readings, r)
	return nil
}

// number makes a value in the quantity's unit: a word's number, or a number (also in quotes) in the device's unit.
func (e *extraction) number(fd *model.ReadField, from document.Found, at int32) (float64, *fault.Fault) {
	n := &e.doc.Nodes[at]
	if n.Kind == '{' || n.Kind == '[' {
		return 0, fault.New(telemetry.ReasonField, "%s, want a number", document.KindName(n.Kind))
	}
	if fd.Words != nil {
		if v, ok := fd.Words[strings.ToLower(string(n.Raw))]; ok {
			return v, nil
		}
	}
	var v float64
	switch n.Kind {
	case 't', 'f':
		if fd.Quantity.Definition().Form != telemetry.Flag {
			return 0, fault.New(telemetry.ReasonField, "a boolean, want a number")
		}
		if n.Kind == 't' {
			v = 1
		}
		return v, nil
	default:
		text := bytes.TrimSpace(n.Raw)
		for _, suffix := range fd.Suffix {
			if number, cut := bytes.CutSuffix(text, []byte(suffix)); cut {
				text = bytes.TrimSpace(number)
				break
			}
		}
		var ok bool
		if v, ok = written.Float(text); !ok || len(text) == 0 {
			if fd.Words != nil {
				return 0, fault.New(telemetry.ReasonField, "a word that the model does not know, want one of %s", wordsOf(fd.Words))
			}
			return 0, fault.New(telemetry.ReasonField, "text that is no number")
		}
	}
	unit := fd.Unit
	if fd.UnitPath.Text != "" {
		word, ok := fd.UnitPath.FirstFrom(e.doc, from)
		if !ok {
			word, ok = fd.UnitPath.First(e.doc, 0)
		}
		if ok && e.doc.Nodes[word].Kind != 'n' {
			if unit, ok = fd.Units[strings.ToLower(string(e.doc.Nodes[word].Raw))]; !ok {
				return 0, fault.New(telemetry.ReasonField, "unit at %s is none that the model knows", fd.UnitPath.Text).Alone()
			}
		}
	}
	if fd.Unitless && v != 0 {
		if word, sure := e.unitBeside(at, string(n.Name), fd.Quantity); word != "" {
			// The model knows its device: a word that it does not mention counts where it can only mean one thing.
			if s, ok := meaning.In(meaning.Sense{Quantity: fd.Quantity}, word, sure); ok && s.Unit != "" {
				if conv, err := meaning.Conversion(s.Unit, fd.Quantity); err == nil {
					unit = fd.Own.Then(conv)
				}
			}
		}
	}
	return unit.Apply(v), nil
}

// wordsOf lists the words that a field knows.
func wordsOf(words map[string]float64) string {
	return strings.Join(slices.Sorted(maps.Keys(words)), ", ")
}

// pressed is the kind of a button press.
func pressed(fd *model.ReadField, n *document.Node) (string, *fault.Fault) {
	if kind, ok := fd.Kinds[string(n.Raw)]; ok {
		return kind, nil
	}
	if len(fd.Kinds) == 0 {
		return pressOf(n, false)
	}
	if n.Kind == '"' && !meaning.Press(string(n.Raw), true) {
		return "", fault.NotPress
	}
	return "", fault.New(telemetry.ReasonField, "a kind of press that the model does not know")
}
