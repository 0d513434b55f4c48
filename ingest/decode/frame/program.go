package frame

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// Program is a description made ready. It does not change and is safe for concurrent use.
type Program struct {
	title  string
	ignore []pattern
	// ports are the frames of each port; any those of all other ports, nil where there are none.
	ports [256][]layout
	any   []layout
	// silent: other ports carry no reading.
	silent bool
}

// layout is how one kind of frame is built.
type layout struct {
	length  int // in bytes; -1 where it does not matter
	silent  bool
	refused bool
	fields  []field
	end     ending
	items   *items // of endsInItems
}

// ending is what follows the fields of a row.
type ending uint8

const (
	endsHere ending = iota
	endsInItems
	endsUnread
	endsIgnored
)

// items are typed items by their key.
type items struct {
	key  field
	wide int64 // keys from here on have a second byte; 0: none has
	// channel: each key stands behind one; strict: an unknown key refuses the frame.
	channel, strict bool
	of              map[int64]*item
}

type item struct {
	group  int // items that write the same name have the same
	fields []field
}

// pattern is a frame that is ignored.
type pattern struct {
	zeros bool
	bytes []int16 // -1: any
	rest  bool    // more may follow
}

// Decode reads an uplink into out, as codec.Func does.
func (p *Program) Decode(up codec.Uplink, out *object.Writer) error {
	if len(up.Bytes) > maxFrame {
		return fmt.Errorf("byte %d: the frame has %d bytes, want at most %d", maxFrame, len(up.Bytes), maxFrame)
	}
	layouts := p.ports[up.Port]
	if layouts == nil {
		layouts = p.any
	}
	if layouts == nil && p.silent {
		return nil
	}
	for i := range p.ignore {
		if p.ignore[i].fits(up.Bytes) {
			return nil
		}
	}
	if layouts == nil || layouts[0].refused {
		return fmt.Errorf("port %d is none of %s", up.Port, p.title)
	}
	for i := range layouts {
		if l := &layouts[i]; l.length < 0 || l.length == len(up.Bytes) {
			return l.decode(up.Bytes, out)
		}
	}
	return otherLength(up, layouts)
}

// otherLength says that no frame of the port is so long.
func otherLength(up codec.Uplink, layouts []layout) error {
	longest, lengths := 0, ""
	for i := range slices.Backward(layouts) { // the shortest first
		if lengths != "" {
			lengths += " or "
		}
		lengths += strconv.Itoa(layouts[i].length)
		longest = max(longest, layouts[i].length)
	}
	err := fmt.Errorf("port %d: got %d bytes, want %s", up.Port, len(up.Bytes), lengths)
	if len(up.Bytes) < longest {
		return fmt.Errorf("%w: %w", err, codec.ErrShort)
	}
	return err
}

func (l *layout) decode(frame []byte, out *object.Writer) error {
	if l.silent {
		return nil
	}
	b := bits{frame: frame, channel: -1}
	row(l.fields, &b, out)
	switch {
	case b.err != nil:
	case l.end == endsInItems:
		l.items.read(&b, out)
	case b.left() == 0 || l.end == endsIgnored:
	case l.end == endsUnread:
		out.Int("unread", int64(b.left()))
	default:
		return fmt.Errorf("byte %d: %d bytes are left, want the end of the frame", b.pos(), b.left())
	}
	return b.err
}

// read reads items to the end of the frame.
func (it *items) read(b *bits, out *object.Writer) {
	var seen seen
	for first := b.at == 0; first || b.left() > 0; first = false {
		at := b.pos()
		if it.channel {
			b.channel = int(b.read(8))
		}
		keyAt := b.pos()
		key := it.key.raw(b)
		if it.wide > 0 && key >= it.wide {
			key = key<<8 | int64(b.read(8))
		}
		if b.err != nil {
			return
		}
		one := it.of[key]
		if one == nil {
			if at == 0 || it.strict || out.Empty() {
				b.err = fmt.Errorf("byte %d: unknown type %#x", keyAt, key)
				return
			}
			out.Int("unread", int64(len(b.frame)-at))
			return
		}
		if seen.twice(b.channel, one.group) {
			b.err = fmt.Errorf("byte %d: type %#x a second time", at, key)
			return
		}
		row(one.fields, b, out)
		if b.err != nil {
			return
		}
	}
}

// seen are the items of a frame so far, with their channels. A frame has room for a few of them.
type seen struct {
	count int
	items [maxFrame]uint32
}

// twice notes an item and reports whether it was there already.
func (s *seen) twice(channel, group int) bool {
	one := uint32(channel+1)<<16 | uint32(group)
	if slices.Contains(s.items[:s.count], one) {
		return true
	}
	s.items[s.count] = one
	s.count++
	return false
}

// fits reports whether a frame is one of those that are ignored.
func (p *pattern) fits(frame []byte) bool {
	if p.zeros {
		for _, c := range frame {
			if c != 0 {
				return false
			}
		}
		return len(frame) > 0
	}
	if len(frame) < len(p.bytes) || len(frame) > len(p.bytes) && !p.rest {
		return false
	}
	for i, want := range p.bytes {
		if want >= 0 && frame[i] != byte(want) {
			return false
		}
	}
	return true
}

// errorAt says that another value was found than the one that must stand there.
func errorAt(at int, found, want int64) error {
	return fmt.Errorf("byte %d: found %#06x, want %#06x", at, found, want)
}

// joined reads the numbers behind the first and writes all as one text.
func (f *field) joined(first int64, b *bits) string {
	var room [64]byte
	text := f.digits(room[:0], first)
	for _, sign := range f.join {
		text = append(text, string(sign)...)
		text = f.digits(text, f.raw(b))
	}
	return string(text)
}

func (f *field) digits(text []byte, raw int64) []byte {
	if f.signed {
		return strconv.AppendInt(text, raw, 10)
	}
	return strconv.AppendUint(text, uint64(raw), 10)
}
