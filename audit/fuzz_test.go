package audit

import (
	"bytes"
	"testing"
	"testing/fstest"
)

func FuzzParse(f *testing.F) {
	f.Add(entryOf(1))
	f.Add([]byte(`{"v":1,"kind":"x","source":{"table":"t","row":"1","sealed":"00"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s skimmer
		kind, skimmed := s.skim(text)
		fact, err := Parse(text)
		if err == nil && (skimmed != nil || kind != fact.Kind) {
			t.Errorf("%q is read as %+v, and skimmed as %q (%v)", text, fact, kind, skimmed)
		}
		if err != nil {
			return
		}
		if fact.Kind == "" || fact.Version != Version || len(text) > MostBytes {
			t.Errorf("%q is read as %+v", text, fact)
		}
		_ = fact.Holds([]byte("x"), []byte("y"))
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add(AppendEntry(AppendEntry(nil, entryOf(1)), entryOf(2)), 2)
	f.Fuzz(func(t *testing.T, bundle []byte, n int) {
		all, err := ParseBundle(bundle, n)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range all {
			again = AppendEntry(again, e)
		}
		if !bytes.Equal(again, bundle) || len(all) != n {
			t.Errorf("%x is read as %x", bundle, again)
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/x001/067.p/5")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, name string) {
		if tile, err := ParseTilePath(name); err == nil && TilePath(tile) != name {
			t.Errorf("%q is read as %s", name, TilePath(tile))
		}
	})
}

func FuzzOpenProof(f *testing.F) {
	k := testKey(f, 1)
	l := logOf(5)
	keys, _ := Verifiers(k.Verifier(testOrigin))
	p, err := Prove(f.Context(), Folder(l.files(f, k)), l.checkpoint(f, k), 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Text())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := OpenProof(text, keys)
		if err != nil {
			return
		}
		for i, e := range l.entries {
			if p.Holds(e) == nil && int64(i) != p.Index {
				t.Errorf("%q proves entry %d as %d", text, i, p.Index)
			}
		}
	})
}

// Whatever a log's files hold, verifying ends, and finds what is not as it was signed.
func FuzzVerify(f *testing.F) {
	k := testKey(f, 1)
	files := logOf(5).files(f, k)
	f.Add(files["checkpoint"].Data, files["tile/0/000.p/5"].Data, files["tile/entries/000.p/5"].Data)
	f.Fuzz(func(t *testing.T, checkpoint, hashes, entries []byte) {
		given := fstest.MapFS{"checkpoint": {Data: checkpoint}, "tile/0/000.p/5": {Data: hashes}, "tile/entries/000.p/5": {Data: entries}}
		r := verify(t, given, Known{Keys: []string{k.Verifier(testOrigin)}})
		if r.OK() && (!bytes.Equal(hashes, files["tile/0/000.p/5"].Data) || !bytes.Equal(entries, files["tile/entries/000.p/5"].Data)) {
			t.Errorf("it is taken: %+v", r.Lines)
		}
	})
}
