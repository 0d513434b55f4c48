package sqlite

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const aSecret = "Siti of the night shift"

// aDay is one batch with a fact of each kind at the site mall, behind record seq.
func aDay(seq uint64) *journal.Batch {
	at := telemetry.Instant(seq+1) * 1e9
	b := &journal.Batch{Records: records(seq+1, 2)}
	next := seq + 3
	for _, r := range []telemetry.Record{
		{Kind: telemetry.KindEntry, Entry: &telemetry.Entry{ID: fmt.Sprint("e", seq), Kind: telemetry.EntryCorrection, Author: aSecret, Reason: aSecret, Subject: "hall", Value: 3}},
		{Kind: telemetry.KindConfiguration, Configuration: &telemetry.Configuration{Version: "v1", Author: aSecret, Definition: []byte(`{"site":{"id":"mall"}}`)}},
		{Kind: telemetry.KindEngine, Engine: &telemetry.Engine{Version: "9"}},
		{Kind: telemetry.KindService, Service: &telemetry.Service{Since: at, Deaf: true, Door: "broker"}},
	} {
		r.Seq, r.Site, r.At, r.Received = next, "mall", at, at
		b.Records = append(b.Records, r)
		next++
	}
	for i := range 2 {
		b.Transitions = append(b.Transitions, rules.Transition{Site: "mall", Rule: "capacity", Subject: rules.Subject{Kind: "zone", ID: "hall"}, At: at, To: rules.Breached, Record: seq + 1, Index: i, Late: i == 1, Told: at})
	}
	b.Changes = []alerts.Change{
		{Alert: alerts.Alert{ID: fmt.Sprint("a", seq), Site: "mall", Rule: "capacity", Opened: at, Assigned: &alerts.Assignment{}}, What: alerts.Opened, At: at},
		{Alert: alerts.Alert{ID: fmt.Sprint("a", seq), Site: "mall", Rule: "capacity", Opened: at, Ack: &alerts.Acknowledgement{By: aSecret, At: at, Until: at + 1}}, What: alerts.Acknowledged, At: at},
	}
	return b
}

const factsOfADay = 8

// facts are the entries of a site's log.
func factsOf(t testing.TB, j *Journal, site string) (all []*audit.Fact, raw [][]byte) {
	t.Helper()
	heads, err := j.LogHeads(t.Context(), false, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(heads, func(h journal.LogHead) bool { return h.Site == site })
	if at < 0 {
		return nil, nil
	}
	l, _, err := j.Log(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(0); n < heads[at].Size; n += audit.TileWidth {
		tile := audit.EntriesTile(n, heads[at].Size)
		bundle, err := l.Tile(t.Context(), tile)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := audit.ParseBundle(bundle, tile.W)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			f, err := audit.Parse(e)
			if err != nil {
				t.Fatalf("%s: %v", e, err)
			}
			all, raw = append(all, f), append(raw, e)
		}
	}
	return all, raw
}

// wrongIn is what a check finds in the logs.
func wrongIn(t testing.TB, j *Journal) (all []string, compared, mended int64) {
	t.Helper()
	err := j.CheckLogs(t.Context(), nil, func(c *journal.LogCheck) error {
		for _, w := range c.Wrong {
			all = append(all, c.Site+": "+w)
		}
		compared, mended = compared+c.Compared, mended+c.Mended
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, compared, mended
}

var logKey = func() audit.Key {
	k, err := audit.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{3}, 64)))
	if err != nil {
		panic(err)
	}
	return k
}()

