package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The bounds of what is opened. A pack that says more is refused before it is unpacked.
const (
	mostFiles  = 5_000
	mostBytes  = 4<<30 - 1 // of one file, and of the pack: no reader of the format disagrees about these
	mostHeld   = 256 << 20 // of a file that is held in memory
	mostPolicy = 256 << 20 // of all policies
)

// archive is a pack that was opened.
type archive struct {
	in      io.ReaderAt
	size    int64
	members map[string]*zip.File
	order   []*zip.File
}

// ErrNoPack says that a file is no evidence pack, or one that is refused unread.
var ErrNoPack = errors.New("this is no evidence pack")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrNoPack, fmt.Errorf(format, args...))
}

// open looks at the frame of a pack and refuses all that our own writing would not have made: what one program would read in it, and another
// would not, must not be there. Nothing is unpacked.
func open(in io.ReaderAt, size int64) (*archive, error) {
	if size > mostBytes {
		return nil, refuse("it has %d bytes, and a pack at most %d", size, int64(mostBytes))
	}
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, refuse("it is no zip file: %w", err)
	}
	if len(z.File) > mostFiles || z.Comment != "" {
		return nil, refuse("it has %d files, and a pack at most %d, without a comment", len(z.File), mostFiles)
	}
	a := &archive{in: in, size: size, members: map[string]*zip.File{}, order: z.File}
	for _, f := range z.File {
		switch {
		case !known(f.Name):
			return nil, refuse("it has a file %.80q, which no pack has", f.Name)
		case a.members[f.Name] != nil:
			return nil, refuse("it has %s twice", f.Name)
		case f.UncompressedSize64 > mostBytes:
			return nil, refuse("%s says that it has %d bytes unpacked, more than %d", f.Name, f.UncompressedSize64, int64(mostBytes))
		}
		a.members[f.Name] = f
	}
	if err := a.frame(); err != nil {
		return nil, err
	}
	return a, nil
}

// frame compares everything of the file that is not packed content with what our own writing makes of the same content.
func (a *archive) frame() error {
	at := int64(0)
	var directory bytes.Buffer
	for _, f := range a.order {
		head := localHead(f.Name)
		begin := at
		if err := a.same(at, head, f.Name); err != nil {
			return err
		}
		at += int64(len(head))
		if f.CompressedSize64 > uint64(a.size-at) {
			return refuse("%s goes on behind the end", f.Name)
		}
		if data, err := f.DataOffset(); err != nil || data != at {
			return refuse("%s lies somewhere else than its place", f.Name)
		}
		at += int64(f.CompressedSize64)
		tail := le().u32(0x08074b50).u32(f.CRC32).u32(uint32(f.CompressedSize64)).u32(uint32(f.UncompressedSize64)).b
		if err := a.same(at, tail, f.Name); err != nil {
			return err
		}
		at += int64(len(tail))
		extra := head[30+len(f.Name):]
		directory.Write(le().u32(0x02014b50).u16(20).raw(head[4:14]).u32(f.CRC32).u32(uint32(f.CompressedSize64)).u32(uint32(f.UncompressedSize64)).
			u16(len(f.Name)).u16(len(extra)).u16(0).u16(0).u16(0).u32(0).u32(uint32(begin)).b)
		directory.WriteString(f.Name)
		directory.Write(extra)
	}
	if err := a.same(at, directory.Bytes(), "the directory"); err != nil {
		return err
	}
	end := le().u32(0x06054b50).u16(0).u16(0).u16(len(a.order)).u16(len(a.order)).u32(uint32(directory.Len())).u32(uint32(at)).u16(0).b
	at += int64(directory.Len())
	if err := a.same(at, end, "the end"); err != nil {
		return err
	}
	if at += int64(len(end)); at != a.size {
		return refuse("something lies behind its end")
	}
	return nil
}

// same wants bytes at a place.
func (a *archive) same(at int64, want []byte, where string) error {
	got := make([]byte, len(want))
	if at+int64(len(want)) > a.size {
		return refuse("it ends in %s", where)
	}
	if _, err := a.in.ReadAt(got, at); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the pack: %w", err)
	}
	if !bytes.Equal(got, want) {
		return refuse("the frame around %s is not as packs are written", where)
	}
	return nil
}

// localHead is what our own writing puts before a file.
func localHead(name string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(io.Writer) (io.WriteCloser, error) { return nothing{}, nil })
	_, _ = z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed}) // writes to memory
	_ = z.Flush()
	return b.Bytes()
}

// nothing is what a head is made with: nothing comes behind it.
type nothing struct{}

// Write takes no notice.
func (nothing) Write(b []byte) (int, error) { return len(b), nil }

// Close does nothing.
func (nothing) Close() error { return nil }

// little writes numbers as zip files have them.
type little struct{ b []byte }

func le() *little { return new(little) }

func (l *little) u16(v int) *little {
	l.b = binary.LittleEndian.AppendUint16(l.b, uint16(v))
	return l
}

func (l *little) u32(v uint32) *little {
	l.b = binary.LittleEndian.AppendUint32(l.b, v)
	return l
}

func (l *little) raw(b []byte) *little {
	l.b = append(l.b, b...)
	return l
}

// member unpacks one file as it is read. It ends with an error where the content is longer or shorter than it says, has another checksum, or
// something lies behind it.
type member struct {
	name  string
	in    *bufio.Reader
	out   io.ReadCloser
	left  int64
	sum   uint32
	want  uint32
	ended error
}

// read opens a file; nil: there is none of the name.
func (a *archive) read(name string) *member {
	f := a.members[name]
	if f == nil {
		return nil
	}
	at, err := f.DataOffset()
	m := &member{name: name, left: int64(min(f.UncompressedSize64, math.MaxInt64)), want: f.CRC32, ended: err}
	m.in = bufio.NewReaderSize(io.NewSectionReader(a.in, at, int64(f.CompressedSize64)), 16<<10)
	m.out = flate.NewReader(m.in)
	return m
}

// Read unpacks on.
func (m *member) Read(b []byte) (int, error) {
	if m.ended != nil {
		return 0, m.ended
	}
	n, err := m.out.Read(b)
	m.left -= int64(n)
	m.sum = crc32.Update(m.sum, crc32.IEEETable, b[:n])
	switch {
	case m.left < 0:
		err = refuse("%s unpacks to more than it says", m.name)
	case errors.Is(err, io.EOF):
		if _, rest := m.in.Peek(1); m.left != 0 || m.sum != m.want || !errors.Is(rest, io.EOF) {
			err = refuse("%s is not what its frame says", m.name)
		}
	case err != nil:
		err = refuse("%s cannot be unpacked: %w", m.name, err)
	}
	m.ended = err
	return n, err
}

// whole unpacks a file that is held in memory.
func (a *archive) whole(name string) ([]byte, error) {
	m := a.read(name)
	if m == nil {
		return nil, refuse("it has no %s", name)
	}
	if m.left > mostHeld {
		return nil, refuse("%s has %d bytes, more than %d", name, m.left, mostHeld)
	}
	b, err := io.ReadAll(m)
	if err != nil {
		return nil, err
	}
	return b, nil
}
