package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func publish(qos byte, topic string, id uint16, payload int) []byte {
	body := append([]byte{byte(len(topic) >> 8), byte(len(topic))}, topic...)
	if qos > 0 {
		body = append(body, byte(id>>8), byte(id))
	}
	body = append(body, bytes.Repeat([]byte{'x'}, payload)...)
	return packet(0x30|qos<<1, body)
}

func packet(header byte, body []byte) []byte {
	p := []byte{header}
	n := len(body)
	for {
		b := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			p = append(p, b|0x80)
			continue
		}
		return append(append(p, b), body...)
	}
}

// Whatever is small enough passes byte for byte, however the network and the reader cut it.
func FuzzFilterPasses(f *testing.F) {
	f.Add(uint64(1), []byte{0x20, 2, 0, 0, 0xd0, 0})
	f.Add(uint64(2), publish(1, "gerbang/v1/s/d", 7, 300))
	f.Fuzz(func(t *testing.T, seed uint64, tail []byte) {
		random := rand.New(rand.NewPCG(seed, 0))
		const limit = 500
		var in, want []byte
		skipped := 0
		for range 1 + random.IntN(20) {
			size := random.IntN(900)
			p := publish(byte(random.IntN(3)), "gerbang/v1/s/d", uint16(random.IntN(65535)+1), size)
			if random.IntN(4) == 0 {
				p = packet(byte(random.IntN(15)+1)<<4, bytes.Repeat([]byte{1}, random.IntN(limit+1)))
			}
			in = append(in, p...)
			if body := len(p) - 3; len(p) > 130 && p[0]>>4 == wire.TypePublish && body > limit && len(want) > 0 {
				skipped++
				continue
			} else if len(p) > 130 && body > limit {
				in = in[:len(in)-len(p)] // the first packet must pass
				continue
			}
			want = append(want, p...)
		}
		in = append(in, tail...) // arbitrary bytes: must not panic, and no more than them may come out
		got := 0
		filter := wire.NewFilter(source(bytes.NewReader(in), random), wire.FilterOptions{Limit: limit, Buffer: 64,
			Oversize: func(o wire.Oversize) error {
				got++
				if got <= skipped && (o.Topic != "gerbang/v1/s/d" || len(o.Head) != o.Size) {
					t.Errorf("oversize: got topic %q, %d of %d bytes", o.Topic, len(o.Head), o.Size)
				}
				return nil
			}})
		var out []byte
		for {
			p := make([]byte, 1+random.IntN(300))
			n, err := filter.Read(p)
			out = append(out, p[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.HasPrefix(out, want) {
			t.Fatalf("seed %d: %d bytes in, got %d bytes which do not begin with the %d that fit", seed, len(in), len(out), len(want))
		}
		if len(out) > len(want)+len(tail) || got < skipped {
			t.Fatalf("seed %d: got %d bytes, %d skipped; want at most %d and at least %d", seed, len(out), got, len(want)+len(tail), skipped)
		}
	})
}

func source(r io.Reader, random *rand.Rand) io.Reader {
	switch random.IntN(4) {
	case 0:
		return iotest.OneByteReader(r)
	case 1:
		return iotest.HalfReader(r)
	case 2:
		return iotest.DataErrReader(r)
	}
	return r
}

func TestFilterRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"huge announced length":            {[]byte{0x20, 0xff, 0xff, 0xff, 0x7f}, wire.ErrTooLarge},
		"length of five bytes":             {[]byte{0x30, 0x80, 0x80, 0x80, 0x80, 1}, wire.ErrMalformed},
		"large publish before any packet":  {publish(1, "a", 1, 2000), wire.ErrTooLarge},
		"topic longer than its packet":     {append([]byte{0xd0, 0}, packet(0x32, bytes.Repeat([]byte{0xff}, 1500))...), wire.ErrMalformed},
		"ends inside a fixed header":       {[]byte{0x30}, io.ErrUnexpectedEOF},
		"large publish without its ending": {append([]byte{0xd0, 0}, publish(1, "a", 1, 2000)[:900]...), io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			f := wire.NewFilter(bytes.NewReader(c.in), wire.FilterOptions{Limit: 1000, Buffer: 128,
				Oversize: func(wire.Oversize) error { t.Error("an incomplete packet was handed over"); return nil }})
			if _, err := io.Copy(io.Discard, f); errors.Is(c.want, io.EOF) && err != nil || !errors.Is(c.want, io.EOF) && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestConnKeepsOrderAndGathers(t *testing.T) {
	client, server := pair(t)
	c := wire.NewConn(client, wire.NewFilter(client, wire.FilterOptions{Limit: 100, Buffer: 100}), time.Second)
	const acks = 20000
	go func() {
		for i := range acks {
			c.Ack(wire.Puback, uint16(i+1))
			if i == acks/2 {
				if _, err := c.Write([]byte{0xc0, 0, 0, 0}); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	got := make([]byte, 4*(acks+1))
	if _, err := io.ReadFull(server, got); err != nil {
		t.Fatal(err)
	}
	next := 1
	for i := 0; i < len(got); i += 4 {
		if got[i] == 0xc0 {
			if next != acks/2+2 {
				t.Errorf("the packet stands behind %d acknowledgements, want %d", next-1, acks/2+1)
			}
			continue
		}
		if id := int(got[i+2])<<8 | int(got[i+3]); id != next {
			t.Fatalf("got identifier %d, want %d", id, next)
		}
		next++
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	c.Ack(wire.Puback, 1) // after Close: nothing, and no goroutine
}

// A peer that stops reading must not hold a writer for longer than the deadline, and the reader must learn of it.
func TestConnWriteDeadline(t *testing.T) {
	client, server := pair(t)
	_ = client.(*net.TCPConn).SetWriteBuffer(4096)
	_ = server.(*net.TCPConn).SetReadBuffer(4096)
	c := wire.NewConn(client, wire.NewFilter(client, wire.FilterOptions{Limit: 100, Buffer: 100}), 50*time.Millisecond)
	failed := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		failed <- err
	}()
	for range 100 {
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			break
		}
	}
	// Not net.ErrClosed: who reads that believes that it closed the connection itself.
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		t.Errorf("the reader of a dead connection: got %v, want the error of the write", err)
	}
	_ = c.Close()
}

func TestBacklog(t *testing.T) {
	var b wire.Backlog
	for i := range 20000 {
		b.Take(int64(i))
	}
	if b.Len() != 20000 {
		t.Errorf("Len: got %d, want 20000", b.Len())
	}
	for range 19990 {
		b.Done()
	}
	if got := b.Oldest(20000); got != 10 {
		t.Errorf("Oldest: got %d, want 10", got)
	}
	for range 10 {
		b.Done()
	}
	if got := b.Oldest(20000); got != 0 || b.Len() != 0 {
		t.Errorf("empty: got %d, %d", got, b.Len())
	}
}

func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
