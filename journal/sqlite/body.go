package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// An observation's body is written once per message and is the journal's hot path, so it has its own encoder. It looks like
//
//	{"device":"d17","sequence":4711,"values":[["people_in",2],["people_in",1,"line2"],["button",1,"","long"]]}
//
// with boot, provenance, flags, device_time and task where they are set. Numbers survive exactly.
func appendObservation(b []byte, o *telemetry.Observation) ([]byte, error) {
	b = append(b, `{"device":`...)
	b = appendString(b, o.Device)
	if o.Boot != "" {
		b = append(b, `,"boot":`...)
		b = appendString(b, o.Boot)
	}
	if o.HasSequence {
		b = append(b, `,"sequence":`...)
		b = strconv.AppendUint(b, o.Sequence, 10)
	}
	if o.Provenance != telemetry.Sensor {
		b = append(b, `,"provenance":`...)
		b = strconv.AppendUint(b, uint64(o.Provenance), 10)
	}
	if o.Flags != 0 {
		b = append(b, `,"flags":`...)
		b = strconv.AppendUint(b, uint64(o.Flags), 10)
	}
	if o.DeviceTime != "" {
		b = append(b, `,"device_time":`...)
		b = appendString(b, o.DeviceTime)
	}
	if o.Task != nil {
		task, err := json.Marshal(o.Task)
		if err != nil {
			return nil, fmt.Errorf("encoding a task log: %w", err)
		}
		b = append(append(b, `,"task":`...), task...)
	}
	b = append(b, `,"values":[`...)
	for i := range o.Readings {
		r := &o.Readings[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `["`...)
		b = append(b, r.Quantity.String()...)
		b = append(b, `",`...)
		b = strconv.AppendFloat(b, r.Value, 'g', -1, 64)
		if r.Channel != "" || r.Text != "" {
			b = append(b, ',')
			b = appendString(b, r.Channel)
		}
		if r.Text != "" {
			b = append(b, ',')
			b = appendString(b, r.Text)
		}
		b = append(b, ']')
	}
	return append(b, `]}`...), nil
}

// appendString quotes s. Ids and numbers, nearly all there is, need no escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			q, _ := jsontext.AppendQuote(b, s) // replaces invalid UTF-8, which is its only error
			return q
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// observationBody is the shape of an observation's body for reading.
type observationBody struct {
	Device     string              `json:"device"`
	Boot       string              `json:"boot"`
	Sequence   *uint64             `json:"sequence"`
	Provenance uint8               `json:"provenance"`
	Flags      uint8               `json:"flags"`
	DeviceTime string              `json:"device_time"`
	Task       *telemetry.TaskLog  `json:"task"`
	Values     [][]json.RawMessage `json:"values"`
}

// reader decodes bodies. It interns the strings that repeat in every message. It is used by one goroutine.
type reader struct {
	strings map[string]string
	site    string // the last
	columns columns
}

func newReader() *reader {
	r := &reader{strings: map[string]string{}}
	r.columns.into = [...]any{
		&r.columns.numbers[0], &r.columns.numbers[1], &r.columns.site, &r.columns.numbers[2], &r.columns.numbers[3], &r.columns.numbers[4], &r.columns.body,
	}
	return r
}

// columns are those of a record as the driver has them: database/sql writes each whole number out in letters and reads it again to make
// an unsigned one of it, which takes as long as all the rest.
type columns struct {
	numbers    [5]any // seq, kind, at, received, identity
	site, body sql.RawBytes
	into       [7]any
}

// record takes the columns of a row up to the first that is not what it should be; false: there is one.
func (c *columns) record(rows *sql.Rows, rec *telemetry.Record) bool {
	if rows.Scan(c.into[:]...) != nil {
		return false
	}
	for i, v := range c.numbers {
		n, ok := whole64(v)
		if !ok || i == 0 && n < 0 || i == 1 && (n < 0 || n > math.MaxUint8) {
			return false
		}
		switch i {
		case 0:
			rec.Seq = uint64(n)
		case 1:
			rec.Kind = telemetry.Kind(n)
		case 2:
			rec.At = telemetry.Instant(n)
		case 3:
			rec.Received = telemetry.Instant(n)
		case 4:
			rec.Identity = uint64(n)
		}
	}
	return true
}

