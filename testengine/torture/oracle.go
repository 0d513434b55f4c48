package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// oracle knows what a journal that nobody touched must hold: every number once and in order, the chain of checksums, each
// message once. It reads on where it stopped; a new one reads all.
type oracle struct {
	boot   string
	last   int64
	sum    uint64
	stored map[identity]int
	latest int64 // when the newest was received, ns
}

func newOracle(boot string) *oracle { return &oracle{boot: boot, stored: map[identity]int{}} }

// mostProblems bounds what is told of one journal.
const mostProblems = 10

// read goes on through the journal and gives all that is wrong with it.
func (o *oracle) read(path string) (problems []string, err error) {
	db, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	wrong := func(format string, args ...any) {
		if len(problems) < mostProblems {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	err = each(db, o.last, func(r *row) error {
		if r.seq != o.last+1 {
			wrong("records %d to %d are not there", o.last+1, r.seq-1)
		}
		sum := r.link(o.sum)
		if !r.sum.Valid || uint64(r.sum.Int64) != sum {
			wrong("record %d has the checksum %x, and %x by what it says", r.seq, uint64(r.sum.Int64), sum)
		}
		if boot, id, ok := r.message(); ok && boot == o.boot {
			if o.stored[id]++; o.stored[id] > 1 {
				wrong("message %d of %s is there twice, again as record %d", id.seq, id.device, r.seq)
			}
		}
		o.last, o.sum, o.latest = r.seq, uint64(r.sum.Int64), max(o.latest, r.received)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s behind record %d: %w", filepath.Base(path), o.last, err)
	}
	for table, none := range map[string]string{"damage": "damage", "gaps": "gaps", "set_aside": "records that were set aside"} {
		if n, err := count(db, "SELECT count(*) FROM "+table); err != nil || n > 0 {
			wrong("%d %s in a journal that nobody touched (%v)", n, none, err)
		}
	}
	if until := time.Now().Add(time.Minute); when(o.latest).After(until) {
		wrong("a record was received at %s, which is to come", when(o.latest).Format(time.RFC3339))
	}
	return problems, nil
}

// missing are acknowledged messages that the journal does not hold.
func (o *oracle) missing(acked []identity) (none []identity) {
	for _, id := range acked {
		if o.stored[id] == 0 {
			none = append(none, id)
		}
	}
	return none
}
