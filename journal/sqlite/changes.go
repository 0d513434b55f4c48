package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/alerts"
)

// schemaParts lets a change of an alert hold only what it changed: an alert that calls forty phones every five minutes was written whole, some hundred
// kilobytes, for each of them that answered. An alert then is what its row says, and over that the parts behind its last change that is whole. Such
// a part stands once only, so every change carries a checksum over itself and the change of the alert before it, and the last part's stands beside.
const schemaParts = `
ALTER TABLE alert_changes ADD COLUMN part INTEGER NOT NULL DEFAULT 0; -- 1: body is what changed, over the changes before
ALTER TABLE alert_changes ADD COLUMN sum INTEGER; -- NULL: recorded by an older version
CREATE TABLE alert_parts (
  alert TEXT    PRIMARY KEY,    -- one whose last change is a part
  sum   INTEGER NOT NULL        -- the checksum of that change
) WITHOUT ROWID;
`

const (
	// partsSQL are the parts that a row of alerts a lacks, one a line; NULL: none. A past alert is whole.
	partsSQL = `iif(a.resolved > 0, NULL, (SELECT group_concat(c.body, char(10) ORDER BY c.id) FROM alert_changes c WHERE c.alert = a.id
		AND c.id > (SELECT w.id FROM alert_changes w WHERE w.alert = a.id AND w.part = 0 ORDER BY w.id DESC LIMIT 1)))`
	// alertColumns are what scanAlert reads.
	alertColumns = `a.body, ` + partsSQL
	// followSQL are the changes of an alert. Of what older versions have written whole, again and again, only the last is read.
	followSQL = `SELECT id, what, at, part, iif(sum IS NULL AND part = 0 AND id <> (SELECT w.id FROM alert_changes w WHERE w.alert = ?1 AND w.part = 0 ORDER BY w.id DESC LIMIT 1), '', body), sum
		FROM alert_changes WHERE alert = ?1 ORDER BY id`
	// lastSumSQL is the checksum of the last change of an alert. Where that is lost the next one is chained to it all the same, so that the loss is found.
	lastSumSQL = `SELECT coalesce((SELECT sum FROM alert_parts WHERE alert = ?1), (SELECT sum FROM alert_changes WHERE alert = ?1 ORDER BY id DESC LIMIT 1), 0)`
)

// mostKept is of how many open alerts a writer knows what it wrote last; of others the next change is written whole.
const mostKept = 1024

// recorded is what a writer wrote last of an open alert.
type recorded struct {
	alert *alerts.Recorded
	sum   uint64
	whole int // bytes of the last change that is whole
	parts int // bytes of the changes behind it
}

// writeChange puts a change of an alert into the open transaction: what it changed, or the whole alert where it opens or ends, where nothing is known of
// what was written before, and once the parts are as long as the alert: what is read is never more than twice as long.
func (w *writer) writeChange(c *alerts.Change) error {
	was := w.recorded[c.Alert.ID]
	if was == nil {
		var err error
		if was, err = w.lastWritten(c.Alert.ID); err != nil {
			return err
		}
	}
	delete(w.recorded, c.Alert.ID)
	if was.alert != nil && c.Alert.Open() {
		body, next, err := was.alert.Part(&c.Alert)
		if err != nil {
			return err
		}
		if next != nil && was.parts+len(body) <= was.whole {
			now := &recorded{alert: next, whole: was.whole, parts: was.parts + len(body)}
			if now.sum, err = w.insertChange(c, was.sum, true, string(body)); err != nil {
				return err
			}
			w.recorded[c.Alert.ID] = now
			return w.endPart.exec(c.Alert.ID, int64(now.sum))
		}
	}
	body, next, err := alerts.Record(&c.Alert)
	if err != nil {
		return err
	}
	if err := w.alert.exec(c.Alert.ID, c.Alert.Site, int64(c.Alert.Opened), int64(c.Alert.Resolved), string(body)); err != nil {
		return err
	}
	now := &recorded{alert: next, whole: len(body)}
	if now.sum, err = w.insertChange(c, was.sum, false, string(body)); err != nil {
		return err
	}
	if c.Alert.Open() {
		if len(w.recorded) >= mostKept {
			clear(w.recorded)
		}
		w.recorded[c.Alert.ID] = now
	}
	return w.endWhole.exec(c.Alert.ID)
}

// lastWritten is what the journal has of an alert of which the writer knows nothing.
func (w *writer) lastWritten(id string) (*recorded, error) {
	sum, err := w.lastSum.number(id) // not by database/sql: an alert waits for it, and 140 µs were an eighth of its commit
	if err != nil {
		return nil, fmt.Errorf("reading the checksum of the last change of alert %q: %w", id, err)
	}
	return &recorded{sum: uint64(sum)}, nil
}

