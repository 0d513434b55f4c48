package alerts

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// t0 is the moment at which the tests' alerts open: 2026-03-02 08:00 in Jakarta.
var t0 = telemetry.InstantOf(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC))

func after(d time.Duration) telemetry.Instant { return t0.Add(d) }

// asked makes the alarm of a verdict, as the engine does without For and KeepFiring.
func asked(a *rules.Alarm, to rules.Verdict) *rules.Alarm {
	d := rules.DemandOf(a.Class, to, a.Explanation.Reason)
	if d != rules.Void {
		a.Phase = rules.Firing
	}
	a.Doubt = d == rules.Doubtful
	return a
}

// crowd is a change of what the occupancy rule of one zone asks.
func crowd(to rules.Verdict, at time.Duration, value float64, reason rules.Reason) *rules.Alarm {
	return asked(&rules.Alarm{
		Site: "magetan", Rule: "capacity", Kind: "occupancy", Class: rules.ClassBreach, Severity: rules.Critical,
		Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: after(at),
		Explanation: rules.Explanation{Value: value, Limit: 50, Error: 2, HasValue: reason == "", HasLimit: true, Unit: "1",
			Constraint: "seats", Reason: reason},
	}, to)
}

// silent is a change of what the rule about one device asks.
func silent(to rules.Verdict, at time.Duration, reason rules.Reason) *rules.Alarm {
	return asked(&rules.Alarm{
		Site: "magetan", Rule: "alive", Kind: "silence", Class: rules.ClassSensor,
		Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "door-1"}, At: after(at),
		Explanation: rules.Explanation{Reason: reason},
	}, to)
}

func TestBookAlarm(t *testing.T) {
	tests := []struct {
		name   string
		alarms []*rules.Alarm
		want   string // the steps
		open   int
	}{
		{"breach and end", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Within, time.Hour, 40, "")}, "opened resolved", 0},
		{"within opens nothing", []*rules.Alarm{crowd(rules.Within, 0, 40, "")}, "", 0},
		{"unknown opens no breach", []*rules.Alarm{crowd(rules.Unknown, 0, 0, rules.ReasonSilent)}, "", 0},
		{"silence does not end a breach", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 0, rules.ReasonSilent)}, "opened updated", 1},
		{"straddling does not end a breach", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 51, rules.ReasonNear)}, "opened updated", 1},
		{"within ends a breach in doubt", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 0, rules.ReasonGap), crowd(rules.Within, 2*time.Hour, 1, "")}, "opened updated resolved", 0},
		{"a breach is confirmed again", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 0, rules.ReasonGap), crowd(rules.Breached, 2*time.Hour, 70, "")}, "opened updated updated", 1},
		{"closing ends a breach", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 0, rules.ReasonClosed)}, "opened resolved", 0},
		{"the end of a protocol ends a breach", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Unknown, time.Hour, 0, rules.ReasonNotInForce)}, "opened resolved", 0},
		{"a silent sensor is an alert", []*rules.Alarm{silent(rules.Unknown, 0, rules.ReasonSilent), silent(rules.Within, time.Hour, "")}, "opened resolved", 0},
		{"a sensor never heard is not yet one", []*rules.Alarm{silent(rules.Unknown, 0, rules.ReasonNoData)}, "", 0},
		{"the same value twice tells nothing", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Breached, time.Hour, 61, "")}, "opened", 1},
		{"a moved value is told", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Breached, time.Hour, 65, "")}, "opened updated", 1},
		{"but not within a minute", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Breached, 59*time.Second, 90, "")}, "opened", 1},
		{"an end before the beginning", []*rules.Alarm{crowd(rules.Breached, 0, 60, ""), crowd(rules.Within, -time.Second, 40, "")}, "opened resolved", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBook(nil, nil)
			var changes []Change
			for _, tr := range tt.alarms {
				changes = b.Alarm(tr, changes)
			}
			if got := steps(changes); got != tt.want {
				t.Errorf("steps are %q, want %q", got, tt.want)
			}
			if b.Len() != tt.open {
				t.Errorf("%d alerts are open, want %d", b.Len(), tt.open)
			}
			for _, c := range changes {
				if c.What == Resolved && (c.Alert.Resolved < c.Alert.Opened || c.Alert.Open()) {
					t.Errorf("resolved at %v, want it not before the opening at %v", c.Alert.Resolved, c.Alert.Opened)
				}
			}
		})
	}
}

