package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// Every PUBLISH is offered once, whole and in its place between the other packets, however the network and the reader cut
// the stream; those that are not taken come through unchanged.
func FuzzFilterOffers(f *testing.F) {
	f.Add(uint64(1), []byte{0x30, 2, 0, 9})
	f.Add(uint64(7), []byte{0xd0, 0})
	f.Fuzz(func(t *testing.T, seed uint64, tail []byte) {
		random := rand.New(rand.NewPCG(seed, 0))
		in := packet(wire.TypeConnack<<4, []byte{0, 0})
		want := [][]byte{in}
		for range random.IntN(30) {
			p := publish(byte(random.IntN(3)), "gerbang/v1/s/d", uint16(random.IntN(65535)+1), random.IntN(300))
			if random.IntN(3) == 0 {
				p = packet(byte(4+random.IntN(11))<<4, bytes.Repeat([]byte{1}, random.IntN(100)))
			}
			want = append(want, p)
			in = append(slices.Clip(in), p...)
		}
		in = append(in, tail...) // arbitrary bytes: must not panic

		var got bytes.Buffer // what was taken and what came through, in order
		expected := len(bytes.Join(want, nil))
		filter := wire.NewFilter(source(bytes.NewReader(in), random), wire.FilterOptions{Limit: 400, Buffer: 64,
			Publish: func(p wire.Publish) (bool, error) {
				if random.IntN(4) == 0 {
					return false, nil
				}
				body := append([]byte{byte(len(p.Topic) >> 8), byte(len(p.Topic))}, p.Topic...)
				if p.QoS() > 0 {
					body = append(body, byte(p.ID>>8), byte(p.ID))
				}
				got.Write(packet(p.Header, append(body, p.Payload...)))
				return true, nil
			}})
		var err error
		for err == nil {
			p := make([]byte, 1+random.IntN(200))
			var n int
			n, err = filter.Read(p)
			got.Write(p[:n])
		}
		if out := got.Bytes(); len(out) < expected || !bytes.Equal(out[:expected], bytes.Join(want, nil)) {
			t.Errorf("got %d bytes %x,\nwant first %x", len(out), out, bytes.Join(want, nil))
		}
	})
}

func TestFilterRefusesABrokenPublish(t *testing.T) {
	for name, p := range map[string][]byte{
		"shorter than a topic's length":   {0x30, 1, 0},
		"a topic longer than the packet":  {0x30, 3, 0, 9, 'a'},
		"no room for the identifier":      {0x32, 4, 0, 1, 'a', 0},
		"a topic, longer than the buffer": append([]byte{0x32, 0x80, 0x01, 0xff, 0xff}, make([]byte, 126)...),
	} {
		stream := append(packet(wire.TypeConnack<<4, []byte{0, 0}), p...)
		filter := wire.NewFilter(bytes.NewReader(stream), wire.FilterOptions{Limit: 400, Buffer: 64,
			Publish: func(wire.Publish) (bool, error) { t.Errorf("%s: was offered", name); return true, nil }})
		if _, err := io.Copy(io.Discard, filter); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: got error %v, want %v", name, err, wire.ErrMalformed)
		}
	}
}

func TestStrings(t *testing.T) {
	var s wire.Strings
	for _, c := range []struct {
		topic string
		valid bool
	}{{"gerbang/v1/s/d", true}, {"a/+/b", false}, {"a/#", false}, {"a\x00b", false}, {"a\xffb", false}, {"gerbang/v1/s/d", true}} {
		if got, valid := s.Topic([]byte(c.topic)); got != c.topic || valid != c.valid {
			t.Errorf("Topic(%q): got %q, %v, want it as it is, %v", c.topic, got, valid, c.valid)
		}
	}
	// Payloads do not overlap, however much is appended to one of them.
	var kept, want [][]byte
	for i := range 2000 {
		p := bytes.Repeat([]byte{byte(i)}, i)
		kept, want = append(kept, s.Payload(p)), append(want, p)
	}
	for i := range kept {
		_ = append(kept[i], "overwritten"...)
	}
	for i := range kept {
		if !bytes.Equal(kept[i], want[i]) {
			t.Fatalf("payload %d: got %x, want %x", i, kept[i], want[i])
		}
	}
}

// A busy connection is told to be quiet while its reader sleeps; nothing that comes meanwhile may be left lying.
func TestBusyConnectionDeliversTheLastByte(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	one := publish(1, "gerbang/v1/s/d", 7, 1000)
	const count = 3000
	sent := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			sent <- err
			return
		}
		for range count {
			if _, err = c.Write(one); err != nil {
				break
			}
		}
		sent <- err
		_, _ = io.Copy(io.Discard, c) // until the other side has closed
		_ = c.Close()
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	filter := wire.NewFilter(c, wire.FilterOptions{Limit: 4000, Buffer: 8 << 10})
	if n, err := io.CopyN(io.Discard, filter, int64(count*len(one))); err != nil {
		t.Errorf("got %d bytes and %v, want %d", n, err, count*len(one))
	}
	_ = c.Close()
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
