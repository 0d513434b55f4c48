package replay

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// player turns rows into messages.
type player struct {
	m       *Mapping
	o       Options
	zone    *time.Location
	boot    string            // identifies the table
	numbers map[string]uint64 // the last message number of each device
	columns columns
	// pending are the messages of the time at, in the order of their first rows, while more rows of that time may come.
	at      telemetry.Instant
	pending []*draft
}

// draft is a message that is still being collected.
type draft struct {
	device string
	values []reading
}

type reading struct {
	quantity telemetry.Quantity
	value    float64
}

// columns are the mapping's columns as positions in a row.
type columns struct {
	time   []int
	device []int
	only   []choice
	values []column
}

type column struct {
	at       int
	name     string
	quantity telemetry.Quantity
	scale    float64
	when     []choice
}

// choice is a column that must have one of the values.
type choice struct {
	at     int
	values []string
}

func newPlayer(m *Mapping, o Options) *player {
	p := &player{m: m, o: o, zone: o.Zone, numbers: make(map[string]uint64)}
	if m.Time.Zone != "" {
		p.zone, _ = time.LoadLocation(m.Time.Zone) // Validate has loaded it before
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(o.Name))
	p.boot = fmt.Sprintf("csv-%08x", h.Sum32())
	return p
}

// resolve finds the mapping's columns among names; without names they are numbers from 1.
func (p *player) resolve(names []string) error {
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	var errs []error
	find := func(name string) int {
		if i := slices.Index(names, name); i >= 0 {
			return i
		}
		if n, err := strconv.Atoi(name); err == nil && n >= 1 {
			return n - 1
		}
		errs = append(errs, fmt.Errorf("%s: no column %q among %s", p.o.Name, name, strings.Join(names, ", ")))
		return 0
	}
	choices := func(of map[string][]string) []choice {
		var all []choice
		for name, values := range of {
			all = append(all, choice{find(name), values})
		}
		return all
	}
	for _, name := range p.m.Time.Columns {
		p.columns.time = append(p.columns.time, find(name))
	}
	for _, name := range p.m.Device.Columns {
		p.columns.device = append(p.columns.device, find(name))
	}
	p.columns.only = choices(p.m.Only)
	for _, v := range p.m.Values {
		c := column{at: find(v.Column), name: v.Column, quantity: v.Quantity, scale: v.Scale, when: choices(v.When)}
		if c.scale == 0 {
			c.scale = 1
		}
		p.columns.values = append(p.columns.values, c)
	}
	return errors.Join(errs...)
}

// row takes one row of the table, which may hold several records.
func (p *player) row(line int, row []string, yield func(ingest.Message, error) bool) bool {
	if len(row) == 1 && strings.TrimSpace(row[0]) == "" {
		return true
	}
	r := p.m.Repeat
	if r == nil {
		return p.record(line, row, yield)
	}
	if len(row) <= r.Fixed || (len(row)-r.Fixed)%r.Width != 0 {
		err := fmt.Errorf("%d columns, want %d and then groups of %d", len(row), r.Fixed, r.Width)
		return yield(ingest.Message{}, &RowError{p.o.Name, line, err})
	}
	cells := make([]string, r.Fixed+r.Width)
	copy(cells, row[:r.Fixed])
	for rest := row[r.Fixed:]; len(rest) > 0; rest = rest[r.Width:] {
		copy(cells[r.Fixed:], rest[:r.Width])
		if !p.record(line, cells, yield) {
			return false
		}
	}
	return true
}

// record takes one record: it becomes a message or joins one of the same device and time.
func (p *player) record(line int, cells []string, yield func(ingest.Message, error) bool) bool {
	if !all(p.columns.only, cells) {
		return true
	}
	at, device, values, err := p.parse(cells)
	if err != nil {
		return yield(ingest.Message{}, &RowError{p.o.Name, line, err})
	}
	if at != p.at && !p.flush(yield) {
		return false
	}
	p.at = at
	for _, d := range p.pending {
		if d.device == device && !d.overlaps(values) {
			d.values = append(d.values, values...)
			return true
		}
	}
	p.pending = append(p.pending, &draft{device, values})
	return true
}

// overlaps reports whether the draft has one of the quantities already: then the row is a message of its own.
func (d *draft) overlaps(values []reading) bool {
	for _, v := range values {
		if slices.ContainsFunc(d.values, func(have reading) bool { return have.quantity == v.quantity }) {
			return true
		}
	}
	return false
}

