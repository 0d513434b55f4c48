package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// ringing is an open alert that calls phones every five minutes, each of which says that it was reached and that it has shown the alert.
type ringing struct {
	t      *testing.T
	j      *Journal
	book   *alerts.Book
	phones int
	told   []alerts.Change // all, in order
	pages  int             // written to the log
}

var ringsSince = telemetry.InstantOf(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))

func ring(t *testing.T, j *Journal, phones int) *ringing {
	t.Helper()
	r := &ringing{t: t, j: j, phones: phones}
	r.restarted(nil)
	r.commit(r.book.Alarm(r.alarm(ringsSince, rules.Firing, 40), nil))
	return r
}

func (r *ringing) alarm(at telemetry.Instant, phase rules.Phase, value float64) *rules.Alarm {
	return &rules.Alarm{
		Site: "mall", Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Severity: rules.Critical, Phase: phase,
		Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: at,
		Explanation: rules.Explanation{Value: value, HasValue: true, Limit: 30, HasLimit: true, Unit: "persons", Evidence: []rules.Evidence{{Device: "door", At: at}}},
	}
}

func (r *ringing) restarted(open []alerts.Alert) {
	r.book = alerts.NewBook(open, nil)
	r.book.Plan(func(string) *facility.Escalation {
		return &facility.Escalation{Repeat: 5 * time.Minute, Steps: []facility.Call{{Role: "security"}}}
	})
}

func (r *ringing) commit(changes []alerts.Change) {
	r.t.Helper()
	if len(changes) == 0 {
		return
	}
	commit(r.t, r.j, &journal.Batch{Changes: changes})
	r.told = append(r.told, changes...)
	w := r.j.writer
	if err := w.take(); err != nil {
		r.t.Fatal(err)
	}
	defer w.give()
	pages, _, err := w.raw.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
	if err != nil {
		r.t.Fatal(err)
	}
	r.pages, w.pages = r.pages+pages, w.pages+pages
}

// rounds lets time pass from one minute to another. What phones say in one second is in one commit.
func (r *ringing) rounds(from, until int) {
	r.t.Helper()
	for m := from; m < until; m += 5 {
		now := ringsSince.Add(time.Duration(m) * time.Minute)
		r.commit(r.book.Tick(now, nil))
		a := r.book.Open()[0]
		number := a.Calls[len(a.Calls)-1].Number
		sent, shown := now.Add(time.Second), now.Add(2*time.Second)
		var went, came []alerts.Report
		for phone := range r.phones {
			d := alerts.Delivery{Key: fmt.Sprintf("%064x", phone), To: fmt.Sprintf("Petugas %d", phone), Via: alerts.ViaPush, Device: "Android", Sent: sent}
			went = append(went, alerts.Report{Alert: a.ID, Call: number, Delivery: d})
			d.Shown = shown
			came = append(came, alerts.Report{Alert: a.ID, Call: number, Delivery: d})
		}
		r.commit(r.book.Reached(went, sent, nil))
		r.commit(r.book.Reached(append(came, alerts.Report{Alert: a.ID, Call: number, Done: true}), shown, nil))
	}
}

