package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// taking is something that hands do to the files of a journal; earlier is a copy of journal.db from a while ago.
type taking struct {
	name string
	do   func(journal, earlier string) error
}

var allTakings = []taking{
	{"database deleted", func(journal, _ string) error { return os.Remove(journal) }},
	{"database emptied", func(journal, _ string) error { return os.Truncate(journal, 0) }},
	{"log deleted", func(journal, _ string) error { return os.Remove(journal + "-wal") }},
	{"database cut in half", func(journal, _ string) error { return cutTo(journal, 2) }},
	{"log emptied", func(journal, _ string) error { return os.Truncate(journal+"-wal", 0) }},
	{"database replaced by an earlier one", func(journal, earlier string) error { return os.Rename(earlier, journal) }},
	{"log cut in half", func(journal, _ string) error { return cutTo(journal+"-wal", 2) }},
	{"index of the log deleted", func(journal, _ string) error { return os.Remove(journal + "-shm") }},
	{"index of the log emptied", func(journal, _ string) error { return os.Truncate(journal+"-shm", 0) }},
	{"log replaced by an empty one", func(journal, _ string) error {
		if err := os.WriteFile(journal+".new", nil, 0o600); err != nil {
			return err
		}
		return os.Rename(journal+".new", journal+"-wal")
	}},
	{"all deleted", func(journal, _ string) error {
		return errors.Join(os.Remove(journal), os.Remove(journal+"-wal"), os.Remove(journal+"-shm"))
	}},
}

func cutTo(path string, part int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()/part)
}

// noticed is how long the gateway may take to see that its files are gone, on a machine that does much else.
const noticed = 2 * time.Second

// takings takes the journal's files away under load. Nothing may be acknowledged from then on, it must be said loudly, and what
// was acknowledged must be in what was rescued, or be named as lost.
func takings(b *bench, rounds int) error {
	return b.eachLife(rounds, b.fresh, func(l *life) error {
		t := allTakings[b.rounds%len(allTakings)]
		if err := l.taken(t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		return nil
	})
}

func (l *life) taken(t taking) error {
	if err := l.serve(); err != nil {
		return err
	}
	l.publish()
	if err := l.load.more(300, 30*time.Second); err != nil {
		return err
	}
	earlier := filepath.Join(l.dir, "earlier.db")
	if err := copyFile(l.journal(), earlier); err != nil {
		return err
	}
	if err := l.load.more(500+l.random.IntN(2000), 30*time.Second); err != nil {
		return err
	}
	if err := t.do(l.journal(), earlier); err != nil {
		return err
	}
	begin := time.Now()
	if err := l.says(noticed+3*time.Second, saysGone, saysFiles); err != nil {
		return err
	}
	time.Sleep(noticed + 500*time.Millisecond)
	if late := l.load.last().Sub(begin); late > noticed {
		return fmt.Errorf("messages are acknowledged %s afterwards", late.Round(time.Millisecond))
	}
	if err := l.alive(); err != nil {
		return err
	}
	l.figure("said loudly", 1)
	rescued := l.rescued()
	l.load.end()
	l.kill()
	if rescued != "" {
		return l.restored(rescued)
	}
	return l.told()
}

// rescued waits a while for what the gateway saves of a journal whose name is gone.
func (l *life) rescued() string {
	for range 50 {
		if found, _ := filepath.Glob(filepath.Join(l.data, "journal-rescued-*.db")); len(found) > 0 {
			return found[0]
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ""
}

// restored takes a rescued journal back: nothing is missing then.
func (l *life) restored(path string) error {
	if out, code := l.command("restore", "--data", l.data, path, "--overwrite"); code != 0 {
		return fmt.Errorf("restoring what was rescued ends with %d: %s", code, out)
	}
	l.figure("rescued whole", 1)
	if err := l.serve(); err != nil {
		return err
	}
	return l.final()
}

// told starts the gateway on what is left. Either it acknowledges nothing and says so, or what is missing is named by number.
func (l *life) told() error {
	if err := l.start(); err != nil {
		return err
	}
	held := false
	if err := l.until(60*time.Second, "journal is there or held", func() bool {
		held = l.holds()
		return held || l.status("/readyz") == http.StatusOK
	}); err != nil {
		return err
	}
	if held {
		l.figure("held at the start", 1)
		return nil
	}
	if err := l.stop(); err != nil {
		return err
	}
	out, _ := l.command("journal", "check", "--data", l.data)
	lost := int64(0)
	for _, s := range union(named(l.said() + out)) {
		lost += s.last - s.first + 1
	}
	acked := l.load.all()
	if _, err := l.oracle.read(l.journal()); err != nil {
		return err
	}
	missing := l.oracle.missing(acked)
	if int64(len(missing)) > lost {
		return fmt.Errorf("%d acknowledged messages are missing, and only %d records are named as lost", len(missing), lost)
	}
	l.figure("messages lost and named", len(missing))
	return nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// copyJournal copies the files of a data directory that are the journal's.
func copyJournal(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.anchor", "journal.head"} {
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
