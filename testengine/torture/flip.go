package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// flipsABase is how many bits are flipped in copies of one journal.
const flipsABase = 10

// flips stops a gateway, in good order or without warning, and starts it again with one bit of journal.db or its log flipped. Every
// record that is not what it was must be named, in the log or by gerbang journal check, or the journal must be held.
func flips(b *bench, rounds int) error {
	for base := 0; b.rounds < rounds; base++ {
		l, err := b.fresh()
		if err != nil {
			return err
		}
		b.over(l, l.flipped(rounds, min(flipsABase, rounds-b.rounds), base%2 == 1))
		if len(b.violations) > 3 {
			return fmt.Errorf("given up after %d violations", len(b.violations))
		}
	}
	return nil
}

func (l *life) flipped(rounds, flips int, killed bool) error {
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	err := l.load.more(500+l.random.IntN(1500), 60*time.Second)
	l.load.end()
	if err != nil {
		return err
	}
	if killed {
		time.Sleep(1500 * time.Millisecond) // the anchor may lag behind by a second
		l.kill()
	} else if err := l.stop(); err != nil {
		return err
	}
	if err := l.whole(); err != nil {
		return err
	}
	before, err := prints(l.journal(), l.oracle.last)
	if err != nil {
		return err
	}
	base := filepath.Join(l.dir, "base")
	if err := copyJournal(l.data, base); err != nil {
		return err
	}
	for range flips {
		if err := copyJournal(base, l.data); err != nil {
			return err
		}
		what, err := l.flip()
		if err != nil {
			return err
		}
		if err := l.judged(before, anchor(base)); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		l.done(rounds)
	}
	return nil
}

// flip turns one bit over, in the log half of the time where there is one.
func (l *life) flip() (what string, err error) {
	path := l.journal()
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 && l.random.IntN(2) == 0 {
		path += "-wal"
		l.figure("in the log", 1)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	at, bit := l.random.IntN(len(text)), l.random.IntN(8)
	text[at] ^= 1 << bit
	return fmt.Sprintf("bit %d of byte %d of %s", bit, at, filepath.Base(path)), os.WriteFile(path, text, 0o600)
}

// judged starts the gateway and compares what it says with what is not as it was.
func (l *life) judged(before map[int64]uint64, anchored int64) error {
	if err := l.start(); err != nil {
		return err
	}
	defer l.kill()
	held := false
	err := l.until(60*time.Second, "journal is there or held", func() bool {
		held = l.holds()
		return held || l.status("/readyz") == http.StatusOK
	})
	switch {
	case err != nil && l.ended() && strings.Contains(l.said(), "newer version"):
		l.figure("taken for a newer schema, and said", 1)
		return nil
	case err != nil:
		return err
	case held:
		l.figure("journal held, and said", 1)
		return nil
	}
	if err := l.stop(); err != nil {
		return err
	}
	out, _ := l.command("journal", "check", "--data", l.data)
	said := named(l.said() + out)
	odd, err := l.odd(before)
	if err != nil {
		return err
	}
	strange, err := l.strays(int64(len(before)))
	if err != nil {
		return err
	}
	for _, seq := range strange {
		if !covers(said, seq) {
			return fmt.Errorf("number %d was never given, stands among the records, and only %v are named", seq, said)
		}
		l.figure("numbers that were never given, named", 1)
	}
	records, beyond := 0, 0
	for _, seq := range odd {
		switch {
		case covers(said, seq):
			records++
		case seq > anchored:
			beyond++
		default:
			return fmt.Errorf("record %d is not as it was, and only %v are named", seq, said)
		}
	}
	switch {
	case beyond > 0:
		l.figure("lost in the anchor's last second", 1)
	case records > 0:
		l.figure("named by number", 1)
		l.figure("records named", records)
	case len(said) > 0:
		l.figure("named, and read as before", 1)
	default:
		l.figure("changed no record", 1)
	}
	return nil
}

// holds tells whether the gateway says that it does not take its journal for one.
func (l *life) holds() bool { return strings.Contains(l.said(), saysGone) }

// prints are those of all records up to a number.
func prints(path string, last int64) (map[int64]uint64, error) {
	db, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	all := make(map[int64]uint64, last)
	return all, each(db, 0, func(r *row) error {
		if r.seq <= last {
			all[r.seq] = r.print()
		}
		return nil
	})
}

// strays are the rows with numbers above those that were given before, as they lie in the file, which the gateway cannot have written
// since: each of its own is chained to the one before it, or begins behind a gap.
func (l *life) strays(last int64) (all []int64, err error) {
	db, err := openPlain(l.journal())
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	sums := map[int64]uint64{}
	gaps, err := db.Query("SELECT last, sum FROM gaps")
	if err != nil {
		return nil, err
	}
	defer gaps.Close()
	for gaps.Next() {
		var seq, sum int64
		if err := gaps.Scan(&seq, &sum); err != nil {
			return nil, err
		}
		sums[seq] = uint64(sum)
	}
	return all, eachAsItLies(db, func(r *row, legible bool) {
		if legible {
			sums[r.seq] = uint64(r.sum.Int64)
		}
		if prev, known := sums[r.seq-1]; r.seq > last && (!legible || !known || r.link(prev) != uint64(r.sum.Int64)) {
			all = append(all, r.seq)
		}
	})
}

// odd are the records that do not read as they did, in order.
func (l *life) odd(before map[int64]uint64) (odd []int64, err error) {
	db, err := openPlain(l.journal())
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	for seq := int64(1); seq <= int64(len(before)); seq++ {
		if r, err := one(db, seq); err != nil || r.print() != before[seq] {
			odd = append(odd, seq)
		}
	}
	return odd, nil
}
