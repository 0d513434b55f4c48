package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"
)

// MQTT packet types as they stand in the upper half of a packet's first byte.
const (
	TypeConnack byte = 2
	TypePublish byte = 3
	TypeSuback  byte = 9
)

var (
	// ErrMalformed is returned for a stream that is not MQTT.
	ErrMalformed = errors.New("malformed packet")
	// ErrTooLarge is returned for a packet over the limit that cannot be skipped.
	ErrTooLarge = errors.New("packet exceeds the limit")
)

// Oversize is a PUBLISH over the limit, which was read to its end and not kept.
type Oversize struct {
	Header byte // the packet's first byte
	Topic  string
	ID     uint16 // 0 with QoS 0
	Head   []byte // the first MaxPayload+1 bytes behind the identifier; with MQTT 5 they begin with the properties
	Size   int    // bytes behind the identifier
}

// QoS of the message.
func (o Oversize) QoS() byte { return o.Header >> 1 & 3 }

// FilterOptions say what a Filter refuses and whom it tells.
type FilterOptions struct {
	// Limit of a packet's announced length, bytes.
	Limit int
	// Buffer is the size of the read buffer, bytes.
	Buffer int
	// Oversize receives a PUBLISH over the limit after its last byte has arrived. It may block; an error ends the stream.
	// nil: such a packet ends the stream with ErrTooLarge. Without a handler that skips and acknowledges it, a
	// persistent session would deliver the same packet again after every reconnect.
	Oversize func(Oversize) error
	// Publish is offered each PUBLISH within the limit, whole, when everything before it was passed on and the reader behind
	// the filter has come back for more. It reports whether it has taken the message, which is then not passed on. It may
	// block; an error ends the stream. Optional. Only for streams of MQTT 3: version 5 has properties in between.
	Publish func(Publish) (taken bool, err error)
	// Inspect is shown the first byte, the announced length and up to two bytes of the body of each packet that is neither
	// a PUBLISH nor an acknowledgement. An error ends the stream. Optional.
	Inspect func(header byte, length int, body []byte) error
	// Progress is called about once a second while a large packet is being skipped, since the reader behind the filter
	// hears nothing meanwhile and might give the peer up. What it returns is inserted into the stream. Optional.
	Progress func() []byte
}

// Filter passes an MQTT byte stream on unchanged, except for packets whose announced length exceeds the limit. It never
// allocates by an announced length. It has one caller.
type Filter struct {
	FilterOptions
	r      *bufio.Reader
	left   int    // bytes of the current packet that are still to be passed
	insert []byte // bytes to be passed before anything else
	any    bool   // a packet was passed

	large *Oversize // the packet being skipped
	skip  int       // its bytes that are still to come
}

// NewFilter reads from r, in larger pieces the busier it is.
func NewFilter(r io.Reader, o FilterOptions) *Filter {
	return &Filter{FilterOptions: o, r: bufio.NewReaderSize(newGatherer(r), o.Buffer)}
}

