package journaltest

import (
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// numbers are those of records.
func numbers(records []telemetry.Record) (all []uint64) {
	for i := range records {
		all = append(all, records[i].Seq)
	}
	return all
}

func recovery(t testing.TB, h Harness) {
	j := open(t, h)
	zone := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	verdict := func(record uint64, subject rules.Subject, to rules.Verdict, late bool) rules.Transition {
		return rules.Transition{Site: "mall", Rule: "capacity", Subject: subject, At: at(record), To: to, Late: late, Record: record}
	}
	commit(t, j, &journal.Batch{Records: []telemetry.Record{
		configuration(1, "mall"), observation(2, "mall"), entry(3, "mall", "e1", telemetry.EntryCount, ""), configuration(4, "hall"), observation(5, "mall"),
		service(6, "mall", telemetry.Service{Deaf: true, Since: at(4)}), service(7, "hall", telemetry.Service{}), service(8, "mall", telemetry.Service{Deaf: true}),
		service(9, "mall", telemetry.Service{Since: at(8)}), configuration(10, "mall"),
	}, Transitions: []rules.Transition{verdict(2, zone, rules.Breached, false), verdict(5, zone, rules.Within, false), verdict(5, rules.Subject{Kind: rules.SubjectSite}, rules.Breached, false),
		verdict(6, zone, rules.Breached, true)}})
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		for upTo, want := range map[uint64][]uint64{0: nil, 1: {1}, 9: {1, 3}, 10: {1, 3, 10}, 99: {1, 3, 10}} {
			var got []uint64
			err := j.Standing(t.Context(), "mall", upTo, func(rec *telemetry.Record) error {
				got = append(got, rec.Seq)
				return nil
			})
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("what stands up to record %d: %v (%v), want %v", upTo, got, err, want)
			}
		}
		for _, c := range []struct {
			site        string
			after, upTo uint64
			want        telemetry.Instant
		}{{"mall", 0, 5, 0}, {"mall", 0, 6, at(4)}, {"mall", 0, 7, at(4)}, {"mall", 0, 8, at(8)}, {"mall", 0, 10, 0}, {"mall", 6, 7, 0}, {"hall", 0, 10, 0}, {"none", 0, 10, 0}} {
			if got, err := j.Deaf(t.Context(), c.site, c.after, c.upTo); err != nil || got != c.want {
				t.Errorf("site %s, records %d to %d: nobody listened since %v (%v), want %v", c.site, c.after+1, c.upTo, got, err, c.want)
			}
		}
		for time, want := range map[telemetry.Instant]uint64{0: 0, at(1): 0, at(1) + 1: 1, at(6): 5, at(99): 10} {
			if got, err := j.Before(t.Context(), time); err != nil || got != want {
				t.Errorf("the last record before %v is %d (%v), want %d", time, got, err, want)
			}
		}
		got, err := j.Verdicts(t.Context(), "mall")
		by := map[rules.Subject]rules.Verdict{}
		for _, v := range got {
			by[v.Subject] = v.To
		}
		if err != nil || len(got) != 2 || by[zone] != rules.Within || by[rules.Subject{Kind: rules.SubjectSite}] != rules.Breached {
			t.Errorf("the newest verdicts: %v (%v), want the newest of each of two subjects, late ones left out", by, err)
		}
		if none, err := j.Verdicts(t.Context(), "hall"); err != nil || len(none) != 0 {
			t.Errorf("verdicts of a site without: %v (%v)", none, err)
		}
	}
}

func queries(t testing.TB, h Harness) {
	j := open(t, h)
	sample := func(zone string, second uint64, persons float64) rules.Sample {
		return rules.Sample{Site: "mall", Zone: zone, At: at(second), Persons: persons, Record: 1}
	}
	alert := func(id, site string, resolved telemetry.Instant) alerts.Change {
		return alerts.Change{Alert: alerts.Alert{ID: id, Site: site, Opened: at(1), Resolved: resolved}, What: alerts.Updated, At: at(2)}
	}
	commit(t, j, &journal.Batch{Records: []telemetry.Record{
		configuration(1, "mall"), entry(2, "mall", "e1", telemetry.EntryCount, "aula"), entry(3, "mall", "e2", telemetry.EntryAcknowledge, "aula"), observation(4, "mall"),
		entry(5, "mall", "e3", telemetry.EntryCorrection, "aula"), entry(6, "hall", "e1", telemetry.EntryCount, "aula"), rejection(7, "mall"), rejection(8, ""),
		observation(9, "hall"), observation(10, "mall"), configuration(11, "mall"), observation(12, "mall"), entry(13, "mall", "e4", telemetry.EntryCount, ""),
		entry(14, "mall", "e5", telemetry.EntryCalibration, "thermo"), entry(15, "hall", "e6", telemetry.EntryCalibration, "thermo"),
	}, Samples: []rules.Sample{sample("aula", 10, 1), sample("", 12, 5), sample("aula", 20, 2), sample("aula", 30, 3)},
		Changes: []alerts.Change{alert("open", "mall", 0), alert("first", "mall", at(5)), alert("other", "hall", at(6)), alert("last", "mall", at(7))}})
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		ask(t, j)
		history, err := j.History(t.Context(), "mall", 10)
		if err != nil || len(history) != 2 || history[0].ID != "last" || history[1].ID != "first" {
			t.Errorf("resolved alerts of a site: %+v (%v), want the last, the first", history, err)
		}
		if all, err := j.History(t.Context(), "", 2); err != nil || len(all) != 2 || all[1].ID != "other" {
			t.Errorf("two resolved alerts of all: %+v (%v)", all, err)
		}
		for _, c := range []struct {
			zone        string
			from, until uint64
			want        []float64
		}{{"aula", 0, 5, nil}, {"aula", 15, 31, []float64{1, 2, 3}}, {"aula", 20, 30, []float64{1, 2}}, {"aula", 40, 50, []float64{3}}, {"", 0, 99, []float64{5}}, {"none", 0, 99, nil}} {
			var got []float64
			found, err := j.Occupancy(t.Context(), "mall", c.zone, at(c.from), at(c.until))
			for i := range found {
				got = append(got, found[i].Persons)
			}
			// What held at from stands first; the one that begins at from may stand there alone.
			if err != nil || !reflect.DeepEqual(got, c.want) && (c.from != 20 || !reflect.DeepEqual(got, c.want[1:])) {
				t.Errorf("people in %q from second %d until %d: %v (%v), want %v", c.zone, c.from, c.until, got, err, c.want)
			}
		}
	}
}