func TestBookKeepsWhatSilenceCannotSay(t *testing.T) {
	b := NewBook(nil, nil)
	first := crowd(rules.Breached, 0, 60, "")
	first.Explanation.Evidence = []rules.Evidence{{Device: "door-1", Sequence: 17}}
	b.Alarm(first, nil)
	first.Explanation.Evidence[0].Sequence = 99 // the engine reuses its memory
	quiet := crowd(rules.Unknown, time.Hour, 0, rules.ReasonSilent)
	quiet.Explanation.Detail = "door-1"
	b.Alarm(quiet, nil)
	a := b.Open()[0]
	x := a.Explanation
	if x.Value != 60 || !x.HasValue || x.Reason != rules.ReasonSilent || x.Detail != "door-1" {
		t.Errorf("explanation is %+v, want the last value 60 and the reason silent (door-1)", x)
	}
	if len(x.Evidence) != 1 || x.Evidence[0].Sequence != 17 {
		t.Errorf("evidence is %+v, want that of the breach, sequence 17", x.Evidence)
	}
	if a.Unconfirmed != after(time.Hour) {
		t.Errorf("unconfirmed since %v, want %v", a.Unconfirmed, after(time.Hour))
	}
	// A second reason for doubt does not move the time.
	b.Alarm(crowd(rules.Unknown, 2*time.Hour, 0, rules.ReasonGap), nil)
	if a := b.Open()[0]; a.Unconfirmed != after(time.Hour) {
		t.Errorf("unconfirmed since %v, want still %v", a.Unconfirmed, after(time.Hour))
	}
}

func TestBookUpdatesOnceAMinute(t *testing.T) {
	b := NewBook(nil, nil)
	changes := b.Alarm(crowd(rules.Breached, 0, 60, ""), nil)
	for s := range 600 { // ten minutes of flapping between doubt and breach, once a second
		now := time.Duration(s+1) * time.Second
		if s%2 == 0 {
			changes = b.Alarm(crowd(rules.Unknown, now, 0, rules.ReasonNear), changes)
		} else {
			changes = b.Alarm(crowd(rules.Breached, now, 90, ""), changes)
		}
		if b.Due() <= after(now) {
			changes = b.Tick(after(now), changes)
		}
	}
	if n := strings.Count(steps(changes), "updated"); n < 9 || n > 10 {
		t.Errorf("%d updates in ten minutes, want one a minute", n)
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.What == Worsened })
	for i := 2; i < len(changes); i++ {
		if d := changes[i].At.Sub(changes[i-1].At); d < UpdateInterval {
			t.Errorf("updates %v apart, want at least %v", d, UpdateInterval)
		}
	}
	// The level is told in the end.
	changes = b.Tick(after(time.Hour), nil)
	if a := b.Open()[0]; a.Explanation.Value != 90 || a.Unconfirmed != 0 {
		t.Errorf("at the end value %v, unconfirmed %v; want 90, confirmed", a.Explanation.Value, a.Unconfirmed)
	}
	if b.Due() != telemetry.Never {
		t.Errorf("due at %v with nothing waiting, want never", b.Due())
	}
	_ = changes
}

func TestBookRefresh(t *testing.T) {
	b := NewBook(nil, nil)
	b.Alarm(crowd(rules.Breached, 0, 60, ""), nil)
	view := func(value float64) []rules.VerdictView {
		tr := crowd(rules.Breached, 0, value, "")
		return []rules.VerdictView{{Rule: tr.Rule, Class: tr.Class, Subject: tr.Subject, Verdict: rules.Breached, Phase: rules.Firing, Explanation: tr.Explanation}}
	}
	if got := b.Refresh("magetan", view(64), after(time.Hour), nil); steps(got) != "" {
		t.Errorf("a step of 4 of 50 gave %q, want nothing", steps(got))
	}
	if got := b.Refresh("magetan", view(65), after(time.Hour), nil); steps(got) != "updated" || got[0].Alert.Explanation.Value != 65 {
		t.Errorf("a step of 5 of 50 gave %q, want updated to 65", steps(got))
	}
	if got := b.Refresh("gresik", view(99), after(2*time.Hour), nil); len(got) != 0 {
		t.Errorf("another site's verdict gave %q, want nothing", steps(got))
	}
}