// flush gives the messages that wait.
func (p *player) flush(yield func(ingest.Message, error) bool) bool {
	waiting := p.pending
	p.pending = p.pending[:0]
	for _, d := range waiting {
		p.numbers[d.device]++
		msg := ingest.Message{
			Topic:    "gerbang/v1/" + p.m.Site + "/" + d.device,
			Payload:  d.payload(p.at, p.boot, p.numbers[d.device]),
			QoS:      1,
			Received: p.at.Add(p.o.Delay),
		}
		if !yield(msg, nil) {
			return false
		}
	}
	return true
}

// payload is the message in the native format.
func (d *draft) payload(at telemetry.Instant, boot string, seq uint64) []byte {
	b := append(make([]byte, 0, 96), `{"at":"`...)
	b = at.Time().AppendFormat(b, time.RFC3339Nano)
	b = append(append(append(b, `","boot":"`...), boot...), `","seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	for _, v := range d.values {
		b = append(append(append(b, `,"`...), v.quantity.String()...), `":`...)
		b = strconv.AppendFloat(b, v.value, 'f', -1, 64)
	}
	return append(b, '}')
}

// parse reads one record.
func (p *player) parse(cells []string) (at telemetry.Instant, device string, values []reading, err error) {
	if at, err = p.time(cells); err != nil {
		return 0, "", nil, err
	}
	if device, err = p.device(cells); err != nil {
		return 0, "", nil, err
	}
	for _, c := range p.columns.values {
		if !all(c.when, cells) {
			continue
		}
		text, ok := cell(cells, c.at)
		if !ok {
			return 0, "", nil, fmt.Errorf("%d columns, want one for %s", len(cells), c.name)
		}
		if missing(text) {
			continue
		}
		v, err := number(text)
		if err != nil {
			return 0, "", nil, fmt.Errorf("%s: %q, want a number for %s", c.name, shortened(text), c.quantity)
		}
		values = append(values, reading{c.quantity, v * c.scale})
	}
	if len(values) == 0 {
		return 0, "", nil, errors.New("no value in any of the mapping's columns")
	}
	return at, device, values, nil
}

func (p *player) time(cells []string) (telemetry.Instant, error) {
	var parts []string
	for _, i := range p.columns.time {
		text, ok := cell(cells, i)
		if !ok {
			return 0, fmt.Errorf("%d columns, want a time in column %d", len(cells), i+1)
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, " ")
	for _, layout := range p.m.Time.Layouts {
		if layout == "rfc3339" {
			layout = time.RFC3339
		}
		t, _, err := facility.ParseTime(layout, text, p.zone)
		if err != nil || t.Year() < 1971 || t.Year() > 2260 {
			continue
		}
		if p.m.Time.Stamp == "start" {
			t = t.Add(p.m.Time.Period)
		}
		return telemetry.InstantOf(t), nil
	}
	return 0, fmt.Errorf("time %q, want it as %s", shortened(text), strings.Join(p.m.Time.Layouts, " or "))
}

func (p *player) device(cells []string) (string, error) {
	if p.m.Device.ID != "" {
		return p.m.Device.ID, nil
	}
	var parts []string
	for _, i := range p.columns.device {
		text, _ := cell(cells, i)
		parts = append(parts, text)
	}
	text := strings.Join(parts, "-")
	if id, ok := p.m.Device.Names[text]; ok {
		return id, nil
	}
	if id := deviceID(text); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("device %q, want a name", shortened(text))
}

// all reports whether every choice is met.
func all(choices []choice, cells []string) bool {
	for _, c := range choices {
		if text, ok := cell(cells, c.at); !ok || !slices.Contains(c.values, text) {
			return false
		}
	}
	return true
}

// cell is a cell without the space around it.
func cell(cells []string, i int) (string, bool) {
	if i >= len(cells) {
		return "", false
	}
	return strings.TrimSpace(cells[i]), true
}

// missing reports whether a cell says that there is no value.
func missing(text string) bool {
	switch strings.ToLower(text) {
	case "", "na", "n/a", "nan", "null", "none", "-":
		return true
	}
	return false
}

// number reads a cell: a decimal number, zero-padded or not, or a truth value.
func number(text string) (float64, error) {
	switch strings.ToLower(text) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	if strings.ContainsAny(text, "xX_pPiI") {
		return 0, strconv.ErrSyntax // Go's own forms of numbers are none in a table
	}
	return strconv.ParseFloat(text, 64)
}

// shortened bounds what a problem repeats of a cell.
func shortened(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}
