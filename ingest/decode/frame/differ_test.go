package frame_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// A description gives what the Go codec gives that it takes the place of: the same members with the same values, an error where it
// gives one, short frames told as such (where the port is known), and nothing where it gives nothing. FRAMES sets how many random frames are tried.
// Where the codec is gone there is nothing to compare any more: it is for the next maker that is described.
func TestDescriptionsAgreeWithCodecs(t *testing.T) {
	frames := 20_000
	if text := os.Getenv("FRAMES"); text != "" {
		frames, _ = strconv.Atoi(text)
	}
	for _, id := range shippedIDs(t) {
		t.Run(id, func(t *testing.T) {
			c, err := codec.Find(id)
			if err != nil {
				t.Skip("its codec is gone")
			}
			p, d := shipped(t, id), describe(t, id)
			seed := rand.Uint64()
			g := &generator{rand.New(rand.NewPCG(seed, 1)), d}
			read, failed, silent := 0, 0, 0
			for range frames {
				up := g.uplink()
				var a, b object.Writer
				errA, errB := c.Func(up, &a), p.Decode(up, &b)
				switch {
				case (errA == nil) != (errB == nil), up.Port != 0 && errors.Is(errA, codec.ErrShort) != errors.Is(errB, codec.ErrShort):
					t.Fatalf("seed %d: port %d, % x: codec says %v, description %v; %s and %s", seed, up.Port, up.Bytes, errA, errB, a.JSON(), b.JSON())
				case errA != nil:
					failed++
				case a.Empty() != b.Empty():
					t.Fatalf("seed %d: port %d, % x: codec says %s, description %s", seed, up.Port, up.Bytes, a.JSON(), b.JSON())
				case a.Empty():
					silent++
				case string(a.JSON()) != string(b.JSON()) && !same(a.JSON(), b.JSON()):
					t.Fatalf("seed %d: port %d, % x:\ncodec       %s\ndescription %s", seed, up.Port, up.Bytes, a.JSON(), b.JSON())
				default:
					read++
				}
			}
			t.Logf("%d frames: %d read, %d with an error, %d without a reading, no difference", frames, read, failed, silent)
		})
	}
}

// generator makes frames of which many are nearly right.
type generator struct {
	*rand.Rand
	d *frame.Description
}

func (g *generator) uplink() codec.Uplink {
	ports := []uint8{0, 1, 2, 204, 222, byte(g.Uint32())}
	var lengths []int
	for key := range g.d.Frames {
		var port, length int
		if n, _ := fmt.Sscanf(key, "%d, %d/%d", new(int), &port, &length); n == 3 {
			ports, lengths = append(ports, uint8(port)), append(lengths, length)
		} else if n, _ := fmt.Sscanf(key, "%d/%d", &port, &length); n >= 1 {
			ports, lengths = append(ports, uint8(port), uint8(port), uint8(port)), append(lengths, length)
		}
		if n, _ := fmt.Sscanf(key, "%d, %d", new(int), &port); n == 2 {
			ports = append(ports, uint8(port), uint8(port))
		}
	}
	slices.Sort(ports)
	slices.Sort(lengths)
	up := codec.Uplink{Port: ports[g.IntN(len(ports))]}
	n := g.IntN(14)
	if len(lengths) > 0 && g.IntN(2) == 0 {
		n = lengths[g.IntN(len(lengths))]
	}
	up.Bytes = make([]byte, n)
	for i := range up.Bytes {
		up.Bytes[i] = g.octet()
	}
	if len(g.d.Items) > 0 && g.IntN(8) > 0 {
		up.Bytes = g.items(up.Port)
	}
	return up
}

// octet favours the ends of the range.
func (g *generator) octet() byte {
	switch g.IntN(6) {
	case 0:
		return 0
	case 1:
		return []byte{0xFF, 0x7F, 0x80, 1}[g.IntN(4)]
	}
	return byte(g.Uint32())
}

// items makes a row of known items with random values of the right length, sometimes cut or changed.
func (g *generator) items(port uint8) []byte {
	var names []string
	for name := range g.d.Items {
		names = append(names, name)
	}
	slices.Sort(names)
	name := names[g.IntN(len(names))]
	if port == 4 && slices.Contains(names, "registers") {
		name = "registers"
	}
	it := g.d.Items[name]
	var keys []string
	for key := range it.Of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b []byte
	if g.d.ID == "hkt" {
		b = append(b, 'h', 'k', 't', g.octet(), g.octet())
	}
	for range 1 + g.IntN(6) {
		key := keys[g.IntN(len(keys))]
		if it.Channel {
			b = append(b, byte(g.IntN(4)))
		}
		v, _ := strconv.ParseInt(key, 0, 64)
		if it.Key == "u16" || v > 0xFF {
			b = append(b, byte(v>>8))
		}
		b = append(b, byte(v))
		for range frame.LengthOf(it.Of[key]) {
			b = append(b, g.octet())
		}
	}
	switch g.IntN(10) {
	case 0:
		b = b[:g.IntN(len(b)+1)]
	case 1:
		b[g.IntN(len(b))] = byte(g.Uint32())
	case 2:
		b = append(b, g.octet())
	}
	return b
}
