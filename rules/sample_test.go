package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// history writes the samples of a zone as its pages draw them: from when on how many, of how many, and ? where nobody knows.
func (r *rig) history(zone string) string {
	r.t.Helper()
	all := slices.Clone(r.out.Samples)
	slices.SortStableFunc(all, func(a, b Sample) int { return int(a.At - b.At) })
	var said []string
	for i, s := range all {
		if s.Zone != zone || slices.ContainsFunc(all[i+1:], func(b Sample) bool { return b.Zone == zone && b.At == s.At }) {
			continue
		}
		text, limit := "?", "none"
		if s.Known {
			text = fmt.Sprint(s.Persons)
		}
		if s.HasLimit {
			limit = fmt.Sprint(s.Limit)
		}
		said = append(said, fmt.Sprintf("%s %s/%s", s.At.In(r.loc).Format("15:04:05"), text, limit))
	}
	return strings.Join(said, ", ")
}

func (r *rig) wantHistory(zone, want string) {
	r.t.Helper()
	if got := r.history(zone); got != want {
		r.t.Errorf("history of %q:\n got %s\nwant %s", zone, got, want)
	}
}

// promising makes the counters of the mall promise a reading every five minutes.
func promising(d *Definition) *Definition {
	for i := range d.Site.Devices {
		if strings.HasPrefix(d.Site.Devices[i].ID, "c-") {
			d.Site.Devices[i].Interval = 300e9
		}
	}
	return d
}

// A dead counter at an edge: nobody knows, from when the page says so until it speaks again, and the history says the same.
func TestTheHistoryIsUnknownWhileTheHeadlineIs(t *testing.T) {
	r := newRig(t, promising(with(mall(t), capacityRule(nil))))
	for _, at := range []string{"08:00", "08:05", "08:10"} {
		for _, c := range []string{"c-main", "c-back", "c-inner"} {
			r.read(c, "2022-07-04 "+at+":00", telemetry.PeopleIn, 4, telemetry.PeopleOut, 0)
		}
	}
	for at := r.at("2022-07-04 08:15:00"); at < r.at("2022-07-04 09:10:00"); at = at.Add(300e9) {
		for _, c := range []string{"c-back", "c-inner"} {
			r.apply(reading(c, at, at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0))
		}
		r.sameAsHeadline("hall", at)
	}
	if s := r.newest("hall"); s.Known || s.Verdict != Unknown || s.Near {
		t.Errorf("with a dead counter the newest sample is %+v, want one that nobody knows", s)
	}
	if r.zone("hall").Persons.Known {
		t.Fatal("the headline knows")
	}
	r.read("c-main", "2022-07-04 09:10:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
	r.sameAsHeadline("hall", r.at("2022-07-04 09:10:00"))
	r.enter("2022-07-04 09:12:00", telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Subject: "hall", Value: 7, Author: "guard"})
	r.sameAsHeadline("hall", r.at("2022-07-04 09:12:00"))
	if s := r.newest("hall"); !s.Known || s.Persons != 7 {
		t.Errorf("after a count the newest sample is %+v, want 7", s)
	}
}

func (r *rig) newest(zone string) Sample {
	r.t.Helper()
	for _, s := range slices.Backward(r.out.Samples) {
		if s.Zone == zone {
			return s
		}
	}
	return Sample{}
}

func (r *rig) sameAsHeadline(zone string, at telemetry.Instant) {
	r.t.Helper()
	if s, z := r.newest(zone), r.zone(zone); s.Known != z.Persons.Known || s.Known && s.Persons != z.Persons.Persons {
		r.t.Errorf("at %s the newest sample says %v %v, the headline %v %v", at.In(r.loc).Format("15:04:05"), s.Known, s.Persons, z.Persons.Known, z.Persons.Persons)
	}
}

// Knowledge that ends by the hour alone is a sample too, also where no rule asks: a counter that died in the night is missed when
// the building opens.
func TestKnowledgeThatEndsByItself(t *testing.T) {
	r := newRig(t, promising(mall(t)))
	for _, at := range []string{"04 15:50", "04 15:55", "04 16:00"} {
		for _, c := range []string{"c-main", "c-back", "c-inner"} {
			r.read(c, "2022-07-"+at+":00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
		}
	}
	for at := r.at("2022-07-04 16:05:00"); at < r.at("2022-07-05 10:00:00"); at = at.Add(300e9) {
		r.apply(telemetry.Record{Kind: telemetry.KindTick, At: at, Received: at})
		r.sameAsHeadline("hall", at)
	}
	if s := r.newest("hall"); s.Known {
		t.Errorf("in the morning the newest sample is %+v, want one that nobody knows", s)
	}
}

// What changes with the hour is said when it does: the limit of a level, and the verdict with it.
func TestALimitThatChangesWithTheTime(t *testing.T) {
	d := with(mall(t), capacityRule(nil))
	d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: facility.Date{Year: 2022, Month: 7, Day: 5}, Level: "l2"})
	d.Site.Reset = nil
	r := newRig(t, d)
	r.enter("2022-07-04 15:00:00", telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Subject: "hall", Value: 30, Author: "guard"})
	r.enter("2022-07-04 15:05:00", telemetry.Entry{ID: "e2", Kind: telemetry.EntryLevel, Text: "l2", Until: r.at("2022-07-04 16:00:00")})
	if s := r.newest("hall"); s.At != r.at("2022-07-04 15:05:00") || s.Limit != 25 || s.Verdict != Breached {
		t.Errorf("the newest sample is %+v, want the limit 25 and a breach from the change of the level on", s)
	}
	r.tick("2022-07-04 17:00:00")
	if s := r.newest("hall"); s.At != r.at("2022-07-04 16:00:00") || s.Limit != 50 {
		t.Errorf("the newest sample is %+v, want the limit 50 again from the end of the level on", s)
	}
	r.tick("2022-07-05 06:00:00")
	s := r.newest("hall")
	if s.At != r.at("2022-07-05 00:00:00") || s.Limit != 25 || !s.HasLimit || s.Verdict != r.zone("hall").Verdict {
		t.Errorf("the newest sample is %+v, want one of midnight with the limit 25", s)
	}
}

