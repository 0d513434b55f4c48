package script

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// maxWords bounds what a message repeats of the decoder's own words.
const maxWords = 120

// thrown makes an error of what a call of the script gave: where it stopped and what it said.
func (p *Program) thrown(r *realm, err error) error {
	if limit := r.exceeded(err); limit != nil {
		return limit
	}
	var ex *goja.Exception
	if !errors.As(err, &ex) {
		return fmt.Errorf("%w: %s", errEngine, printable(err.Error()))
	}
	at := ""
	for _, frame := range ex.Stack() {
		if frame.SrcName() == p.source.name {
			at = " at " + p.source.position(frame.Position())
			break
		}
	}
	var text string
	if err := r.catch(func() error { text = r.text(ex.Value()); return nil }); err != nil {
		text = "something that cannot be shown"
	}
	return fmt.Errorf("%w: it threw %q%s", ErrDecoder, printable(text), at)
}

// text is what a script threw or put in its list of errors, in words. Getters and conversions of the script may run.
func (r *realm) text(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return v.String()
	}
	message := o.Get("message")
	if empty(message) {
		return kind(v)
	}
	if _, ok := message.(*goja.Object); ok {
		return kind(v)
	}
	if name, ok := o.Get("name").(goja.String); ok {
		return name.String() + ": " + message.String()
	}
	return message.String()
}

// printable is the beginning of a foreign text in printable ASCII.
func printable(text string) string {
	var b strings.Builder
	for _, c := range text {
		if b.Len() == maxWords {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// empty tells what stands for no value.
func empty(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

// nothing tells what JSON leaves out.
func nothing(v goja.Value) bool {
	switch v := v.(type) {
	case nil, *goja.Symbol:
		return true
	case *goja.Object:
		return v.ClassName() == "Function"
	}
	return goja.IsUndefined(v)
}

// kind names what a value is.
func kind(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case *goja.Object:
		switch kindOf(v) {
		case list:
			return "an array"
		case date:
			return "a date"
		case boxed:
			return "a boxed value"
		}
		if v.ClassName() == "Function" {
			return "a function"
		}
		return "an object"
	case goja.String:
		return "a text"
	case *goja.Symbol:
		return "a symbol"
	}
	switch v.Export().(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	}
	return "a number"
}
