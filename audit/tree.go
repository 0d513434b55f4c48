package audit

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is one of the Merkle tree: SHA-256, as RFC 6962 says.
type Hash = tlog.Hash

// HashOf is the hash of an entry in the tree.
func HashOf(entry []byte) Hash { return tlog.RecordHash(entry) }

// Frontier is the right edge of a tree: the roots of the whole subtrees that it consists of, the largest first. It is all that is needed to go on with a
// log, and to know its root. The zero value is the empty log. Copies do not share memory once either is appended to: call Clone.
type Frontier struct {
	size  int64
	roots []Hash
}

// Size is the number of entries.
func (f *Frontier) Size() int64 { return f.size }

// Append adds an entry by its hash.
func (f *Frontier) Append(h Hash) {
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.roots) - 1
		h = tlog.NodeHash(f.roots[last], h)
		f.roots = f.roots[:last]
	}
	f.roots = append(f.roots, h)
	f.size++
}

// Root is the hash of the whole log.
func (f *Frontier) Root() Hash {
	if f.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // there is nothing to read
		return h
	}
	h := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.roots[i], h)
	}
	return h
}

// Clone is a copy that goes its own way.
func (f *Frontier) Clone() Frontier {
	return Frontier{f.size, append([]Hash(nil), f.roots...)}
}

// Bytes is the frontier as UnmarshalFrontier reads it: its size as 8 bytes, big-endian, and the roots. They are behind what is in dst.
func (f *Frontier) Bytes(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(f.size))
	for i := range f.roots {
		dst = append(dst, f.roots[i][:]...)
	}
	return dst
}

var errFrontier = errors.New("it is no right edge of a log")

// UnmarshalFrontier reads what Bytes has written.
func UnmarshalFrontier(b []byte) (f Frontier, err error) {
	if len(b) < 8 {
		return f, errFrontier
	}
	size := binary.BigEndian.Uint64(b)
	b = b[8:]
	if size>>62 != 0 || len(b) != bits.OnesCount64(size)*tlog.HashSize {
		return f, errFrontier
	}
	f.size, f.roots = int64(size), make([]Hash, len(b)/tlog.HashSize)
	for i := range f.roots {
		copy(f.roots[i][:], b[i*tlog.HashSize:])
	}
	return f, nil
}
