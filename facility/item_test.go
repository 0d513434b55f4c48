package facility

import (
	"strings"
	"testing"
)

// TestT8_Items: finding T8.
func TestT8_Items(t *testing.T) {
	for _, name := range []string{"meja & kursi", "Lift #2", "Musala: karpet", "gagang pintu", "トイレ", "Kamar mandi (pria) – lt. 2", strings.Repeat("é", 64)} {
		if err := CheckItem(name); err != nil {
			t.Errorf("%q: %v, want it taken", name, err)
		}
	}
	for _, name := range []string{"", " x", "x ", "a\nb", "a\x1b[2Jb", "a\u202eb", "a\u200bb", "a\xffb", "a\u2028b", strings.Repeat("é", 65)} {
		if CheckItem(name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
}