// Read passes as many whole packets as are buffered and fit into p, and blocks only while there is nothing to pass.
func (f *Filter) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		switch {
		case len(f.insert) > 0:
			m := copy(p[n:], f.insert)
			f.insert = f.insert[m:]
			n += m
		case f.left > 0:
			if n > 0 && f.r.Buffered() == 0 {
				return n, nil
			}
			m, err := f.r.Read(p[n:min(len(p), n+f.left)])
			n += m
			f.left -= m
			if err != nil {
				return n, err
			}
		case f.large != nil:
			if n > 0 {
				return n, nil
			}
			if err := f.discard(); err != nil {
				return 0, err
			}
		default:
			if n > 0 && !f.buffered() {
				return n, nil
			}
			if err := f.next(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// buffered reports whether next would neither block nor meet a packet that is to be skipped.
func (f *Filter) buffered() bool {
	if f.r.Buffered() < 5 { // the longest fixed header, and all that Inspect sees of a CONNACK
		return false
	}
	b, _ := f.r.Peek(5)
	head, length, err := fixedHeader(b)
	return err == nil && head > 0 && length <= f.Limit && !f.offers(b[0])
}

// offers reports whether a packet with this first byte is offered to Publish.
func (f *Filter) offers(header byte) bool {
	return f.Publish != nil && header>>4 == TypePublish && f.any
}

// next reads the fixed header of the next packet and decides whether it passes.
func (f *Filter) next() error {
	var head, length int
	var b []byte
	for want := 2; head == 0; want++ {
		var err error
		if b, err = f.r.Peek(want); err != nil {
			if len(b) > 0 && errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		if head, length, err = fixedHeader(b); err != nil {
			return err
		}
	}
	kind := b[0] >> 4
	if length > f.Limit {
		if kind != TypePublish || f.Oversize == nil || !f.any {
			return fmt.Errorf("read packet of type %d with %d bytes: %w of %d", kind, length, ErrTooLarge, f.Limit)
		}
		return f.begin(b[0], head, length)
	}
	if f.offers(b[0]) {
		done, err := f.offer(b[0], head, length)
		if done || err != nil {
			return err
		}
	}
	if f.Inspect != nil && (kind < TypePublish || kind > 7) {
		whole, err := f.r.Peek(head + min(length, 2))
		if err != nil {
			return err
		}
		if err := f.Inspect(whole[0], length, whole[head:]); err != nil {
			return err
		}
	}
	f.any = true
	f.left = head + length
	return nil
}

// offer reads a PUBLISH whole and offers it. done: nothing of it is left to be read.
func (f *Filter) offer(header byte, head, length int) (done bool, err error) {
	b, large, err := f.whole(head + length)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return false, err
	}
	p, err := parsePublish(header, b[head:])
	if err != nil {
		return false, err
	}
	taken, err := f.Publish(p)
	switch {
	case err != nil:
		return false, err
	case large && !taken:
		f.insert = b
	case !large && taken:
		_, _ = f.r.Discard(len(b))
	}
	return large || taken, nil
}

// whole returns the next size bytes: those in the buffer, or where they do not fit, a copy that is read piece by piece.
func (f *Filter) whole(size int) (b []byte, read bool, err error) {
	if size <= f.r.Size() {
		b, err = f.r.Peek(size)
		return b, false, err
	}
	for len(b) < size {
		if _, err := f.r.Peek(1); err != nil {
			return b, true, err
		}
		piece, _ := f.r.Peek(min(size-len(b), f.r.Buffered()))
		b = append(b, piece...)
		_, _ = f.r.Discard(len(piece))
	}
	return b, true, nil
}

// begin reads what identifies a PUBLISH that is to be skipped.
func (f *Filter) begin(header byte, head, length int) error {
	if _, err := f.r.Discard(head); err != nil {
		return err
	}
	topic, length, err := f.field(length)
	if err != nil {
		return err
	}
	o := Oversize{Header: header, Topic: string(topic)}
	if o.QoS() > 0 {
		var id [2]byte
		if _, err := io.ReadFull(f.r, id[:]); err != nil {
			return err
		}
		o.ID = uint16(id[0])<<8 | uint16(id[1])
		length -= 2
	}
	if length < 0 {
		return fmt.Errorf("skip publish: topic is longer than the packet: %w", ErrMalformed)
	}
	o.Size = length
	f.large, f.skip = &o, length
	return nil
}

// field reads a length-prefixed field out of the remaining bytes of a packet.
func (f *Filter) field(remaining int) (field []byte, left int, err error) {
	var size [2]byte
	if _, err := io.ReadFull(f.r, size[:]); err != nil {
		return nil, 0, err
	}
	n := int(size[0])<<8 | int(size[1])
	if n+2 > remaining {
		return nil, 0, fmt.Errorf("skip publish: topic of %d bytes in a packet of %d: %w", n, remaining, ErrMalformed)
	}
	field = make([]byte, n)
	_, err = io.ReadFull(f.r, field)
	return field, remaining - n - 2, err
}

// discard reads on in the packet that is being skipped, to its end or until a second has passed.
func (f *Filter) discard() error {
	began := time.Now()
	for f.skip > 0 {
		if _, err := f.r.Peek(1); err != nil {
			return err
		}
		n := min(f.skip, f.r.Buffered())
		b, _ := f.r.Peek(n)
		if room := MaxPayload + 1 - len(f.large.Head); room > 0 {
			f.large.Head = append(f.large.Head, b[:min(n, room)]...)
		}
		_, _ = f.r.Discard(n)
		f.skip -= n
		if f.Progress != nil && time.Since(began) > time.Second {
			f.insert = f.Progress()
			return nil
		}
	}
	o := *f.large
	f.large = nil
	return f.Oversize(o)
}

// fixedHeader returns the size of the fixed header at the start of b and the length that it announces. The size is 0
// while b is too short to tell.
func fixedHeader(b []byte) (head, length int, err error) {
	for i, shift := 1, 0; i < len(b); i, shift = i+1, shift+7 {
		length |= int(b[i]&0x7f) << shift
		if b[i]&0x80 == 0 {
			return i + 1, length, nil
		}
		if i == 4 {
			return 0, 0, fmt.Errorf("read fixed header: length of more than 4 bytes: %w", ErrMalformed)
		}
	}
	return 0, 0, nil
}
