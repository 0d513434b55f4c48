package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// copyReport is what backup and restore say to scripts.
type copyReport struct {
	File         string     `json:"file"`
	Bytes        int64      `json:"bytes"`
	First        uint64     `json:"first"` // the records that it has
	Last         uint64     `json:"last"`
	LastReceived time.Time  `json:"last_received"`
	Compared     uint64     `json:"compared"` // records, with their checksums
	Older        bool       `json:"older,omitempty"`
	Damage       []string   `json:"damage,omitempty"`
	Kept         string     `json:"kept,omitempty"`  // what was there before a restore
	Lost         *lostRange `json:"lost,omitempty"`  // what a restore gives up
	Ended        int        `json:"ended,omitempty"` // sessions, tokens and links of accounts
}

type lostRange struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

func reportOf(c *journal.Copy) copyReport {
	r := copyReport{
		File: c.Path, Bytes: c.Bytes, First: c.First, Last: c.Last, LastReceived: c.LastReceived.Time().UTC(),
		Compared: uint64(c.Verified.Records), Older: c.Older,
	}
	for _, f := range c.Verified.Findings {
		r.Damage = append(r.Damage, f.String())
	}
	return r
}

func restoredReport(data string, d *journal.Restored) copyReport {
	r := reportOf(&d.Copy)
	r.Ended = d.Ended
	if d.Kept != "" {
		r.Kept = filepath.Join(data, "*"+d.Kept)
	}
	if d.Lost > 0 {
		r.Lost = &lostRange{d.Last + 1, d.Lost}
	}
	return r
}

func (r copyReport) print(w io.Writer) error { return json.NewEncoder(w).Encode(r) }
