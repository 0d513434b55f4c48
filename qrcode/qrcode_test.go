package qrcode

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestACodeIsAnElementThatNothingCanLeave(t *testing.T) {
	for _, text := range []string{"1", "otpauth://totp/Gerbang:sari?secret=JBSWY3DPEHPK3PXP&issuer=Gerbang", "https://gerbang.example.go.id/site/mpp-gresik/task/lap-gagang", "pintu utama – 扉", strings.Repeat("x", Most)} {
		svg, err := SVG(text, `"><script>pwned()</script>`)
		if err != nil {
			t.Errorf("%.20q: %v", text, err)
			continue
		}
		names := map[string]int{}
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%.20q: no XML: %v", text, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				names[e.Name.Local]++
			}
		}
		if len(names) != 3 || names["svg"] != 1 || names["rect"] != 1 || names["path"] != 1 {
			t.Errorf("%.20q: elements %v, want an svg with a rect and a path", text, names)
		}
		if strings.Contains(svg, "style") {
			t.Errorf("%.20q: it has a style, which pages do not allow", text)
		}
	}
}

func TestWhatCannotBeDrawnIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, text := range []string{"", strings.Repeat("secret", Most)} {
		if svg, err := SVG(text, ""); err == nil || svg != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d bytes: got %d bytes, %v, want an error without the text", len(text), len(svg), err)
		}
	}
}

// What a reader sees first: three finders of seven by seven modules within a white border.
func TestTheCodeHasFindersAndAQuietBorder(t *testing.T) {
	svg, err := SVG("https://gerbang.example/", "")
	if err != nil {
		t.Fatal(err)
	}
	size := 25 + 2*quiet // version 2
	if !strings.Contains(svg, `viewBox="0 0 33 33"`) || size != 33 {
		t.Fatalf("size: %.120s, want 33 modules", svg)
	}
	for _, want := range []string{"M4 4h7v1h-7z", "M22 4h7v1h-7z", "M4 22h7v1h-7z", "M4 28h7v1h-7z"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no edge of a finder at %s", want)
		}
	}
	for _, border := range []string{"M0 ", "M1 ", "M2 ", "M3 "} {
		if strings.Contains(svg, border) {
			t.Errorf("a dark module in the border: %s", border)
		}
	}
}