// Whether anybody knows is told at once, like a verdict, however short ago the last number was told.
func TestTheEndOfKnowledgeIsNotHeldBack(t *testing.T) {
	run := func(more telemetry.Instant) (*rig, telemetry.Instant) {
		t.Helper()
		r := newRig(t, promising(mall(t)))
		for _, c := range []string{"c-main", "c-back", "c-inner"} {
			r.read(c, "2022-07-04 08:00:00", telemetry.PeopleIn, 4, telemetry.PeopleOut, 0)
		}
		for at := r.at("2022-07-04 08:05:00"); at < r.at("2022-07-04 09:00:00"); at = at.Add(300e9) {
			if more != 0 && more < at {
				r.apply(reading("c-back", more, more, telemetry.PeopleIn, 0, telemetry.PeopleOut, 2))
				more = 0
			}
			for _, c := range []string{"c-back", "c-inner"} {
				r.apply(reading(c, at, at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0))
			}
		}
		for _, s := range r.out.Samples {
			if s.Zone == "hall" && !s.Known && s.At > r.at("2022-07-04 08:01:00") {
				return r, s.At
			}
		}
		t.Fatal("the hall is known all the time")
		return nil, 0
	}
	r, end := run(0)
	if _, again := run(end.Add(-3e9)); again != end {
		t.Errorf("with a count three seconds before, knowledge ends at %s, want %s", again.In(r.loc), end.In(r.loc))
	}
}

// A room in which nobody may be has a limit.
func TestNobodyMayBeIn(t *testing.T) {
	d := with(mall(t), capacityRule(nil))
	d.Site.Zones[0].Capacity, d.Site.Zones[0].Area, d.Site.Zones[0].Fixtures = 0, 10, 10
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 08:00:00", telemetry.PeopleIn, 3, telemetry.PeopleOut, 0)
	r.enter("2022-07-04 08:01:00", telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Subject: "hall", Value: 3, Author: "guard"})
	if s := r.newest("hall"); !s.HasLimit || s.Limit != 0 || s.Verdict != Breached {
		t.Errorf("sample: %+v, want a breach of the limit 0", s)
	}
	if z := r.zone("hall"); !z.HasLimit || z.Limit != 0 || z.Advice != AdviceStop {
		t.Errorf("zone: %+v, want the limit 0", z)
	}
	d = mall(t)
	r = newRig(t, d)
	r.enter("2022-07-04 08:01:00", telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Subject: "hall", Value: 3, Author: "guard"})
	if s, z := r.newest("hall"), r.zone("hall"); s.HasLimit || z.HasLimit {
		t.Errorf("without a rule: %+v, %+v, want no limit", s, z)
	}
}

// While nobody listened nobody knew: the history has a gap there, though what the calendar says goes on. A restart is none.
func TestNobodyListened(t *testing.T) {
	off := func(r *rig, from, to string) {
		r.apply(telemetry.Record{Kind: telemetry.KindService, At: r.at(to), Received: r.at(to), Service: &telemetry.Service{Since: r.at(from), Door: "gateway"}})
	}
	deaf := func(r *rig, from, to string) {
		r.apply(telemetry.Record{Kind: telemetry.KindService, At: r.at(from), Received: r.at(from), Service: &telemetry.Service{Since: r.at(from), Deaf: true, Door: "broker"}})
		r.tick("2022-07-05 01:00:00")
		r.apply(telemetry.Record{Kind: telemetry.KindService, At: r.at(to), Received: r.at(to), Service: &telemetry.Service{Door: "broker"}})
	}
	for _, tt := range []struct {
		name     string
		away     func(*rig, string, string)
		from, to string
		want     string
	}{
		{"off", off, "2022-07-04 15:00:00", "2022-07-05 07:00:00", "15:00:00 ?/50, 07:00:00 0/50"},
		{"deaf", deaf, "2022-07-04 15:00:00", "2022-07-05 07:00:00", "15:00:00 ?/50, 00:00:00 ?/50, 07:00:00 0/50"},
		{"restart", off, "2022-07-04 15:00:00", "2022-07-04 15:00:20", "00:00:00 0/50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, with(mall(t), capacityRule(nil)))
			r.enter("2022-07-04 14:00:00", telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Subject: "hall", Value: 9, Author: "guard"})
			r.out.Reset()
			tt.away(r, tt.from, tt.to)
			r.tick("2022-07-05 07:30:00")
			r.wantHistory("hall", tt.want)
		})
	}
}

// A restored engine says no sample twice, and forgets none.
func TestTheLastSampleOutlivesARestart(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.read("c-main", "2022-07-04 08:00:00", telemetry.PeopleIn, 3, telemetry.PeopleOut, 0)
	b, err := r.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := New("mpp")
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	for i, z := range r.engine.allZones() {
		if got := again.allZones()[i].sampled; z.sampled.At != 0 && got != z.sampled || z.id == "hall" && !got.HasLimit {
			t.Errorf("last sample of %q: got %+v, want %+v", z.id, got, z.sampled)
		}
	}
}
