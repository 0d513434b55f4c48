package transcode

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxLines bounds the lines of one message that carry values.
const maxLines = 256

// LineProtocol writes InfluxDB line protocol as
//
//	{"lines": [{"measurement": "air", "tags": {"room": "2"}, "fields": {"co2": 640, "open": true}, "time": 1700000000000000000}]}
//
// time is the number as it was sent: nanoseconds by default, what else the sender was configured for otherwise; null where there
// is none. Numbers of all three kinds are JSON numbers. Comments and empty lines are left out.
//
// A line that cannot be read spoils the message, and so does a tag or field that a line has twice: InfluxDB refuses the one, and
// which of two values counts nobody has said.
func LineProtocol(payload []byte, l Limits, out *object.Writer) error {
	p := lines{
		decoder: lineprotocol.NewDecoderWithBytes(payload),
		limits:  l.withDefaults(),
		seen:    make(map[string]bool),
		out:     out,
	}
	p.budget = p.limits.budget()
	out.Array("lines")
	for n := 1; p.decoder.Next(); n++ {
		if n > maxLines {
			return errorf(telemetry.ReasonTooLarge, "more than %d lines in one message", maxLines)
		}
		if err := p.line(); err != nil {
			return lineFault(err, n)
		}
	}
	out.End()
	return nil
}

// lines is the reading of one payload.
type lines struct {
	decoder *lineprotocol.Decoder
	limits  Limits
	budget  budget
	seen    map[string]bool // names in the object under way
	out     *object.Writer
}

func (p *lines) line() error {
	measurement, err := p.decoder.Measurement()
	if err != nil {
		return err
	}
	if err := p.budget.take(5); err != nil {
		return err
	}
	p.out.Object("")
	if err := p.name(measurement); err != nil {
		return err
	}
	p.out.Text("measurement", string(measurement))
	if err := p.tags(); err != nil {
		return err
	}
	if err := p.fields(); err != nil {
		return err
	}
	return p.time()
}

func (p *lines) tags() error {
	clear(p.seen)
	p.out.Object("tags")
	for {
		key, value, err := p.decoder.NextTag()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		if err := p.name(key); err != nil {
			return err
		}
		p.text(string(key), value)
	}
	p.out.End()
	return nil
}

func (p *lines) fields() error {
	clear(p.seen)
	p.out.Object("fields")
	for {
		key, value, err := p.decoder.NextField()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		if err := p.name(key); err != nil {
			return err
		}
		name := string(key)
		switch value.Kind() {
		case lineprotocol.Int:
			p.out.Int(name, value.IntV())
		case lineprotocol.Uint:
			p.out.Unsigned(name, value.UintV())
		case lineprotocol.Float:
			p.out.Exact(name, value.FloatV())
		case lineprotocol.Bool:
			p.out.Flag(name, value.BoolV())
		default:
			p.text(name, value.BytesV())
		}
	}
	p.out.End()
	return nil
}

func (p *lines) time() error {
	text, err := p.decoder.TimeBytes()
	switch {
	case err != nil:
		return err
	case text == nil:
		p.out.Null("time")
	default:
		at, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return errorf(telemetry.ReasonField, "a time that is no whole number of 64 bits")
		}
		p.out.Int("time", at)
	}
	p.out.End()
	return nil
}

// name checks the name of a measurement, tag or field.
func (p *lines) name(name []byte) error {
	switch {
	case len(name) > maxName:
		return errorf(telemetry.ReasonTooLarge, "a name of %d bytes, want at most %d", len(name), maxName)
	case p.seen[string(name)]:
		return errorf(telemetry.ReasonField, "a tag or field twice")
	}
	p.seen[string(name)] = true
	return p.budget.take(1)
}

func (p *lines) text(name string, value []byte) {
	if len(value) > p.limits.Text {
		p.out.Null(name)
		return
	}
	p.out.Text(name, string(value))
}

// quotedText is how the library shows parts of the payload in its messages; the equals sign that it misses it shows so, too.
var quotedText = regexp.MustCompile(`\(?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)?`)

// lineFault says in which line and column the fault is. n counts the lines that carry values.
func lineFault(err error, n int) error {
	own, _ := errors.AsType[*Error](err)
	syntax, _ := errors.AsType[*lineprotocol.DecodeError](err)
	switch {
	case own != nil:
		return &Error{Reason: own.Reason, Detail: fmt.Sprintf("entry %d: %s", n, own.Detail), Err: own.Err}
	case syntax != nil && errors.Is(err, lineprotocol.ErrValueOutOfRange):
		return errorf(telemetry.ReasonRange, "line %d, column %d: a number that 64 bits cannot hold", syntax.Line, syntax.Column)
	case syntax != nil:
		return errorf(telemetry.ReasonSyntax, "not line protocol at line %d, column %d: %s", syntax.Line, syntax.Column,
			quotedText.ReplaceAllStringFunc(syntax.Err.Error(), withheld))
	}
	return errorf(telemetry.ReasonSyntax, "entry %d is not line protocol", n)
}

func withheld(quoted string) string {
	if quoted == "'='" {
		return quoted
	}
	return "…"
}
