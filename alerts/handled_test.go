package alerts

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Who handled an alert and when was gone from the history once the acknowledgement had run out.
func TestAcknowledgementsStayInTheHistory(t *testing.T) {
	b := NewBook(nil, nil)
	id := b.Alarm(crowd(rules.Breached, 0, 60, ""), nil)[0].Alert.ID
	take := func(by string, at, until time.Duration) {
		rec := telemetry.Record{Kind: telemetry.KindEntry, Site: "magetan", At: after(at), Entry: &telemetry.Entry{
			Kind: telemetry.EntryAcknowledge, Subject: id, Author: by, Until: after(until)}}
		rec.Entry.Claimed = by != "dewi" // who has an account
		b.Entry(&rec, nil)
	}
	take("siti", time.Minute, 11*time.Minute)
	b.Tick(after(12*time.Minute), nil) // it ran out
	take("budi", 20*time.Minute, 60*time.Minute)
	take("agus", 30*time.Minute, 60*time.Minute) // takes over
	take("agus", 40*time.Minute, 40*time.Minute) // and gives it back
	b = restarted(t, b)
	take("dewi", 50*time.Minute, 80*time.Minute)
	ended := b.Alarm(crowd(rules.Within, time.Hour, 40, ""), nil)[0].Alert
	want := []Acknowledgement{
		{By: "siti", At: after(time.Minute), Until: after(11 * time.Minute)},
		{By: "budi", At: after(20 * time.Minute), Until: after(30 * time.Minute)},
		{By: "agus", At: after(30 * time.Minute), Until: after(40 * time.Minute)},
		{By: "dewi", Proven: true, At: after(50 * time.Minute), Until: after(80 * time.Minute)},
	}
	if got := ended.Acknowledgements(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	old := Alert{Ack: &Acknowledgement{By: "siti"}} // as the journal has those of before
	if got := old.Acknowledgements(); len(got) != 1 || got[0].By != "siti" {
		t.Errorf("an older alert: got %+v, want siti", got)
	}
}

// restarted is a book made anew of what the journal has.
func restarted(t *testing.T, b *Book) *Book {
	t.Helper()
	text, err := json.Marshal(b.Open())
	if err != nil {
		t.Fatal(err)
	}
	var open []Alert
	if err := json.Unmarshal(text, &open); err != nil {
		t.Fatal(err)
	}
	return NewBook(open, nil)
}
