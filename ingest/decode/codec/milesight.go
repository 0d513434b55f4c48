package codec

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// Milesight's LoRaWAN devices send a list of channels: one byte that says which channel, one that says of which type it is, and
// data whose length follows from both, numbers little-endian. Channel and type mean one thing within a line of devices and may
// mean another in the next (03 00 is an occupied desk, an open door, or a leak), so there is one codec for each line. Names and
// values are those of the maker's decoders (github.com/Milesight-IoT/SensorDecoders), with these differences:
//
//   - A value that stands for "no measurement" is null, and where the maker has a member that says why, that is there too.
//   - Replies to commands are read over: they are settings, and among them is a key.
//   - Random numbers that the maker's decoders invent (msgid) are left out.
//   - A frame with an unknown channel is an error as a whole. Its length is unknown, so the rest cannot be read; the maker's
//     decoders keep silent about that.

// msLine is a line of devices that mean the same by each channel.
type msLine struct {
	name     string // of the codec
	title    string // maker and devices
	channels []msChannel
	// replies and extended give the length of replies to commands by type, where this line differs from the common tables.
	replies, extended map[byte]int
}

// msChannel is what one channel of one type carries.
type msChannel struct {
	id, typ byte
	msLayout
	// group is the member that holds the values; empty where they are members of the object itself.
	group string
	// array says that group is an array, and each such channel in a frame one element of it.
	array bool
	// kinds are the layouts of a channel whose data say at kindAt which one they have; msLayout is then unused.
	kinds  map[byte]msLayout
	kindAt int
}

// msLayout is the layout of a channel's data.
type msLayout struct {
	size   int // of the data in bytes
	fields []msField
	// read reads what a table of fields cannot say. It gets exactly size bytes.
	read func(f *msFrame, data []byte) error
}

// msMaxFrame is the longest FRMPayload that any LoRaWAN region allows.
const msMaxFrame = 242

// msLines are all lines.
var msLines = slices.Concat(msPeopleLines, msOccupancyLines, msAmbienceLines, msSwitchLines, msEM300Lines, msEM320Lines, msEM500Lines)

func init() {
	for i := range msLines {
		l := &msLines[i]
		register(l.name, l.title, l.decoder())
	}
}

// msDecoder reads the frames of one line.
type msDecoder struct {
	name              string // of the codec
	channels          map[[2]byte]*msChannel
	replies, extended msLengths
	frames            sync.Pool // of *msFrame
}

// decoder gives the line's codec.
func (l *msLine) decoder() Func {
	d := &msDecoder{
		name:     l.name,
		channels: make(map[[2]byte]*msChannel),
		replies:  msLengths{common: &msReplies, own: l.replies},
		extended: msLengths{common: &msExtended, own: l.extended},
		frames:   sync.Pool{New: func() any { return new(msFrame) }},
	}
	for _, list := range [][]msChannel{msInfo, l.channels} { // a line's own go before what all have
		for i := range list {
			d.channels[[2]byte{list[i].id, list[i].typ}] = &list[i]
		}
	}
	return d.decode
}

func (d *msDecoder) decode(up Uplink, out *object.Writer) error {
	b := up.Bytes
	if len(b) > msMaxFrame {
		return fmt.Errorf("a frame of %d bytes, want at most the %d that LoRaWAN allows", len(b), msMaxFrame)
	}
	f := d.frames.Get().(*msFrame)
	defer d.frames.Put(f)
	f.reset()
	for at := 0; at < len(b); {
		if at+1 == len(b) {
			return fmt.Errorf("channel 0x%02x at byte %d has no type: %w", b[at], at, ErrShort)
		}
		size, err := d.channel(f, b[at], b[at+1], b[at+2:])
		if err != nil {
			return fmt.Errorf("channel 0x%02x type 0x%02x at byte %d: %w", b[at], b[at+1], at, err)
		}
		at += 2 + size
	}
	f.write(out)
	return nil
}

// channel reads one channel from the beginning of data and says how long it was.
func (d *msDecoder) channel(f *msFrame, id, typ byte, data []byte) (size int, err error) {
	if c, ok := d.channels[[2]byte{id, typ}]; ok {
		return c.into(f, data)
	}
	switch id {
	case 0xff, 0xfe: // reply to a command
		return d.replies.of(typ, data)
	case 0xf9: // reply to an extended command
		return d.extended.of(typ, data)
	case 0xf8: // the same, with one byte more that says whether the device obeyed
		size, err = d.extended.of(typ, data)
		if err == nil && len(data) <= size {
			err = msShort(size+1, len(data))
		}
		return size + 1, err
	}
	return 0, fmt.Errorf("unknown to codec %s, so the rest of the frame cannot be read", d.name)
}

// into reads the channel from the beginning of data and says how long it was.
func (c *msChannel) into(f *msFrame, data []byte) (size int, err error) {
	layout := c.msLayout
	if c.kinds != nil {
		if len(data) <= c.kindAt {
			return 0, msShort(c.kindAt+1, len(data))
		}
		var ok bool
		if layout, ok = c.kinds[data[c.kindAt]]; !ok {
			return 0, fmt.Errorf("record of unknown kind 0x%02x, want one of % x", data[c.kindAt], c.kindNames())
		}
	}
	if len(data) < layout.size {
		return 0, msShort(layout.size, len(data))
	}
	f.begin(c.group, c.array)
	data = data[:layout.size]
	for i := range layout.fields {
		layout.fields[i].into(f, data)
	}
	if layout.read != nil {
		err = layout.read(f, data)
	}
	return layout.size, err
}

func (c *msChannel) kindNames() []byte {
	names := make([]byte, 0, len(c.kinds))
	for k := range c.kinds {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

func msShort(want, got int) error {
	return fmt.Errorf("%w: want %d bytes of data, got %d", ErrShort, want, got)
}

// msOf is a channel whose values are members of the object itself.
func msOf(id, typ byte, size int, fields ...msField) msChannel {
	return msChannel{id: id, typ: typ, msLayout: msLayout{size: size, fields: fields}}
}

// msCall is a channel that a function reads.
func msCall(id, typ byte, size int, read func(f *msFrame, data []byte) error) msChannel {
	return msChannel{id: id, typ: typ, msLayout: msLayout{size: size, read: read}}
}

// msIn is a channel whose values are the members of an object called group.
func msIn(group string, id, typ byte, size int, fields ...msField) msChannel {
	return msChannel{id: id, typ: typ, group: group, msLayout: msLayout{size: size, fields: fields}}
}

// msEach is a channel whose values are one element of the array called group.
func msEach(group string, id, typ byte, size int, fields ...msField) msChannel {
	return msChannel{id: id, typ: typ, group: group, array: true, msLayout: msLayout{size: size, fields: fields}}
}

// msHistory is a stored reading. Its data begin with the second of the epoch at which it was taken.
func msHistory(id byte, size int, fields ...msField) msChannel {
	return msEach("history", id, 0xce, size, append([]msField{msTimestamp}, fields...)...)
}

// msHistories is a stored reading of several kinds: after the time, a byte says which one it is.
func msHistories(id byte, kinds map[byte]msLayout) msChannel {
	for k, layout := range kinds {
		layout.fields = append([]msField{msTimestamp}, layout.fields...)
		kinds[k] = layout
	}
	return msChannel{id: id, typ: 0xce, group: "history", array: true, kinds: kinds, kindAt: 4}
}