// published signs where the logs end, and gives the checkpoint of a site.
func published(t testing.TB, j *Journal, site string) []byte {
	t.Helper()
	heads, err := j.LogHeads(t.Context(), true, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []journal.SignedCheckpoint
	for _, h := range heads {
		text, err := logKey.Sign(audit.Checkpoint{Origin: audit.Origin("gate", h.Site), Size: h.Size, Root: h.Root})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, journal.SignedCheckpoint{Site: h.Site, Size: h.Size, Text: text})
	}
	if err := j.KeepCheckpoints(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
	l, ok, err := j.Log(t.Context(), site)
	if err != nil || !ok {
		t.Fatalf("the log of %q: %v, %v", site, ok, err)
	}
	text, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verifiedLog(t testing.TB, j *Journal, site string, outside ...[]byte) *audit.Report {
	t.Helper()
	l, ok, err := j.Log(t.Context(), site)
	if err != nil || !ok {
		t.Fatalf("the log of %q: %v, %v", site, ok, err)
	}
	r, err := audit.Verify(t.Context(), l, audit.Known{Keys: []string{logKey.Verifier(audit.Origin("gate", site))}, Checkpoints: outside}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each fact is in the log of its site as soon as it is in the journal, says nothing of people, and is of its row.
func TestFactsEnterTheLogWithTheirCommit(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, aDay(0))
	facts, raw := factsOf(t, j, "mall")
	var kinds []audit.Kind
	for i, f := range facts {
		kinds = append(kinds, f.Kind)
		if strings.Contains(string(raw[i]), "Siti") {
			t.Errorf("it tells of people: %s", raw[i])
		}
	}
	want := []audit.Kind{audit.Begin, audit.Entered, audit.Configuration, audit.Engine, audit.Listening, audit.Verdict, audit.Revision, audit.Alert, audit.Alert}
	if !slices.Equal(kinds, want) {
		t.Fatalf("the log has %v, want %v", kinds, want)
	}
	if wrong, compared, _ := wrongIn(t, j); len(wrong) != 0 || compared != factsOfADay {
		t.Errorf("%d compared, wrong: %q", compared, wrong)
	}
	salts, err := j.Salts(t.Context(), "mall", 0, len(facts))
	if err != nil {
		t.Fatal(err)
	}
	var body []byte
	if err := j.row(t.Context(), `SELECT body FROM records WHERE kind = 3`, &body); err != nil {
		t.Fatal(err)
	}
	if err := facts[1].Holds(body, salts[1]); err != nil {
		t.Errorf("the entry and its row: %v", err)
	}
	if salts[5] != nil || facts[5].Text("rule") != "capacity" || facts[5].Text("to") != "breached" || facts[6].Text("record") != "1" {
		t.Errorf("the verdicts: %s, %s, salt %x", raw[5], raw[6], salts[5])
	}
	// The gateway itself, and a site of which nothing happens, have nothing.
	commit(t, j, &journal.Batch{Records: records(7, 5)})
	if heads, err := j.LogHeads(t.Context(), false, nil, 10); err != nil || len(heads) != 1 || heads[0].Size != 9 {
		t.Errorf("logs: %+v (%v), want the one", heads, err)
	}
}

// A batch that is not stored leaves nothing in a log, and one that is committed again stands there once, also when it was written ahead.
func TestAFailedCommitLeavesNothingInTheLog(t *testing.T) {
	j := open(t, t.TempDir())
	bad := aDay(0)
	bad.Signals = []alerts.Signal{{ID: "s", Topic: "t"}}
	bad.Records[1].Seq = bad.Records[0].Seq // it cannot be stored
	if err := j.Commit(t.Context(), bad); err == nil {
		t.Fatal("two records with one number were committed")
	}
	if facts, _ := factsOf(t, j, "mall"); facts != nil {
		t.Fatalf("%d entries of a batch that is not stored", len(facts))
	}
	b := aDay(0)
	all := *b
	b.Records, b.Transitions, b.Changes = all.Records[:4], nil, nil
	j.Prepare(b)
	if err := j.Tell(t.Context(), "mall", entryFor("mall")); err != nil { // what was written ahead is forgotten
		t.Fatal(err)
	}
	b.Records = all.Records
	j.Prepare(b)
	b.Transitions = all.Transitions
	j.Prepare(b)
	b.Changes = all.Changes
	commit(t, j, b)
	facts, _ := factsOf(t, j, "mall")
	if wrong, compared, _ := wrongIn(t, j); len(wrong) != 0 || compared != factsOfADay || len(facts) != factsOfADay+2 {
		t.Errorf("%d entries, %d compared, wrong: %q", len(facts), compared, wrong)
	}
}

func entryFor(site string) []byte {
	e := audit.Make(nil, audit.Stopped, site, 1)
	return e.End()
}

// The tiles that a journal gives are those of tlog, at every published size, and the whole verifies.
func TestTilesOfTheJournal(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	var hashes []audit.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]audit.Hash, error) {
		var all []audit.Hash
		for _, i := range indexes {
			all = append(all, hashes[i])
		}
		return all, nil
	})
	var outside [][]byte
	seq, seen := uint64(0), 0
	for round := range 12 {
		b := aDay(seq)
		seq += 6
		for range 60 {
			b.Transitions = append(b.Transitions, b.Transitions[0])
		}
		commit(t, j, b)
		_, raw := factsOf(t, j, "mall")
		for ; seen < len(raw); seen++ {
			more, err := tlog.StoredHashes(int64(seen), raw[seen], reader)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, more...)
		}
		outside = append(outside, published(t, j, "mall"))
		if round == 6 { // the right edge is read from the disk
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = open(t, dir)
		}
	}
	l, _, err := j.Log(t.Context(), "mall")
	if err != nil {
		t.Fatal(err)
	}
	for _, tile := range tlog.NewTiles(audit.TileHeight, 0, int64(seen)) {
		want, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := l.Tile(t.Context(), tile); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: it is another one (%v)", audit.TilePath(tile), err)
		}
		tile.W++
		if tile.W <= audit.TileWidth {
			if _, err := l.Tile(t.Context(), tile); err == nil {
				t.Errorf("%s: it is there, and the log is not so long", audit.TilePath(tile))
			}
		}
	}
	if seen < 3*audit.TileWidth {
		t.Fatalf("only %d entries", seen)
	}
	if r := verifiedLog(t, j, "mall", outside...); !r.OK() || len(r.Lines) < 20 {
		t.Errorf("%+v", r.Lines)
	}
	p, err := audit.Prove(t.Context(), l, outside[11], 300)
	if err != nil {
		t.Fatal(err)
	}
	if _, raw := factsOf(t, j, "mall"); p.Holds(raw[300]) != nil || p.Holds(raw[301]) == nil {
		t.Error("the proof of entry 300 is not of that entry alone")
	}
}

