package alerts

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func deed(kind telemetry.EntryKind, subject string, at telemetry.Instant, edit func(*telemetry.Entry)) *telemetry.Record {
	e := &telemetry.Entry{ID: "id-" + string(kind), Kind: kind, Author: "satpam pagi", Claimed: true, Subject: subject, Reason: "servis"}
	if edit != nil {
		edit(e)
	}
	return &telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: at, Received: at, Entry: e}
}

func firing(rule string, severity rules.Severity, at telemetry.Instant) *rules.Alarm {
	return &rules.Alarm{Site: "mall", Rule: rule, Kind: "silence", Class: rules.ClassSensor, Severity: severity, Phase: rules.Firing, At: at,
		Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "d"}}
}

// A silence holds for its rule and subject, also where the alert ends and comes again, survives a restart, and ends by itself.
func TestASilenceEndsByItself(t *testing.T) {
	begin := telemetry.InstantOf(time.Date(2026, 11, 24, 3, 15, 0, 0, time.UTC))
	b := NewBook(nil, nil)
	opened := b.Alarm(firing("heard", rules.Warning, begin), nil)
	id := opened[0].Alert.ID
	until := begin.Add(2 * time.Hour)
	got := b.Entry(deed(telemetry.EntrySilence, id, begin, func(e *telemetry.Entry) { e.Until = until }), nil)
	if len(got) != 1 || got[0].What != Silenced || got[0].Alert.Silenced == nil || got[0].Alert.Silenced.Until != until {
		t.Fatalf("silencing: %+v", got)
	}
	if h := hush(&got[0].Alert, begin); h == nil || h.Until != until {
		t.Errorf("the router is told to be quiet: %+v", h)
	}
	quiet := firing("heard", rules.Warning, begin.Add(time.Minute))
	quiet.Phase = rules.Quiet
	ended := b.Alarm(quiet, nil)
	if len(ended) != 1 || ended[0].What != Resolved || ended[0].Alert.Silenced == nil {
		t.Fatalf("a silenced alert ends, and its end says that it was silenced: %+v", ended)
	}
	for name, book := range map[string]*Book{"the same run": b, "after a restart": NewBook([]Alert{ended[0].Alert}, nil)} {
		again := book.Alarm(firing("heard", rules.Warning, begin.Add(time.Hour)), nil)
		if len(again) != 1 || again[0].Alert.Silenced == nil {
			t.Fatalf("%s: it comes again and is loud: %+v", name, again)
		}
		if d := book.Due(); d != until {
			t.Errorf("%s: due %v, want %v", name, d, until)
		}
		if now := book.Tick(until, nil); len(now) != 1 || now[0].What != Loud || now[0].Alert.Silenced != nil {
			t.Errorf("%s: at its end: %+v, want loud", name, now)
		}
	}
	late := NewBook([]Alert{ended[0].Alert}, nil).Alarm(firing("heard", rules.Warning, until), nil)
	if late[0].Alert.Silenced != nil {
		t.Error("an alert behind the end of a silence is silenced")
	}
}

// What is critical cannot be silenced for longer than its bound, and a silence can be ended.
func TestASilenceIsBounded(t *testing.T) {
	begin := telemetry.Instant(1e18)
	b := NewBook(nil, nil)
	for _, c := range []struct {
		severity rules.Severity
		want     time.Duration
	}{{rules.Critical, MaxCriticalSilence}, {rules.Warning, MaxSilence}, {rules.Info, MaxSilence}} {
		id := b.Alarm(firing(string(c.severity), c.severity, begin), nil)[0].Alert.ID
		got := b.Entry(deed(telemetry.EntrySilence, id, begin, func(e *telemetry.Entry) { e.ID, e.Until = "s-"+string(c.severity), begin.Add(1000*time.Hour) }), nil)
		if len(got) != 1 || got[0].Alert.Silenced.Until != begin.Add(c.want) {
			t.Errorf("%s: %+v, want quiet for %v", c.severity, got, c.want)
		}
	}
	got := b.Entry(deed(telemetry.EntrySilence, "", begin.Add(time.Minute), func(e *telemetry.Entry) { e.Ends = "s-critical" }), nil)
	if len(got) != 1 || got[0].What != Loud || got[0].Alert.Rule != string(rules.Critical) {
		t.Errorf("ending one silence: %+v, want that alert loud again", got)
	}
	other := deed(telemetry.EntrySilence, got[0].Alert.ID, begin, func(e *telemetry.Entry) { e.Until = begin.Add(time.Hour) })
	if other.Site = "hall"; len(b.Entry(other, nil)) != 0 {
		t.Error("an entry of another site silences an alert")
	}
}

