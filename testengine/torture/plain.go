package main

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the journal as any program reads it
)

// row is a record as it stands in the file.
type row struct {
	seq, kind, at, received, identity int64
	site, body                        []byte
	sum                               sql.NullInt64
}

// link is the checksum of the row behind one with the sum prev, as docs/durability.md says.
func (r *row) link(prev uint64) uint64 {
	b := make([]byte, 0, 56+len(r.site)+len(r.body))
	for _, n := range []uint64{prev, uint64(r.seq), uint64(r.kind), uint64(r.at), uint64(r.received), uint64(r.identity), uint64(len(r.site))} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return xxh64(append(append(b, r.site...), r.body...))
}

// print tells whether a row is as it was.
func (r *row) print() uint64 { return r.link(0) }

// message is whose reading a row is; false where it is none.
func (r *row) message() (boot string, id identity, ok bool) {
	var body struct {
		Device, Boot string
		Sequence     *int
	}
	if r.kind != 1 || json.Unmarshal(r.body, &body) != nil || body.Sequence == nil {
		return "", identity{}, false
	}
	return body.Boot, identity{body.Device, *body.Sequence}, true
}

// openPlain opens a database read-only. POSIX locks are of a process: the gateway's is another one.
func openPlain(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path, RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

const columns = `SELECT seq, kind, at, received, identity, CAST(site AS BLOB), CAST(body AS BLOB), sum FROM records `

// each calls fn with the rows behind a number, in order; what it gives must not be kept.
func each(db *sql.DB, after int64, fn func(*row) error) error {
	rows, err := db.Query(columns+"WHERE seq > ? ORDER BY seq", after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.seq, &r.kind, &r.at, &r.received, &r.identity, &r.site, &r.body, &r.sum); err != nil {
			return err
		}
		if err := fn(&r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// eachAsItLies calls fn with all rows in the order in which they lie in the file, also where that is not the order of their numbers,
// up to the first page that cannot be read. What cannot be read of a row is left out, and it is not legible.
func eachAsItLies(db *sql.DB, fn func(r *row, legible bool)) error {
	rows, err := db.Query(columns + "NOT INDEXED")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		err := rows.Scan(&r.seq, &r.kind, &r.at, &r.received, &r.identity, &r.site, &r.body, &r.sum)
		fn(&r, err == nil)
	}
	return nil // an unreadable page is what odd finds
}

// one reads a single row; it fails where that cannot be read or is not there.
func one(db *sql.DB, seq int64) (*row, error) {
	var r row
	err := db.QueryRow(columns+"WHERE seq = ?", seq).Scan(&r.seq, &r.kind, &r.at, &r.received, &r.identity, &r.site, &r.body, &r.sum)
	return &r, err
}

// anchor is the record that the anchor in a data directory names; 0 where there is none.
func anchor(data string) int64 {
	var a struct{ Record int64 }
	text, err := os.ReadFile(filepath.Join(data, "journal.anchor"))
	if err != nil || json.Unmarshal(text, &a) != nil {
		return 0
	}
	return a.Record
}

// count asks for a number.
func count(db *sql.DB, query string, args ...any) (n int64, err error) {
	if err = db.QueryRow(query, args...).Scan(&n); err != nil {
		err = fmt.Errorf("%s: %w", query, err)
	}
	return n, err
}

// when is a time of the journal.
func when(ns int64) time.Time { return time.Unix(0, ns).UTC() }