// What hands do to rows and to the log is named by the entry.
func TestL7_HandsAreNamedByTheEntry(t *testing.T) {
	from := t.TempDir()
	j := open(t, from)
	for i := range 40 {
		commit(t, j, aDay(uint64(i)*6))
	}
	checkpoint := published(t, j, "mall")
	_ = j.Close()
	const entries = 40*factsOfADay + 1 // the 20th transition is entry 78
	for what, c := range map[string]struct {
		sql  []string
		want string // one that is told
	}{
		"a verdict edited":           {[]string{`UPDATE transitions SET body = replace(body, 'breached', 'within') WHERE id = 20`}, "entry 78: row 20 of transitions is not what was recorded"},
		"a verdict deleted":          {[]string{`DELETE FROM transitions WHERE id = 20`}, "entry 78: row 20 of transitions, of which it speaks, is not there"},
		"a verdict added":            {[]string{`INSERT INTO transitions SELECT 10000, record, site, rule, subject, at, until, late, verdict, body, near, told, idle, reason FROM transitions WHERE id = 20`}, "row 10000 of transitions is in no log"},
		"an alert's change edited":   {[]string{`UPDATE alert_changes SET body = replace(body, 'Siti', 'Budi') WHERE id = 2`}, "entry 8: row 2 of alert_changes is not what was recorded"},
		"an alert's change deleted":  {[]string{`DELETE FROM alert_changes WHERE id = 2`}, "entry 8: row 2 of alert_changes, of which it speaks, is not there"},
		"a correction edited":        {[]string{`UPDATE records SET body = replace(body, '"Value":3', '"Value":4') WHERE seq = 3`}, "entry 1: row 3 of records is not what was recorded"},
		"a configuration edited":     {[]string{`UPDATE records SET body = replace(body, 'v1', 'v2') WHERE seq = 4`}, "entry 2: row 4 of records is not what was recorded"},
		"both, row and entry":        {[]string{`UPDATE transitions SET body = body || ' ' WHERE id = 20`, `UPDATE log_entries SET body = replace(CAST(body AS TEXT), 'breached', 'breachea') WHERE place = (1 << 40) + 78`}, "entry 78 is not what was written: its hash is another one"},
		"an entry at the right edge": {[]string{`UPDATE log_entries SET body = replace(CAST(body AS TEXT), 'mall', 'malk') WHERE place = (1 << 40) + 300`}, "entry 300 is of site"},
		"an entry deleted":           {[]string{`DELETE FROM log_entries WHERE place = (1 << 40) + 78`}, "entries 78 to 78 are not there"},
		"two entries swapped": {[]string{`UPDATE log_entries SET place = -1 WHERE place = (1 << 40) + 78`, `UPDATE log_entries SET place = (1 << 40) + 78 WHERE place = (1 << 40) + 79`,
			`UPDATE log_entries SET place = (1 << 40) + 79 WHERE place = -1`}, "entry 78 is not what was written: its hash is another one"},
		"an entry added":        {[]string{`INSERT INTO log_entries SELECT place + 1, body, salt FROM log_entries ORDER BY place DESC LIMIT 1`}, fmt.Sprintf("entries %d to %d were added", entries, entries)},
		"the tail cut":          {[]string{`DELETE FROM log_entries WHERE place >= (1 << 40) + 300`}, "entries 300 to 320 are not there: the log is cut"},
		"a tile edited":         {[]string{`UPDATE log_tiles SET hashes = x'00' || substr(hashes, 2)`}, "entry 0 is not what was written"},
		"the right edge edited": {[]string{`UPDATE logs SET edge = substr(edge, 1, 8) || x'00' || substr(edge, 10)`}, "not those that were written"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := copied(t, from)
			by(t, dir, c.sql...)
			j, err := OpenReader(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = j.Close() }()
			wrong, _, _ := wrongIn(t, j)
			if !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.want) }) {
				t.Errorf("it says %q, want %q", wrong, c.want)
			}
		})
	}
	// The whole replaced, and signed anew with the stolen key: nothing in it is wrong. Against a checkpoint from before it is another log.
	other := open(t, t.TempDir())
	for i := range 41 {
		commit(t, other, aDay(uint64(i)*6))
	}
	_ = published(t, other, "mall")
	if wrong, _, _ := wrongIn(t, other); len(wrong) != 0 {
		t.Errorf("a log like any other: %q", wrong)
	}
	if r := verifiedLog(t, other, "mall", checkpoint); r.OK() {
		t.Errorf("against the checkpoint from before: %+v", r.Lines)
	}
}

