package decode

import (
	"errors"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/script"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// reader reads the bytes of a radio frame into out: a description, a built-in codec, or the maker's own script.
type reader func(up codec.Uplink, received telemetry.Instant, out *object.Writer) error

// scripted is how the name of a script's file ends.
const scripted = ".js"

// readerOf makes the model's Codec ready; nil with a problem noted.
func readerOf(c *model.Compiler) reader {
	m := c.M
	if m.Layout != nil {
		described, err := frame.Compile(m.Layout)
		if err != nil {
			c.Fail("codec", err)
			return nil
		}
		return func(up codec.Uplink, _ telemetry.Instant, out *object.Writer) error { return described.Decode(up, out) }
	}
	if !strings.HasSuffix(m.Codec, scripted) {
		found, err := codec.Find(m.Codec)
		c.Fail("codec", err)
		return func(up codec.Uplink, _ telemetry.Instant, out *object.Writer) error { return found.Func(up, out) }
	}
	if m.Script == "" {
		c.Fail("codec", errors.New("the script is empty, or was not read"))
		return nil
	}
	program, err := script.Compile(m.Codec, m.Script, script.Limits{})
	if err != nil {
		c.Fail("codec", err)
		return nil
	}
	return func(up codec.Uplink, received telemetry.Instant, out *object.Writer) error {
		return program.Decode(up, script.Extra{Received: received.Time()}, out)
	}
}

// codecOf reads the frames of a model; nil: it has no codec.
func codecOf(m *ready) reader {
	switch p := m.Prepared.(type) {
	case reader:
		return p
	case *framed:
		return p.read
	}
	return nil
}
