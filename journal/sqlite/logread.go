package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
)

var _ journal.Logs = (*Journal)(nil)

// Log is the log of a site; see journal.Logs.
func (j *Journal) Log(ctx context.Context, site string) (audit.Log, bool, error) {
	l, err := findLog(ctx, j.reads, site)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("looking for the log of site %q: %w", site, err)
	}
	return l, true, nil
}

// storedLog is a log in the journal.
type storedLog struct {
	db     queryer
	number int64
}

func findLog(ctx context.Context, db queryer, site string) (storedLog, error) {
	l := storedLog{db: db}
	return l, db.QueryRowContext(ctx, `SELECT number FROM logs WHERE site = ?`, site).Scan(&l.number)
}

// Checkpoint implements audit.Log.
func (l storedLog) Checkpoint(ctx context.Context) ([]byte, error) {
	var text string
	if err := l.db.QueryRowContext(ctx, `SELECT note FROM logs WHERE number = ?`, l.number).Scan(&text); err != nil {
		return nil, fmt.Errorf("reading a checkpoint: %w", err)
	}
	if text == "" {
		return nil, fmt.Errorf("the log has no checkpoint yet: %w", fs.ErrNotExist)
	}
	return []byte(text), nil
}

// size is how many entries the log has.
func (l storedLog) size(ctx context.Context) (n int64, err error) {
	if err = l.db.QueryRowContext(ctx, `SELECT size FROM logs WHERE number = ?`, l.number).Scan(&n); err != nil {
		err = fmt.Errorf("reading how long a log is: %w", err)
	}
	return n, err
}

// mostTileLevel is that of the highest tile that is made: of a log with 2^40 entries there is no higher one.
const mostTileLevel = 4

// Tile implements audit.Log.
func (l storedLog) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	size, err := l.size(ctx)
	if err != nil {
		return nil, err
	}
	if t.H != audit.TileHeight || t.W < 1 || t.W > audit.TileWidth || t.L > mostTileLevel || t.N < 0 {
		return nil, fs.ErrNotExist
	}
	span := int64(1) // entries under one hash of the tile
	if t.L > 0 {
		span <<= audit.TileHeight * t.L
	}
	if size/span/audit.TileWidth < t.N || size/span < t.N*audit.TileWidth+int64(t.W) {
		return nil, fs.ErrNotExist // it has not so many entries yet
	}
	if t.L < 0 {
		var bundle []byte
		err := entriesOf(ctx, l.db, l.number, t.N*audit.TileWidth, t.W, func(body []byte) error {
			bundle = audit.AppendEntry(bundle, body)
			return nil
		})
		return bundle, err
	}
	hashes, err := l.level(ctx, t.L, t.N, t.W)
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		text = append(text, hashes[i][:]...)
	}
	return text, nil
}

// level are the first hashes of a tile.
func (l storedLog) level(ctx context.Context, level int, n int64, width int) ([]audit.Hash, error) {
	first := n * audit.TileWidth
	switch level {
	case 0:
		var text []byte
		err := l.db.QueryRowContext(ctx, `SELECT hashes FROM log_tiles WHERE place = ?`, placeOf(l.number, n)).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return hashesOf(ctx, l.db, l.number, first, width) // the tile at the right edge is kept nowhere
		}
		if err != nil {
			return nil, fmt.Errorf("reading a tile: %w", err)
		}
		if len(text) < width*tlog.HashSize {
			return nil, fmt.Errorf("tile %d of a log has %d bytes", n, len(text))
		}
		all := make([]audit.Hash, width)
		for i := range all {
			all[i] = audit.Hash(text[i*tlog.HashSize:])
		}
		return all, nil
	case 1:
		return l.roots(ctx, first, width)
	}
	all := make([]audit.Hash, width)
	for i := range all {
		below, err := l.level(ctx, level-1, first+int64(i), audit.TileWidth)
		if err != nil {
			return nil, err
		}
		var f audit.Frontier
		for _, h := range below {
			f.Append(h)
		}
		all[i] = f.Root()
	}
	return all, nil
}

