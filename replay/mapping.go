// Package replay turns recorded tables (CSV) into the messages that the devices would have sent, in the gateway's native
// format, so that a building's past can be judged by today's rules. A Mapping says what the columns mean; Read gives the
// messages, whose times are those of the record; Summary says what became of them.
package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Mapping says how a table is read. It is one YAML file; see the folder mappings for examples.
type Mapping struct {
	// Title and Source say what the table is and where it comes from.
	Title  string `yaml:"title" required:"yes"`
	Source string `yaml:"source"`
	// Config is a gateway configuration with the site, relative to the mapping's folder; empty: the one in use.
	Config string `yaml:"config"`
	// Site is the id of the site that the table is about.
	Site string `yaml:"site" required:"yes"`
	// Separator is one character; default a comma.
	Separator string `yaml:"separator"`
	// Skip is how many lines are passed over before anything else.
	Skip int `yaml:"skip" min:"0"`
	// Header says that the first row names the columns. Without it Columns does, or columns have numbers from 1.
	Header  bool     `yaml:"header"`
	Columns []string `yaml:"columns"`
	// Repeat is for rows that hold several records side by side.
	Repeat *Repeat `yaml:"repeat"`
	// Only keeps the rows whose column has one of the values; the others are passed over.
	Only map[string][]string `yaml:"only"`
	Time Time                `yaml:"time" required:"yes"`
	// Device says which device a row is of.
	Device Device `yaml:"device" required:"yes"`
	// Values are the columns that hold readings. Rows of one device and time become one message.
	Values []Value `yaml:"values" required:"yes"`
	// Order is that of the messages: "file" (default), or "time" for tables that list one device after the other; these
	// are held in memory.
	Order string `yaml:"order" enum:"file time"`
}

// Repeat describes records side by side: the first Fixed columns belong to all of them, then each has Width columns.
type Repeat struct {
	Fixed int `yaml:"fixed" min:"0"`
	Width int `yaml:"width" min:"1"`
}

// Time says when a row happened.
type Time struct {
	// Columns are joined by a space.
	Columns []string `yaml:"columns" single:"yes" required:"yes"`
	// Layouts of Go's reference time, tried in order, or rfc3339.
	Layouts []string `yaml:"layouts" single:"yes" required:"yes"`
	// Zone is the IANA name of the zone of times without one; default: the site's.
	Zone string `yaml:"zone"`
	// Stamp says which end of the period a time marks: "end" (default) or "start", which needs Period.
	Stamp  string        `yaml:"stamp" enum:"start end"`
	Period time.Duration `yaml:"period" min:"1s" max:"24h"`
}

// Device names the device of a row.
type Device struct {
	// Columns are joined by "-" and made an id: lower case, other characters replaced by "-".
	Columns []string `yaml:"columns" single:"yes"`
	// ID is the device of all rows, where no column names one.
	ID string `yaml:"id"`
	// Names translates what the columns say to ids; what is not listed is made an id as above.
	Names map[string]string `yaml:"names"`
}

// Value is a column with readings.
type Value struct {
	Column   string             `yaml:"column" required:"yes"`
	Quantity telemetry.Quantity `yaml:"quantity" required:"yes"`
	// When restricts the value to rows whose columns have one of the values: a code for the direction, for example.
	When map[string][]string `yaml:"when"`
	// Scale multiplies; 0 means 1.
	Scale float64 `yaml:"scale"`
}

// LoadMapping reads and checks a mapping file. All problems are reported at once, as file:line:col: what, and what was
// expected. Config of the result starts at the working directory.
func LoadMapping(file string) (*Mapping, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the mapping: %w", err)
	}
	m := &Mapping{}
	places, problems := strict.Decode(filepath.ToSlash(file), data, m)
	if len(problems) == 0 {
		for field, err := range m.problems() {
			problems.Add(places.At(field), "%s: %v", field, err)
		}
	}
	problems.Sort()
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if m.Config != "" && !filepath.IsAbs(m.Config) {
		m.Config = filepath.Join(filepath.Dir(file), m.Config)
	}
	return m, nil
}

// Validate checks what the types alone do not say.
func (m *Mapping) Validate() error {
	var errs []error
	for field, err := range m.problems() {
		errs = append(errs, fmt.Errorf("%s: %w", field, err))
	}
	return errors.Join(errs...)
}

// problems lists what is wrong by the path of the field.
func (m *Mapping) problems() func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		ok := true
		fail := func(field, format string, args ...any) {
			ok = ok && yield(field, fmt.Errorf(format, args...))
		}
		if m.Separator != "" && (utf8.RuneCountInString(m.Separator) != 1 || strings.ContainsAny(m.Separator, "\"\r\n\uFEFF")) {
			fail("separator", "%q, want one character", m.Separator)
		}
		if m.Header && len(m.Columns) > 0 {
			fail("columns", "the header names the columns already")
		}
		if m.Repeat != nil && m.Header {
			fail("repeat", "rows with several records have no header; want columns")
		}
		if len(m.Time.Columns) == 0 {
			fail("time.columns", "missing")
		}
		for _, layout := range m.Time.Layouts {
			if layout != "rfc3339" && !strings.Contains(layout, "06") {
				fail("time.layouts", "%q, want rfc3339 or a layout such as 2006-01-02 15:04:05", layout)
			}
		}
		if len(m.Time.Layouts) == 0 {
			fail("time.layouts", "missing")
		}
		if _, err := time.LoadLocation(m.Time.Zone); err != nil || m.Time.Zone == "Local" {
			fail("time.zone", "%q, want an IANA name such as Asia/Jakarta", m.Time.Zone)
		}
		if m.Time.Stamp == "start" && m.Time.Period == 0 {
			fail("time.period", "missing: a time that marks the start needs the length of the period")
		}
		if (m.Device.ID == "") == (len(m.Device.Columns) == 0) {
			fail("device", "want either columns or an id")
		}
		if id := m.Device.ID; id != "" && id != deviceID(id) {
			fail("device.id", "%q, want a-z, 0-9, _ and -", id)
		}
		for text, id := range m.Device.Names {
			if id == "" || id != deviceID(id) {
				fail("device.names", "%q: %q, want a-z, 0-9, _ and -", text, id)
			}
		}
		for i, v := range m.Values {
			switch v.Quantity {
			case telemetry.NoQuantity:
				fail(fmt.Sprintf("values[%d].quantity", i), "missing")
			case telemetry.Button:
				fail(fmt.Sprintf("values[%d].quantity", i), "button has no number")
			}
		}
		if len(m.Values) == 0 {
			fail("values", "missing")
		}
		switch m.Order {
		case "", "file", "time":
		default:
			fail("order", "%q, want file or time", m.Order)
		}
	}
}

// deviceID makes an id of text: [a-z0-9][a-z0-9_-]{0,63}, empty if nothing is left.
func deviceID(text string) string {
	var id strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-':
			id.WriteRune(r)
		default:
			id.WriteByte('-')
		}
	}
	s := strings.Trim(id.String(), "-_")
	return s[:min(len(s), 64)]
}
