package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// CheckLogs compares each transparency log with the rows that its entries speak of; see journal.Logs.
func (j *Journal) CheckLogs(ctx context.Context, sizes map[string][]int64, fn func(*journal.LogCheck) error) error {
	tx, err := j.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	f := &snapshot{tx: tx}
	defer f.Close()
	return f.logs(ctx, sizes, fn)
}

func (f *snapshot) logs(ctx context.Context, sizes map[string][]int64, fn func(*journal.LogCheck) error) error {
	type head struct {
		number, size, published int64
		site, note              string
		edge                    []byte
	}
	var heads []head
	err := f.each(ctx, func(rows *sql.Rows) error {
		var h head
		err := rows.Scan(&h.number, &h.site, whole(&h.size), &h.edge, whole(&h.published), &h.note)
		heads = append(heads, h)
		return err
	}, `SELECT number, site, size, edge, published, note FROM logs ORDER BY site`)
	if err != nil {
		return fmt.Errorf("reading the logs: %w", err)
	}
	told := map[string]*rowSet{tableTransitions: {}, tableChanges: {}, tableRecords: {}}
	for i := range heads {
		h := &heads[i]
		c := logChecker{f: f, number: h.number, told: told, rewritten: map[int64]int64{}, is: journal.LogCheck{Site: h.site, Published: h.published, Roots: map[int64]audit.Hash{}}}
		if h.note != "" {
			c.is.Checkpoint = []byte(h.note)
		}
		c.sizes = append(slices.Clone(sizes[h.site]), h.published)
		if err := c.check(ctx, h.edge, h.size); err != nil {
			return fmt.Errorf("comparing the log of site %q: %w", h.site, err)
		}
		if err := fn(&c.is); err != nil {
			return err
		}
	}
	return f.untold(ctx, told, fn)
}

// untold looks for rows that no log speaks of: they were added, or what was said of them was taken out.
func (f *snapshot) untold(ctx context.Context, told map[string]*rowSet, fn func(*journal.LogCheck) error) error {
	var record, transition, change int64
	if err := f.tx.QueryRowContext(ctx, `SELECT record, transition, change FROM logs_since`).Scan(whole(&record), whole(&transition), whole(&change)); err != nil {
		return fmt.Errorf("reading since when there are logs: %w", err)
	}
	wrong := map[string][]string{}
	for _, q := range []struct {
		table, sql string
		since      int64
	}{
		{tableTransitions, `SELECT id, site FROM transitions WHERE id > ? ORDER BY id`, transition},
		{tableChanges, `SELECT c.id, coalesce(a.site, '') FROM alert_changes c LEFT JOIN alerts a ON a.id = c.alert WHERE c.id > ? ORDER BY c.id`, change},
		{tableRecords, `SELECT seq, site FROM records WHERE kind IN (3, 5, 6, 7) AND seq > ? ORDER BY seq`, record},
	} {
		err := f.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var site string
			if err := rows.Scan(&id, &site); err != nil {
				return err
			}
			if !told[q.table].has(id) {
				wrong[site] = append(wrong[site], fmt.Sprintf("row %d of %s is in no log: it was added by hand", id, q.table))
			}
			return nil
		}, q.sql, q.since)
		if err != nil {
			return fmt.Errorf("looking for rows that are in no log: %w", err)
		}
	}
	for site, all := range wrong {
		if err := fn(&journal.LogCheck{Site: site, Wrong: all, Rows: true}); err != nil {
			return err
		}
	}
	return nil
}

// rowSet is a set of numbers of rows, which come nearly without gaps.
type rowSet struct{ words map[int64]uint64 }

func (s *rowSet) add(id int64) {
	if s.words == nil {
		s.words = map[int64]uint64{}
	}
	s.words[id>>6] |= 1 << (id & 63)
}

func (s *rowSet) has(id int64) bool { return s.words[id>>6]&(1<<(id&63)) != 0 }

// logChecker compares one log.
type logChecker struct {
	f      *snapshot
	number int64
	told   map[string]*rowSet
	sizes  []int64 // at which the root is wanted
	is     journal.LogCheck
	edge   audit.Frontier
	tile   []audit.Hash // the hashes of the last tile
	mended []mended
	odd    []oddity
	// rewritten are rows that a repair has written anew, with the entry that says so.
	rewritten map[int64]int64
}

// mended is a repair of the journal that the log tells of.
type mended struct{ entry, record, after int64 }

// oddity is an entry whose row is not as the entry says, until it is known whether a repair behind it says why.
type oddity struct {
	entry int64
	fact  *audit.Fact
	text  string
}

func (c *logChecker) wrong(format string, args ...any) {
	c.is.Wrong = append(c.is.Wrong, fmt.Sprintf(format, args...))
}

func (c *logChecker) check(ctx context.Context, edge []byte, size int64) error {
	c.root()
	next := int64(0)
	err := c.f.each(ctx, func(rows *sql.Rows) error {
		var place int64
		var body, salt []byte
		if err := rows.Scan(&place, &body, &salt); err != nil {
			return err
		}
		n := place - placeOf(c.number, 0)
		if n != next {
			c.wrong("entries %d to %d are not there", next, n-1)
		}
		next = n + 1
		c.entry(ctx, n, body, salt)
		return c.whole(ctx, n)
	}, `SELECT place, body, salt FROM log_entries WHERE place >= ? AND place < ? ORDER BY place`, placeOf(c.number, 0), placeOf(c.number+1, 0))
	if err != nil {
		return err
	}
	c.is.Size, c.is.Root = c.edge.Size(), c.edge.Root()
	want, err := audit.UnmarshalFrontier(edge)
	switch {
	case err != nil || want.Size() != size:
		c.wrong("its right edge cannot be read")
	case next < size:
		c.wrong("entries %d to %d are not there: the log is cut", next, size-1)
	case next > size:
		c.wrong("entries %d to %d were added behind its end", size, next-1)
	case want.Root() != c.edge.Root():
		c.wrong("its entries are not those that were written, or not in that order: the right edge of the log is that of others")
	}
	c.explain()
	return nil
}

