package codec

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzMakers feeds any bytes to any codec of makerFrames, chosen by a number so that inputs cross over from one to another.
func FuzzMakers(f *testing.F) {
	index := make(map[string]int)
	var names []string
	for _, m := range makerFrames {
		if _, ok := index[m.codec]; !ok {
			index[m.codec] = len(names)
			names = append(names, m.codec)
		}
	}
	for _, m := range makerFrames {
		f.Add(uint8(index[m.codec]), m.port, unhex(f, m.hex))
	}
	f.Fuzz(func(t *testing.T, codec, port uint8, frame []byte) {
		name := names[int(codec)%len(names)]
		before := string(frame)
		got, err := decodeMaker(t, name, port, frame)
		again, _ := decodeMaker(t, name, port, frame)
		switch {
		case string(frame) != before:
			t.Errorf("%s changed the frame", name)
		case again != got:
			t.Errorf("%s: got %s, and then %s of the same frame", name, got, again)
		case err != nil && !strings.HasPrefix(err.Error(), "byte ") && !strings.HasPrefix(err.Error(), "port "):
			t.Errorf("%s: got error %q, want one that says at which byte", name, err)
		case got != "" && !jsontext.Value(got).IsValid():
			t.Errorf("%s: got %q, want JSON in valid UTF-8 without a name twice in one object", name, got)
		case len(got) > 2000+200*len(frame):
			t.Errorf("%s: got %d bytes of JSON from %d, want at most 2000 and 200 for each", name, len(got), len(frame))
		}
	})
}
