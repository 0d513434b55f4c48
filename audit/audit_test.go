package audit

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"
)

// An entry says what it was given in texts that no reader changes.
func TestAnEntryIsReadAsItWasWritten(t *testing.T) {
	e := Make([]byte("before"), Alert, "mall", 1_600_000_000_123_456_789)
	e.Text("what", "opened \"now\"\n\u2028 é")
	e.Text("nothing", "")
	e.Number("record", math.MaxInt64)
	e.Value("value", 0.1)
	e.Value("none", math.NaN())
	e.Flag("late", true)
	e.Flag("early", false)
	salt := bytes.Repeat([]byte{7}, SaltBytes)
	e.Sealed("alert_changes", 12, []byte("the body"), salt)
	text, ok := bytes.CutPrefix(e.End(), []byte("before"))
	if !ok {
		t.Fatalf("%q does not stand behind what was there", text)
	}
	f, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if n, ok := f.Number("record"); !ok || n != math.MaxInt64 || f.Text("what") != "opened \"now\"\n\u2028 é" || f.At != "2020-09-13T12:26:40.123456789Z" || f.Site != "mall" ||
		f.Kind != Alert || string(f.Members["value"]) != "0.1" || string(f.Members["late"]) != "true" || len(f.Members) != 9 {
		t.Errorf("%s is read as %+v", text, f)
	}
	if err := f.Holds([]byte("the body"), salt); err != nil {
		t.Errorf("the body: %v", err)
	}
	for name, err := range map[string]error{
		"another body": f.Holds([]byte("the bodY"), salt), "another salt": f.Holds([]byte("the body"), bytes.Repeat([]byte{8}, SaltBytes)),
	} {
		if !errors.Is(err, errOther) {
			t.Errorf("%s: %v, want that it is not what the entry says", name, err)
		}
	}
	if err := f.Holds([]byte("the body"), nil); !errors.Is(err, ErrErased) {
		t.Errorf("without its salt: %v, want ErrErased", err)
	}
}

func TestALongTextIsCut(t *testing.T) {
	e := Make(nil, Entered, "mall", 1)
	e.Text("long", strings.Repeat("é", mostText))
	f, err := Parse(e.End())
	if err != nil || len(f.Text("long")) > mostText+len("…") || !strings.HasSuffix(f.Text("long"), "é…") {
		t.Errorf("%d bytes (%v), want about %d", len(f.Text("long")), err, mostText)
	}
}

func TestWhatIsNoEntry(t *testing.T) {
	for text, want := range map[string]string{
		``:                                    "expected a JSON object",
		`[]`:                                  "expected a JSON object",
		`{"v":1,"kind":"begin"} {}`:           "something stands behind it",
		`{"v":1,"kind":"begin","kind":"end"}`: "a name stands there twice",
		`{"v":2,"kind":"begin"}`:              `its version is "2"`,
		`{"kind":"begin"}`:                    `its version is ""`,
		`{"v":1}`:                             "it has no kind",
		`{"v":1,"kind":"begin"`:               "does not end",
		"{\"v\":1,\"kind\":\"\xff\"}":         "not UTF-8",
		`{"v":1,"kind":"x","source":{"row":"1","table":"t"}}`:                        "either sha256 or sealed",
		`{"v":1,"kind":"x","source":{"row":"1.5","table":"t","sha256":"a"}}`:         "no whole number",
		`{"v":1,"kind":"x","source":{"row":"1","row":"2","table":"t","sha256":"a"}}`: "twice",
		`{"v":1,"kind":"x","text":"` + strings.Repeat("x", MostBytes) + `"}`:         "at most 65535",
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrEntry) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// The frontier has the root that tlog computes from all hashes, at every size, also after it was stored.
func TestTheFrontierIsTheTree(t *testing.T) {
	l := &aLog{}
	var f Frontier
	for n := range 600 {
		root, err := tlog.TreeHash(int64(n), l)
		if err != nil || f.Root() != root || f.Size() != int64(n) {
			t.Fatalf("%d entries: root %v, want %v (%v)", n, f.Root(), root, err)
		}
		again, err := UnmarshalFrontier(f.Bytes(nil))
		if err != nil || again.Root() != root || again.Size() != f.Size() {
			t.Fatalf("%d entries, stored: %v (%v)", n, again.Root(), err)
		}
		old := f.Clone()
		f.Append(HashOf(entryOf(n)))
		if old.Root() != root {
			t.Fatalf("%d entries: a copy changes with what is added to the other", n)
		}
		l.add(entryOf(n))
	}
	for _, b := range [][]byte{nil, make([]byte, 7), make([]byte, 9), f.Bytes(nil)[1:], f.Bytes([]byte{0}), append([]byte{0x40}, make([]byte, 39)...)} {
		if _, err := UnmarshalFrontier(b); err == nil {
			t.Errorf("%x is taken for a frontier", b)
		}
	}
}

func TestNamesOfTiles(t *testing.T) {
	for name, tile := range map[string]tlog.Tile{
		"tile/0/000":            {H: 8, L: 0, N: 0, W: 256},
		"tile/0/x001/x234/067":  {H: 8, L: 0, N: 1234067, W: 256},
		"tile/2/003.p/17":       {H: 8, L: 2, N: 3, W: 17},
		"tile/entries/000.p/1":  {H: 8, L: -1, N: 0, W: 1},
		"tile/entries/x001/000": {H: 8, L: -1, N: 1000, W: 256},
	} {
		if got, err := ParseTilePath(name); err != nil || got != tile || TilePath(tile) != name {
			t.Errorf("%s: %+v (%v), and back %s", name, got, err, TilePath(tile))
		}
	}
	for _, name := range []string{"", "tile/", "tile/8/0/000", "tile/data/000", "tile/0/1", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/../000", "tile/64/000", "tile/-1/000", "tile/0/000/", "/tile/0/000", "tile/entries/data/000"} {
		if got, err := ParseTilePath(name); err == nil {
			t.Errorf("%q is taken for %+v", name, got)
		}
	}
}

// A checkpoint is what its key has signed, for the log of its name alone.
func TestACheckpointIsSigned(t *testing.T) {
	k := testKey(t, 1)
	c := Checkpoint{Origin: testOrigin, Size: 3, Root: HashOf([]byte("x"))}
	text, err := k.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := Verifiers(k.Verifier(testOrigin))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCheckpoint(text, keys); err != nil || got != c {
		t.Errorf("%+v (%v), want %+v", got, err, c)
	}
	again, err := ParseKey(k.Private())
	if err != nil || again.Verifier(testOrigin) != k.Verifier(testOrigin) {
		t.Errorf("the key is read as another one: %v", err)
	}
	if s := k.String() + k.GoString(); strings.Contains(s, "AQEB") {
		t.Errorf("a key shows itself: %s", s)
	}
	for name, v := range map[string]string{"another log": k.Verifier("gate-1/other"), "another key": testKey(t, 2).Verifier(testOrigin)} {
		other, _ := Verifiers(v)
		if _, err := OpenCheckpoint(text, other); err == nil {
			t.Errorf("it is verified with %s", name)
		}
	}
	for i := range text {
		damaged := slices.Clone(text)
		damaged[i] ^= 1
		if got, err := OpenCheckpoint(damaged, keys); err == nil && got != c {
			t.Errorf("with byte %d changed it is verified as %+v", i, got)
		}
	}
	for _, text := range []string{"", "a", "a\n1\n", "a\n-1\nAAAA\n", "a\n01\n" + strings.Repeat("A", 43) + "=\n", "a\n1\nAAAA\n", "\n1\n" + strings.Repeat("A", 43) + "=\n"} {
		if c, err := ParseCheckpoint([]byte(text)); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%q is read as %+v (%v)", text, c, err)
		}
	}
}

