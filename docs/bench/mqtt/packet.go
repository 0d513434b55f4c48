// Package mqtt is as much of MQTT 3.1.1 as the load generator needs. Packets are encoded straight into the caller's buffer, without an
// allocation a message, so that the generator does not take the processor from what it measures.
package mqtt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Packet types: the upper four bits of a packet's first byte.
const (
	Connack = 2
	Publish = 3
	Puback  = 4
	Suback  = 9
)

// maxLength is the longest body that MQTT can say.
const maxLength = 1<<28 - 1

// Packet is one packet as it was read. Body is valid until the next packet is read into the same buffer.
type Packet struct {
	Type, Flags byte
	Body        []byte
}

// AppendString appends a string with its length before it.
func AppendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// AppendLength appends the length of a packet's body: seven bits a byte, the lowest first.
func AppendLength(b []byte, n int) []byte {
	for n > 0x7f {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// AppendPublish appends a PUBLISH packet of QoS 1. topic carries its length already, as AppendString writes it.
func AppendPublish(b, topic, payload []byte, id uint16) []byte {
	b = append(b, Publish<<4|1<<1)
	b = AppendLength(b, len(topic)+2+len(payload))
	b = append(b, topic...)
	b = binary.BigEndian.AppendUint16(b, id)
	return append(b, payload...)
}

// Message takes a PUBLISH packet apart. id is 0 for QoS 0, which wants no PUBACK.
func (p Packet) Message() (topic, payload []byte, id uint16, err error) {
	short := func() error {
		return fmt.Errorf("reading a PUBLISH of %d bytes: it ends before its payload", len(p.Body))
	}
	if len(p.Body) < 2 {
		return nil, nil, 0, short()
	}
	n := 2 + int(binary.BigEndian.Uint16(p.Body))
	if len(p.Body) < n {
		return nil, nil, 0, short()
	}
	topic, rest := p.Body[2:n], p.Body[n:]
	if p.Flags>>1&3 > 0 {
		if len(rest) < 2 {
			return nil, nil, 0, short()
		}
		id, rest = binary.BigEndian.Uint16(rest), rest[2:]
	}
	return topic, rest, id, nil
}

// read reads one packet, into buf if it is long enough. The error is the reader's own, so that an end is io.EOF.
func read(r *bufio.Reader, buf []byte) (Packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return Packet{}, err
	}
	n, shift := 0, 0
	for {
		digit, err := r.ReadByte()
		if err != nil {
			return Packet{}, err
		}
		n |= int(digit&0x7f) << shift
		if digit&0x80 == 0 {
			break
		}
		if shift += 7; 1<<shift > maxLength {
			return Packet{}, errors.New("reading a packet: its length has more than four bytes")
		}
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return Packet{}, err
	}
	return Packet{Type: first >> 4, Flags: first & 15, Body: buf}, nil
}
