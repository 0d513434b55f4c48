package audit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Every byte of a small log is changed, one at a time. None is taken; of one in the entries the report names the entry.
func TestEveryChangedByteIsFound(t *testing.T) {
	k := testKey(t, 1)
	l := logOf(7)
	files := l.files(t, k)
	known := Known{Origin: testOrigin, Keys: []string{k.Verifier(testOrigin)}}
	if r := verify(t, files, known); !r.OK() {
		t.Fatalf("as it is: %+v", r.Lines)
	}
	for name, f := range files {
		for i := range f.Data {
			for _, bit := range []byte{0x01, 0x80} {
				damaged := maps.Clone(files)
				data := slices.Clone(f.Data)
				data[i] ^= bit
				damaged[name] = &fstest.MapFile{Data: data}
				r := verify(t, damaged, known)
				if r.OK() {
					t.Fatalf("byte %d of %s, bit %#x: it is taken: %+v", i, name, bit, r.Lines)
				}
				want, named := int64(-1), ""
				switch {
				case strings.HasPrefix(name, "tile/entries/"):
					want = entryAt(l, i)
				case strings.HasPrefix(name, "tile/0/"):
					want = int64(i / 32)
				}
				if named = fmt.Sprint(r.Lines); want >= 0 && !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.State == Fails && l.Entry == want }) {
					t.Fatalf("byte %d of %s, bit %#x: entry %d is not named: %s", i, name, bit, want, named)
				}
			}
		}
	}
}

// entryAt is the entry that a byte of the bundle is part of.
func entryAt(l *aLog, at int) int64 {
	for n, e := range l.entries {
		if at -= 2 + len(e); at < 0 {
			return int64(n)
		}
	}
	return -1
}

// fails reports whether a report names an entry.
func fails(r *Report, entry int64) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.State == Fails && l.Entry == entry })
}

// What hands can do to entries is found, also where whoever does it makes all hashes anew, and at the last signs with the stolen key.
func TestWhatHandsDoIsFound(t *testing.T) {
	k := testKey(t, 1)
	l := logOf(600)
	signed := l.files(t, k)
	known := Known{Keys: []string{k.Verifier(testOrigin)}}
	earlier := [][]byte{logOf(100).checkpoint(t, k), logOf(400).checkpoint(t, k)}
	for name, c := range map[string]struct {
		change func(e [][]byte) [][]byte
		first  int64 // the first entry that is not what it was
		after  int64 // behind the last checkpoint from outside that agrees
	}{
		"edited": {func(e [][]byte) [][]byte {
			e[300] = bytes.Replace(e[300], []byte("capacity"), []byte("capacitY"), 1)
			return e
		}, 300, 100},
		"deleted":   {func(e [][]byte) [][]byte { return slices.Delete(e, 300, 301) }, 300, 100},
		"inserted":  {func(e [][]byte) [][]byte { return slices.Insert(e, 300, entryOf(9999)) }, 300, 100},
		"reordered": {func(e [][]byte) [][]byte { e[300], e[310] = e[310], e[300]; return e }, 300, 100},
		"cut":       {func(e [][]byte) [][]byte { return e[:300] }, 300, 100},
		"the first": {func(e [][]byte) [][]byte { e[0] = entryOf(1); return e }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			other := &aLog{}
			for _, e := range c.change(slices.Clone(l.entries)) {
				other.add(e)
			}
			forged := other.files(t, k)

			// The entries alone, in the bundles.
			damaged := maps.Clone(signed)
			for file, f := range forged {
				if strings.HasPrefix(file, "tile/entries/") {
					damaged[file] = f
				}
			}
			for file := range damaged {
				if strings.HasPrefix(file, "tile/entries/") && forged[file] == nil {
					delete(damaged, file)
				}
			}
			if r := verify(t, damaged, known); r.OK() || !fails(r, c.first) && name != "cut" {
				t.Errorf("in the bundles alone: entry %d is not named: %+v", c.first, r.Lines)
			}

			// Entries and hashes, under the checkpoint as it was.
			damaged = maps.Clone(forged)
			damaged[CheckpointFile] = signed[CheckpointFile]
			known.Checkpoints = earlier
			if r := verify(t, damaged, known); r.OK() {
				t.Errorf("with all hashes made anew: it is taken: %+v", r.Lines)
			}

			// All, signed with the stolen key: it is a log like any other, unless somebody has a checkpoint.
			known.Checkpoints = nil
			if r := verify(t, forged, known); !r.OK() {
				t.Errorf("signed anew, with nothing from outside: %+v, want that nothing is found", r.Lines)
			}
			known.Checkpoints = earlier
			want := c.after
			if name == "cut" {
				want = c.first
			}
			if r := verify(t, forged, known); r.OK() || !fails(r, want) {
				t.Errorf("signed anew: entries from %d on are not named: %+v", want, r.Lines)
			}
			known.Checkpoints = nil
		})
	}
}

// What is missing or another log is named as that.
func TestWhatIsMissingIsNamed(t *testing.T) {
	k := testKey(t, 1)
	files := logOf(600).files(t, k)
	known := Known{Keys: []string{k.Verifier(testOrigin)}}
	for name := range files {
		damaged := maps.Clone(files)
		delete(damaged, name)
		if r := verify(t, damaged, known); r.OK() && name != "tile/x" {
			t.Errorf("without %s: %+v", name, r.Lines)
		}
	}
	if r := verify(t, files, Known{Origin: "gate-2/mall"}); r.OK() {
		t.Errorf("as another log: %+v", r.Lines)
	}
	if r := verify(t, files, Known{}); !r.OK() || !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.State == Unknown }) {
		t.Errorf("without a key: %+v, want that who signed is unknown", r.Lines)
	}
	if r := verify(t, files, Known{Checkpoints: [][]byte{[]byte("x")}}); r.OK() {
		t.Errorf("with a checkpoint that is none: %+v", r.Lines)
	}
	endless, err := k.Sign(Checkpoint{Origin: testOrigin, Size: 1 << 61})
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, fstest.MapFS{CheckpointFile: {Data: endless}}, known); r.OK() || len(r.Lines) > 10 {
		t.Errorf("a checkpoint of more entries than there can be: %d lines, want that nothing is there", len(r.Lines))
	}
	for _, bundle := range [][]byte{nil, {0}, {0, 2, 1}, {255, 255}} {
		files["tile/entries/000"] = &fstest.MapFile{Data: bundle}
		if r := verify(t, files, known); r.OK() {
			t.Errorf("with the bundle %x: %+v", bundle, r.Lines)
		}
	}
}
