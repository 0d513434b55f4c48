package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Of more cases than a view holds the closed ones give way first: an open one still asks something of people.
func TestOpenCasesAreShownBeforeClosedOnes(t *testing.T) {
	var all []CaseView
	for i := range MaxCases + 100 {
		c := CaseView{ID: fmt.Sprint(i), Opened: telemetry.Instant(i), State: CaseClosed}
		if i < 20 {
			c.State = CaseOverdue
		}
		all = append(all, c)
	}
	got, cut := atMostCases(all, time.UTC)
	if len(cut) != 1 || cut[0].Unsaid != 100 || cut[0].Open != 0 {
		t.Errorf("what is left out: got %+v, want 100 of one day of which nobody said how they ended", cut)
	}
	if len(got) != MaxCases || got[0].ID != "0" || got[19].ID != "19" || got[20].ID != "120" {
		t.Errorf("got %d cases from %s on, then %s: want %d, the 20 open ones and the newest closed ones", len(got), got[0].ID, got[20].ID, MaxCases)
	}
	for i := range all {
		all[i].State = CaseOverdue
	}
	if got, cut := atMostCases(all, time.UTC); len(got) > MaxCases || cut[0].Open != 100 {
		t.Errorf("%d open cases, want %d at most", len(got), MaxCases)
	}
}

// A device with a new channel in each message takes bounded room, and no reading is taken for another device's.
func TestChannelsAreBounded(t *testing.T) {
	var b caseBook
	for i := range 70_000 {
		device := "thermo"
		if i == 5 {
			device = "other"
		}
		n := b.sensor(device, fmt.Sprint(i))
		if got := b.sensors[n].device; got != device {
			t.Fatalf("channel %d of %s is taken for one of %s", i, device, got)
		}
	}
	if n := len(b.sensors); n > mostChannels+2 {
		t.Errorf("%d sensors of one device, want %d", n, mostChannels)
	}
	var h health
	for i := range 3 * mostChannels {
		h.note(&telemetry.Reading{Quantity: telemetry.CO2, Channel: fmt.Sprint(i), Value: 400}, telemetry.Instant(i), 1)
	}
	h.note(&telemetry.Reading{Quantity: telemetry.Humidity, Value: 40}, 1, 1)
	if n := len(h.still); n != mostChannels+1 {
		t.Errorf("%d series are looked at, want %d of one quantity and the other", n, mostChannels)
	}
}
