package journaltest

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// alertLog: what is recorded of single alerts is found by its id and by time, and is there after a crash.
func alertLog(t testing.TB, h Harness) {
	j := open(t, h)
	step := func(id, site string, opened, resolved uint64, what alerts.What, second uint64) alerts.Change {
		a := alerts.Alert{ID: id, Site: site, Opened: at(opened)}
		if resolved > 0 {
			a.Resolved = at(resolved)
		}
		if id == "quiet" {
			a.Silenced = &alerts.Silencing{Entry: "s", By: "satpam", At: at(3), Until: at(90)}
		}
		return alerts.Change{Alert: a, What: what, At: at(second)}
	}
	commit(t, j, &journal.Batch{
		Records: []telemetry.Record{configuration(1, "mall"), entry(2, "mall", "e1", telemetry.EntryComment, "open"), entry(3, "mall", "e2", telemetry.EntryComment, "past"),
			entry(4, "hall", "e1", telemetry.EntryComment, "open"), entry(5, "mall", "e3", telemetry.EntryAssign, "open"), entry(6, "mall", "e4", telemetry.EntryComment, "open")},
		Changes: []alerts.Change{
			step("past", "mall", 10, 0, alerts.Opened, 10), step("past", "mall", 10, 20, alerts.Resolved, 20),
			step("other", "hall", 12, 0, alerts.Opened, 12), step("other", "hall", 12, 31, alerts.Resolved, 31),
			step("quiet", "mall", 14, 0, alerts.Opened, 14), step("quiet", "mall", 14, 25, alerts.Resolved, 25),
			step("open", "mall", 30, 0, alerts.Opened, 30), step("open", "mall", 30, 0, alerts.Updated, 31), step("open", "mall", 30, 0, alerts.Assigned, 32),
		},
	})
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		for _, c := range []struct {
			site        string
			from, until uint64
			limit       int
			want        string
		}{
			{"", 0, 99, 9, "[open quiet other past]"}, {"mall", 0, 99, 9, "[open quiet past]"}, {"", 0, 99, 2, "[open quiet]"},
			{"", 20, 30, 9, "[quiet other past]"}, {"", 21, 31, 9, "[open quiet other]"}, {"", 0, 12, 9, "[past]"}, {"none", 0, 99, 9, "[]"},
		} {
			var ids []string
			found, err := j.AlertsDuring(t.Context(), c.site, at(c.from), at(c.until), c.limit)
			for i := range found {
				ids = append(ids, found[i].ID)
			}
			if got := fmt.Sprint(ids); err != nil || got != c.want {
				t.Errorf("alerts of %q from second %d until %d: %s (%v), want %s", c.site, c.from, c.until, got, err, c.want)
			}
		}
		if a, found, err := j.Alert(t.Context(), "past"); err != nil || !found || a.Resolved != at(20) {
			t.Errorf("an alert by its id: %+v, %v (%v)", a, found, err)
		}
		if _, found, err := j.Alert(t.Context(), "none"); err != nil || found {
			t.Errorf("an alert that is none: %v (%v)", found, err)
		}
		changes, err := j.AlertChanges(t.Context(), "open", 9)
		if err != nil || len(changes) != 2 || changes[0].What != alerts.Opened || changes[1].What != alerts.Assigned || changes[1].At != at(32) {
			t.Errorf("the steps of an alert: %+v (%v), want opened and assigned", changes, err)
		}
		about, err := j.EntriesAbout(t.Context(), "mall", telemetry.EntryComment, "open", 9)
		if n := fmt.Sprint(numbers(about)); err != nil || n != "[6 2]" {
			t.Errorf("comments about an alert: %s (%v), want [6 2]", n, err)
		}
		st, err := j.State(t.Context())
		if err != nil || len(st.Silenced) != 1 || st.Silenced[0].ID != "quiet" {
			t.Errorf("what ended silenced: %+v (%v)", st, err)
		}
	}
}