func (w *writer) insertChange(c *alerts.Change, prev uint64, part bool, body string) (sum uint64, err error) {
	sum, w.scratch = linkChange(w.scratch, prev, c.Alert.ID, string(c.What), int64(c.At), part, body)
	id, err := w.change.insert(c.Alert.ID, string(c.What), int64(c.At), body, part, int64(sum))
	if err != nil {
		return sum, err
	}
	w.book.factOfChange(id, c, []byte(body))
	return sum, nil
}

// linkChange is the checksum of a change of an alert behind one with the checksum prev. It returns scratch for the next call.
func linkChange[T ~string | ~[]byte](scratch []byte, prev uint64, alert, what string, at int64, part bool, body T) (sum uint64, _ []byte) {
	s := binary.LittleEndian.AppendUint64(scratch[:0], prev)
	s = binary.LittleEndian.AppendUint64(s, uint64(at))
	for _, text := range []string{alert, what} {
		s = binary.LittleEndian.AppendUint64(s, uint64(len(text)))
		s = append(s, text...)
	}
	if part {
		s = append(s, 1)
	} else {
		s = append(s, 0)
	}
	s = append(s, body...)
	return xxhash.Sum64(s), s
}

// errAlert says that an alert is there and cannot be read; errPart that what happened to it last cannot.
var (
	errAlert = errors.New("decoding an alert")
	errPart  = errors.New("what happened to an alert last cannot be read")
)

// scanAlert reads alertColumns. An alert of which a part cannot be read is as it was before that part: who is called and what stands is
// worth more than that. The check names it.
func scanAlert(rows *sql.Rows) (alerts.Alert, error) {
	a, err := scanWhole(rows)
	if errors.Is(err, errPart) {
		err = nil
	}
	return a, err
}

// scanWhole is scanAlert for whoever wants to know of such a part: the error is errPart then, and the alert is there.
func scanWhole(rows *sql.Rows) (alerts.Alert, error) {
	var body, parts sql.RawBytes
	if err := rows.Scan(&body, &parts); err != nil {
		return alerts.Alert{}, err
	}
	return withParts(body, string(parts))
}

// withParts is an alert with the parts behind it.
func withParts(body []byte, parts string) (alerts.Alert, error) {
	var c alerts.Course
	if err := c.Whole(body); err != nil {
		return c.Alert(), fmt.Errorf("%w: %w", errAlert, err)
	}
	if parts == "" {
		return c.Alert(), nil
	}
	for text := range strings.SplitSeq(parts, "\n") {
		if err := c.Part([]byte(text)); err != nil {
			return c.Alert(), fmt.Errorf("%w: %w", errPart, err)
		}
	}
	return c.Alert(), nil
}

// follow goes through the changes of an alert in order. a is what its row says with the parts behind; differs says how they do not fit each other,
// empty: they do. Where the row cannot be read it is errAlert.
func (f *snapshot) follow(ctx context.Context, id string, body []byte) (a alerts.Alert, differs string, err error) {
	wrong := func(format string, args ...any) {
		if differs == "" {
			differs = fmt.Sprintf(format, args...)
		}
	}
	var whole sql.NullString // the last one
	var parts []string       // behind it
	var scratch []byte
	var sum, want uint64
	chained := false
	err = f.each(ctx, func(rows *sql.Rows) error {
		var row, at int64
		var what string
		var part bool
		var text sql.RawBytes
		var stored sql.NullInt64
		if err := rows.Scan(&row, &what, &at, &part, &text, &stored); err != nil {
			return err
		}
		if stored.Valid {
			want, scratch = linkChange(scratch, sum, id, what, at, part, text)
		}
		switch {
		case !stored.Valid && (chained || part):
			wrong("its change %d has no checksum", row)
		case stored.Valid && uint64(stored.Int64) != want:
			wrong("its change %d, or the one before it, is not what was written", row)
		}
		sum, chained = uint64(stored.Int64), chained || stored.Valid
		if part {
			parts = append(parts, string(text))
		} else {
			whole, parts = sql.NullString{String: string(text), Valid: true}, nil
		}
		return nil
	}, followSQL, id)
	if err != nil {
		return a, "", err
	}
	var end sql.NullInt64
	if err := f.tx.QueryRowContext(ctx, `SELECT (SELECT sum FROM alert_parts WHERE alert = ?)`, id).Scan(&end); err != nil {
		return a, "", err
	}
	a, err = withParts(body, strings.Join(parts, "\n"))
	switch {
	case errors.Is(err, errAlert):
		return a, "", err
	case err != nil:
		wrong("%v", err)
	case !whole.Valid && parts == nil:
		wrong("no change of it is recorded")
	case !whole.Valid || whole.String != string(body):
		wrong("it is not what its last change has left")
	case end.Valid != (parts != nil) || end.Valid && uint64(end.Int64) != sum:
		wrong("its last change is not there")
	}
	return a, differs, nil
}
