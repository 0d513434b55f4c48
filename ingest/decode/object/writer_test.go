package object

import (
	"encoding/json"
	"math"
	"testing"
)

func TestObjectIsJSON(t *testing.T) {
	var w Writer
	if got := string(w.JSON()); got != "{}" {
		t.Errorf("an empty object: got %s, want {}", got)
	}
	w.Reset()
	w.Number("temperature", 0.1*226)
	w.Int("total", 65535)
	w.Text("state", "a \"quoted\"\n\xff word")
	w.Flag("open", true)
	w.Null("co2")
	w.Number("nan", math.NaN())
	w.Array("history")
	for i := range 2 {
		w.Object("")
		w.Int("in", int64(i))
		w.End()
	}
	w.Number("", 3.5)
	w.End()
	w.Object("device")
	w.Text("serial", "1")
	want := `{"temperature":22.6,"total":65535,"state":"a \"quoted\"\u000a` + "\uFFFD" + ` word","open":true,"co2":null,"nan":null,` +
		`"history":[{"in":0},{"in":1},3.5],"device":{"serial":"1"}}`
	got := string(w.JSON())
	if got != want || !json.Valid([]byte(got)) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A name that was made ready is written like one that was not.
func TestBegin(t *testing.T) {
	names := []string{"temperature", `say "t"`, "", "CO\u2082", "a\\b\n"}
	values := []func(w *Writer, name string){
		func(w *Writer, name string) { w.Int(name, -3) },
		func(w *Writer, name string) { w.Number(name, 21.5) },
		func(w *Writer, name string) { w.Text(name, "on") },
		func(w *Writer, name string) { w.Flag(name, true) },
		func(w *Writer, name string) { w.Null(name) },
		func(w *Writer, name string) { w.Unsigned(name, 7) },
		func(w *Writer, name string) { w.Exact(name, 0.5) },
		func(w *Writer, name string) { w.Raw(name, []byte("[]")) },
		func(w *Writer, name string) { w.Array(name); w.Int("", 1); w.Int("", 2); w.End() },
		func(w *Writer, name string) { w.Object(name); w.Int("x", 1); w.Int("y", 2); w.End() },
	}
	var whole, ready Writer
	for _, name := range names {
		for _, value := range values {
			value(&whole, name)
			ready.Begin(Quote(name))
			value(&ready, "")
		}
	}
	if got, want := string(ready.JSON()), string(whole.JSON()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	ready.Begin(Quote("left"))
	ready.Reset()
	ready.Int("v", 1)
	if got := string(ready.JSON()); got != `{"v":1}` {
		t.Errorf("after Reset: got %s", got)
	}
}
