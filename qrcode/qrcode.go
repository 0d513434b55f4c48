// Package qrcode draws a text as a QR code in SVG: for a telephone's camera, on a page or on paper, without a script or a picture from elsewhere.
package qrcode

import (
	"fmt"
	"html"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Most is the longest text that is drawn, in bytes: a telephone reads a denser code from a screen only with luck.
const Most = 500

// quiet is how many modules stay white around a code: the standard asks for four.
const quiet = 4

// SVG draws a text as an SVG element that stands in HTML or alone; label says what it is to whoever does not see it. It is black on white in a dark page
// too: many cameras read nothing else. A seventh of it may be dirty or torn. The error says that the text is empty or too long, without repeating it: it may
// be a secret.
func SVG(text, label string) (string, error) {
	if text == "" || len(text) > Most {
		return "", fmt.Errorf("a QR code of %d bytes: want 1 to %d", len(text), Most)
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("a QR code of %d bytes cannot be made", len(text))
	}
	size := code.Bounds().Dx()
	var b strings.Builder
	whole := size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges">`, whole, whole, html.EscapeString(label))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, whole, whole)
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(x, y) {
				x++
			}
			if x > from { // a row of dark modules is one rectangle
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