// A proof stands by itself, and is of one entry at one place.
func TestAProofIsOfOneEntry(t *testing.T) {
	k := testKey(t, 1)
	l := logOf(700)
	files := l.files(t, k)
	keys, _ := Verifiers(k.Verifier(testOrigin))
	for _, n := range []int64{0, 1, 255, 256, 511, 512, 698, 699} {
		p, err := Prove(t.Context(), Folder(files), files[CheckpointFile].Data, n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := OpenProof(p.Text(), keys)
		if err != nil || again.Index != n {
			t.Fatalf("entry %d: %v\n%s", n, err, p.Text())
		}
		if err := again.Holds(l.entries[n]); err != nil {
			t.Error(err)
		}
		if err := again.Holds(l.entries[(n+1)%700]); err == nil {
			t.Errorf("the proof of entry %d is taken for another", n)
		}
		again.Index ^= 1
		if err := again.Holds(l.entries[n]); err == nil {
			t.Errorf("the proof of entry %d is taken for another place", n)
		}
	}
	if _, err := Prove(t.Context(), Folder(files), files[CheckpointFile].Data, 700); err == nil {
		t.Error("an entry behind the end is proven")
	}
	files["tile/1/000.p/2"] = &fstest.MapFile{Data: make([]byte, 64)}
	if _, err := Prove(t.Context(), Folder(files), files[CheckpointFile].Data, 5); err == nil {
		t.Error("a proof is made of hashes that are not those of the checkpoint")
	}
}

// Another key is known by the word of the one before.
func TestAnotherKeyIsAnnounced(t *testing.T) {
	old, next := testKey(t, 1), testKey(t, 2)
	l := logOf(3)
	said, err := old.Announce(testOrigin, next.Verifier(testOrigin))
	if err != nil {
		t.Fatal(err)
	}
	e := Make(nil, NewKey, "mall", 5)
	e.Text("note", string(said))
	l.add(e.End())
	l.add(entryOf(4))
	files := l.files(t, next)
	if r := verify(t, files, Known{Keys: []string{old.Verifier(testOrigin)}}); !r.OK() || len(r.Keys) != 2 {
		t.Errorf("with the old key: %+v", r.Lines)
	}
	if r := verify(t, files, Known{Keys: []string{testKey(t, 3).Verifier(testOrigin)}}); r.OK() {
		t.Errorf("with a key that never was: %+v", r.Lines)
	}
	earlier := logOf(3).checkpoint(t, old)
	if r := verify(t, files, Known{Keys: []string{old.Verifier(testOrigin)}, Checkpoints: [][]byte{earlier}}); !r.OK() {
		t.Errorf("with a checkpoint of the old key: %+v", r.Lines)
	}
	if _, err := Announced(said, "gate-1/other", must(Verifiers(old.Verifier("gate-1/other")))); err == nil {
		t.Error("the announcement is taken for another log")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
