package audit

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// testKey is one that is the same each time.
func testKey(t testing.TB, seed byte) Key {
	t.Helper()
	k, err := GenerateKey(constant(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

// aLog has the entries that a test puts into it, and writes files.
type aLog struct {
	entries [][]byte
	hashes  map[int64]Hash // tlog's stored hashes
}

func (l *aLog) ReadHashes(indexes []int64) ([]Hash, error) {
	all := make([]Hash, len(indexes))
	for i, x := range indexes {
		h, ok := l.hashes[x]
		if !ok {
			return nil, fmt.Errorf("no hash %d", x)
		}
		all[i] = h
	}
	return all, nil
}

func (l *aLog) add(entry []byte) {
	n := int64(len(l.entries))
	hashes, err := tlog.StoredHashes(n, entry, l)
	if err != nil {
		panic(err)
	}
	if l.hashes == nil {
		l.hashes = map[int64]Hash{}
	}
	for i, h := range hashes {
		l.hashes[tlog.StoredHashIndex(0, n)+int64(i)] = h
	}
	l.entries = append(l.entries, entry)
}

func entryOf(n int) []byte {
	e := Make(nil, Verdict, "mall", telemetry.Instant(1+n)*1e9)
	e.Text("rule", "capacity")
	e.Of("transitions", int64(n+1), fmt.Append(nil, "body ", n))
	return e.End()
}

func logOf(n int) *aLog {
	l := &aLog{}
	for i := range n {
		l.add(entryOf(i))
	}
	return l
}

const testOrigin = "gate-1/mall"

func (l *aLog) checkpoint(t testing.TB, k Key) []byte {
	t.Helper()
	root, err := tlog.TreeHash(int64(len(l.entries)), l)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Sign(Checkpoint{Origin: testOrigin, Size: int64(len(l.entries)), Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// files writes the log as tlog itself divides it into tiles.
func (l *aLog) files(t testing.TB, k Key) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{CheckpointFile: {Data: l.checkpoint(t, k)}}
	for _, tile := range tlog.NewTiles(TileHeight, 0, int64(len(l.entries))) {
		data, err := tlog.ReadTileData(tile, l)
		if err != nil {
			t.Fatal(err)
		}
		files[TilePath(tile)] = &fstest.MapFile{Data: data}
		if tile.L != 0 {
			continue
		}
		var bundle []byte
		for i := range tile.W {
			bundle = AppendEntry(bundle, l.entries[tile.N<<TileHeight+int64(i)])
		}
		tile.L = -1
		files[TilePath(tile)] = &fstest.MapFile{Data: bundle}
	}
	return files
}

func verify(t testing.TB, files fs.FS, known Known) *Report {
	t.Helper()
	r, err := Verify(context.Background(), Folder(files), known, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
