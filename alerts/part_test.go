package alerts

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// ringing is a book whose one alert calls phones again every five minutes, and all that they answer to the last call.
func ringing(open ...Alert) *Book {
	b := NewBook(open, nil)
	b.Plan(func(string) *facility.Escalation {
		return &facility.Escalation{Repeat: 5 * time.Minute, Steps: []facility.Call{{Role: "security"}}}
	})
	return b
}

func answer(a *Alert, phone int, at telemetry.Instant, shown bool) Report {
	d := Delivery{Key: fmt.Sprintf("phone-%d", phone), To: "Siti", Via: ViaPush, Device: "Android", Sent: at}
	if shown {
		d.Shown = at
	}
	return Report{Alert: a.ID, Call: a.Calls[len(a.Calls)-1].Number, Delivery: d}
}

// Whatever happens to an alert, its changes in parts give the same alert as each of them whole.
func TestPartsGiveTheAlertAsItWas(t *testing.T) {
	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 11))
	b := ringing()
	alarm := raisedNow(callDay, rules.Critical)
	changes := b.Alarm(alarm, nil)
	for s := 1; s < 4*3600; s += 1 + rng.IntN(60) {
		changes = b.Tick(second(s), changes)
		open := b.Open()
		a := &open[0]
		if len(a.Calls) > 0 {
			for range rng.IntN(4) {
				r := answer(a, rng.IntN(6), second(s), rng.IntN(2) == 0)
				switch rng.IntN(6) {
				case 0:
					r.Delivery.Sent, r.Delivery.Failed = 0, "gone"
				case 1:
					r = Report{Alert: a.ID, Call: r.Call, Done: true}
				case 2:
					r.Call = 0 // found by himself
					r.Delivery.Looked = second(s)
				case 3:
					r.Call -= rng.IntN(r.Call)
				}
				changes = b.Reached([]Report{r}, second(s), changes)
			}
		}
		if rng.IntN(20) == 0 {
			alarm.At, alarm.Explanation.Value, alarm.Explanation.HasValue = second(s), float64(s), true
			changes = b.Alarm(alarm, changes)
		}
	}
	_, last, err := Record(&changes[0].Alert)
	if err != nil {
		t.Fatal(err)
	}
	var course Course
	whole, _ := Encode(&changes[0].Alert)
	if err := course.Whole(whole); err != nil {
		t.Fatal(err)
	}
	var kept []Alert
	for i := range changes[1:] {
		text, next, err := last.Part(&changes[i+1].Alert)
		if err != nil || text == nil {
			t.Fatalf("change %d, %s: %s (%v), want a part", i+1, changes[i+1].What, text, err)
		}
		if err := course.Part(text); err != nil {
			t.Fatalf("change %d, %s: %v\n%s", i+1, changes[i+1].What, err, text)
		}
		last = next
		kept = append(kept, course.Alert())
	}
	most := 0
	for i := range kept { // now: what came after has changed none of them
		want, err := Encode(&changes[i+1].Alert)
		if err != nil {
			t.Fatal(err)
		}
		var alert Alert
		if err := Decode(want, &alert); err != nil {
			t.Fatal(err)
		}
		if got, _ := Encode(&kept[i]); string(got) != string(want) || !reflect.DeepEqual(kept[i].Calls, alert.Calls) {
			t.Fatalf("change %d, %s:\n got %s\nwant %s", i+1, changes[i+1].What, got, want)
		}
		most = max(most, len(alert.Calls))
	}
	if most < MaxCalls || len(changes) < 200 {
		t.Errorf("%d changes, %d calls at most: this tests little", len(changes), most)
	}
}

// What cannot be told in parts is told whole, and a part that does not belong there is an error that changes nothing.
func TestAPartBelongsToWhatIsBeforeIt(t *testing.T) {
	a := Alert{ID: "x", Site: "mall", Opened: 1, Calls: []Call{{Number: 1, Deliveries: []Delivery{{Key: "k"}, {Key: "l"}}}, {Number: 2}}}
	whole, r, err := Record(&a)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Alert){
		"resolved":             func(a *Alert) { a.Resolved = 9 },
		"another site":         func(a *Alert) { a.Site = "hall" },
		"calls out of order":   func(a *Alert) { slices.Reverse(a.Calls) },
		"a delivery, gone":     func(a *Alert) { a.Calls[0].Deliveries = a.Calls[0].Deliveries[1:] },
		"another key":          func(a *Alert) { a.Calls[0].Deliveries = []Delivery{{Key: "k"}, {Key: "m"}} },
		"a key that was there": func(a *Alert) { a.Calls[0].Deliveries = []Delivery{{Key: "k"}, {Key: "l"}, {Key: "l"}} },
	} {
		b := a
		b.Calls = slices.Clone(a.Calls)
		change(&b)
		if text, _, err := r.Part(&b); err != nil || text != nil {
			t.Errorf("%s: %s (%v), want no part", what, text, err)
		}
	}
	var c Course
	if err := c.Part([]byte(`{}`)); err == nil {
		t.Error("a part of nothing is taken")
	}
	if err := c.Whole(whole); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{``, `[]`, `{"else":1}`, `{"gone":[7]}`, `{"calls":[{"number":7,"deliveries":[{"key":"k"}]}]}`, `{"set":{"opened":"x"}}`, `{"set":{"opened":2},"gone":[7]}`} {
		if err := c.Part([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if got, _ := Encode(new(c.Alert())); string(got) != string(whole) {
		t.Errorf("after errors it is %s, want %s", got, whole)
	}
}
