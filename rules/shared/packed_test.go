package shared

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// What was packed comes back, whether it became smaller or not, and what repeats itself becomes smaller.
func TestPackedTextComesBack(t *testing.T) {
	random := make([]byte, 10_000)
	for i := range random {
		random[i] = byte(rand.IntN(256))
	}
	said := []byte(strings.Repeat(`{"id":"d00001","place":{"kind":"zone","id":"hall"}}`, 200))
	for name, text := range map[string][]byte{
		"nothing": nil, "a byte": {7}, "what cannot be packed": random, "what repeats itself": said,
		"the largest": said[:min(len(said), mostPacked)], "more": bytes.Repeat(said, 10),
	} {
		p := Pack(text)
		if got := p.Text(); !bytes.Equal(got, text) || p.Len() != len(text) {
			t.Errorf("%s: %d bytes come back as %d, length %d", name, len(text), len(got), p.Len())
		}
		if q := Pack(text); !p.Equal(&q) {
			t.Errorf("%s: it does not equal itself", name)
		}
		if other := Pack(append(bytes.Clone(text), 'x')); p.Equal(&other) {
			t.Errorf("%s: it equals a longer one", name)
		}
	}
	if p := Pack(said); len(p.b)*4 > len(said) {
		t.Errorf("%d bytes that repeat themselves take %d, want a quarter at most", len(said), len(p.b))
	}
}
