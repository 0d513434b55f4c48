package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/journal"
)

// A restore that fails does not leave a place where the next start begins a journal from record 1.
func TestRestore_ThatFailsLeavesNoSilentNewJournal(t *testing.T) {
	dir := written(t, 100)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := Backup(t.Context(), dir, copied, false); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(101, 30)})
	_ = j.Close()
	block := filepath.Join(dir, AnchorFile+".new") // no anchor can be written
	if err := os.MkdirAll(filepath.Join(block, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if r, err := Restore(t.Context(), copied, dir, true); err == nil {
		t.Fatalf("restored %+v: this tests nothing", r)
	}
	if err := os.RemoveAll(block); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if n := len(replayed(t, j, "", 0)); n != 130 && !errors.Is(j.Held(), journal.ErrNoJournal) {
		t.Errorf("%d records, held: %v; want what was there, or to be told that it is gone", n, j.Held())
	}
	_ = j.Close()
	if r, err := Restore(t.Context(), copied, dir, true); err != nil || r.Last != 100 || r.Lost != 130 {
		t.Errorf("restored again: %+v, %v: want 100 records, and those up to 130 lost", r, err)
	}
}

// A restore that is killed between any two of its steps leaves a journal with its records, or one that is told to be gone; and it can
// be done again, which tells as much as it would have told the first time.
func TestRestore_ThatIsKilledLeavesNoSilentNewJournal(t *testing.T) {
	from := written(t, 100)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := Backup(t.Context(), from, copied, false); err != nil {
		t.Fatal(err)
	}
	more := func(t *testing.T, from string) string {
		j := open(t, from)
		commit(t, j, &journal.Batch{Records: records(101, 30)})
		dir := filepath.Join(t.TempDir(), "killed") // with its log
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		_ = j.Close()
		return dir
	}
	for what, c := range map[string]struct {
		dir  func(t *testing.T) string
		lost uint64 // the last record that the restore tells to be lost
	}{
		"the same journal, later": {func(t *testing.T) string { return more(t, written(t, 100)) }, 130},
		"the same journal":        {func(t *testing.T) string { return written(t, 100) }, 0},
		"another journal":         {func(t *testing.T) string { return more(t, written(t, 99)) }, 0},
		"no anchor": {func(t *testing.T) string {
			dir := written(t, 100)
			if err := os.Remove(filepath.Join(dir, AnchorFile)); err != nil {
				t.Fatal(err)
			}
			return dir
		}, 0},
		"an anchor that cannot be read": {func(t *testing.T) string {
			dir := written(t, 100)
			if err := os.WriteFile(filepath.Join(dir, AnchorFile), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}, 0},
	} {
		for done, all := 0, 1; done <= all; done++ {
			t.Run(fmt.Sprintf("%s, %d steps", what, done), func(t *testing.T) {
				dir := c.dir(t)
				part := filepath.Join(dir, FileName+".part")
				if err := copyJournal(t.Context(), copied, part); err != nil {
					t.Fatal(err)
				}
				found, err := inspect(t.Context(), part)
				if err != nil {
					t.Fatal(err)
				}
				anchor, _ := ReadAnchor(dir)
				steps := (&restoring{inspected: found, lost: c.lost}).steps(dir, part, anchor, time.Now().Add(-time.Hour))
				all = len(steps)
				for _, step := range steps[:done] {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
				j := open(t, dir)
				switch n, held := len(replayed(t, j, "", 0)), j.Held(); {
				case held != nil && !errors.Is(held, journal.ErrNoJournal):
					t.Errorf("held: %v", held)
				case held == nil && n < 99:
					t.Errorf("%d records, and nobody is told", n)
				case held != nil && (done == 0 || done == all):
					t.Errorf("held: %v", held)
				}
				_ = j.Close()
				r, err := Restore(t.Context(), copied, dir, true)
				if err != nil || r.Last != 100 || r.Lost != c.lost {
					t.Fatalf("restored again: %+v, %v: want 100 records, and those up to %d lost", r, err, c.lost)
				}
				j = open(t, dir)
				if n := len(replayed(t, j, "", 0)); n != 100 || j.Held() != nil {
					t.Errorf("%d records, held: %v", n, j.Held())
				}
				_ = j.Close()
			})
		}
	}
}

// Finding R10: a restore of an old backup revived sessions that had been ended since. What lets somebody in by itself is not brought back;
// people with their passwords are.
func TestR10_ARestoreRevivesNoSession(t *testing.T) {
	dir := written(t, 10)
	j := open(t, dir)
	var rows []accounts.Row
	for _, kind := range accounts.Kinds() {
		rows = append(rows, accounts.Row{Kind: kind, ID: "x", Account: "x", Body: []byte("{}")})
	}
	if err := j.KeepAccounts(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
	_ = j.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := Backup(t.Context(), dir, copied, false); err != nil {
		t.Fatal(err)
	}
	r, err := Restore(t.Context(), copied, dir, true)
	if err != nil || r.Ended != 5 {
		t.Fatalf("restored %+v, %v: want a session, a token, a link, a screen and a phone ended", r, err)
	}
	j = open(t, dir)
	defer func() { _ = j.Close() }()
	left, err := j.AccountRows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, x := range left {
		kinds = append(kinds, string(x.Kind))
	}
	if got := strings.Join(kinds, " "); got != "account event passkey pin pushkey recovery totp" {
		t.Errorf("after the restore there are %s, want those that let nobody in by themselves", got)
	}
}
