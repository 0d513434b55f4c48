package rules

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// packed is a text that is hardly ever read again: the JSON of a definition, which snapshots repeat. It says the same again and again,
// and takes a fifth.
type packed struct {
	b     []byte
	size  int
	plain bool
}

// mostPacked is the size up to which it pays: of large texts there are few, and to unpack one would take milliseconds.
const mostPacked = 64 << 10

// packers are compressors in rest; each takes half a megabyte.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // of the level alone
	}
	return w
}}

// pack packs a text, which stays the caller's.
func pack(text []byte) packed {
	if len(text) <= mostPacked {
		var to bytes.Buffer
		w := packers.Get().(*flate.Writer)
		defer packers.Put(w)
		w.Reset(&to)
		_, err := w.Write(text)
		if err == nil && w.Close() == nil && to.Len() < len(text) {
			return packed{b: bytes.Clone(to.Bytes()), size: len(text)}
		}
	}
	return packed{b: bytes.Clone(text), size: len(text), plain: true}
}

// text is what was packed. It must not be changed.
func (p *packed) text() []byte {
	if p.plain {
		return p.b
	}
	text := make([]byte, p.size)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(p.b)), text); err != nil {
		panic("rules: what was packed cannot be read: " + err.Error()) // it never left this process
	}
	return text
}

// is reports whether two texts are the same.
func (p *packed) is(q *packed) bool { return p.size == q.size && bytes.Equal(p.text(), q.text()) }
