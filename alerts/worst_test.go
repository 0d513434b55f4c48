package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// life opens an alert with the first value, updates it with the next ones and resolves it with the last.
func life(t *testing.T, kind, unit string, limit float64, bound rules.Bound, values ...float64) Alert {
	t.Helper()
	x := func(v float64) *rules.Explanation {
		return &rules.Explanation{Value: v, Limit: limit, HasValue: true, HasLimit: true, Unit: unit, Constraint: "threshold", Bound: bound}
	}
	b := NewBook(nil, nil)
	s := rules.Subject{Kind: rules.SubjectDevice, ID: "thermo-1"}
	a := b.openAlert(Alert{Site: "magetan", Rule: "r", Kind: kind, Class: rules.ClassBreach, Subject: s, Opened: t0, Explanation: *x(values[0])}, nil)[0].Alert
	e := b.byID[a.ID]
	for i, v := range values[1 : len(values)-1] {
		// Within the interval in which nothing is told, the worst is kept all the same.
		b.update(e, x(v), 0, after(time.Duration(i+1)*time.Second), nil)
	}
	return b.resolve(e, x(values[len(values)-1]), after(time.Hour), nil)[0].Alert
}

// Finding R19: a past alert showed the value that ended it (36.4 °C in a fever alert).
func TestR19AlertsKeepWhatRaisedThemTheWorstAndTheLast(t *testing.T) {
	texts := sampleTexts(t)
	for _, tc := range []struct {
		name                string
		alert               Alert
		raised, worst, last float64
		en, id              string
	}{
		{"fever", life(t, "temperature", "Cel", 37.3, rules.AtMost, 38.1, 39.2, 38.0, 36.4), 38.1, 39.2, 36.4,
			"Measured 38.1 °C; at most 37.3 °C is allowed. At worst 39.2 °C, at the end 36.4 °C.",
			"Terukur 38,1 °C; paling tinggi 37,3 °C. Terburuk 39,2 °C, terakhir 36,4 °C."},
		{"one fever", life(t, "temperature", "Cel", 37.3, rules.AtMost, 38.1, 36.4), 38.1, 38.1, 36.4,
			"Measured 38.1 °C; at most 37.3 °C is allowed. At the end 36.4 °C.",
			"Terukur 38,1 °C; paling tinggi 37,3 °C. Terakhir 36,4 °C."},
		{"under a minimum the lowest is the worst", life(t, "expression", "%", 15, rules.AtLeast, 14, 3, 9, 80), 14, 3, 80,
			"Measured 14 %; at least 15 % is required. At worst 3 %, at the end 80 %.",
			"Terukur 14 %; paling sedikit 15 %. Terburuk 3 %, terakhir 80 %."},
	} {
		a := tc.alert
		if a.Raised.Value != tc.raised || a.Worst.Value != tc.worst || a.Explanation.Value != tc.last {
			t.Errorf("%s: got raised %v, worst %v, last %v; want %v, %v, %v", tc.name, a.Raised.Value, a.Worst.Value, a.Explanation.Value, tc.raised, tc.worst, tc.last)
		}
		if got := texts.Past("en", &a); got != tc.en {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.en)
		}
		if got := texts.Past("id", &a); got != tc.id {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.id)
		}
		if _, text, _ := texts.Explain("en", &a); !strings.HasSuffix(text, tc.en) || !strings.Contains(text, "it lasted 1 h") {
			t.Errorf("%s: the notification says %q, want how long it lasted and %q", tc.name, text, tc.en)
		}
	}
}

// Finding R19: the value of a broken sensor is no worst, and what was raised survives the loss of the value.
func TestR19DoubtIsNoWorst(t *testing.T) {
	b := NewBook(nil, nil)
	x := rules.Explanation{Value: 38, Limit: 37.3, HasValue: true, HasLimit: true, Unit: "Cel"}
	a := b.openAlert(Alert{Site: "magetan", Rule: "r", Kind: "temperature", Class: rules.ClassBreach, Opened: t0, Explanation: x}, nil)[0].Alert
	broken := x
	broken.Value, broken.Reason = 97, rules.ReasonImplausible
	b.update(b.byID[a.ID], &broken, after(time.Minute), after(time.Minute), nil)
	got := b.resolve(b.byID[a.ID], &rules.Explanation{Reason: rules.ReasonClosed}, after(time.Hour), nil)[0].Alert
	if got.Raised.Value != 38 || got.Worst.Value != 38 {
		t.Errorf("got raised %v, worst %v; want 38 for both", got.Raised.Value, got.Worst.Value)
	}
}

