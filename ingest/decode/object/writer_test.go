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