// A salt that is erased takes away what the entry was of, and nothing else.
func TestAnErasedSaltLeavesTheLogWhole(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, aDay(0))
	before := published(t, j, "mall")
	_ = j.Close()
	by(t, dir, `UPDATE log_entries SET salt = NULL WHERE place = (1 << 40) + 1`, `UPDATE records SET body = replace(body, 'Siti', 'erased') WHERE seq = 3`)
	j = open(t, dir)
	if wrong, _, _ := wrongIn(t, j); len(wrong) != 0 {
		t.Errorf("wrong: %q, want that nobody can tell any more", wrong)
	}
	if r := verifiedLog(t, j, "mall", before); !r.OK() {
		t.Errorf("%+v", r.Lines)
	}
}

// An old copy that is put back is told: by the gateway's log itself, and against any later checkpoint.
func TestARestoredCopyIsAForkOfTheLog(t *testing.T) {
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "copy.db")
	j := open(t, dir)
	commit(t, j, aDay(0))
	if _, err := Backup(t.Context(), dir, backup, false); err != nil {
		t.Fatal(err)
	}
	commit(t, j, aDay(6))
	later := published(t, j, "mall")
	_ = j.Close()
	if _, err := Restore(t.Context(), backup, dir, true); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if r := func() *audit.Report { _ = published(t, j, "mall"); return verifiedLog(t, j, "mall", later) }(); r.OK() || !strings.Contains(fmt.Sprint(r.Lines), "an old copy was put in its place") {
		t.Errorf("right behind the restore: %+v", r.Lines)
	}
	next := aDay(j.writer.head.Record)
	next.Transitions[0].Rule = "other"
	commit(t, j, next)
	commit(t, j, aDay(j.writer.head.Record))
	_ = published(t, j, "mall")
	if r := verifiedLog(t, j, "mall", later); r.OK() || !strings.Contains(fmt.Sprint(r.Lines), "is another one than that of the checkpoint from outside") {
		t.Errorf("later: %+v", r.Lines)
	}
	facts, _ := factsOf(t, j, "")
	if !slices.ContainsFunc(facts, func(f *audit.Fact) bool { return f.Kind == audit.Restored }) || !slices.ContainsFunc(facts, func(f *audit.Fact) bool { return f.Kind == audit.Damage }) {
		t.Errorf("the gateway's log does not say that a copy was put back, and what is lost: %d entries", len(facts))
	}
	if wrong, _, _ := wrongIn(t, j); len(wrong) != 0 {
		t.Errorf("wrong: %q", wrong)
	}
}