func (r *ringing) recorded() (n int64) {
	r.t.Helper()
	if err := r.j.row(r.t.Context(), `SELECT sum(length(body)) FROM alert_changes`, &n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// An alert that calls forty phones every five minutes and that nobody sees to for a day adds what each of them has said to the journal, and not each time
// the whole alert, which was six gigabytes.
func TestADayOfCallsIsAsLongAsWhatChanged(t *testing.T) {
	j := open(t, t.TempDir())
	r := ring(t, j, 40)
	parts := int64(1) // of a day
	if testengine.Racing {
		parts = 6
	}
	r.rounds(0, 24*60/int(parts))
	size, _, err := j.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, log := r.recorded(), int64(r.pages)*4096
	t.Logf("%d changes: %d bytes recorded, %d on disk, %d written to the log", len(r.told), n, size, log)
	if int64(len(r.told)) < 23_000/parts || n > 12<<20/parts || size > 24<<20/parts || log > 64<<20/parts {
		t.Errorf("%d changes: %d bytes recorded, %d on disk, %d written to the log: want at most 12, 24 and 64 MiB, of which the site's transparency log has 9 on disk", len(r.told), n, size, log)
	}
	if got := r.open(j); got != r.want() {
		t.Error("the alert is not what it was")
	}
	begun := time.Now()
	steps, err := j.AlertChanges(t.Context(), r.told[0].Alert.ID, 2_000)
	want := stepsOf(r.told)
	want = want[max(0, len(want)-2_000):]
	if took := time.Since(begun); err != nil || len(steps) != len(want) || steps[0].At != want[0].At || took > time.Second {
		t.Errorf("%d steps after %v (%v), want the newest %d within a second", len(steps), took, err, len(want))
	} else {
		t.Logf("the newest %d of its steps in %v", len(steps), took)
	}
}

// open is the open alert of a journal, want what its last change has left.
func (r *ringing) open(j *Journal) string {
	r.t.Helper()
	st, err := j.State(r.t.Context())
	if err != nil || len(st.Open) != 1 {
		r.t.Fatalf("open: %d alerts (%v), want one", len(st.Open), err)
	}
	return encoded(r.t, &st.Open[0])
}

func (r *ringing) want() string {
	r.t.Helper()
	return encoded(r.t, &r.told[len(r.told)-1].Alert)
}

func encoded(t *testing.T, a *alerts.Alert) string {
	t.Helper()
	text, err := alerts.Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// killed is a journal made of the files of another one, as a killed process leaves them.
func killed(t *testing.T, j *Journal) *Journal {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{FileName, FileName + "-wal", AnchorFile} {
		text, err := os.ReadFile(filepath.Join(j.dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, dir)
}

// differing are what the check says of the alerts of a journal.
func differing(t *testing.T, j *Journal) (all []string) {
	t.Helper()
	f, err := j.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = f.Alerts(t.Context(), func(_ *alerts.Alert, differs string) error {
		if differs != "" {
			all = append(all, differs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Killed and started again between calls, the journal has the same alert, tells who was told when, goes on, and is whole until the alert has ended.
func TestCallsSurviveARestart(t *testing.T) {
	r := ring(t, open(t, t.TempDir()), 7)
	for m := 0; m < 300; m += 50 {
		r.rounds(m, m+50)
		at := ringsSince.Add(time.Duration(m+46) * time.Minute)
		r.commit(r.book.Alarm(r.alarm(at, rules.Firing, float64(m+41)), nil)) // it moves
		want := r.want()
		r.j = killed(t, r.j)
		if got := r.open(r.j); got != want {
			t.Fatalf("after minute %d it is\n%s\nwant\n%s", m+50, got, want)
		}
		if found := differing(t, r.j); found != nil {
			t.Fatalf("after minute %d: %v", m+50, found)
		}
		st, _ := r.j.State(t.Context())
		r.restarted(st.Open)
	}
	one, found, err := r.j.Alert(t.Context(), r.told[0].Alert.ID)
	if err != nil || !found || encoded(t, &one) != r.want() {
		t.Errorf("by its id: %v (%v)", found, err)
	}
	during, err := r.j.AlertsDuring(t.Context(), "mall", ringsSince, ringsSince.Add(time.Hour), 9)
	if err != nil || len(during) != 1 || encoded(t, &during[0]) != r.want() {
		t.Errorf("by its time: %d (%v)", len(during), err)
	}
	var many int
	if err := r.j.row(t.Context(), `SELECT count(*) FROM alert_changes WHERE part = 1`, &many); err != nil || many < len(r.told)*3/4 {
		t.Errorf("%d of %d changes are parts (%v): this tests little", many, len(r.told), err)
	}
	r.commit(r.book.Alarm(r.alarm(ringsSince.Add(400*time.Minute), rules.Quiet, 10), nil))
	all := stepsOf(r.told)
	for _, limit := range []int{len(all), 10, 300} {
		want := all[len(all)-limit:]
		got, err := r.j.AlertChanges(t.Context(), r.told[0].Alert.ID, limit)
		if err != nil || len(got) != limit {
			t.Fatalf("%d steps (%v), want %d", len(got), err, limit)
		}
		for i := range got {
			if got[i].What != want[i].What || got[i].At != want[i].At || encoded(t, &got[i].Alert) != encoded(t, &want[i].Alert) {
				t.Fatalf("step %d is %s at %v, want %s at %v, or its alert is not what it was", i, got[i].What, got[i].At, want[i].What, want[i].At)
			}
		}
	}
	past, err := r.j.History(t.Context(), "", 9)
	if err != nil || len(past) != 1 || encoded(t, &past[0]) != encoded(t, &r.told[len(r.told)-1].Alert) {
		t.Errorf("past: %d (%v)", len(past), err)
	}
	if found := differing(t, r.j); found != nil {
		t.Errorf("at its end: %v", found)
	}
}

// stepsOf are the changes that AlertChanges lists.
func stepsOf(all []alerts.Change) []alerts.Change {
	return slices.DeleteFunc(slices.Clone(all), func(c alerts.Change) bool {
		return c.What == alerts.Updated || c.What == alerts.Worsened || c.What == alerts.Sent
	})
}

// A commit that fails leaves nothing behind from which the next change is told.
func TestAPartIsTakenOverWhatIsStored(t *testing.T) {
	r := ring(t, open(t, t.TempDir()), 2)
	r.rounds(0, 20)
	lost := r.book.Tick(ringsSince.Add(20*time.Minute), nil)
	twice := []alerts.Signal{{ID: "s", Topic: "t"}}
	if _, err := r.j.writer.conn.ExecContext(t.Context(), `CREATE TEMP TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END`); err != nil {
		t.Fatal(err)
	}
	if err := r.j.Commit(t.Context(), &journal.Batch{Changes: lost, Signals: twice}); err == nil {
		t.Fatal("it is committed")
	}
	r.rounds(25, 30)
	if got := r.open(killed(t, r.j)); got != r.want() {
		t.Errorf("it is\n%s\nwant\n%s", got, r.want())
	}
	if found := differing(t, r.j); found != nil {
		t.Error(found)
	}
}

// Whatever is changed or lost of what is recorded about calls, the check finds it.
func TestTheCheckComparesCalls(t *testing.T) {
	r := ring(t, open(t, t.TempDir()), 5)
	r.rounds(0, 60)
	if found := differing(t, killed(t, r.j)); found != nil {
		t.Fatalf("untouched: %v", found)
	}
	const last = `(SELECT max(id) FROM alert_changes)`
	for what, do := range map[string]string{
		"what a phone said":               `UPDATE alert_changes SET body = replace(body, 'Petugas 1', 'Petugas 2') WHERE id = (SELECT max(id) FROM alert_changes WHERE body LIKE '%Petugas 1%')`,
		"what one said long ago":          `UPDATE alert_changes SET body = replace(body, 'Petugas 1', 'Petugas 2') WHERE id = (SELECT min(id) FROM alert_changes WHERE body LIKE '%Petugas 1%')`,
		"when":                            `UPDATE alert_changes SET at = at + 1 WHERE id = ` + last,
		"which step":                      `UPDATE alert_changes SET what = 'shown' WHERE id = ` + last,
		"the last, gone":                  `DELETE FROM alert_changes WHERE id = ` + last,
		"one in the middle, gone":         `DELETE FROM alert_changes WHERE id = ` + last + ` - 9`,
		"the first, gone":                 `DELETE FROM alert_changes WHERE id = 1`,
		"the whole one, gone":             `DELETE FROM alert_changes WHERE id = (SELECT max(id) FROM alert_changes WHERE part = 0)`,
		"all parts, gone":                 `DELETE FROM alert_changes WHERE part = 1`,
		"the last parts, gone":            `DELETE FROM alert_changes WHERE id > (SELECT max(id) FROM alert_changes WHERE part = 0)`,
		"all, gone":                       `DELETE FROM alert_changes`,
		"the alert":                       `UPDATE alerts SET body = json_set(body, '$.calls[0].role', 'x')`,
		"the alert and its last change":   `UPDATE alerts SET body = json_set(body, '$.severity', 'info'); UPDATE alert_changes SET body = (SELECT body FROM alerts) WHERE id = (SELECT max(id) FROM alert_changes WHERE part = 0)`,
		"a part that is said to be all":   `UPDATE alert_changes SET part = 0 WHERE id = ` + last,
		"two that are exchanged":          `UPDATE alert_changes SET id = -1 WHERE id = ` + last + `; UPDATE alert_changes SET id = id + 1 WHERE id = ` + last + `; UPDATE alert_changes SET id = ` + last + ` - 1 WHERE id = -1`,
		"the checksums":                   `UPDATE alert_changes SET sum = NULL`,
		"the checksum of the end":         `UPDATE alert_parts SET sum = sum + 1`,
		"the end":                         `DELETE FROM alert_parts`,
		"one more":                        `INSERT INTO alert_changes (alert, what, at, body, part, sum) SELECT alert, what, at, body, part, sum FROM alert_changes WHERE id = ` + last,
		"one more of an older version":    `INSERT INTO alert_changes (alert, what, at, body) SELECT id, 'updated', 1, body FROM alerts`,
		"what cannot be read":             `UPDATE alert_changes SET body = '{' WHERE id = ` + last,
		"the last, gone, before the next": `DELETE FROM alert_changes WHERE id = ` + last + `; next`,
	} {
		t.Run(what, func(t *testing.T) {
			j := killed(t, r.j)
			before := digestOf(t, j)
			for query := range strings.SplitSeq(do, "; ") {
				if query == "next" {
					commit(t, j, &journal.Batch{Changes: []alerts.Change{{Alert: r.book.Open()[0], What: alerts.Sent, At: ringsSince.Add(time.Hour)}}})
					continue
				}
				if _, err := j.writer.conn.ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			if digestOf(t, j) == before {
				t.Fatal("nothing was changed: this tests nothing")
			}
			if found := differing(t, j); len(found) != 1 {
				t.Errorf("found %v, want that the alert is not what was written", found)
			}
			if _, err := j.State(t.Context()); err != nil {
				t.Errorf("it does not start: %v", err)
			}
		})
	}
}

func digestOf(t *testing.T, j *Journal) string {
	t.Helper()
	var all []string
	for _, query := range []string{
		`SELECT id || alert || what || at || part || coalesce(sum, 'none') || body FROM alert_changes ORDER BY id`, `SELECT body FROM alerts`, `SELECT sum FROM alert_parts`,
	} {
		err := each(t.Context(), j.reads, func(rows *sql.Rows) error {
			var line string
			err := rows.Scan(&line)
			all = append(all, line)
			return err
		}, query)
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(all, "\n")
}

// A part that cannot be read costs what it said, and not the alert: who started with it is told.
func TestADamagedPartLeavesTheAlert(t *testing.T) {
	r := ring(t, open(t, t.TempDir()), 3)
	r.rounds(0, 20)
	var said bytes.Buffer
	r.j.log = slog.New(slog.NewTextHandler(&said, nil))
	if _, err := r.j.writer.conn.ExecContext(t.Context(), `UPDATE alert_changes SET body = 'x' WHERE id = (SELECT max(id) FROM alert_changes)`); err != nil {
		t.Fatal(err)
	}
	st, err := r.j.State(t.Context())
	if err != nil || len(st.Open) != 1 || len(st.Open[0].Calls) != 4 || !strings.Contains(said.String(), "before what cannot be read") {
		t.Errorf("open: %+v (%v), said %q", st.Open, err, said.String())
	}
}

// A journal of the schema before has every change whole, and goes on in parts.
func TestCallsOfAnOlderJournalGoOn(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Index(migrations, schemaParts)
	for version := range before {
		if err := migrateOne(t.Context(), db, version); err != nil {
			t.Fatal(err)
		}
	}
	scratch := ring(t, open(t, t.TempDir()), 3)
	scratch.rounds(0, 30)
	for i := range scratch.told {
		c := &scratch.told[i]
		body := encoded(t, &c.Alert)
		if _, err := db.Exec(`INSERT INTO alert_changes (alert, what, at, body) VALUES (?,?,?,?)`, c.Alert.ID, string(c.What), int64(c.At), body); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO alerts (id, site, opened, resolved, body) VALUES (?,?,?,0,?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, c.Alert.ID, c.Alert.Site, int64(c.Alert.Opened), body); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	scratch.j = open(t, dir)
	if got := scratch.open(scratch.j); got != scratch.want() {
		t.Errorf("it is\n%s\nwant\n%s", got, scratch.want())
	}
	scratch.rounds(30, 60)
	if got := scratch.open(killed(t, scratch.j)); got != scratch.want() {
		t.Errorf("later it is\n%s\nwant\n%s", got, scratch.want())
	}
	want := stepsOf(scratch.told)
	got, err := scratch.j.AlertChanges(t.Context(), scratch.told[0].Alert.ID, 9999)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d steps (%v), want %d", len(got), err, len(want))
	}
	for i := range got {
		if encoded(t, &got[i].Alert) != encoded(t, &want[i].Alert) {
			t.Fatalf("step %d, %s, is not what it was", i, got[i].What)
		}
	}
	if found := differing(t, scratch.j); found != nil {
		t.Error(found)
	}
}

// Changes that a clock which was ahead has made go, those behind them stay as they were, and all fits again.
func TestCallsOfTheFutureAreTakenOut(t *testing.T) {
	r := ring(t, open(t, t.TempDir()), 3)
	r.rounds(0, 30)
	stays := len(r.told)
	r.rounds(600, 630)
	goes := len(r.told)
	a := r.book.Open()[0]
	for k := range 3 { // the clock is right again, and the gateway goes on
		d := alerts.Delivery{Key: fmt.Sprint("k", k), To: "Siti", Via: alerts.ViaPush, Sent: ringsSince.Add(31 * time.Minute)}
		r.commit(r.book.Reached([]alerts.Report{{Alert: a.ID, Call: a.Calls[0].Number, Delivery: d}}, ringsSince.Add(time.Duration(31+k)*time.Minute), nil))
	}
	want := stepsOf(append(slices.Clone(r.told[:stays]), r.told[goes:]...))
	now := ringsSince.Add(40 * time.Minute)
	future, err := r.j.FutureAlerts(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.j.SetAside(t.Context(), nil, future, now); err != nil {
		t.Fatal(err)
	}
	j := killed(t, r.j)
	if got := r.open(j); got != r.want() {
		t.Errorf("it is\n%s\nwant\n%s", got, r.want())
	}
	if found := differing(t, j); found != nil {
		t.Error(found)
	}
	got, err := j.AlertChanges(context.Background(), a.ID, 9999)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d steps (%v), want %d", len(got), err, len(want))
	}
	for i := range got {
		if got[i].What != want[i].What || encoded(t, &got[i].Alert) != encoded(t, &want[i].Alert) {
			t.Fatalf("step %d, %s, is not what it was", i, got[i].What)
		}
	}
}
