package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// dated is a protocol with one capacity rule; times such as "2022-07-05 18:00", empty: open.
func dated(t *testing.T, id, from, until string, capacity int) Protocol {
	t.Helper()
	p := Protocol{ID: id, Title: id, Rules: []Rule{{ID: "limit", Kind: "capacity", Subjects: []string{"mpp"}, Params: &Capacity{Grid: Square, Site: true, SiteCapacity: capacity}}}}
	set := func(text string, d *facility.Date, at *facility.TimeOfDay) {
		if text == "" {
			return
		}
		moment, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		*d, *at = facility.DateOf(moment), clockTime(moment.Hour(), moment.Minute())
	}
	set(from, &p.From, &p.FromTime)
	set(until, &p.Until, &p.UntilTime)
	return p
}

// limitAt is the limit of the building as the rule in force at a local time says; -1: no rule is.
func limitAt(t *testing.T, p *plan, local string) int {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, p.loc)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range p.inForce(telemetry.InstantOf(at)) {
		return p.rule(ref).Params.(*Capacity).SiteCapacity
	}
	return -1
}

func TestTwoVersionsInOneDayAGapAndAnOverlap(t *testing.T) {
	d := mall(t)
	d.Protocols = []Protocol{
		dated(t, "a", "2022-07-01 00:00", "2022-07-05 18:00", 10),
		dated(t, "b", "2022-07-05 18:00", "2022-07-10 00:00", 20),
		// Two days without a rule, then two of one id: the later holds, and after it the earlier again.
		dated(t, "c", "2022-07-12 00:00", "", 30),
		dated(t, "d", "2022-07-14 06:30", "2022-07-15 00:00", 40),
		// Of two that begin at the same moment the one that is written later holds.
		dated(t, "e", "2022-08-01 00:00", "2022-08-02 00:00", 50),
		dated(t, "f", "2022-08-01 00:00", "2022-08-02 00:00", 60),
	}
	p, err := planOf(d)
	if err != nil {
		t.Fatal(err)
	}
	for local, want := range map[string]int{
		"2022-06-30 23:59": -1, "2022-07-01 00:00": 10, "2022-07-05 17:59": 10, "2022-07-05 18:00": 20, "2022-07-09 23:59": 20,
		"2022-07-10 00:00": -1, "2022-07-11 23:59": -1, "2022-07-12 00:00": 30, "2022-07-14 06:29": 30, "2022-07-14 06:30": 40,
		"2022-07-15 00:00": 30, "2022-08-01 12:00": 60, "2022-08-02 00:00": 30,
	} {
		if got := limitAt(t, p, local); got != want {
			t.Errorf("%s: got limit %d, want %d", local, got, want)
		}
	}
	periods, err := Periods(d)
	if err != nil {
		t.Fatal(err)
	}
	for i := range periods {
		if i > 0 && periods[i].From != periods[i-1].Until {
			t.Errorf("period %d begins at %v, want %v", i, periods[i].From, periods[i-1].Until)
		}
	}
	if last := periods[len(periods)-1]; last.Until != telemetry.Never || len(last.Rules) != 1 {
		t.Errorf("the last period ends at %v with %d rules, want one rule for ever", last.Until, len(last.Rules))
	}
}

// A moment that the clocks skip, or show twice, is the first at which they show it or a later one.
func TestAProtocolBeginsWhereClocksJump(t *testing.T) {
	d := mall(t)
	d.Site.Location = location(t, "Europe/Berlin")
	d.Protocols = []Protocol{
		dated(t, "a", "", "2026-03-29 02:30", 10), dated(t, "b", "2026-03-29 02:30", "2026-10-25 02:30", 20), dated(t, "c", "2026-10-25 02:30", "", 30),
	}
	p, err := planOf(d)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]int{
		"2026-03-29T00:59:59Z": 10, "2026-03-29T01:00:00Z": 20, // 01:59:59, then 03:00
		"2026-10-25T00:29:59Z": 20, "2026-10-25T00:30:00Z": 30, "2026-10-25T01:10:00Z": 30, // 02:29:59, 02:30, 02:10 once more
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		refs := p.inForce(telemetry.InstantOf(instant))
		if len(refs) != 1 {
			t.Fatalf("%s: got %d rules, want 1", at, len(refs))
		}
		if got := p.rule(refs[0]).Params.(*Capacity).SiteCapacity; got != want {
			t.Errorf("%s: got limit %d, want %d", at, got, want)
		}
	}
}

// The engine turns at the minute, not at midnight, and judges what comes late by the rule of its time.
func TestAnEngineChangesProtocolInTheMiddleOfADay(t *testing.T) {
	d := mall(t)
	d.Site.Levels = nil
	d.Protocols = []Protocol{dated(t, "a", "", "2022-07-04 12:30", 5), dated(t, "b", "2022-07-04 12:30", "", 50)}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", telemetry.PeopleIn, 3)
	r.tick("2022-07-04 12:29:00")
	r.wantVerdict("limit", "mpp", "within")
	r.transitions()
	v := r.engine.View()
	if len(v.InForce) != 1 || v.InForce[0].ID != "a" || len(v.Coming) != 1 || v.Coming[0].ID != "b" || v.InForce[0].Until != v.Coming[0].From {
		t.Errorf("at 12:29: got %+v, then %+v, want a and then b", v.InForce, v.Coming)
	}
	r.tick("2022-07-04 12:31:00")
	r.wantVerdict("limit", "mpp", "within")
	if v := r.engine.View(); len(v.InForce) != 1 || v.InForce[0].ID != "b" || len(v.Coming) != 0 {
		t.Errorf("at 12:31: got %+v, then %+v, want b and nothing", v.InForce, v.Coming)
	}
	// Ten people who came at 12:10 are told of at 12:45: too many until half past, and not since.
	r.transitions()
	r.late("c-main", "2022-07-04 12:10:00", "2022-07-04 12:45:00", telemetry.PeopleIn, 10)
	r.wantTransitions("12:10:00 limit site/mpp within>breached until 12:30:00")
	r.wantVerdict("limit", "mpp", "within")
}
