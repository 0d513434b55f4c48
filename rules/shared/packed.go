package shared

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// Packed is a text that is hardly ever read again: the JSON of a definition, a snapshot. It says the same again and again, and takes a
// quarter. The zero value is an empty text. It never changes, and may be used at the same time.
type Packed struct {
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

// Pack packs a text, which stays the caller's.
func Pack(text []byte) Packed {
	if len(text) == 0 {
		return Packed{}
	}
	if len(text) <= mostPacked {
		var to bytes.Buffer
		w := packers.Get().(*flate.Writer)
		defer packers.Put(w)
		w.Reset(&to)
		_, err := w.Write(text)
		if err == nil && w.Close() == nil && to.Len() < len(text) {
			return Packed{b: bytes.Clone(to.Bytes()), size: len(text)}
		}
	}
	return Packed{b: bytes.Clone(text), size: len(text), plain: true}
}

// Text is what was packed. It must not be changed.
func (p *Packed) Text() []byte {
	if p.plain || p.size == 0 {
		return p.b
	}
	text := make([]byte, p.size)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(p.b)), text); err != nil {
		panic("shared: what was packed cannot be read: " + err.Error()) // it never left this process
	}
	return text
}

// Len is the size of the text.
func (p *Packed) Len() int { return p.size }

// Equal reports whether two texts are the same.
func (p *Packed) Equal(q *Packed) bool { return p.size == q.size && bytes.Equal(p.Text(), q.Text()) }