func TestBookAcknowledge(t *testing.T) {
	entry := func(at time.Duration, subject string, until telemetry.Instant) *telemetry.Record {
		return &telemetry.Record{Kind: telemetry.KindEntry, Site: "magetan", At: after(at), Entry: &telemetry.Entry{
			Kind: telemetry.EntryAcknowledge, Author: "satpam", Reason: "being moved", Subject: subject, Until: until}}
	}
	b := NewBook(nil, nil)
	id := b.Alarm(crowd(rules.Breached, 0, 60, ""), nil)[0].Alert.ID

	tests := []struct {
		name  string
		rec   *telemetry.Record
		want  string
		until telemetry.Instant // of the acknowledgement; 0: none
	}{
		{"unknown alert", entry(time.Minute, "nothing", 0), "", 0},
		{"default", entry(time.Minute, id, 0), "acknowledged", after(61 * time.Minute)},
		{"extended", entry(2*time.Minute, id, after(3*time.Hour)), "acknowledged", after(3 * time.Hour)},
		{"too long", entry(3*time.Minute, id, after(300*time.Hour)), "acknowledged", after(3*time.Minute + 24*time.Hour)},
		{"withdrawn", entry(4*time.Minute, id, after(4*time.Minute)), "expired", 0},
		{"withdrawn twice", entry(5*time.Minute, id, after(0)), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := steps(b.Entry(tt.rec, nil)); got != tt.want {
				t.Errorf("steps are %q, want %q", got, tt.want)
			}
			var until telemetry.Instant
			if ack := b.Open()[0].Ack; ack != nil {
				until = ack.Until
			}
			if until != tt.until {
				t.Errorf("acknowledged until %v, want %v", until, tt.until)
			}
		})
	}

	foreign := entry(6*time.Minute, id, 0)
	foreign.Site = "gresik"
	if got := b.Entry(foreign, nil); len(got) != 0 {
		t.Errorf("an entry of another site gave %q, want nothing", steps(got))
	}

	b.Entry(entry(10*time.Minute, id, 0), nil)
	restored := NewBook(b.Open(), nil) // as after a restart
	for _, b := range []*Book{b, restored} {
		if b.Due() != after(70*time.Minute) {
			t.Fatalf("due at %v, want %v", b.Due(), after(70*time.Minute))
		}
		if got := b.Tick(after(70*time.Minute)-1, nil); len(got) != 0 {
			t.Errorf("before the expiry: %q, want nothing", steps(got))
		}
		got := b.Tick(after(90*time.Minute), nil)
		if steps(got) != "expired" || got[0].At != after(70*time.Minute) || got[0].Alert.Ack != nil {
			t.Errorf("after the expiry: %q at its own time, want expired without acknowledgement", steps(got))
		}
	}
}

// Finding B6: what is shown is the cause of now, not the one that was mended.
func TestB6_AFaultWithAnotherCauseTellsItAtOnce(t *testing.T) {
	b := NewBook(nil, nil)
	b.Service(Fault{Name: FaultConfiguration, Detail: "sites/a.yaml:3:1", Firing: true}, t0, nil)
	changes := b.Service(Fault{Name: FaultConfiguration, Detail: "gerbang.yaml:1:1", Firing: true}, after(time.Second), nil)
	if len(changes) != 1 || changes[0].What != Updated || changes[0].Alert.Explanation.Detail != "gerbang.yaml:1:1" {
		t.Errorf("another cause: got %+v, want one update with it", changes)
	}
	if got := b.Open()[0].Explanation.Detail; got != "gerbang.yaml:1:1" {
		t.Errorf("shown: got %q, want the cause of now", got)
	}
	if again := b.Service(Fault{Name: FaultConfiguration, Detail: "gerbang.yaml:1:1", Firing: true}, after(time.Minute), nil); len(again) != 0 {
		t.Errorf("the same again: got %+v, want nothing", again)
	}
}

