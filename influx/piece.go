package influx

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// piece is a line, or what is left of it, on the way to being stored or refused.
type piece struct {
	line string // without its line break
	from *source
}

// pieces are the batch's lines. They are copies: the batch's memory is used again.
func (b *batch) pieces() []piece {
	all := make([]piece, b.lines())
	for i := range all {
		all[i] = piece{string(b.text[b.start(i) : b.sources[i].end-1]), &b.sources[i]}
	}
	return all
}

// text is the body of a request with these pieces.
func text(pieces []piece) string {
	var t strings.Builder
	for _, p := range pieces {
		t.WriteString(p.line)
		t.WriteByte('\n')
	}
	return t.String()
}

// parts splits a line at the spaces that are not escaped or quoted: series, fields, time.
func (p piece) parts() (series, fields, moment string) {
	i := 0
	for ; i < len(p.line) && p.line[i] != ' '; i++ {
		if p.line[i] == '\\' {
			i++
		}
	}
	j := strings.LastIndexByte(p.line, ' ')
	return p.line[:i], p.line[i+1 : j], p.line[j+1:]
}

// moment is the point's time, nanoseconds since 1970.
func (p piece) moment() int64 {
	_, _, m := p.parts()
	n, _ := strconv.ParseInt(m, 10, 64) // our own number
	return n
}

// has reports whether the line has a field of a measurement. Names of the schema need no escaping.
func (p piece) has(measurement, field string) bool {
	if !strings.HasPrefix(p.line, measurement+",") {
		return false
	}
	_, fields, _ := p.parts()
	at, _ := findField(fields, field)
	return at >= 0
}

// without splits a line into the field alone, and the line without it, whose text is empty if it had no other.
func (p piece) without(field string) (alone, rest piece) {
	series, fields, moment := p.parts()
	from, to := findField(fields, field)
	alone = piece{series + " " + fields[from:to] + " " + moment, p.from}
	left := strings.Trim(fields[:from]+fields[min(len(fields), to+1):], ",")
	if left == "" {
		return alone, piece{from: p.from}
	}
	return alone, piece{series + " " + left + " " + moment, p.from}
}

// findField finds name=value in the fields of a line; from is -1 if it is not there.
func findField(fields, name string) (from, to int) {
	for from < len(fields) {
		quoted := false
		for to = from; to < len(fields) && (quoted || fields[to] != ','); to++ {
			switch fields[to] {
			case '"':
				quoted = !quoted
			case '\\':
				to++
			}
		}
		to = min(to, len(fields))
		if strings.HasPrefix(fields[from:to], name+"=") {
			return from, to
		}
		from = to + 1
	}
	return -1, -1
}

// oldest splits the n oldest points off, both parts in their order; ok is false where the n-th is no older than the next.
func oldest(pieces []piece, n int) (old, rest []piece, ok bool) {
	byTime := slices.Clone(pieces)
	slices.SortStableFunc(byTime, func(a, b piece) int { return cmp.Compare(a.moment(), b.moment()) })
	if n <= 0 || n >= len(pieces) || byTime[n-1].moment() == byTime[n].moment() {
		return nil, nil, false
	}
	border := byTime[n].moment()
	for _, p := range pieces {
		if p.moment() < border {
			old = append(old, p)
		} else {
			rest = append(rest, p)
		}
	}
	return old, rest, true
}
