package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode"
)

const ownModel = `id: acme-air
title: Acme air
format: lorawan
codec: frames/acme.yaml
readings:
  - {path: temperature, quantity: temperature}
samples:
  - {name: a room, port: 3, frame: "00d7", expect: [{quantity: temperature, value: 21.5}]}
`

// loadOwn loads a model of one's own with the description of its frames beside it, and gives what it is or the problems.
func loadOwn(t *testing.T, frames string) (decode.Model, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "frames"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"model.yaml": ownModel, "frames/acme.yaml": frames} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := LoadModel(filepath.Join(dir, "model.yaml"))
	if err != nil {
		return m, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	}
	return m, ""
}

// A user's description of frames is read like a shipped one.
func TestOwnFrames(t *testing.T) {
	m, problems := loadOwn(t, "id: acme\ntitle: Acme\nframes:\n  3: temperature i16 /10\n")
	if problems != "" {
		t.Fatal(problems)
	}
	d, err := decode.New(decode.Options{Models: []decode.Model{m}})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range d.Check(m.ID, m.Samples[0]) {
		t.Error(problem)
	}
}

// A mistake in a description is told with the file, line and column of its row, and where in the row it is.
func TestMistakesInOwnFrames(t *testing.T) {
	for _, tt := range []struct{ name, frames, want string }{
		{"missing", "", `model.yaml:4:8: codec: file frames/acme.yaml cannot be read`},
		{"type", "id: acme\ntitle: Acme\nframes:\n  3: temperature i17 /10\n", `frames/acme.yaml:4:6: frames.3: at character 13, "i17": want a type: u8 to u64`},
		{"length", "id: acme\ntitle: Acme\nframes:\n  3: t u8\n  103/8: a b7\n", `frames/acme.yaml:5:10: frames.103/8: the fields are 7 bits: want whole bytes`},
		{"item", "id: acme\ntitle: Acme\nframes:\n  0, 3: items all\nitems:\n  all:\n    key: u8\n    of:\n      0x01: t u8 /0\n",
			`frames/acme.yaml:9:13: items.all.of.0x01: at character 6, "/0": want +N`},
		{"unknown key", "id: acme\ntitle: Acme\nframe:\n  3: t u8\n", `frames/acme.yaml:3:1: unknown key "frame"`},
		{"id", "id: other\ntitle: Acme\nframes:\n  3: t u8\n", `frames/acme.yaml:1:5: id: "other", want "acme" as the file is named`},
	} {
		if _, got := loadOwn(t, tt.frames); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A codec that is not there is told with all that are, described or built in.
func TestUnknownCodec(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(ownModel, "frames/acme.yaml", "tektelik", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadModel(file)
	if err == nil || strings.Count(err.Error(), "unknown codec") != 1 || !strings.Contains(err.Error(), ":4:8: codec: unknown codec \"tektelik\"") ||
		!strings.Contains(err.Error(), " tektelic ") || !strings.Contains(err.Error(), " elsys ") {
		t.Errorf("got %v, want one problem that lists codecs and descriptions", err)
	}
}