func TestBookService(t *testing.T) {
	b := NewBook(nil, nil)
	fault := Fault{Name: FaultInfluxDown, Detail: "127.0.0.1:8086", Firing: true}
	changes := b.Service(fault, t0, nil)
	changes = b.Service(fault, after(time.Hour), changes)
	fault.Firing = false
	changes = b.Service(fault, after(2*time.Hour), changes)
	changes = b.Service(fault, after(3*time.Hour), changes)
	if got := steps(changes); got != "opened resolved" {
		t.Errorf("steps are %q, want opened resolved", got)
	}
	a := changes[0].Alert
	if a.Class != rules.ClassService || a.Rule != "influx_down" || a.Severity != rules.Warning || a.Kind != KindService {
		t.Errorf("the alert is %+v, want class service, rule influx_down, severity warning", a)
	}
	changes = b.Service(Fault{Name: "made up", Firing: true}, t0, nil)
	if changes[0].Alert.Rule != string(FaultOther) {
		t.Errorf("a fault outside the set became rule %q, want other", changes[0].Alert.Rule)
	}
	for _, n := range FaultNames() {
		if n.Severity() == "" {
			t.Errorf("fault %q has no severity", n)
		}
	}
	if len(FaultNames()) != len(faultSeverities) {
		t.Errorf("%d faults are listed, %d have a severity", len(FaultNames()), len(faultSeverities))
	}
}

func TestBookConfigure(t *testing.T) {
	def := sampleDefinition()
	names := NewDirectory()
	names.Set(def)
	b := NewBook(nil, names)
	a := b.Alarm(crowd(rules.Breached, 0, 60, ""), nil)[0].Alert
	if a.SiteName != "MPP Magetan" || a.SubjectName != "Ruang tunggu" || a.ZoneName != "Ruang tunggu" || a.Timezone != "Asia/Jakarta" || a.Advice["id"] != "Tahan antrean" {
		t.Errorf("described as %+v", a.Description)
	}
	a = b.Alarm(silent(rules.Breached, 0, ""), nil)[0].Alert
	if a.SubjectName != "Penghitung pintu utama" || a.Zone != "hall" {
		t.Errorf("device described as %+v, want its name and the zone behind its door", a.Description)
	}
	b.Service(Fault{Name: FaultSilentFeed, Site: "magetan", Firing: true}, t0, nil)
	if got := b.Configure(def, after(time.Minute), nil); len(got) != 0 {
		t.Errorf("the same definition gave %q, want nothing", steps(got))
	}
	less := sampleDefinition()
	less.Site.Zones = less.Site.Zones[1:]
	if got := b.Configure(less, after(time.Minute), nil); steps(got) != "resolved" || got[0].Alert.Explanation.Reason != rules.ReasonNotInForce {
		t.Errorf("without the zone: %q, want its alert resolved as not in force", steps(got))
	}
	if got := b.Remove("magetan", after(2*time.Minute), nil); steps(got) != "resolved resolved" || b.Len() != 0 {
		t.Errorf("without the site: %q and %d open, want the two others resolved", steps(got), b.Len())
	}
}

