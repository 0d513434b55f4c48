package broker_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// device is a bare MQTT client, which lets a test see each packet.
type device struct {
	t testing.TB
	net.Conn
	r       *bufio.Reader
	version byte
}

type login struct {
	id, user, password string
	persistent         bool
	version            byte // 4 if 0
	will               string
}

// connect returns the client and the return code of its CONNACK.
func connect(t testing.TB, c net.Conn, l login) (*device, byte, bool) {
	t.Helper()
	if l.version == 0 {
		l.version = 4
	}
	d := &device{t: t, Conn: c, r: bufio.NewReaderSize(c, 64<<10), version: l.version}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	flags := byte(0)
	if !l.persistent {
		flags |= 2
	}
	body := append(text("MQTT"), l.version, 0, 0, 60)
	if l.version == 5 {
		if l.persistent {
			body = append(body, 5, 0x11, 0, 0, 0, 60)
		} else {
			body = append(body, 0)
		}
	}
	body = append(body, text(l.id)...)
	if l.will != "" {
		flags |= 4
		body = append(append(body, text(l.will)...), text("gone")...)
	}
	if l.user != "" {
		flags |= 0xc0
		body = append(append(body, text(l.user)...), text(l.password)...)
	}
	body[7] = flags
	d.send(0x10, body)
	kind, ack := d.receive()
	if kind != 0x20 {
		t.Fatalf("got packet %#x, want CONNACK", kind)
	}
	return d, ack[1], ack[0]&1 == 1
}

func text(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func frame(header byte, body []byte) []byte {
	p := []byte{header}
	for n := len(body); ; {
		b := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			p = append(p, b|0x80)
			continue
		}
		return append(append(p, b), body...)
	}
}

func (d *device) send(header byte, body []byte) {
	d.t.Helper()
	if _, err := d.Write(frame(header, body)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) publish(qos byte, id uint16, topic, payload string) {
	d.t.Helper()
	body := text(topic)
	if qos > 0 {
		body = binary.BigEndian.AppendUint16(body, id)
	}
	if d.version == 5 {
		body = append(body, 0)
	}
	d.send(0x30|qos<<1, append(body, payload...))
}

// subscribe returns the granted QoS.
func (d *device) subscribe(filter string) byte {
	d.t.Helper()
	d.send(0x82, append(append([]byte{0xff, 0xfe}, text(filter)...), 1))
	kind, body := d.receive()
	if kind != 0x90 {
		d.t.Fatalf("got packet %#x, want SUBACK", kind)
	}
	return body[2]
}

func (d *device) receive() (byte, []byte) {
	d.t.Helper()
	kind, body, err := d.read()
	if err != nil {
		d.t.Fatalf("receive: %v", err)
	}
	return kind, body
}

func (d *device) read() (byte, []byte, error) {
	kind, err := d.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		return 0, nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(d.r, body)
	return kind, body, err
}

// acked expects an acknowledgement for an identifier.
func (d *device) acked(kind byte, id uint16) {
	d.t.Helper()
	got, body := d.receive()
	if got != kind || binary.BigEndian.Uint16(body) != id {
		d.t.Fatalf("got packet %#x %v, want %#x for %d", got, body, kind, id)
	}
}

// nothing expects that no packet comes for a while: until a PINGRESP, which the broker sends at once.
func (d *device) nothing() {
	d.t.Helper()
	d.send(0xc0, nil)
	if kind, body := d.receive(); kind != 0xd0 {
		d.t.Fatalf("got packet %#x %q, want none", kind, body)
	}
}

// closed expects the end of the connection.
func (d *device) closed() {
	d.t.Helper()
	for {
		_, _, err := d.read()
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			d.t.Fatal("the connection is still open")
		}
		if err != nil {
			return
		}
	}
}
