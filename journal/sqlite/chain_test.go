package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// by changes a closed journal as somebody with a database shell would.
func by(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func verified(t *testing.T, j *Journal) []journal.Finding {
	t.Helper()
	v, err := j.Verify(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.Findings
}

// made are journals that written has made.
var made = map[int]map[string][]byte{}

// written is a closed journal with n records, in commits of many sizes. Those of one size are copies of one journal, with its id.
func written(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	if files := made[n]; files != nil {
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	j := open(t, dir)
	for from := 1; from <= n; {
		size := min(1+from%131, n-from+1)
		commit(t, j, &journal.Batch{Records: records(uint64(from), size)})
		from += size
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	made[n] = map[string][]byte{}
	for _, name := range []string{FileName, AnchorFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		made[n][name] = text
	}
	return dir
}

// Finding L6: what somebody did to records is told by their numbers, and no other record is suspected.
func TestL6_ChangesAreToldByNumber(t *testing.T) {
	for _, c := range []struct {
		what string
		do   []string
		want []journal.Finding
	}{
		{"nothing", nil, nil},
		{"one body", []string{`UPDATE records SET body = replace(body, '400.5', '401.5') WHERE seq = 77`}, []journal.Finding{{First: 77, Last: 77, What: journal.Changed}}},
		{"a time", []string{`UPDATE records SET at = at + 1 WHERE seq = 1`}, []journal.Finding{{First: 1, Last: 1, What: journal.Changed}}},
		{"a receipt", []string{`UPDATE records SET received = received + 1 WHERE seq = 1250`}, []journal.Finding{{First: 1250, Last: 1250, What: journal.Changed}}},
		{"a site", []string{`UPDATE records SET site = 'other' WHERE seq = 5`}, []journal.Finding{{First: 5, Last: 5, What: journal.Changed}}},
		{"an identity", []string{`UPDATE records SET identity = 0 WHERE seq = 5`}, []journal.Finding{{First: 5, Last: 5, What: journal.Changed}}},
		{"a kind", []string{`UPDATE records SET kind = 4 WHERE seq = 5`}, []journal.Finding{{First: 5, Last: 5, What: journal.Changed}}},
		{"a checksum", []string{`UPDATE records SET sum = sum + 1 WHERE seq = 5`}, []journal.Finding{{First: 5, Last: 5, What: journal.Changed}}},
		{"no checksum", []string{`UPDATE records SET sum = NULL WHERE seq = 5`}, []journal.Finding{{First: 5, Last: 5, What: journal.Changed}}},
		{"two neighbours", []string{`UPDATE records SET body = '{}' WHERE seq IN (8, 9)`}, []journal.Finding{{First: 8, Last: 9, What: journal.Changed}}},
		{"one deleted", []string{`DELETE FROM records WHERE seq = 100`}, []journal.Finding{{First: 100, Last: 100, What: journal.Lost}}},
		{"the first deleted", []string{`DELETE FROM records WHERE seq <= 3`}, []journal.Finding{{First: 1, Last: 3, What: journal.Lost}}},
		{"the last deleted", []string{`DELETE FROM records WHERE seq > 1150`}, []journal.Finding{{First: 1151, Last: 1250, What: journal.Lost}}},
		{"two exchanged", []string{`UPDATE records SET seq = -1 WHERE seq = 50`, `UPDATE records SET seq = 50 WHERE seq = 51`, `UPDATE records SET seq = 51 WHERE seq = -1`},
			[]journal.Finding{{First: 50, Last: 51, What: journal.Changed}}},
		{"another number", []string{`UPDATE records SET seq = 1251 WHERE seq = 50`}, []journal.Finding{{First: 50, Last: 50, What: journal.Lost}, {First: 1251, Last: 1251, What: journal.Changed}}},
		{"what no version writes", []string{`UPDATE records SET at = 'noon' WHERE seq = 7`}, []journal.Finding{{First: 7, Last: 7, What: journal.Unreadable}}},
		{"both", []string{`DELETE FROM records WHERE seq BETWEEN 10 AND 19`, `UPDATE records SET body = '{' WHERE seq = 21`}, []journal.Finding{{First: 10, Last: 19, What: journal.Lost}, {First: 21, Last: 21, What: journal.Changed}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := written(t, 1250)
			by(t, dir, c.do...)
			j := open(t, dir)
			if got := verified(t, j); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			noted, err := j.Damage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var told []journal.Finding
			for _, n := range noted {
				told = append(told, n.Finding)
			}
			if !reflect.DeepEqual(told, c.want) {
				t.Errorf("noted at the start: %v, want %v", told, c.want)
			}
			// It goes on behind all numbers that were given, and that is whole.
			next := j.writer.head.Record + 1
			if next < 1251 {
				t.Errorf("the next record is %d: a number that was given already", next)
			}
			commit(t, j, &journal.Batch{Records: records(next, 10)})
			if got := verified(t, j); !reflect.DeepEqual(got, c.want) {
				t.Errorf("after ten more: got %v, want %v", got, c.want)
			}
			_ = j.Close()
			if again, err := open(t, dir).Damage(t.Context()); err != nil || len(again) != len(noted) {
				t.Errorf("at the next start: %v, %v: want what was noted, once", again, err)
			}
		})
	}
}

// A record that cannot be read is a rejection to whoever reads on: it stops nothing.
func TestL6_AnUnreadableRecordIsSetAside(t *testing.T) {
	for _, spoil := range []string{`UPDATE records SET body = '{"device":' WHERE seq = 7`, `UPDATE records SET at = 'noon' WHERE seq = 7`, `UPDATE records SET kind = 9 WHERE seq = 7`,
		`UPDATE records SET identity = 'x', received = 'y', sum = 'z' WHERE seq = 7`} {
		dir := written(t, 20)
		by(t, dir, spoil, strings.ReplaceAll(spoil, "seq = 7", "seq = 20"))
		j := open(t, dir)
		all := replayed(t, j, "", 0)
		if len(all) != 20 {
			t.Fatalf("%s: %d records, want all 20", spoil, len(all))
		}
		if r := all[6]; r.Kind != telemetry.KindRejection || r.Seq != 7 || !strings.Contains(r.Rejection.Detail, "record 7") {
			t.Errorf("%s: record 7 reads as %+v, want a rejection that says so", spoil, r)
		}
		if _, err := j.State(t.Context()); err != nil {
			t.Errorf("%s: %v", spoil, err)
		}
		_ = j.Close()
	}
}

// A page that the database cannot read costs what is on it.
func TestL6_AnUnreadablePageCostsItsRecords(t *testing.T) {
	dir := written(t, 5000)
	var page int64
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(`SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf' LIMIT 1 OFFSET 20`).Scan(&page); err != nil {
		t.Fatalf("which page holds records: %v", err)
	}
	_ = db.Close()
	f, err := os.OpenFile(filepath.Join(dir, FileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 4096), (page-1)*4096); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	j := open(t, dir)
	found := verified(t, j)
	if len(found) != 1 || found[0].What != journal.Unreadable || found[0].Last-found[0].First > 60 {
		t.Fatalf("found %v, want the records of one page", found)
	}
	lost := int(found[0].Last - found[0].First + 1)
	if n := len(replayed(t, j, "", 0)); n != 5000-lost {
		t.Errorf("%d records are read, want %d", n, 5000-lost)
	}
	commit(t, j, &journal.Batch{Records: records(5001, 10)})
}

// Flipped bits in the write-ahead log of a gateway that was killed: SQLite ends before them, and what was committed behind is told.
func TestL6_AFlippedBitInTheLogIsTold(t *testing.T) {
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 6))
	for range 8 {
		dir := t.TempDir()
		j := open(t, dir)
		for i := range uint64(50) {
			commit(t, j, &journal.Batch{Records: records(1+i*20, 20)})
		}
		j.anchors.write()
		killed := copied(t, dir)
		_ = j.Close()
		wal, err := os.ReadFile(filepath.Join(killed, FileName+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		wal[len(wal)/4+rng.IntN(len(wal)/2)] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(filepath.Join(killed, FileName+"-wal"), wal, 0o600); err != nil {
			t.Fatal(err)
		}
		j = open(t, killed)
		n := uint64(len(replayed(t, j, "", 0)))
		want := []journal.Finding{{First: n + 1, Last: 1000, What: journal.Lost}}
		if got := verified(t, j); n < 1000 && !reflect.DeepEqual(got, want) || n == 1000 && len(got) > 0 {
			t.Errorf("%d records are left: found %v, want %v", n, got, want)
		}
		_ = j.Close()
	}
}

// copied is what a killed gateway leaves: the files as they are, without the lock.
func copied(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{FileName, FileName + "-wal", AnchorFile, HeadFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil {
			if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return to
}

// What retention deletes is no loss, and the chain is followed over it, from the first record that is kept.
func TestL6_RetentionKeepsTheChain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	all := records(1, 9000)
	for _, seq := range []int{1, 17, 18, 4000, 8999} {
		all[seq-1] = telemetry.Record{Seq: uint64(seq), Kind: telemetry.KindEntry, Site: "mall", At: all[seq-1].At, Received: all[seq-1].Received,
			Entry: &telemetry.Entry{ID: fmt.Sprint(seq), Kind: telemetry.EntryCount}}
	}
	commit(t, j, &journal.Batch{Records: all, Snapshots: []journal.Snapshot{{Site: "mall", Seq: 9000, Body: []byte("s")}}})
	for _, until := range []int{3000, 5000, 9000, 9001} {
		if _, err := j.Retain(t.Context(), journal.Retention{Records: time.Nanosecond}, telemetry.Instant(until*1e9)); err != nil {
			t.Fatal(err)
		}
		if got := verified(t, j); len(got) > 0 {
			t.Errorf("until %d: found %v, want nothing", until, got)
		}
	}
	if n := len(replayed(t, j, "", 0)); n != 5 {
		t.Errorf("%d records are kept, want the five entries", n)
	}
	_ = j.Close()
	j = open(t, dir)
	commit(t, j, &journal.Batch{Records: records(9001, 100)})
	if got := verified(t, j); len(got) > 0 {
		t.Errorf("in the end: found %v, want nothing", got)
	}
	_ = j.Close()
	by(t, dir, `DELETE FROM records WHERE seq = 4000`, `UPDATE records SET body = replace(body, '17', '71') WHERE seq = 17`)
	if got, want := verified(t, open(t, dir)), []journal.Finding{{First: 17, Last: 17, What: journal.Changed}, {First: 4000, Last: 4000, What: journal.Lost}}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a hand: got %v, want %v", got, want)
	}
}

// A journal that an older version wrote is chained from its next record on, and says so.
func TestL6_AnOldJournalBeginsItsChain(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	for version := range 5 {
		if err := migrateOne(t.Context(), db, version); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO records VALUES (5, 4, 'mall', 5, 5, 0, '{}'), (9, 4, 'mall', 9, 9, 0, '{}')`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(10, 20)})
	v, err := j.Verify(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Begins != 10 || v.Records != 20 || len(v.Findings) > 0 {
		t.Errorf("got %+v, want 20 records from 10 on", v)
	}
	_ = j.Close()
	by(t, dir, `DELETE FROM records WHERE seq = 10`)
	if got, want := verified(t, open(t, dir)), []journal.Finding{{First: 10, Last: 10, What: journal.Lost}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A clock that is mended changes records on purpose: the chain knows what they were, and what stands in their place.
func TestL6_SettingAsideKeepsTheChain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 50)})
	all, err := j.Future(t.Context(), telemetry.Instant(40*1e9+6))
	if err != nil || len(all) != 10 {
		t.Fatalf("%d records of the future, %v", len(all), err)
	}
	if err := j.SetAside(t.Context(), all, journal.FutureAlerts{}, telemetry.Instant(40*1e9)); err != nil {
		t.Fatal(err)
	}
	commit(t, j, &journal.Batch{Records: records(51, 50)})
	if got := verified(t, j); len(got) > 0 {
		t.Errorf("found %v, want nothing", got)
	}
	_ = j.Close()
	by(t, dir, `UPDATE records SET body = replace(body, 'clock', 'block') WHERE seq = 45`, `UPDATE set_aside SET body = '{}' WHERE seq = 47`)
	if got, want := verified(t, open(t, dir)), []journal.Finding{{First: 45, Last: 45, What: journal.Changed}, {First: 47, Last: 47, What: journal.Changed}}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a hand: got %v, want %v", got, want)
	}
}

// The anchor never leads what is on disk, and lags behind by a second at most.
func TestL6_TheAnchorFollows(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 50)})
	time.Sleep(anchorEvery + 300*time.Millisecond)
	a, err := ReadAnchor(dir)
	if err != nil || a == nil || a.Record != 50 {
		t.Fatalf("the anchor is %+v, %v: want record 50", a, err)
	}
	commit(t, j, &journal.Batch{Records: records(51, 1)})
	_ = j.Close()
	if a, err = ReadAnchor(dir); err != nil || a.Record != 51 {
		t.Errorf("after the end the anchor is %+v, %v: want record 51", a, err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, AnchorFile))
	if err := os.WriteFile(filepath.Join(dir, AnchorFile), []byte(strings.Replace(string(text), `"record":51`, `"record":57`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAnchor(dir); !errors.Is(err, errAnchor) {
		t.Errorf("a damaged anchor: got %v, want that it is damaged", err)
	}
	// It is no witness then; the journal goes on, and no record is called lost.
	if got := verified(t, open(t, dir)); len(got) > 0 {
		t.Errorf("found %v, want nothing", got)
	}
}

// A journal that is not fsynced has no anchor until it is.
func TestL6_ARelaxedJournalHasNoAnchor(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(t.Context(), Options{Dir: dir, Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	commit(t, j, &journal.Batch{Records: records(1, 50)})
	j.anchors.write()
	if a, err := ReadAnchor(dir); a != nil || err != nil {
		t.Errorf("the anchor is %+v, %v: want none", a, err)
	}
	if err := j.Strict(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err := ReadAnchor(dir); err != nil || a == nil || a.Record != 50 {
		t.Errorf("the anchor is %+v, %v: want record 50", a, err)
	}
	commit(t, j, &journal.Batch{Records: records(51, 50)})
}