// Readings are bound by the digest of their day, and before they are deleted.
func TestReadingsAreBoundByDigests(t *testing.T) {
	j := open(t, t.TempDir())
	const day = telemetry.Instant(24 * time.Hour)
	b := &journal.Batch{Records: records(1, 30)}
	for i := range b.Records {
		r := &b.Records[i]
		r.Received = day*telemetry.Instant(i/10) + telemetry.Instant(i+1)
		if i%10 == 9 {
			r.Site = "other"
		}
	}
	commit(t, j, b)
	if err := j.Digest(t.Context(), 2*day+5); err != nil {
		t.Fatal(err)
	}
	facts, _ := factsOf(t, j, "mall")
	if len(facts) != 3 || facts[1].Kind != audit.Digest || facts[1].Text("records") != "9" || facts[2].Text("first") != "11" || facts[2].Text("last") != "19" {
		t.Fatalf("%d entries, %+v; want two digests of nine records", len(facts), facts)
	}
	if err := j.Digest(t.Context(), 2*day+5); err != nil {
		t.Fatal(err)
	}
	if again, _ := factsOf(t, j, "mall"); len(again) != 3 {
		t.Errorf("a second time there are %d entries", len(again))
	}
	// By hand: the tree over the lines.
	var tree audit.Frontier
	for i := range b.Records[:9] {
		r := &b.Records[i]
		body, err := appendBody(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		tree.Append(audit.HashOf(fmt.Appendf(nil, "%d %d %d %d %d %s", r.Seq, r.Kind, r.At, r.Received, int64(r.Identity), body)))
	}
	if root := tree.Root(); facts[1].Text("root") != hex.EncodeToString(root[:]) {
		t.Errorf("the root is %s, want %x", facts[1].Text("root"), root)
	}
	if _, err := j.Retain(t.Context(), journal.Retention{Records: time.Hour}, 2*day+25+telemetry.Instant(time.Hour)); err != nil {
		t.Fatal(err)
	}
	facts, _ = factsOf(t, j, "mall")
	if last := facts[len(facts)-1]; last.Kind != audit.Digest || last.Text("first") != "21" {
		t.Errorf("what was deleted today is not bound: %+v", last)
	}
	gateway, _ := factsOf(t, j, "")
	if len(gateway) < 2 || gateway[1].Kind != audit.Retention || gateway[1].Text("table") != "records" {
		t.Errorf("the gateway's log does not tell of what was deleted: %+v", gateway)
	}
	if wrong, _, _ := wrongIn(t, j); len(wrong) != 0 {
		t.Errorf("wrong: %q", wrong)
	}
}

// A journal of an older version has logs from its upgrade on, which say what is older than they.
func TestTheLogBeginsAtTheUpgrade(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, aDay(0))
	sum := j.writer.sum
	_ = j.Close()
	by(t, dir, `DROP TABLE logs`, `DROP TABLE log_entries`, `DROP TABLE log_tiles`, `DROP TABLE logs_since`, `ALTER TABLE damage DROP COLUMN logged`, `PRAGMA user_version = 16`)
	j = open(t, dir)
	if facts, _ := factsOf(t, j, "mall"); facts != nil {
		t.Fatalf("a log of %d entries before anything has happened", len(facts))
	}
	commit(t, j, aDay(6))
	facts, _ := factsOf(t, j, "mall")
	if len(facts) != factsOfADay+1 || facts[0].Kind != audit.Begin || facts[0].Text("older_records") != "6" || facts[0].Text("older_chain") != hexOf(sum) || facts[0].Text("older_transitions") != "2" {
		t.Errorf("%d entries, the first: %+v", len(facts), facts[0])
	}
	if wrong, _, _ := wrongIn(t, j); len(wrong) != 0 {
		t.Errorf("wrong: %q", wrong)
	}
}

