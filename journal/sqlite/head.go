package sqlite

import (
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

// The anchor lags behind by up to a second, because it is fsynced. Beside it lies a small file that is written at each commit and
// never fsynced: it costs a microsecond, and outlives everything but a loss of power. So where a log loses its end, by hands or by
// a bit, and the process is killed as well, the last acknowledged record is known. It is written when the commit is on disk already,
// so that it never leads, whatever the system writes first.

// HeadFile is its name in the data directory.
const HeadFile = "journal.head"

// headSize is its length: the journal's id as a checksum, the record, its checksum, and the checksum of these three, each as
// 8 bytes, little-endian.
const headSize = 32

// head is the open file. The zero value notes nothing.
type head struct {
	file    *os.File
	journal uint64
	line    [headSize]byte
}

func openHead(dir, journal string, log *slog.Logger) head {
	f, err := os.OpenFile(filepath.Join(dir, HeadFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		log.Warn("the last record cannot be noted beside the journal; the anchor is, once a second", "err", err)
		return head{}
	}
	return head{file: f, journal: xxhash.Sum64String(journal)}
}

// note says that a record is on disk.
func (h *head) note(record, sum uint64) {
	if h.file == nil {
		return
	}
	b := h.line[:0]
	for _, n := range []uint64{h.journal, record, sum} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
	_, _ = h.file.WriteAt(b, 0) // it is a second witness: without it there is the anchor
}

func (h *head) close() {
	if h.file != nil {
		_ = h.file.Close()
	}
}

// readHead is what the head of a journal says; false where there is none, or it is of another one, or half written.
func readHead(dir, journal string) (record, sum uint64, ok bool) {
	f, err := os.Open(filepath.Join(dir, HeadFile))
	if err != nil {
		return 0, 0, false
	}
	defer func() { _ = f.Close() }()
	var b [headSize]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return 0, 0, false
	}
	n := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	if n(0) != xxhash.Sum64String(journal) || n(3) != xxhash.Sum64(b[:24]) {
		return 0, 0, false
	}
	return n(1), n(2), true
}
