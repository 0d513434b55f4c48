package mqtt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAMessageIsReadAsItWasWritten(t *testing.T) {
	for _, size := range []int{0, 1, 100, 127, 128, 16384, 3 << 20} {
		payload := bytes.Repeat([]byte("x"), size)
		raw := AppendPublish(nil, AppendString(nil, "a/b"), payload, 0x1234)
		packet, err := read(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		topic, got, id, err := packet.Message()
		if packet.Type != Publish || string(topic) != "a/b" || !bytes.Equal(got, payload) || id != 0x1234 || err != nil {
			t.Errorf("%d bytes: type %d, topic %q, %d bytes, id %x, %v", size, packet.Type, topic, len(got), id, err)
		}
	}
}

func TestPacketsThatEndEarlyAreErrors(t *testing.T) {
	whole := AppendPublish(nil, AppendString(nil, "a/b"), []byte("payload"), 7)
	for n := range len(whole) {
		if _, err := read(bufio.NewReader(bytes.NewReader(whole[:n])), nil); err == nil {
			t.Errorf("%d of %d bytes are read as a packet", n, len(whole))
		}
	}
	if _, err := read(bufio.NewReader(strings.NewReader("\x30\xff\xff\xff\xff\x01")), nil); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a length of five bytes: got %v, want an error", err)
	}
	for _, body := range []string{"", "\x00", "\x00\x03ab", "\x00\x03abc", "\x00\x03abc\x00"} {
		if _, _, _, err := (Packet{Type: Publish, Flags: 2, Body: []byte(body)}).Message(); err == nil {
			t.Errorf("%q is taken as a message of QoS 1", body)
		}
	}
}

func TestMessageOfQoS0HasNoIdentifier(t *testing.T) {
	topic, payload, id, err := Packet{Type: Publish, Body: []byte("\x00\x01ahello")}.Message()
	if string(topic) != "a" || string(payload) != "hello" || id != 0 || err != nil {
		t.Errorf("got %q, %q, %d, %v", topic, payload, id, err)
	}
}