// entry takes the entry n.
func (c *logChecker) entry(ctx context.Context, n int64, body, salt []byte) {
	h := audit.HashOf(body)
	c.edge.Append(h)
	c.tile = append(c.tile, h)
	c.root()
	f, err := audit.Parse(body)
	if err != nil {
		c.wrong("entry %d cannot be understood: %v", n, err)
		return
	}
	if f.Site != c.is.Site {
		c.wrong("entry %d is of site %q", n, f.Site)
	}
	if f.Kind == audit.Mended && f.Source.Table == "" {
		record, _ := f.Number("record")
		after, _ := f.Number("after")
		c.mended = append(c.mended, mended{n, record, after})
	}
	if f.Source.Table == "" {
		return
	}
	if set := c.told[f.Source.Table]; set != nil {
		set.add(f.Source.Row)
	}
	if f.Kind == audit.Mended {
		c.rewritten[f.Source.Row] = n
	}
	c.is.Compared++
	if text := c.row(ctx, f, salt); text != "" {
		c.odd = append(c.odd, oddity{n, f, text})
	}
}

// root keeps the root of the log where it has a size that somebody asks for.
func (c *logChecker) root() {
	if slices.Contains(c.sizes, c.edge.Size()) {
		c.is.Roots[c.edge.Size()] = c.edge.Root()
	}
}

// whole compares a tile that is whole with the one that is kept.
func (c *logChecker) whole(ctx context.Context, n int64) error {
	if len(c.tile) < audit.TileWidth {
		return nil
	}
	tile := n / audit.TileWidth
	var root, hashes []byte
	err := c.f.tx.QueryRowContext(ctx, `SELECT root, hashes FROM log_tiles WHERE place = ?`, placeOf(c.number, tile)).Scan(&root, &hashes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var own audit.Frontier
	for i, h := range c.tile {
		own.Append(h)
		if len(hashes) != audit.TileWidth*tlog.HashSize {
			continue
		}
		if !bytes.Equal(hashes[i*tlog.HashSize:][:tlog.HashSize], h[:]) {
			c.wrong("entry %d is not what was written: its hash is another one", tile*audit.TileWidth+int64(i))
		}
	}
	if want := own.Root(); len(hashes) != audit.TileWidth*tlog.HashSize || !bytes.Equal(root, want[:]) {
		c.wrong("the tile of entries %d to %d is not there, or is that of others", tile*audit.TileWidth, n)
	}
	c.tile = c.tile[:0]
	return nil
}

// rowSQL is what an entry may speak of, by table.
var rowSQL = map[string]string{
	tableTransitions: `SELECT body FROM transitions WHERE id = ?`,
	tableChanges:     `SELECT body FROM alert_changes WHERE id = ?`,
	tableRecords:     `SELECT body FROM records WHERE seq = ?`,
}

// row compares the row that an entry speaks of; empty: it is as the entry says.
func (c *logChecker) row(ctx context.Context, f *audit.Fact, salt []byte) string {
	query, known := rowSQL[f.Source.Table]
	if !known {
		return fmt.Sprintf("it speaks of the table %.40q, which is none", f.Source.Table)
	}
	var body []byte
	err := c.f.tx.QueryRowContext(ctx, query, f.Source.Row).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Sprintf("row %d of %s, of which it speaks, is not there", f.Source.Row, f.Source.Table)
	case err != nil:
		return fmt.Sprintf("row %d of %s, of which it speaks, cannot be read: %v", f.Source.Row, f.Source.Table, err)
	}
	err = f.Holds(body, salt)
	if errors.Is(err, audit.ErrErased) {
		c.is.Erased++
		return ""
	}
	if err == nil {
		return ""
	}
	if f.Source.Table == tableRecords {
		var old []byte // a record that was set aside is kept elsewhere as it was
		if c.f.tx.QueryRowContext(ctx, `SELECT body FROM set_aside WHERE seq = ?`, f.Source.Row).Scan(&old) == nil && f.Holds(old, salt) == nil {
			return ""
		}
	}
	return fmt.Sprintf("row %d of %s is not what was recorded", f.Source.Row, f.Source.Table)
}

// explain leaves out what a repair of the journal says why.
func (c *logChecker) explain() {
	for _, o := range c.odd {
		anew := o.fact.Source.Table == tableChanges && c.rewritten[o.fact.Source.Row] > o.entry
		if anew || slices.ContainsFunc(c.mended, func(m mended) bool { return m.entry > o.entry && m.explains(o.fact) }) {
			c.is.Mended++
			continue
		}
		c.wrong("entry %d: %s", o.entry, o.text)
	}
}

// explains reports whether a repair takes back what an entry before it speaks of.
func (m *mended) explains(f *audit.Fact) bool {
	switch f.Source.Table {
	case tableTransitions:
		record, ok := f.Number("record")
		return ok && m.record > 0 && record >= m.record
	case tableChanges:
		at, err := time.Parse(time.RFC3339Nano, f.At)
		return err == nil && int64(telemetry.InstantOf(at)) > m.after
	}
	return false
}
