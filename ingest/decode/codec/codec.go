// Package codec reads the raw bytes of LoRaWAN uplinks. A codec knows how one maker packs values into bytes and gives them
// back as a JSON object, with the field names and units of that maker's own decoder: whether the network server decodes or
// the gateway does, a device model finds the same fields. What the fields mean is the model's business, not the codec's.
package codec

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// Uplink is one LoRaWAN frame as the application gets it, decrypted.
type Uplink struct {
	Port  uint8  // FPort, 1 to 223; 0 where the network server did not say
	Bytes []byte // FRMPayload
}

// Func reads an uplink into out. It keeps no reference to the bytes and is safe for concurrent use. A frame that is
// understood and carries nothing (a reply to a command, a join) leaves out empty. What cannot be read is an error that says
// at which byte, what was found and what was expected, without repeating payload; what was written to out is then void.
type Func func(up Uplink, out *object.Writer) error

// Codec is a built-in codec as `gerbang models` lists it.
type Codec struct {
	Name  string // in a model: a-z, 0-9, -
	Title string // maker and devices
	Func  Func
}

// Find gives the built-in codec called name.
func Find(name string) (Codec, error) {
	c, ok := builtin[name]
	if !ok {
		return Codec{}, fmt.Errorf("unknown codec %q, want the path of a .js file or one of %v", name, Names())
	}
	return c, nil
}

// Names lists the built-in codecs in order.
func Names() []string { return slices.Sorted(maps.Keys(builtin)) }

// builtin holds all built-in codecs by name; each file of codecs registers its own.
var builtin = make(map[string]Codec)

// register is for init functions: a name that is taken is a mistake of the program.
func register(name, title string, f Func) {
	if _, taken := builtin[name]; taken {
		panic("codec " + name + " is registered twice")
	}
	builtin[name] = Codec{name, title, f}
}

// ErrShort is why a frame that ends inside a value is not read.
var ErrShort = errors.New("the frame ends too early")
