package web

import (
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Every quantity has a word in both languages: without one the page would show the name that programs use.
func TestEveryQuantityHasAWord(t *testing.T) {
	all, err := loadTongues()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range all {
		for _, q := range telemetry.Quantities() {
			if !lang.Has("quantity." + q.String()) {
				t.Errorf("%s: no word for quantity %s", lang.Tag, q)
			}
		}
	}
}
