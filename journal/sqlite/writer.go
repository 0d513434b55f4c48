package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// recordRows is how many records one statement inserts, the most first: a statement costs as much as a few rows.
var recordRows = [...]int{maxRows, 8, 1}

const maxRows = 64

// writer holds the one writing connection below database/sql, whose conversions would cost more than SQLite itself. It is
// used by one goroutine, except that other writes (cursors, retention) come through Do between two commits.
type writer struct {
	conn *sql.Conn
	raw  driver.Conn

	begin, commit, rollback *statement
	records                 [len(recordRows)]*statement
	transition, sample      *statement
	flow                    *statement
	alert, change           *statement
	endPart, endWhole       *statement
	lastSum                 *statement
	owe, sent               *statement
	snapshot, counters      *statement
	newSeries, rollup       *statement
	cursor, refuse          *statement
	logEntry, logTile       *statement
	logEdge                 *statement
	all                     []*statement
	body                    []byte
	series                  map[seriesKey]int64
	lastSeries              int64                // the highest number of a series, also of one whose commit failed
	fresh                   []seriesKey          // added to series by the open transaction
	recorded                map[string]*recorded // open alerts by their id, as the open transaction leaves them
	head                    journal.Position     // the last element of each stream, as committed
	sum, linked             uint64               // checksum of the last record: as committed, and in the open transaction
	scratch                 []byte
	book                    logbook       // under lock: what the open transaction adds to the transparency logs
	lock                    chan struct{} // held by whoever uses the connection; see take
	closed                  bool          // under lock
	ahead                   ahead         // under lock
	commits, pages          int           // under lock: transactions, and pages written to the log since the last checkpoint
	long                    chan struct{} // holds a signal when a checkpoint is due
}

type seriesKey struct{ site, device, quantity, channel string }

const (
	// lastSeq is the number of the last record, also where retention has deleted it, or where it is lost.
	lastSeq = `SELECT max(coalesce((SELECT max(seq) FROM records), 0), coalesce((SELECT max(seq) FROM snapshots WHERE typeof(seq) = 'integer'), 0),
		coalesce((SELECT max(last) FROM gaps WHERE typeof(last) = 'integer'), 0))`
	beginSQL   = `BEGIN IMMEDIATE`
	recordSQL  = `INSERT INTO records (seq, kind, site, at, received, identity, body, sum) VALUES `
	recordArgs = `(?,?,?,?,?,?,?,?)`
)