// A repair of the journal takes rows away, and the log says why.
func TestARepairIsInTheLog(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, aDay(0))
	future := aDay(6)
	for i := range future.Records {
		future.Records[i].At, future.Records[i].Received = 1e15, 1e15
	}
	for i := range future.Changes {
		future.Changes[i].At, future.Changes[i].Alert.Opened = 1e15, 1e15
	}
	commit(t, j, future)
	commit(t, j, &journal.Batch{Changes: []alerts.Change{{Alert: alerts.Alert{ID: "a0", Site: "mall", Opened: 1e9}, What: alerts.Expired, At: 1e15}}})
	aside, err := j.Future(t.Context(), 1e12)
	if err != nil {
		t.Fatal(err)
	}
	those, err := j.FutureAlerts(t.Context(), 1e12)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.SetAside(t.Context(), aside, those, 1e12); err != nil {
		t.Fatal(err)
	}
	commit(t, j, aDay(12))
	wrong, _, mended := wrongIn(t, j)
	if len(wrong) != 0 || mended == 0 {
		t.Errorf("%d rows taken back, wrong: %q", mended, wrong)
	}
	facts, _ := factsOf(t, j, "mall")
	if !slices.ContainsFunc(facts, func(f *audit.Fact) bool { return f.Kind == audit.Mended && f.Text("record") == "7" }) {
		t.Error("the log does not say from which record on it is judged again")
	}
}

// Checkpoints never go back, and only logs with something new are due.
func TestCheckpointsAreKept(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, aDay(0))
	first := published(t, j, "mall")
	if due, err := j.LogHeads(t.Context(), true, nil, 10); err != nil || len(due) != 0 {
		t.Errorf("due: %+v (%v), want none", due, err)
	}
	commit(t, j, aDay(6))
	second := published(t, j, "mall")
	s := alerts.Signal{ID: "checkpoint/mall/9", Topic: "t", Payload: first, Retain: true}
	if err := j.KeepCheckpoints(t.Context(), []journal.SignedCheckpoint{{Site: "mall", Size: 9, Text: first}, {Site: "mall", Size: 9999, Text: first}}, []alerts.Signal{s}); err != nil {
		t.Fatal(err)
	}
	if l, _, _ := j.Log(t.Context(), "mall"); !bytes.Equal(second, must(l.Checkpoint(t.Context()))) {
		t.Error("an older checkpoint, or one of entries that there are not, is kept for the newest")
	}
	if owed, err := j.Owed(t.Context(), 10); err != nil || len(owed) != 1 {
		t.Errorf("owed: %+v (%v)", owed, err)
	}
	if _, ok, err := j.Log(t.Context(), "nowhere"); ok || err != nil {
		t.Errorf("a log of a site that is not there: %v, %v", ok, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkFacts writes changes of verdict in commits of 1000 with an fsync each, with what enters the log.
func BenchmarkFacts(b *testing.B) {
	j, err := Open(context.Background(), Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	const size = 1000
	seq := uint64(1)
	for b.Loop() {
		batch := &journal.Batch{Records: records(seq, 1)}
		for i := range size {
			batch.Transitions = append(batch.Transitions, rules.Transition{Site: fmt.Sprint("site-", i%10), Rule: "capacity", At: telemetry.Instant(seq), To: rules.Breached, Record: seq, Index: i})
		}
		seq++
		if err := j.Commit(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*size/b.Elapsed().Seconds(), "facts/s")
}
