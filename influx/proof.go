package influx

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"
)

// A point is refused for good only where an answer is proven to be InfluxDB's and about this very point; and a success counts only
// where it is proven to be InfluxDB's. Everything else waits.
//
// The proof of a success is InfluxDB's header. Where a proxy removes it, the write endpoint is challenged: a line that cannot be
// parsed, with a word that nobody can know, and that nothing but a parser of line protocol quotes in its complaint. The proof of a
// refusal is one of the wordings below, the numbers and names of which fit what was sent. A wording that nobody knows is
// proven by trying: the point alone is refused, and right after it another one is taken.

// unsignedFor is how long successes without InfluxDB's headers are believed after a challenge was met.
const unsignedFor = time.Minute

// probe begins the lines that challenge the endpoint. They store nothing: they have no field.
const probe = "gerbang_probe_"

// challenge finds out whether what answers without InfluxDB's headers parses line protocol. It returns nil where it does.
func (l *lane) challenge(ctx context.Context) error {
	word := probe + strings.ToLower(rand.Text())
	err := l.send(ctx, word)
	a, ok := errors.AsType[*answer](err)
	switch {
	case err == nil:
		return errBare
	case !ok:
		return err
	case a.influx && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity) && strings.Contains(a.whole, quotes+word):
		if a.named { // the headers come through where InfluxDB itself speaks
			return errBare
		}
		l.conn().doer.unsigned.Store(time.Now().Add(unsignedFor).UnixNano())
		return nil
	case a.bare || a.class() == invalid:
		return errBare
	}
	return err
}

// errBare is a success that is not InfluxDB's.
var errBare = &answer{status: http.StatusNoContent, bare: true,
	text: "a success that InfluxDB has not signed, and a challenge that it has not met: something in front of it answers"}

// quotes stands before a line in a parser's complaint.
const quotes = "unable to parse '"

// refusal is what InfluxDB says of points that it will never take.
type refusal struct {
	kind               refusalKind
	dropped            int    // how many points it is about; 0: not said
	measurement, field string // of a conflict of types
}

type refusalKind uint8

const (
	unknownWording  refusalKind = iota
	beyondRetention             // the oldest points are older than what the bucket keeps
	fieldConflict               // a field has another type there
	unparsable                  // lines are quoted that it does not understand
)

// refusal reads the wordings of 1.8 and 2.x.
func (a *answer) refusal() refusal {
	t := a.whole
	if strings.Contains(t, quotes) {
		return refusal{kind: unparsable}
	}
	dropped, _ := numberAfter(t, " dropped=")
	if strings.Contains(t, "points beyond retention policy") { // 1.8
		return refusal{kind: beyondRetention, dropped: dropped}
	}
	if before, _, ok := strings.Cut(t, " points outside retention policy of duration "); ok { // 2.x
		if n, ok := numberAfter(before, "partial write: dropped "); ok && !strings.Contains(t, "Upper Bound") {
			return refusal{kind: beyondRetention, dropped: n}
		}
		return refusal{}
	}
	if _, rest, ok := strings.Cut(t, `field type conflict: input field "`); ok {
		field, rest, _ := strings.Cut(rest, `" on measurement "`)
		measurement, _, ok := strings.Cut(rest, `" is type `)
		if ok {
			return refusal{kind: fieldConflict, measurement: measurement, field: field, dropped: dropped}
		}
	}
	return refusal{}
}

// numberAfter reads the number behind the last mark in a text.
func numberAfter(text, mark string) (n int, ok bool) {
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return 0, false
	}
	for _, c := range text[i+len(mark):] {
		if c < '0' || c > '9' || n > 1e9 {
			break
		}
		n, ok = 10*n+int(c-'0'), true
	}
	return n, ok
}
