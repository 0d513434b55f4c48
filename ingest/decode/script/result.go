package script

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// maxAnswerLevels is how deep the values of an answer may be nested.
const maxAnswerLevels = 16

// answer writes what the decoder returned. wrapped answers have their values in data, and what is wrong in errors; what is in
// warnings does not make a reading wrong and is dropped.
func (r *realm) answer(v goja.Value, wrapped bool) error {
	return r.catch(func() error {
		data := v
		if wrapped {
			o, ok := v.(*goja.Object)
			if !ok {
				if empty(v) {
					return nil
				}
				return fmt.Errorf("%w: the answer is %s, want an object with data", ErrDecoder, kind(v))
			}
			if err := r.said(o.Get("errors")); err != nil {
				return err
			}
			if data = o.Get("data"); empty(data) {
				if names := o.Keys(); len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return n == "data" || n == "errors" || n == "warnings" }) {
					return fmt.Errorf("%w: the answer has no data, want {data: {…}}", ErrDecoder)
				}
			}
		}
		if empty(data) {
			return nil
		}
		o, ok := data.(*goja.Object)
		if !ok || kindOf(o) != plainObject || nothing(o) {
			return fmt.Errorf("%w: the data is %s, want an object", ErrDecoder, kind(data))
		}
		w := answerWriter{realm: r, out: &r.out}
		return w.members(o)
	})
}

// said makes an error of the decoder's list of errors.
func (r *realm) said(errs goja.Value) error {
	if empty(errs) {
		return nil
	}
	text := ""
	if o, ok := errs.(*goja.Object); ok && kindOf(o) == list {
		n := o.Get("length").ToInteger()
		if n == 0 {
			return nil
		}
		for i := range int(min(n, 3)) {
			if i > 0 {
				text += "; "
			}
			text += r.text(o.Get(strconv.Itoa(i)))
		}
	} else if text = r.text(errs); text == "" {
		return nil
	}
	return fmt.Errorf("%w: it says %q", ErrDecoder, printable(text))
}

// answerWriter writes the values of an answer, within its limits.
type answerWriter struct {
	realm *realm
	out   *object.Writer
	above []*goja.Object // containers around the one being written
	size  int            // bytes written so far
}

func (w *answerWriter) members(o *goja.Object) error {
	return w.inside(o, func() error {
		for _, name := range o.Keys() {
			if !utf8.ValidString(name) || slices.Contains([]rune(name), utf8.RuneError) {
				continue // half a character: two such names could be the same in JSON
			}
			if err := w.value(name, o.Get(name)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *answerWriter) elements(o *goja.Object) error {
	return w.inside(o, func() error {
		for i := int64(0); i < o.Get("length").ToInteger(); i++ {
			v := o.Get(strconv.FormatInt(i, 10))
			if nothing(v) {
				v = goja.Null()
			}
			if err := w.value("", v); err != nil {
				return err
			}
		}
		return nil
	})
}

// inside writes what is in a container.
func (w *answerWriter) inside(o *goja.Object, write func() error) error {
	switch {
	case slices.Contains(w.above, o):
		return fmt.Errorf("%w: the answer contains itself, want a tree", ErrDecoder)
	case len(w.above) == maxAnswerLevels:
		return fmt.Errorf("%w: an answer nested more than %d levels deep", ErrLimit, maxAnswerLevels)
	}
	w.above = append(w.above, o)
	err := write()
	w.above = w.above[:len(w.above)-1]
	return err
}

// value writes one member or element. What JSON has no word for is left out, as JSON.stringify does.
func (w *answerWriter) value(name string, v goja.Value) error {
	if nothing(v) {
		return nil
	}
	if w.size += len(name) + 8; w.size > w.realm.limit.Output {
		return fmt.Errorf("%w: an answer of more than %d bytes", ErrLimit, w.realm.limit.Output)
	}
	if reason := w.realm.asked.Load(); reason != nil {
		return *reason
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return w.simple(name, v)
	}
	switch kindOf(o) {
	case list:
		w.out.Array(name)
		err := w.elements(o)
		w.out.End()
		return err
	case date:
		if at, ok := o.Export().(time.Time); ok {
			return w.simple(name, w.realm.rt.ToValue(at.UTC().Format("2006-01-02T15:04:05.000Z")))
		}
		w.out.Null(name)
		return nil
	case boxed:
		if o.ClassName() == "String" {
			return w.simple(name, o.ToString())
		}
		return w.simple(name, w.realm.rt.ToValue(o.Export()))
	}
	w.out.Object(name)
	err := w.members(o)
	w.out.End()
	return err
}

func (w *answerWriter) simple(name string, v goja.Value) error {
	switch x := v.Export().(type) {
	case nil:
		w.out.Null(name)
	case bool:
		w.out.Flag(name, x)
	case int64:
		w.number(name, float64(x))
	case float64:
		w.number(name, x)
	default:
		text := v.String()
		for i := range len(text) {
			if c := text[i]; c < ' ' || c == '"' || c == '\\' {
				w.size += 5
			}
		}
		if w.size += len(text); w.size > w.realm.limit.Output {
			return fmt.Errorf("%w: an answer of more than %d bytes", ErrLimit, w.realm.limit.Output)
		}
		w.out.Text(name, text)
	}
	return nil
}

func (w *answerWriter) number(name string, v float64) {
	w.size += 16
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.out.Null(name)
		return
	}
	w.out.Number(name, v)
}

// What an object of a script is in JSON.
const (
	plainObject = iota
	list
	date
	boxed // a number, text or truth value as an object
)

func kindOf(o *goja.Object) int {
	switch o.ClassName() {
	case "Array", "Arguments":
		return list
	case "Date":
		return date
	case "Number", "String", "Boolean":
		return boxed
	}
	return plainObject
}