// ask asks for records.
func ask(t testing.TB, j journal.Queries) {
	t.Helper()
	ctx := t.Context()
	same := func(what string, got []telemetry.Record, err error, want ...uint64) {
		t.Helper()
		if n := numbers(got); err != nil || len(n) != len(want) || len(n) > 0 && !reflect.DeepEqual(n, want) {
			t.Errorf("%s: records %v (%v), want %v", what, n, err, want)
		}
	}
	got, err := j.Rejections(ctx, "", 10)
	same("all rejections", got, err, 8, 7)
	got, err = j.Rejections(ctx, "mall", 10)
	same("rejections of a site", got, err, 7)
	got, err = j.Rejections(ctx, "", 1)
	same("one rejection", got, err, 8)
	got, err = j.Counts(ctx, "mall", "aula", 10)
	same("counts in a zone", got, err, 5, 2)
	got, err = j.Counts(ctx, "mall", "aula", 1)
	same("the newest count in a zone", got, err, 5)
	got, err = j.Counts(ctx, "mall", "", 10)
	same("counts in the building", got, err, 13)
	got, err = j.Entries(ctx, "mall", telemetry.EntryCount, 10)
	same("counts of a site", got, err, 13, 2)
	got, err = j.Entries(ctx, "mall", telemetry.EntryCount, 1)
	same("the newest count of a site", got, err, 13)
	got, err = j.EntriesDuring(ctx, "mall", telemetry.EntryCount, at(2), at(13), 10)
	same("counts of a site until before the last", got, err, 2)
	got, err = j.EntriesDuring(ctx, "mall", telemetry.EntryCount, at(2), at(14), 1)
	same("the newest count of a period", got, err, 13)
	got, err = j.EntriesDuring(ctx, "mall", telemetry.EntryCount, at(3), at(14), 10)
	same("counts of a site behind the first", got, err, 13)
	got, err = j.Entries(ctx, "hall", telemetry.EntryLevel, 10)
	same("levels of a site that has none", got, err)
	got, err = j.Configurations(ctx, "mall", 1, 99)
	same("configurations and calibrations behind record 1", got, err, 11, 14)
	got, err = j.Configurations(ctx, "mall", 0, 10)
	same("configurations up to record 10", got, err, 1)
	if rec, found, err := j.Entry(ctx, "hall", "e1"); err != nil || !found || rec.Seq != 6 {
		t.Errorf("an entry by its id: record %d, %v (%v), want 6", rec.Seq, found, err)
	}
	if rec, found, err := j.Entry(ctx, "hall", "e2"); err != nil || found {
		t.Errorf("an entry of another site: record %d, %v (%v), want none", rec.Seq, found, err)
	}
	var seen []uint64
	look := func(before uint64, enough int) uint64 {
		t.Helper()
		seen = nil
		next, err := j.Observations(ctx, "mall", before, 1<<20, func(rec *telemetry.Record) bool {
			seen = append(seen, rec.Seq)
			return len(seen) == enough
		})
		if err != nil {
			t.Fatalf("listing observations: %v", err)
		}
		return next
	}
	if next := look(0, 2); !reflect.DeepEqual(seen, []uint64{12, 10}) || next == 0 {
		t.Errorf("the two newest observations: %v, going on before %d; want 12, 10, and more", seen, next)
	} else if next = look(next, 2); !reflect.DeepEqual(seen, []uint64{4}) || next != 0 {
		t.Errorf("those before: %v, going on before %d; want 4, and no more", seen, next)
	}
}

func periods(t testing.TB, h Harness) {
	j := open(t, h)
	if r, err := j.Received(t.Context(), at(1), at(9)); err != nil || r != (journal.Range{}) {
		t.Errorf("an empty journal: %+v (%v)", r, err)
	}
	commit(t, j, &journal.Batch{Records: observations(1, 20, "mall"), Samples: []rules.Sample{{Site: "mall", At: at(3), Record: 3}, {Site: "mall", At: at(12), Record: 12}}})
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		want := journal.Range{From: journal.Position{Record: 4, Sample: 1}, To: journal.Position{Record: 14, Sample: 2}, Head: journal.Position{Record: 20, Sample: 2}, Oldest: at(1), Newest: at(20)}
		if got, err := j.Received(t.Context(), at(5), at(15)); err != nil || got != want {
			t.Errorf("what was received in ten seconds: %+v (%v), want %+v", got, err, want)
		}
	}
}