// newWriter takes a connection, and leaves nothing open where it fails.
func newWriter(ctx context.Context, db *sql.DB) (_ *writer, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, series: map[seriesKey]int64{}, recorded: map[string]*recorded{}, lock: make(chan struct{}, 1), long: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			_ = w.close()
		}
	}()
	rows, err := conn.QueryContext(ctx, `SELECT id, site, device, quantity, channel FROM series`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var k seriesKey
		if err := rows.Scan(&id, &k.site, &k.device, &k.quantity, &k.channel); err != nil {
			return nil, err
		}
		w.series[k], w.lastSeries = id, max(w.lastSeries, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for query, target := range map[string]any{
		lastSeq:                           &w.head.Record,
		"SELECT " + lastID("transitions"): &w.head.Transition,
		"SELECT " + lastID("samples"):     &w.head.Sample,
		"SELECT " + lastID("flows"):       &w.head.Flow,
	} {
		if err := conn.QueryRowContext(ctx, query).Scan(target); err != nil {
			return nil, fmt.Errorf("reading where the streams end: %w", err)
		}
	}
	if err := conn.QueryRowContext(ctx, sumSQL, int64(w.head.Record)).Scan((*signed)(&w.sum)); err != nil {
		return nil, fmt.Errorf("reading the last checksum: %w", err)
	}
	if err := conn.Raw(func(c any) error { w.raw = c.(driver.Conn); return nil }); err != nil {
		return nil, err
	}
	if err := w.prepare(); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *writer) prepare() error {
	for _, p := range []struct {
		target **statement
		sql    string
	}{
		{&w.begin, beginSQL}, {&w.commit, `COMMIT`}, {&w.rollback, `ROLLBACK`},
		{&w.records[0], recordSQL + strings.Repeat(recordArgs+",", recordRows[0]-1) + recordArgs},
		{&w.records[1], recordSQL + strings.Repeat(recordArgs+",", recordRows[1]-1) + recordArgs},
		{&w.records[2], recordSQL + recordArgs},
		{&w.transition, `INSERT INTO transitions (id, record, site, rule, subject, at, until, late, verdict, near, idle, reason, told, body)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`},
		{&w.sample, `INSERT INTO samples (id, record, site, zone, at, persons, error, low, high, lim, verdict, near, known, limited) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`},
		{&w.flow, `INSERT INTO flows (id, record, site, device, channel, at, people_in, people_out) VALUES (?,?,?,?,?,?,?,?)`},
		{&w.alert, `INSERT INTO alerts (id, site, opened, resolved, body) VALUES (?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET opened = excluded.opened, resolved = excluded.resolved, body = excluded.body`},
		{&w.change, `INSERT INTO alert_changes (alert, what, at, body, part, sum) VALUES (?,?,?,?,?,?)`},
		{&w.endPart, `INSERT INTO alert_parts (alert, sum) VALUES (?,?) ON CONFLICT (alert) DO UPDATE SET sum = excluded.sum`},
		{&w.endWhole, `DELETE FROM alert_parts WHERE alert = ?`},
		{&w.lastSum, lastSumSQL},
		{&w.owe, `INSERT INTO outbox (id, topic, payload, retain) VALUES (?,?,?,?) ON CONFLICT (id) DO NOTHING`},
		{&w.sent, `DELETE FROM outbox WHERE id = ?`},
		{&w.snapshot, `INSERT INTO snapshots (site, seq, body, sum) VALUES (?,?,?,?)
			ON CONFLICT (site) DO UPDATE SET seq = excluded.seq, body = excluded.body, sum = excluded.sum`},
		{&w.counters, `UPDATE counters SET received=?, stored=?, duplicate=?, rejected=?, ignored=?, readings=?, unacknowledged=?`},
		{&w.newSeries, `INSERT INTO series (id, site, device, quantity, channel) VALUES (?,?,?,?,?)`},
		{&w.rollup, `INSERT INTO rollups (series, minute, count, sum, min, max, last, last_at) VALUES (?,?,?,?,?,?,?,?)
			ON CONFLICT (series, minute) DO UPDATE SET count = count + excluded.count, sum = sum + excluded.sum,
			min = min(min, excluded.min), max = max(max, excluded.max),
			last = CASE WHEN excluded.last_at >= last_at THEN excluded.last ELSE last END,
			last_at = max(last_at, excluded.last_at)`},
		{&w.cursor, `INSERT INTO cursors (name, position) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET position = excluded.position`},
		{&w.refuse, refuseSQL},
		{&w.logEntry, `INSERT INTO log_entries (place, body, salt) VALUES (?,?,?)`},
		{&w.logTile, `INSERT OR REPLACE INTO log_tiles (place, root, hashes) VALUES (?,?,?)`},
		{&w.logEdge, `UPDATE logs SET size = ?, edge = ? WHERE number = ?`},
	} {
		s, err := newStatement(w.raw, p.sql)
		if err != nil {
			return fmt.Errorf("preparing %q: %w", p.sql, err)
		}
		*p.target = s
		w.all = append(w.all, s)
	}
	return nil
}

// errClosed says that there is nothing to write with any more.
var errClosed = errors.New("the journal is closed")

// take waits for the connection; give must follow. One that is closed is not to be had. What was written ahead of a batch is forgotten.
func (w *writer) take() error { return w.takeFor(nil) }

// takeFor is take for whoever goes on with a batch.
func (w *writer) takeFor(b *journal.Batch) error {
	w.lock <- struct{}{}
	if w.closed {
		w.give()
		return errClosed
	}
	if w.ahead.of != b {
		w.forget()
	}
	return nil
}

func (w *writer) give() { <-w.lock }

// close ends the writer. It may be called twice.
func (w *writer) close() error {
	if w.take() != nil {
		return nil
	}
	defer w.give()
	w.closed = true
	var errs []error
	for _, s := range w.all {
		errs = append(errs, s.stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

func (w *writer) strict(ctx context.Context) error {
	if err := w.take(); err != nil {
		return err
	}
	defer w.give()
	if err := w.settle(ctx); err != nil {
		return fmt.Errorf("turning durability on: %w", err)
	}
	return nil
}

// settle makes all that was committed without fsync durable. Under lock.
func (w *writer) settle(ctx context.Context) error {
	if _, err := w.conn.ExecContext(ctx, "PRAGMA synchronous = full"); err != nil {
		return err
	}
	// A checkpoint with nothing to copy syncs nothing, and what was copied before was not synced: one page is written anew.
	var version int
	if err := w.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	var busy, pages, copied int
	if err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(truncate)").Scan(&busy, &pages, &copied); err != nil {
		return err
	}
	if busy != 0 || pages != copied {
		return fmt.Errorf("the log (%d pages) could not be written into the database (%d are): somebody else uses the journal", pages, copied)
	}
	return nil
}

// transaction runs fn between BEGIN and COMMIT. Any error of fn, and any error of COMMIT that leaves the transaction open,
// rolls back: nothing is stored then. Only a failed fsync is ErrOutcomeUnknown; see undone.
func (w *writer) transaction(fn func() error) error {
	if err := w.take(); err != nil {
		return err
	}
	return w.within(fn)
}

// within is transaction for whoever has taken the connection: it gives it back. A transaction that is open goes on.
func (w *writer) within(fn func() error) (err error) {
	defer func() {
		w.ahead = ahead{}
		if err != nil {
			for _, key := range w.fresh {
				delete(w.series, key)
			}
			clear(w.recorded)
		}
		w.book.clear(err != nil)
		w.fresh = w.fresh[:0]
		w.give()
	}()
	if w.ahead.of == nil {
		if err := w.begin.exec(); err != nil {
			_ = w.rollback.exec() // of one that an earlier rollback has left open
			return classify("beginning a transaction", err)
		}
	}
	err = fn()
	if err == nil {
		err = w.writeLogs(context.Background())
	}
	if err != nil {
		// A failed rollback leaves a transaction that the next BEGIN refuses; SQLite rolls back by itself on severe errors.
		_ = w.rollback.exec()
		return classify("writing", err)
	}
	if err := w.commit.exec(); err != nil {
		return w.undone(err)
	}
	w.measure()
	return nil
}

// write puts the rest of a batch into the open transaction.
func (w *writer) write(b *journal.Batch) error {
	if err := w.writeAhead(b); err != nil {
		return err
	}
	for i := range b.Changes {
		if err := w.writeChange(&b.Changes[i]); err != nil {
			return err
		}
	}
	for i := range b.Signals {
		s := &b.Signals[i]
		payload := s.Payload
		if payload == nil {
			payload = []byte{}
		}
		if err := w.owe.exec(s.ID, s.Topic, payload, s.Retain); err != nil {
			return err
		}
	}
	for _, id := range b.Sent {
		if err := w.sent.exec(id); err != nil {
			return err
		}
	}
	for i := range b.Snapshots {
		s := &b.Snapshots[i]
		if err := w.snapshot.exec(s.Site, int64(s.Seq), s.Body, int64(sumOf(s))); err != nil {
			return err
		}
	}
	if err := w.writeRollups(b.Rollups); err != nil {
		return err
	}
	for _, s := range b.Stops {
		w.book.factOfStop(s)
		if err := w.cursor.exec(cursorStopped+s.Site, int64(s.Seq)); err != nil {
			return err
		}
	}
	if b.Alive != 0 {
		if err := w.cursor.exec(cursorAlive, int64(b.Alive)); err != nil {
			return err
		}
	}
	c := &b.Counters
	return w.counters.exec(int64(c.Received), int64(c.Stored), int64(c.Duplicate), int64(c.Rejected), int64(c.Ignored), int64(c.Readings),
		int64(c.Unacknowledged))
}

func (w *writer) writeRecords(records []telemetry.Record) error {
	const columns = 8
	for len(records) > 0 {
		size := 0
		for recordRows[size] > len(records) {
			size++
		}
		s, n := w.records[size], recordRows[size]
		// Strings that share one buffer per statement: SQLite copies them when they are bound.
		w.body = w.body[:0]
		var ends [maxRows]int
		for i := range n {
			var err error
			if w.body, err = appendBody(w.body, &records[i]); err != nil {
				return err
			}
			ends[i] = len(w.body)
		}
		bodies, from := string(w.body), 0
		for i := range n {
			rec, args := &records[i], s.args[i*columns:]
			args[0].Value, args[1].Value, args[2].Value = int64(rec.Seq), int64(rec.Kind), rec.Site
			args[3].Value, args[4].Value, args[5].Value = int64(rec.At), int64(rec.Received), int64(rec.Identity)
			args[6].Value = bodies[from:ends[i]]
			w.linked, w.scratch = link(w.scratch, w.linked, rec, w.body[from:ends[i]])
			w.book.factOfRecord(rec, w.body[from:ends[i]])
			args[7].Value = int64(w.linked)
			from = ends[i]
		}
		if err := s.run(); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func (w *writer) writeRollups(rollups []journal.Rollup) error {
	for i := range rollups {
		r := &rollups[i]
		key := seriesKey{r.Site, r.Device, r.Quantity.String(), r.Channel}
		id, ok := w.series[key]
		if !ok {
			id = w.lastSeries + 1
			if err := w.newSeries.exec(id, key.site, key.device, key.quantity, key.channel); err != nil {
				return err
			}
			w.series[key], w.lastSeries = id, id
			w.fresh = append(w.fresh, key)
		}
		if err := w.rollup.exec(id, int64(r.Minute), r.Count, r.Sum, r.Min, r.Max, r.Last, int64(r.LastAt)); err != nil {
			return err
		}
	}
	return nil
}

// statement is a prepared statement with its arguments' memory.
type statement struct {
	stmt driver.Stmt
	ctx  driver.StmtExecContext
	ask  driver.StmtQueryContext
	args []driver.NamedValue
}

func newStatement(c driver.Conn, query string) (*statement, error) {
	stmt, err := c.Prepare(query)
	if err != nil {
		return nil, err
	}
	s := &statement{stmt: stmt, ctx: stmt.(driver.StmtExecContext), ask: stmt.(driver.StmtQueryContext), args: make([]driver.NamedValue, strings.Count(query, "?"))}
	for i := range s.args {
		s.args[i].Ordinal = i + 1
	}
	return s, nil
}

func (s *statement) exec(values ...driver.Value) error {
	for i, v := range values {
		s.args[i].Value = v
	}
	return s.run()
}

// insert is exec for whoever wants to know the number of the new row.
func (s *statement) insert(values ...driver.Value) (id int64, err error) {
	for i, v := range values {
		s.args[i].Value = v
	}
	res, err := s.ctx.ExecContext(context.Background(), s.args)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (s *statement) run() error {
	_, err := s.ctx.ExecContext(context.Background(), s.args)
	return err
}

// number gives the one number of the one row that a query has; what is no number fits nothing, and is 0.
func (s *statement) number(values ...driver.Value) (n int64, err error) {
	for i, v := range values {
		s.args[i].Value = v
	}
	rows, err := s.ask.QueryContext(context.Background(), s.args)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	n, _ = row[0].(int64)
	return n, nil
}