// whole64 is a whole number, also where the database holds it as text.
func whole64(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	case []byte:
		n, err := strconv.ParseInt(string(v), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// maxInterned bounds the memory of a reader; device ids and channels come from the configuration and stay far below.
const maxInterned = 1 << 18

// internSite is intern for what is nearly always the same as before.
func (r *reader) internSite(b []byte) string {
	if r.site != string(b) {
		r.site = r.intern(b)
	}
	return r.site
}

func (r *reader) intern(b []byte) string {
	if s, ok := r.strings[string(b)]; ok {
		return s
	}
	if len(r.strings) >= maxInterned {
		clear(r.strings)
	}
	s := string(b)
	r.strings[s] = s
	return s
}

// observation reads a body. The usual shape, a device, its boot, a sequence and values, is read by hand; whatever else goes
// through encoding/json.
func (r *reader) observation(body []byte, o *telemetry.Observation, readings []telemetry.Reading) ([]telemetry.Reading, error) {
	from := len(readings)
	c := cursor{b: body}
	*o = telemetry.Observation{}
	ok := c.lit(`{"device":"`)
	o.Device = r.intern(c.plain())
	if ok && c.lit(`,"boot":"`) {
		o.Boot = r.intern(c.plain())
	}
	if ok && c.lit(`,"sequence":`) {
		o.Sequence, o.HasSequence = c.uint(), true
	}
	if ok && c.lit(`,"flags":`) {
		o.Flags = telemetry.Flags(c.uint())
	}
	ok = ok && c.lit(`,"values":[`)
	for ok && !c.failed && !c.lit(`]}`) {
		c.lit(`,`)
		if !c.lit(`["`) {
			c.failed = true
			break
		}
		q, known := telemetry.QuantityOf(c.plain())
		if !known || !c.lit(`,`) {
			c.failed = true
			break
		}
		v := telemetry.Reading{Quantity: q, Value: c.float()}
		if c.lit(`,"`) {
			v.Channel = r.intern(c.plain())
		}
		if c.lit(`,"`) {
			v.Text = r.intern(c.plain())
		}
		if !c.lit(`]`) {
			c.failed = true
		}
		readings = append(readings, v)
	}
	if ok && !c.failed && len(c.b) == 0 {
		o.Readings = readings[from:len(readings):len(readings)]
		return readings, nil
	}
	return r.slowly(body, o, readings[:from])
}

func (r *reader) slowly(body []byte, o *telemetry.Observation, readings []telemetry.Reading) ([]telemetry.Reading, error) {
	from := len(readings)
	var w observationBody
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, fmt.Errorf("decoding an observation: %w", err)
	}
	*o = telemetry.Observation{
		Device: w.Device, Boot: w.Boot, Provenance: telemetry.Provenance(w.Provenance), Flags: telemetry.Flags(w.Flags),
		DeviceTime: w.DeviceTime, Task: w.Task,
	}
	if w.Sequence != nil {
		o.Sequence, o.HasSequence = *w.Sequence, true
	}
	for _, parts := range w.Values {
		var v telemetry.Reading
		targets := []any{&v.Quantity, &v.Value, &v.Channel, &v.Text}
		if len(parts) < 2 || len(parts) > len(targets) {
			return nil, fmt.Errorf("decoding an observation: a value has %d parts, want 2 to 4", len(parts))
		}
		for i, part := range parts {
			if err := json.Unmarshal(part, targets[i]); err != nil {
				return nil, fmt.Errorf("decoding a value of an observation: %w", err)
			}
		}
		readings = append(readings, v)
	}
	o.Readings = readings[from:len(readings):len(readings)]
	return readings, nil
}

// cursor walks over a body in the shape that appendObservation writes.
type cursor struct {
	b      []byte
	failed bool
}

// lit takes a literal if it comes next.
func (c *cursor) lit(s string) bool {
	if len(c.b) < len(s) || string(c.b[:len(s)]) != s {
		return false
	}
	c.b = c.b[len(s):]
	return true
}

// plain takes a string without escapes up to and with its closing quote.
func (c *cursor) plain() []byte {
	for i, ch := range c.b {
		switch {
		case ch == '"':
			s := c.b[:i]
			c.b = c.b[i+1:]
			return s
		case ch == '\\' || ch >= utf8.RuneSelf:
			c.failed = true
			return nil
		}
	}
	c.failed = true
	return nil
}

func (c *cursor) number() []byte {
	i := 0
	for i < len(c.b) && c.b[i] != ',' && c.b[i] != ']' && c.b[i] != '}' {
		i++
	}
	n := c.b[:i]
	c.b = c.b[i:]
	return n
}

func (c *cursor) uint() uint64 {
	n, err := strconv.ParseUint(string(c.number()), 10, 64)
	c.failed = c.failed || err != nil
	return n
}

func (c *cursor) float() float64 {
	f, err := strconv.ParseFloat(string(c.number()), 64)
	c.failed = c.failed || err != nil
	return f
}