// Finding R19: the worst was in memory alone until something else was told of the alert, and a restart lost it. What is materially
// worse is kept at once, the rest within a minute; nobody is told for that alone, and what is worse because time passes is not kept.
func TestR19TheWorstOutlivesARestart(t *testing.T) {
	fever := func(v float64) *rules.Explanation {
		return &rules.Explanation{Value: v, Limit: 37.3, HasValue: true, HasLimit: true, Unit: "Cel"}
	}
	type said struct {
		x  *rules.Explanation
		at time.Duration
	}
	for _, tc := range []struct {
		name         string
		first        *rules.Explanation
		then         []said
		tick         time.Duration
		worst        float64
		kept, signal int
	}{
		{"a peak within a minute of the opening", fever(38.1), []said{{fever(39.2), 5 * time.Second}, {fever(38.1), 10 * time.Second}}, 0, 39.2, 1, 0},
		{"a peak long after", fever(38.1), []said{{fever(38.3), time.Hour}, {fever(38.1), time.Hour + time.Second}}, 0, 38.3, 1, 0},
		{"a tenth of a degree soon after", fever(38.1), []said{{fever(38.2), 5 * time.Second}, {fever(38.1), 10 * time.Second}}, time.Minute, 38.2, 1, 0},
		{"what is told is kept with it", fever(38.1), []said{{fever(39.2), time.Hour}}, 2 * time.Hour, 39.2, 0, 1},
		{"no more once a minute", fever(38.1), []said{{fever(38.2), 70 * time.Second}, {fever(38.3), 71 * time.Second}, {fever(38.4), 72 * time.Second}}, 131 * time.Second, 38.4, 2, 0},
		{"time that passes", &rules.Explanation{Value: 10, Limit: 5, HasValue: true, HasLimit: true, Unit: "min"},
			[]said{{&rules.Explanation{Value: 300, Limit: 5, HasValue: true, HasLimit: true, Unit: "min"}, 5 * time.Hour}}, 6 * time.Hour, 10, 0, 0},
	} {
		b := NewBook(nil, nil)
		disk := b.openAlert(Alert{Site: "magetan", Rule: "r", Kind: "temperature", Class: rules.ClassBreach, Opened: t0, Explanation: *tc.first}, nil)
		kept, signals := 0, 0
		take := func(changes []Change) {
			signals += len(Signals(changes, nil))
			for _, c := range changes {
				if c.What == Worsened {
					kept++
				}
			}
			disk = append(disk, changes...)
		}
		for _, s := range tc.then {
			take(b.update(b.byID[disk[0].Alert.ID], s.x, 0, after(s.at), nil))
		}
		if tc.tick != 0 {
			take(b.Tick(after(tc.tick), nil))
		}
		again := NewBook([]Alert{disk[len(disk)-1].Alert}, nil)
		if got := again.Open()[0].Worst.Value; got != tc.worst {
			t.Errorf("%s: after a restart the worst is %v, want %v", tc.name, got, tc.worst)
		}
		if kept != tc.kept || signals != tc.signal {
			t.Errorf("%s: kept %d times and told %d times, want %d and %d", tc.name, kept, signals, tc.kept, tc.signal)
		}
		if due := b.Due(); tc.tick != 0 && due != telemetry.Never {
			t.Errorf("%s: due at %v with nothing waiting, want never", tc.name, due)
		}
	}
	// An opening that is kept anew in the same batch is announced all the same.
	a := Alert{ID: "x", Site: "magetan", Opened: t0}
	if got := Signals([]Change{{a, Opened, t0}, {a, Worsened, t0}}, nil); len(got) != 1 {
		t.Errorf("an opening and its worst in one batch: got %d signals, want 1", len(got))
	}
}

// An alert of an older journal has neither: it is told by what there is.
func TestR19AlertsFromBefore(t *testing.T) {
	a := Alert{Kind: "capacity", Class: rules.ClassBreach, Opened: t0, Resolved: after(time.Hour),
		Explanation: rules.Explanation{Value: 42, Error: 2, Limit: 50, HasValue: true, HasLimit: true, Unit: "1"}}
	if got, want := sampleTexts(t).Past("en", &a), "42 ± 2 people inside; limit 50 people."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An open alert says how bad it was where that is materially worse than now.
func TestR19OpenAlertsSayTheWorst(t *testing.T) {
	texts := sampleTexts(t)
	a := life(t, "temperature", "Cel", 37.3, rules.AtMost, 38.1, 39.2, 38.0)
	a.Resolved = 0
	if _, text, _ := texts.Explain("en", &a); !strings.HasSuffix(text, "At worst so far 39.2 °C.") {
		t.Errorf("got %q, want the worst at its end", text)
	}
	a.Worst.Value = 38.2
	if _, text, _ := texts.Explain("en", &a); strings.Contains(text, "worst") {
		t.Errorf("got %q, want nothing about a tenth of a degree", text)
	}
}

// A duty that is over says what had not been done, also where nothing was ever logged, and no longer that it is due.
func TestR19PastDuties(t *testing.T) {
	texts := sampleTexts(t)
	raised := rules.Explanation{Limit: 240, HasLimit: true, Unit: "min", Constraint: "every", Reason: rules.ReasonOverdue, Detail: "pintu, tangga"}
	a := Alert{Kind: "disinfection", Class: rules.ClassOverdue, Opened: t0, Resolved: after(time.Hour), Raised: raised,
		Explanation: rules.Explanation{Value: 1, Limit: 240, HasValue: true, HasLimit: true, Unit: "min", Constraint: "every"}}
	if got, want := texts.Past("en", &a), "Never logged; required every 4 h. Missing: pintu, tangga."; got != want {
		t.Errorf("never done: got %q, want %q", got, want)
	}
	a.Timezone = "Asia/Jakarta"
	a.Raised.HasValue, a.Raised.Value, a.Raised.Detail = true, 240, ""
	a.Worst = a.Raised
	a.Worst.Value = 300
	if got, want := texts.Past("id", &a), "Terakhir 2 Mar 2026 04.00 WIB; wajib tiap 4 jam. Terlama 5 jam, seharusnya 4 jam."; got != want {
		t.Errorf("done late: got %q, want %q", got, want)
	}
}
