package decode_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/testengine"
)

// TestNothingPersonalIsKeptOfAnyModel plants personal data beside the readings of the first JSON sample of every shipped model: the
// message is read, and what was planted is nowhere.
func TestNothingPersonalIsKeptOfAnyModel(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes each sample at each of its bytes")
	}
	n, most := 0, math.MaxInt
	if testengine.Racing {
		most = 5
	}
	for _, m := range shippedModels(t) {
		s, ok := sampleWithDevice(m)
		if payload := strings.TrimSpace(s.Payload); ok && strings.HasPrefix(payload, "{") {
			if n++; n > most {
				continue
			}
			p := &planted{model: m.ID, topic: s.Topic, payload: `{"visitorName":"{name}","email":"{mail}","nik":{number},"idCard":"{number}","photo":"{pic}",` + payload[1:]}
			t.Run(m.ID, func(t *testing.T) { keepsNothingPersonal(t, []decode.Model{m}, p) })
		}
	}
	if n < 50 {
		t.Errorf("%d models have a JSON sample with topic and device, want at least 50", n)
	}
}
