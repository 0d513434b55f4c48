package sqlite

import (
	"encoding/binary"
	"io"
)

// What is cut off a write-ahead log under load is not seen by its size: SQLite goes on where it was, so the next commit brings the
// file back to its former size, with zeros where the cut was. So a place that was written is looked at: the head of the last frame
// of the former size, and that of the file. Neither is ever zero.

const (
	walHead   = 32 // of the file; the size of a page stands at byte 8
	frameHead = 24 // number of the page, size of the database, two salts, two checksums
)

// hole tells whether a write-ahead log that had so many bytes holds zeros in them.
func hole(log io.ReaderAt, size int64) (bool, error) {
	if size < walHead {
		return false, nil
	}
	var b [walHead]byte
	if _, err := log.ReadAt(b[:], 0); err != nil {
		return false, err
	}
	if b == [walHead]byte{} {
		return true, nil
	}
	frame := frameHead + int64(binary.BigEndian.Uint32(b[8:]))
	frames := (size - walHead) / frame
	if frames == 0 {
		return false, nil
	}
	var head [frameHead]byte
	if _, err := log.ReadAt(head[:], walHead+(frames-1)*frame); err != nil {
		return false, err
	}
	return head == [frameHead]byte{}, nil
}
