package script

import (
	"errors"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding S15: a regular expression that tries for ever is given up within the time of a call, whatever the engine does with it. A call
// that used up its time is made once more before that is believed, so a bomb costs twice that at first, and once after that.
func TestS15_RegularExpressionsKeepTheTime(t *testing.T) {
	for name, body := range map[string]string{
		"ahead and back":        `/(?=((a+)+)+$)((a+)+)+\1b/.test("a".repeat(60))`,
		"behind":                `/(?<=(a+)+)b(?=(c+)+d)/.test("a".repeat(60) + "b" + "c".repeat(60))`,
		"again from the middle": `var r = /(a+)+b/g; r.lastIndex = 1; r.exec("\u00e9" + "a".repeat(60))`,
		"sticky":                `var r = /(a+)+b/y; r.lastIndex = 1; r.exec("xa" + "a".repeat(60))`,
		"made at run time":      `new RegExp("(?!x)(a+)+" + "b").test("a".repeat(60))`,
		"one after the other":   `for (;;) /(?!x)(a+)+b/.test("a".repeat(60))`,
		"replaced":              `"a".repeat(60).replace(/(?!x)(a+)+b/g, "")`,
		"split":                 `"a".repeat(60).split(/(?!x)(a+)+b/)`,
		"matched":               `"a".repeat(60).match(/(?!x)(a+)+b/)`,
		"every one":             `[..."a".repeat(60).matchAll(/(?!x)(a+)+b/g)]`,
		"caught":                `try { /(?!x)(a+)+b/.test("a".repeat(60)) } catch (e) {} return { data: { n: 1 } }`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Compile("x.js", "function decodeUplink(input) {"+body+"\n return { data: { n: 2 } } }", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var out object.Writer
			call := func() time.Duration {
				begun := testengine.Processor()
				err := p.Decode(codec.Uplink{Port: 1, Bytes: []byte{1}}, Extra{}, &out)
				if !errors.Is(err, ErrLimit) {
					t.Errorf("got %v, want it refused: what a given up expression has not found is no answer", err)
				}
				return testengine.Processor() - begun
			}
			first := call()
			again := min(call(), call(), call())
			most := 250 * time.Millisecond
			if testengine.Racing {
				most *= 2
			}
			if first > 4*most || again > most { // the first one also starts the engine and its clock
				t.Errorf("took %s and then %s, want at most %s and %s", first, again, 4*most, most)
			}
		})
	}
}
