package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/testengine"
)

// A backup is of one moment, whole, private, and does not hold up commits; the restored journal says what came after it.
func TestL6_BackupAndRestore(t *testing.T) {
	dir, away, first := t.TempDir(), t.TempDir(), uint64(20_000)
	if testengine.Racing {
		first = 2_000
	}
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, int(first))})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	var longest time.Duration
	var last uint64
	go func() {
		defer close(done)
		for seq := first + 1; ctx.Err() == nil; seq += 10 {
			begin := time.Now()
			if err := j.Commit(t.Context(), &journal.Batch{Records: records(seq, 10)}); err != nil {
				t.Error(err)
			}
			longest, last = max(longest, time.Since(begin)), seq+9
		}
	}()
	time.Sleep(50 * time.Millisecond)
	c, err := Backup(t.Context(), dir, away, false)
	cancel()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the longest of the commits meanwhile took %v", longest)
	if c.Last <= first || c.Last%10 != 0 || c.First != 1 || len(c.Verified.Findings) > 0 || c.Verified.Records != int64(c.Last) {
		t.Errorf("the copy: %+v, want all records up to the end of a commit", c)
	}
	if info, err := os.Stat(c.Path); err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(c.Path) != away {
		t.Errorf("the file: %v, %v: want one in the folder, 0600", info, err)
	}
	if _, err := Backup(t.Context(), dir, c.Path, false); !errors.Is(err, journal.ErrExists) {
		t.Errorf("over another one: got %v, want ErrExists", err)
	}
	if _, err := Backup(t.Context(), dir, c.Path, true); err != nil {
		t.Errorf("over another one, told to: %v", err)
	}
	if c, err = Backup(t.Context(), dir, filepath.Join(away, "second"), false); err != nil || c.Last != last {
		t.Fatalf("the second: %+v, %v: want %d records", c, err, last)
	}
	if _, err := Restore(t.Context(), c.Path, dir, true); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("under a gateway: got %v, want ErrInUse", err)
	}
	commit(t, j, &journal.Batch{Records: records(last+1, 30)})
	_ = j.Close()
	if _, err := Restore(t.Context(), c.Path, dir, false); !errors.Is(err, journal.ErrExists) {
		t.Errorf("over a journal: got %v, want ErrExists", err)
	}
	r, err := Restore(t.Context(), c.Path, dir, true)
	if err != nil || r.Last != last || r.Lost != last+30 || r.Kept == "" {
		t.Fatalf("restored: %+v, %v: want %d records, and those up to %d lost", r, err, last, last+30)
	}
	j = open(t, dir)
	if got, want := verified(t, j), []journal.Finding{{First: last + 1, Last: last + 30, What: journal.Lost}}; !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	commit(t, j, &journal.Batch{Records: records(last+31, 5)})
	_ = j.Close()

	// Into an empty place; and after a journal of its own began there.
	empty := filepath.Join(t.TempDir(), "new")
	if r, err := Restore(t.Context(), away+"/second", empty, false); err != nil || r.Lost != 0 || r.Kept != "" {
		t.Errorf("into an empty place: %+v, %v", r, err)
	}
	j = open(t, empty)
	if found := verified(t, j); len(found) > 0 || j.Held() != nil {
		t.Errorf("there: %v, %v", found, j.Held())
	}
	_ = j.Close()
	other := written(t, 7)
	if r, err := Restore(t.Context(), away+"/second", other, true); err != nil || r.Lost != 0 {
		t.Errorf("over another journal: %+v, %v", r, err)
	}
	if found := verified(t, open(t, other)); len(found) > 0 {
		t.Errorf("there: %v", found)
	}
}

// What is no journal, or is damaged, is not restored, and nothing is touched.
func TestL6_RestoreRefusesWhatIsNoJournal(t *testing.T) {
	dir, folder := written(t, 5), t.TempDir()
	for name, text := range map[string]string{"empty": "", "text": strings.Repeat("no database ", 1000)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := listed(t, dir)
	for _, from := range []string{"nowhere", "empty", "text", "."} {
		if r, err := Restore(t.Context(), filepath.Join(folder, from), dir, true); err == nil {
			t.Errorf("%s: restored %+v", from, r)
		}
	}
	if after := listed(t, dir); after != before {
		t.Errorf("files before\n%s\nand after\n%s", before, after)
	}
	if n := len(replayed(t, open(t, dir), "", 0)); n != 5 {
		t.Errorf("%d records, want five", n)
	}
}

// The files of a gateway that was killed are a backup too: what is in the write-ahead log belongs to them.
func TestL6_RestoreTakesTheLog(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 100)})
	killed := copied(t, dir)
	to := filepath.Join(t.TempDir(), "data")
	r, err := Restore(t.Context(), killed, to, false)
	if err != nil || r.Last != 100 {
		t.Fatalf("restored %+v, %v: want 100 records", r, err)
	}
	if n := len(replayed(t, open(t, to), "", 0)); n != 100 {
		t.Errorf("%d records, want 100", n)
	}
}

// Finding S13: the data directory and the journal are for their owner alone, whoever made them before.
func TestS13_TheJournalIsPrivate(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "a", "data")
	old := t.TempDir()
	_ = open(t, old).Close()
	for _, name := range []string{"", FileName, AnchorFile, "lock"} {
		if err := os.Chmod(filepath.Join(old, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{fresh, old} {
		j := open(t, dir)
		commit(t, j, &journal.Batch{Records: records(1, 10)})
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v, want 0700", dir, info.Mode(), err)
		}
		for _, name := range []string{FileName, FileName + "-wal", FileName + "-shm"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v, want 0600", name, info, err)
			}
		}
		_ = j.Close()
		if info, err := os.Stat(filepath.Join(dir, AnchorFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the anchor: %v, %v, want 0600", info, err)
		}
	}
}