// roots are the hashes of whole tiles.
func (l storedLog) roots(ctx context.Context, first int64, n int) ([]audit.Hash, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT root FROM log_tiles WHERE place >= ? AND place < ? ORDER BY place`, placeOf(l.number, first), placeOf(l.number, first+int64(n)))
	if err != nil {
		return nil, fmt.Errorf("reading the hashes of tiles: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := make([]audit.Hash, 0, n)
	for rows.Next() {
		var root sql.RawBytes
		if err := rows.Scan(&root); err != nil || len(root) != tlog.HashSize {
			return nil, fmt.Errorf("reading the hash of tile %d: %d bytes: %w", first+int64(len(all)), len(root), err)
		}
		all = append(all, audit.Hash(root))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the hashes of tiles: %w", err)
	}
	if len(all) != n {
		return nil, fmt.Errorf("of tiles %d to %d of a log %d are there", first, first+int64(n)-1, len(all))
	}
	return all, nil
}

// LogHeads lists where logs end; see journal.Logs.
func (j *Journal) LogHeads(ctx context.Context, due bool, after *string, limit int) ([]journal.LogHead, error) {
	query := `SELECT site, size, edge, note, published, noted FROM logs WHERE (?1 IS NULL OR site > ?1) ORDER BY site LIMIT ?2`
	if due {
		query = `SELECT site, size, edge, note, published, noted FROM logs INDEXED BY logs_due WHERE published < size AND (?1 IS NULL OR site > ?1) ORDER BY site LIMIT ?2`
	}
	var all []journal.LogHead
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var h journal.LogHead
		var edge sql.RawBytes
		var note string
		if err := rows.Scan(&h.Site, whole(&h.Size), &edge, &note, whole(&h.Published), whole(&h.Noted)); err != nil {
			return err
		}
		f, err := audit.UnmarshalFrontier(edge)
		if err != nil || f.Size() != h.Size {
			j.log.Error("the right edge of a transparency log cannot be read, and the log is left out: gerbang journal check says more", "site", h.Site)
			return nil
		}
		if h.Root = f.Root(); note != "" {
			h.Checkpoint = []byte(note)
		}
		all = append(all, h)
		return nil
	}, query, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the logs: %w", err)
	}
	return all, nil
}

// KeepCheckpoints keeps the newest checkpoints; see journal.Logs.
func (j *Journal) KeepCheckpoints(ctx context.Context, all []journal.SignedCheckpoint, signals []alerts.Signal) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		for i := range all {
			c := &all[i]
			if _, err := w.conn.ExecContext(ctx, `UPDATE logs SET published = ?1, note = ?2, noted = ?3 WHERE site = ?4 AND published < ?1 AND size >= ?1`,
				c.Size, string(c.Text), time.Now().UnixNano(), c.Site); err != nil {
				return err
			}
		}
		for i := range signals {
			s := &signals[i]
			if err := w.owe.exec(s.ID, s.Topic, s.Payload, s.Retain); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping checkpoints: %w", err)
	}
	return nil
}

// Tell adds entries to the log of a site; see journal.Logs.
func (j *Journal) Tell(_ context.Context, site string, entries ...[]byte) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		for _, text := range entries {
			from := len(w.book.text)
			w.book.text = append(w.book.text, text...)
			w.book.facts = append(w.book.facts, fact{site: site, from: from, to: len(w.book.text)})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing into the log of site %q: %w", site, err)
	}
	return nil
}

// Salts gives the salts of entries; see journal.Logs.
func (j *Journal) Salts(ctx context.Context, site string, first int64, n int) ([][]byte, error) {
	all := make([][]byte, n)
	l, err := findLog(ctx, j.reads, site)
	if err == nil {
		err = each(ctx, j.reads, func(rows *sql.Rows) error {
			var place int64
			var salt []byte
			err := rows.Scan(&place, &salt)
			all[place-placeOf(l.number, first)] = salt
			return err
		}, `SELECT place, salt FROM log_entries WHERE place >= ? AND place < ?`, placeOf(l.number, first), placeOf(l.number, first+int64(n)))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the salts of the log of site %q: %w", site, err)
	}
	return all, nil
}