// TestBookProperty drives the book with random alarms and checks it against the definition of an open alert: the last
// alarm that counts.
func TestBookProperty(t *testing.T) {
	seed := testengine.Seed(t)
	r := rand.New(rand.NewPCG(seed, 1))
	reasons := []rules.Reason{"", rules.ReasonSilent, rules.ReasonNear, rules.ReasonClosed, rules.ReasonPending, rules.ReasonNoData, rules.ReasonGap}
	classes := []rules.Class{rules.ClassBreach, rules.ClassOverdue, rules.ClassSensor}
	for range 50 {
		b := NewBook(nil, nil)
		level := make(map[key]bool)
		stored := make(map[string]Alert) // what a journal would hold
		now := t0
		for range 400 {
			now = now.Add(time.Duration(r.IntN(90)) * time.Second)
			class := classes[r.IntN(len(classes))]
			tr := &rules.Alarm{Site: fmt.Sprint("s", r.IntN(2)), Rule: string(class), Class: class,
				Subject: rules.Subject{Kind: rules.SubjectZone, ID: fmt.Sprint(r.IntN(3))}, At: now}
			to := rules.Verdict(r.IntN(3) - 1)
			if to == rules.Unknown {
				tr.Explanation.Reason = reasons[1+r.IntN(len(reasons)-1)]
			}
			k := key{tr.Site, tr.Rule, tr.Subject}
			switch asked(tr, to); {
			case tr.Phase != rules.Firing:
				delete(level, k)
			case !tr.Doubt:
				level[k] = true
			}
			changes := b.Alarm(tr, nil)
			if b.Due() <= now {
				changes = b.Tick(now, changes)
			}
			for _, c := range changes {
				stored[c.Alert.ID] = c.Alert
			}
			if r.IntN(50) == 0 { // restart
				var open []Alert
				for _, a := range stored {
					if a.Open() {
						open = append(open, a)
					}
				}
				b = NewBook(open, nil)
			}
			open := b.Open()
			got := make(map[key]bool, len(open))
			for _, a := range open {
				got[key{a.Site, a.Rule, a.Subject}] = true
			}
			if len(got) != len(open) {
				t.Fatalf("%d alerts are open for %d rules and subjects, want one each", len(open), len(got))
			}
			if len(got) != len(level) {
				t.Fatalf("%d alerts are open, want %d", len(got), len(level))
			}
			for k := range level {
				if !got[k] {
					t.Fatalf("no open alert for %v, want one", k)
				}
			}
		}
	}
}

func TestAlertID(t *testing.T) {
	s := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	id := alertID("magetan", "capacity", s, t0)
	if id != alertID("magetan", "capacity", s, t0) {
		t.Error("the same alert has two ids")
	}
	if len(id) != 16 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		t.Errorf("id %q, want 16 lower-case letters and digits", id)
	}
	others := []string{id, alertID("magetan", "capacity", s, t0+1), alertID("magetancapacity", "", s, t0), alertID("gresik", "capacity", s, t0)}
	slices.Sort(others)
	if len(slices.Compact(others)) != 4 {
		t.Errorf("ids %q, want four different ones", others)
	}
}

// BenchmarkBookAlarm opens and resolves alerts in a book with 1,000 open ones; one operation is one alarm.
func BenchmarkBookAlarm(b *testing.B) {
	names := NewDirectory()
	names.Set(sampleDefinition())
	book := NewBook(nil, names)
	for i := range 1000 {
		tr := crowd(rules.Breached, 0, 60, "")
		tr.Subject.ID = fmt.Sprint("zone-", i)
		book.Alarm(tr, nil)
	}
	up, down := crowd(rules.Breached, 0, 60, ""), crowd(rules.Within, time.Hour, 40, "")
	up.Explanation.Evidence = make([]rules.Evidence, rules.MaxEvidence)
	down.Explanation.Evidence = up.Explanation.Evidence
	dst := make([]Change, 0, 4)
	b.ReportAllocs()
	for i := range b.N {
		tr := up
		if i%2 == 1 {
			tr = down
		}
		tr.At++
		dst = book.Alarm(tr, dst[:0])
		book.Due()
	}
}

// steps are the changes that people are told of.
func steps(changes []Change) string {
	words := make([]string, 0, len(changes))
	for _, c := range changes {
		if c.What != Worsened {
			words = append(words, string(c.What))
		}
	}
	return strings.Join(words, " ")
}

func sampleDefinition() *rules.Definition {
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		panic(err)
	}
	return &rules.Definition{
		Site: facility.Site{
			ID: "magetan", Name: "MPP Magetan", Location: loc,
			Zones:   []facility.Zone{{ID: "hall", Name: "Ruang tunggu"}, {ID: "play", Name: "Ruang bermain"}},
			Doors:   []facility.Door{{ID: "main", Name: "Pintu utama", From: facility.Outside, To: "hall"}},
			Devices: []facility.Device{{ID: "door-1", Name: "Penghitung pintu utama", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}},
			Tasks:   []facility.Task{{ID: "spray", Name: "Penyemprotan ruang tunggu", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}}},
		},
		Protocols: []rules.Protocol{{ID: "mpp", Rules: []rules.Rule{
			{ID: "capacity", Kind: "occupancy", Advice: map[string]string{"id": "Tahan antrean", "en": "Hold the queue"}},
			{ID: "alive", Kind: "silence"},
		}}},
	}
}