// A shift hands over all that is open at its site, and nothing else.
func TestAHandoverGivesAllOpenAlerts(t *testing.T) {
	begin := telemetry.Instant(1e18)
	b := NewBook(nil, nil)
	one := b.Alarm(firing("one", rules.Warning, begin), nil)[0].Alert.ID
	b.Alarm(firing("two", rules.Warning, begin.Add(time.Second)), nil)
	elsewhere := firing("three", rules.Warning, begin)
	elsewhere.Site = "hall"
	b.Alarm(elsewhere, nil)
	got := b.Entry(deed(telemetry.EntryHandover, "", begin.Add(time.Minute), func(e *telemetry.Entry) { e.Text = "satpam malam" }), nil)
	if len(got) != 2 || got[0].What != Assigned || got[0].Alert.Assigned.To != "satpam malam" || !got[0].Alert.Assigned.Handover || got[1].Alert.Rule != "two" {
		t.Fatalf("a handover: %+v", got)
	}
	got = b.Entry(deed(telemetry.EntryAssign, one, begin.Add(time.Hour), func(e *telemetry.Entry) { e.Text = "Budi" }), nil)
	if len(got) != 1 || got[0].Alert.Assigned.To != "Budi" || got[0].Alert.Assigned.Handover {
		t.Errorf("assigning: %+v", got)
	}
	if b := NewBook(b.Open(), nil); b.Open()[1].Assigned == nil {
		t.Error("after a restart an alert is nobody's")
	}
	if got = b.Accepted(one, []string{"satpam"}, begin.Add(2*time.Second), nil); len(got) != 1 || got[0].What != Taken || got[0].Alert.Told[0] != "satpam" {
		t.Errorf("accepted by a router: %+v", got)
	}
	if got = b.Accepted(one, nil, begin.Add(time.Minute), nil); len(got) != 0 {
		t.Errorf("accepted a second time: %+v", got)
	}
}

// A silence that was made while the clock was a year ahead holds as long as was meant, also where its alert is over when the clock is set, and
// where nothing ran meanwhile.
func TestASilenceOfAClockThatWasAheadEndsInTime(t *testing.T) {
	now := telemetry.InstantOf(time.Date(2026, 11, 24, 3, 15, 0, 0, time.UTC))
	ahead := now.Add(365 * 24 * time.Hour)
	b := NewBook(nil, nil)
	id := b.Alarm(firing("heard", rules.Warning, ahead), nil)[0].Alert.ID
	b.Entry(deed(telemetry.EntrySilence, id, ahead, func(e *telemetry.Entry) { e.Until = ahead.Add(4 * time.Hour) }), nil)
	quiet := firing("heard", rules.Warning, ahead.Add(time.Minute))
	quiet.Phase = rules.Quiet
	over := b.Alarm(quiet, nil)[0].Alert
	set := b.SetClock(now, nil)
	if len(set) != 1 || set[0].Alert.ID != id || set[0].Alert.Silenced.Until != now.Add(4*time.Hour) {
		t.Fatalf("setting the clock: %+v, want the silence of the alert that is over to end in four hours", set)
	}
	for name, book := range map[string]*Book{"the clock is set": b, "after a restart": NewBook([]Alert{set[0].Alert}, nil), "the clock was set while nothing ran": NewBook([]Alert{over}, nil)} {
		again := book.Alarm(firing("heard", rules.Warning, now.Add(time.Hour)), nil)
		if s := again[0].Alert.Silenced; s == nil || s.Until > now.Add(5*time.Hour) {
			t.Errorf("%s: an hour later: %+v, want quiet for four hours at most", name, s)
		}
	}
}
