package journaltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// histories gives a period with what stood before it, as it is known at a moment, and keeps it for ever.
func histories(t testing.TB, h Harness) {
	j := open(t, h)
	zone, door := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, rules.Subject{Kind: rules.SubjectDoor, ID: "hall"}
	change := func(record, from, until uint64, rule string, s rules.Subject, to rules.Verdict) rules.Transition {
		t := rules.Transition{Site: "mall", Rule: rule, Subject: s, At: at(from), To: to, Record: record, Told: at(record), Late: until > 0, Kind: "capacity", Class: rules.ClassBreach}
		if t.Late {
			t.Until = at(until)
		}
		if t.Explanation.HasValue, t.Explanation.Value = true, float64(record); to == rules.Unknown {
			t.Idle, t.Explanation.Reason = true, rules.ReasonPending
		}
		return t
	}
	records := observations(1, 60, "mall")
	records[0], records[9], records[29] = configuration(1, "mall"), configuration(10, "mall"), configuration(30, "mall")
	records[4] = service(5, "mall", telemetry.Service{Deaf: true, Since: at(4)})
	records[14], records[15] = service(15, "mall", telemetry.Service{Since: at(13)}), service(16, "hall", telemetry.Service{})
	records[40], records[50] = service(41, "mall", telemetry.Service{}), service(51, "mall", telemetry.Service{})
	commit(t, j, &journal.Batch{Records: records, Snapshots: []journal.Snapshot{{Site: "mall", Seq: 60, Body: []byte("s")}}, Transitions: []rules.Transition{
		change(2, 2, 0, "a", zone, rules.Within), change(3, 3, 0, "a", zone, rules.Breached), change(3, 3, 0, "a", door, rules.Within), change(4, 4, 0, "b", zone, rules.Unknown),
		change(12, 12, 0, "a", zone, rules.Unknown), change(20, 8, 11, "a", zone, rules.Within), change(21, 7, 9, "a", zone, rules.Within),
		change(25, 11, 22, "b", zone, rules.Breached), change(35, 35, 0, "a", zone, rules.Within), change(40, 9, 14, "a", door, rules.Breached),
	}, Stops: []journal.Stop{{Site: "mall", Seq: 55}}})
	if removed := retain(t, j, journal.Retention{Records: 1}, at(1000)); removed.Records == 0 {
		t.Errorf("removed %+v, want records", removed)
	}
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		for _, c := range []struct {
			name                       string
			q                          journal.HistoryQuery
			changes, notes, configured string
			stopped                    telemetry.Instant
		}{
			{"all", journal.HistoryQuery{Site: "mall", Until: at(90)}, "[2 3 3 4 12 20 21 25 35 40]", "[5 15 41 51]", "[1 10 30]", at(55)},
			{"a period", journal.HistoryQuery{Site: "mall", From: at(10), Until: at(30)}, "[3 3 4 12 20 25 40]", "[5 15 41]", "[10]", at(55)},
			{"as it was known", journal.HistoryQuery{Site: "mall", From: at(10), Until: at(30), Known: at(20)}, "[3 3 4 12 20]", "[5 15 41]", "[10]", at(55)},
			{"one of nobody", journal.HistoryQuery{Site: "none", Until: at(90)}, "[]", "[]", "[]", 0},
		} {
			for _, explained := range []bool{false, true} {
				c.q.Explained = explained
				got, err := j.VerdictHistory(t.Context(), c.q)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				changes := []uint64{}
				for _, x := range got.Transitions {
					changes = append(changes, x.Record)
					if x.Told != at(x.Record) || x.Idle != (x.To == rules.Unknown) || (x.Explanation.Reason == rules.ReasonPending) != x.Idle || x.Explanation.HasValue && !explained && x.Explanation.Value != float64(x.Record) ||
						explained && x.Explanation.Value != float64(x.Record) || x.Kind != "capacity" || x.Class != rules.ClassBreach {
						t.Errorf("%s: a change reads %+v", c.name, x)
					}
				}
				if fmt.Sprint(changes) != c.changes || fmt.Sprint(numbers(got.Notes)) != c.notes || fmt.Sprint(numbers(got.Configurations)) != c.configured {
					t.Errorf("%s: changes by records %v, notes %v, configurations %v, want %s, %s, %s", c.name, changes, numbers(got.Notes), numbers(got.Configurations), c.changes, c.notes, c.configured)
				}
				if got.Stopped != 0 && c.stopped == 0 {
					t.Errorf("%s: stopped at %v, want never", c.name, got.Stopped)
				}
			}
		}
		if _, err := j.VerdictHistory(t.Context(), journal.HistoryQuery{Site: "mall", From: at(10), Until: at(90), Most: 3}); err != nil {
			t.Errorf("as many as may be: %v", err)
		}
		if _, err := j.VerdictHistory(t.Context(), journal.HistoryQuery{Site: "mall", From: at(10), Until: at(90), Most: 2}); !errors.Is(err, journal.ErrTooMuch) {
			t.Errorf("more than may be: %v, want ErrTooMuch", err)
		}
	}
}
