package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	v1 "github.com/go-json-experiment/json/v1"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostLine bounds a line of a file of lines: a configuration of thousands of devices stands in a file of its own.
const mostLine = 8 << 20

// instantText writes a time as RFC 3339 in UTC with the digits that it needs. A number of nanoseconds would be more than many programs
// read exactly. A time that is not set is empty.
func instantText(t telemetry.Instant) string {
	switch t {
	case 0:
		return ""
	case telemetry.Never:
		return "never"
	}
	return t.Time().Format(time.RFC3339Nano)
}

// parseInstant reads what instantText writes, and nothing else.
func parseInstant(s string) (telemetry.Instant, error) {
	switch s {
	case "":
		return 0, nil
	case "never":
		return telemetry.Never, nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %.40q: want one such as 2026-11-30T08:00:00Z", s)
	}
	t := telemetry.InstantOf(at)
	if instantText(t) != s {
		return 0, fmt.Errorf("time %.40q: want %s", s, instantText(t))
	}
	return t, nil
}

// form is how values are written in a pack: times as text, and strictly read. Equal values give equal bytes.
var form = json.JoinOptions(
	json.Deterministic(true),
	json.RejectUnknownMembers(true),
	v1.OmitEmptyWithLegacySemantics(true),
	json.WithMarshalers(json.MarshalToFunc(func(out *jsontext.Encoder, t telemetry.Instant) error {
		return out.WriteToken(jsontext.String(instantText(t)))
	})),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(in *jsontext.Decoder, t *telemetry.Instant) error {
		token, err := in.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() != '"' {
			return fmt.Errorf("a time is %s, want text", token.Kind())
		}
		*t, err = parseInstant(token.String())
		return err
	})),
)

// encode writes one line with its end.
func encode(to []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(to)
	if err := json.MarshalWrite(b, v, form); err != nil {
		return to, fmt.Errorf("writing a %s: %w", reflect.TypeOf(v), err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// decode reads one line without its end. A line that says the same in other bytes is refused: what is checked are the bytes.
func decode(line []byte, v any) error {
	if err := json.Unmarshal(line, v, form); err != nil {
		var semantic *json.SemanticError
		if errors.As(err, &semantic) && semantic.Err != nil {
			return fmt.Errorf("%s: %w", semantic.JSONPointer, semantic.Err)
		}
		return err
	}
	again, err := encode(nil, v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again[:len(again)-1], line) {
		return errors.New("it is not written as packs are: the same values have other bytes")
	}
	return nil
}

// errStop ends the reading of lines without an error.
var errStop = errors.New("stop")

// eachLine calls fn with every line, and its number from 1. The line is good during the call only.
func eachLine(r io.Reader, fn func(n int, line []byte) error) error {
	var buf []byte
	n, from, ended := 0, 0, false
	for {
		if i := bytes.IndexByte(buf[from:], '\n'); i >= 0 {
			n++
			if err := fn(n, buf[from:from+i]); err != nil {
				if errors.Is(err, errStop) {
					return nil
				}
				return fmt.Errorf("line %d: %w", n, err)
			}
			from += i + 1
			continue
		}
		if ended {
			if from < len(buf) {
				return fmt.Errorf("line %d has no end", n+1)
			}
			return nil
		}
		buf = append(buf[:0], buf[from:]...)
		from = 0
		if len(buf) > mostLine {
			return fmt.Errorf("line %d is longer than %d bytes", n+1, mostLine)
		}
		have := len(buf)
		buf = append(buf, make([]byte, 64<<10)...)
		got, err := io.ReadFull(r, buf[have:])
		buf = buf[:have+got]
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			ended = true
		case err != nil:
			return err
		}
	}
}

// seconds writes a duration as people add them up. Durations of a period are far below the 2^53 ns that a number holds exactly.
func seconds(d time.Duration) float64 { return float64(d) / float64(time.Second) }

// share is a share, or none.
func share(v float64, known bool) *float64 {
	if !known || math.IsNaN(v) {
		return nil
	}
	return &v
}
