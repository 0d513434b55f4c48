package rules

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// kindRule is a rule of a kind under the kind's name.
func kindRule[P any](kind string, change func(P)) Rule {
	p, err := NewParams(kind)
	if err != nil {
		panic(err)
	}
	if change != nil {
		change(p.(P))
	}
	return Rule{ID: kind, Kind: kind, Params: p}
}

func (r *rig) input(rule, subject, name string) float64 {
	r.t.Helper()
	for _, in := range r.explanation(rule, subject).Inputs {
		if in.Name == name {
			return in.Value
		}
	}
	return math.NaN()
}

func TestAfterHours(t *testing.T) {
	d := exact(with(mall(t), kindRule("afterhours", func(p *AfterHours) { p.Staff, p.Tolerance, p.Leave, p.Arrive = 2, 1, 30*time.Minute, time.Hour })))
	r := newRig(t, d)
	r.wantVerdict("afterhours", "mpp", "unknown/no_data") // at night nobody has counted yet
	r.read("c-main", "2022-07-04 08:10:00", in, 10)
	r.wantVerdict("afterhours", "mpp", "unknown/pending") // it is open
	r.read("c-main", "2022-07-04 15:50:00", out, 6)
	r.tick("2022-07-04 16:29:59")
	r.wantVerdict("afterhours", "mpp", "unknown/pending") // they may still leave
	r.tick("2022-07-04 16:30:00")
	r.wantVerdict("afterhours", "mpp", "breached")
	x := r.explanation("afterhours", "mpp")
	if x.Value != 4 || x.Limit != 3 || r.input("afterhours", "mpp", InputStaff) != 2 || r.input("afterhours", "mpp", InputTolerance) != 1 {
		t.Errorf("explanation: got %+v, want 4 people of 2 and 1", x)
	}
	r.read("c-main", "2022-07-04 16:40:00", out, 1)
	r.wantVerdict("afterhours", "mpp", "within")
	r.tick("2022-07-05 07:00:00") // an hour before opening staff come
	r.wantVerdict("afterhours", "mpp", "unknown/pending")
}

// A break of the day is no closing: people wait inside for the afternoon.
func TestAfterHoursIsNoBreak(t *testing.T) {
	d := exact(with(mall(t), kindRule("afterhours", func(p *AfterHours) { p.Staff, p.Leave = 0, 0 })))
	for i := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[i] = []facility.Span{{Open: clockTime(8, 0), Close: clockTime(11, 0)}, {Open: clockTime(13, 0), Close: clockTime(15, 0)}}
	}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 10:00:00", in, 4)
	r.tick("2022-07-04 12:00:00")
	r.wantVerdict("afterhours", "mpp", "unknown/pending")
	r.tick("2022-07-04 15:00:00")
	r.wantVerdict("afterhours", "mpp", "breached")
}

// What counters miss accuses nobody: the interval decides, and one that holds the limit is near it.
func TestAfterHoursByInterval(t *testing.T) {
	d := with(mall(t), kindRule("afterhours", func(p *AfterHours) { p.Staff = 5 }))
	for i := range d.Site.Devices {
		d.Site.Devices[i].Accuracy = 0.95
	}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 10:00:00", in, 200)
	r.read("c-back", "2022-07-04 15:00:00", in, 192) // the back door leads out
	r.tick("2022-07-04 17:00:00")
	if p := r.engine.View().Persons; p.Low > 5 || p.High <= 5 {
		t.Fatalf("people: got %+v, want an interval around 5", p)
	}
	r.wantVerdict("afterhours", "mpp", "unknown/near")
}

func TestQueue(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil), kindRule("queue", func(p *Queue) { p.Limit, p.Share = 20, 0.5 })))
	d.Site.Zones[0].Area, d.Site.Zones[0].Capacity = 0, 30
	d.Site.Zones[1].QueueFor = "hall"
	r := newRig(t, d)
	r.read("c-inner", "2022-07-04 08:10:00", in, 15)
	r.wantVerdict("queue", "waiting", "within")
	r.read("c-inner", "2022-07-04 08:11:00", in, 1)
	r.wantVerdict("queue", "waiting", "breached")
	x := r.explanation("queue", "waiting")
	if x.Limit != 15 || x.Constraint != byRoom || r.input("queue", "waiting", InputRoom) != 30 || r.input("queue", "waiting", InputRoomShare) != 50 || r.input("queue", "waiting", InputQueue) != 20 {
		t.Errorf("explanation: got %+v, want half of the hall's 30", x)
	}
	// Under another level the room holds half, and so does its queue.
	r.read("c-inner", "2022-07-04 08:12:00", out, 10)
	r.wantVerdict("queue", "waiting", "within")
	r.enter("2022-07-04 08:20:00", telemetry.Entry{Kind: telemetry.EntryLevel, Text: "l2"})
	if got := r.explanation("queue", "waiting").Limit; got != 7 {
		t.Errorf("limit at half: got %v, want 7 of 15", got)
	}
	// Without a rule on the room the number alone counts.
	alone := exact(with(mall(t), kindRule("queue", func(p *Queue) { p.Limit = 20 })))
	alone.Site.Zones[1].QueueFor = "hall"
	r = newRig(t, alone)
	r.read("c-inner", "2022-07-04 08:10:00", in, 21)
	if x := r.explanation("queue", "waiting"); x.Limit != 20 || x.Constraint != byQueue {
		t.Errorf("explanation: got %+v, want the number alone", x)
	}
	r.wantVerdict("queue", "waiting", "breached")
}

func TestQuota(t *testing.T) {
	d := exact(with(mall(t), kindRule("quota", func(p *Quota) { p.Staff = 3 })))
	d.Site.Quota = 30
	r := newRig(t, d)
	r.wantVerdict("quota", "mpp", "unknown/no_data")
	r.read("c-main", "2022-07-04 08:10:00", in, 20)
	r.read("c-back", "2022-07-04 08:11:00", out, 5, in, 9) // out at the back door leads in
	r.wantVerdict("quota", "mpp", "within")
	r.read("c-main", "2022-07-04 09:00:00", in, 8)
	r.wantVerdict("quota", "mpp", "within") // 33, of them 3 staff
	r.read("c-main", "2022-07-04 09:01:00", in, 1)
	r.wantVerdict("quota", "mpp", "breached")
	if x := r.explanation("quota", "mpp"); x.Value != 31 || x.Limit != 30 || r.input("quota", "mpp", InputCame) != 34 {
		t.Errorf("explanation: got %+v, want 31 of 30", x)
	}
	r.tick("2022-07-04 23:59:59")
	r.wantVerdict("quota", "mpp", "breached")
	r.tick("2022-07-05 00:00:00") // a new day
	r.wantVerdict("quota", "mpp", "within")
	// Who is heard of late came on his own day.
	r.late("c-main", "2022-07-04 15:00:00", "2022-07-05 09:00:00", in, 40)
	r.wantVerdict("quota", "mpp", "within")
	if x := r.engine.View().Intake; x == nil || x.Visitors.Persons != 0 || x.Left != 30 {
		t.Errorf("intake: got %+v, want none of 30", x)
	}
}

// A count has an error, and what a counter lost makes it unknown for the day; who was counted came all the same.
func TestQuotaIsNeverWithinUnobserved(t *testing.T) {
	d := with(mall(t), kindRule[*Quota]("quota", nil))
	d.Site.Quota = 100
	for i := range d.Site.Devices {
		d.Site.Devices[i].Interval = 0
	}
	d.Site.Devices[0].Interval = 10 * time.Minute
	r := newRig(t, d)
	say := func(from, to int, n int) {
		for m := from; m < to; m += 10 {
			r.read("c-main", fmt.Sprintf("2022-07-04 %02d:%02d:00", m/60, m%60), in, n)
		}
	}
	say(0, 9*60, 0)
	say(9*60, 10*60, 15) // 90
	r.wantVerdict("quota", "mpp", "within")
	r.read("c-main", "2022-07-04 10:00:00", in, 8)
	r.wantVerdict("quota", "mpp", "unknown/near")
	x := r.explanation("quota", "mpp")
	if x.Low > 98 || x.High <= 100 || !x.HasRange {
		t.Errorf("explanation: got %+v, want an interval around 100", x)
	}
	r.tick("2022-07-04 10:30:01")
	r.wantVerdict("quota", "mpp", "unknown/silent")
	say(11*60, 13*60, 0)
	r.wantVerdict("quota", "mpp", "unknown/gap")
	say(13*60, 14*60, 10)
	r.wantVerdict("quota", "mpp", "breached")
	r.tick("2022-07-05 00:00:00")
	// In a closed building nobody is missed by a counter that says nothing.
	r.wantVerdict("quota", "mpp", "unknown/silent")
}

// A gateway that begins to count in the middle of a day does not know how many came before.
func TestQuotaOfADayThatBeganBefore(t *testing.T) {
	d := exact(with(mall(t), kindRule[*Quota]("quota", nil)))
	d.Site.Quota = 30
	r := &rig{t: t, engine: New("mpp"), loc: d.Site.Location.Location}
	r.configure(d, r.at("2022-07-04 10:00:00"))
	r.read("c-main", "2022-07-04 10:10:00", in, 3)
	r.wantVerdict("quota", "mpp", "unknown/uncounted")
	r.read("c-main", "2022-07-04 10:20:00", in, 40)
	r.wantVerdict("quota", "mpp", "breached")
	r.read("c-main", "2022-07-05 10:20:00", in, 3)
	r.wantVerdict("quota", "mpp", "within")
}

// The forecast of the issue: at this rate full at 12:40, the last ticket at 12:10.
func TestCutoffForecast(t *testing.T) {
	d := exact(with(mall(t), kindRule("cutoff", func(p *Cutoff) { p.Tolerance = 0 })))
	d.Site.Quota, d.Site.Hours.QueueCloses = 100, time.Hour
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 08:10:00", in, 40)
	intake := func(at string) *Intake {
		t.Helper()
		r.tick(at)
		x := r.engine.View().Intake
		if x == nil {
			t.Fatal("no intake")
		}
		return x
	}
	clock := func(at telemetry.Instant) string {
		if at == 0 {
			return "none"
		}
		return at.In(r.loc).Format("15:04")
	}
	// From two people no rate is told: the hours alone count.
	r.read("c-main", "2022-07-04 10:50:00", in, 2)
	x := intake("2022-07-04 11:00:00")
	if x.Rate != 0 || x.Full != 0 || clock(x.LastTicket) != "15:00" || x.By != byHours || x.Closed {
		t.Errorf("of two people: got %+v, last ticket %s, want 15:00 by the hours", x, clock(x.LastTicket))
	}
	for m := 31; m < 60; m += 3 {
		r.read("c-main", fmt.Sprintf("2022-07-04 11:%02d:00", m), in, 2)
	}
	x = intake("2022-07-04 12:00:00") // 20 people in half an hour, 38 are left: 57 minutes
	if x.Visitors.Persons != 62 || x.Left != 38 || x.Arrivals != 20 || x.Lately != 30 || x.Rate != 40 || clock(x.Full) != "12:57" || clock(x.LastTicket) != "12:27" || x.By != ByQuota || x.Closed {
		t.Errorf("got %+v full %s last ticket %s, want 12:57 and 12:27", x, clock(x.Full), clock(x.LastTicket))
	}
	if y := intake("2022-07-04 12:04:59"); y.LastTicket != x.LastTicket || y.Made != x.Made {
		t.Errorf("within five minutes: got %+v, want the same forecast", y)
	}
	r.wantVerdict("cutoff", "mpp", "within/pending")
	for m := 0; m < 60; m += 2 {
		r.read("c-main", fmt.Sprintf("2022-07-04 12:%02d:00", m), in, 1)
		if m == 24 {
			r.wantVerdict("cutoff", "mpp", "within/pending")
		}
	}
	x = intake("2022-07-04 13:00:00")
	if !x.Closed || x.Visitors.Persons != 92 {
		t.Errorf("got %+v, want a queue that is closed", x)
	}
	r.wantVerdict("cutoff", "mpp", "breached") // they came on
	for name, want := range map[string]float64{InputLately: 30, InputService: 30, InputQuota: 100, InputLeft: 8, InputBeforeEnd: 60, InputRate: 30, InputArrivals: 15, InputFull: 16, InputLast: -14} {
		if got := r.input("cutoff", "mpp", name); got != want {
			t.Errorf("input %s: got %v, want %v", name, got, want)
		}
	}
	r.tick("2022-07-04 13:15:00") // nobody came in for a while
	r.wantVerdict("cutoff", "mpp", "within")
	// An hour before closing the hours close it.
	r.read("c-main", "2022-07-04 15:05:00", in, 1)
	r.tick("2022-07-04 15:10:00")
	r.wantVerdict("cutoff", "mpp", "breached")
	r.tick("2022-07-04 16:00:00")
	r.wantVerdict("cutoff", "mpp", "unknown/closed")
	if x := r.engine.View().Intake; x.Made != 0 || x.LastTicket != 0 {
		t.Errorf("after closing: got %+v, want no forecast", x)
	}
}

// Where the queue must be closed, displays at the doors from outside stop people.
func TestAdviceOfAClosedQueue(t *testing.T) {
	rule := kindRule[*Cutoff]("cutoff", nil)
	d := exact(with(mall(t), capacityRule(nil), rule))
	d.Site.Hours.QueueCloses = time.Hour
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 14:00:00", in, 3)
	if z := r.zone("hall"); z.Advice != AdviceGo {
		t.Errorf("advice: got %s, want go", z.Advice)
	}
	r.tick("2022-07-04 15:00:00")
	if z := r.zone("hall"); z.Advice != AdviceStop || z.Held != "cutoff" {
		t.Errorf("advice: got %s held by %q, want stop by the queue", z.Advice, z.Held)
	}
	if z := r.zone("waiting"); z.Held == "cutoff" {
		t.Errorf("a room inside: held by %q, want not", z.Held)
	}
}

// seated4 is the mall with a row of four seats 0.6 m apart in the waiting room, the third of which is taken out of use.
func seated4(t testing.TB, change func(*Seats)) *Definition {
	d := exact(with(mall(t), kindRule("seats", change)))
	for i := range 4 {
		id := fmt.Sprintf("a%d", i+1)
		d.Site.Zones[1].SeatMap = append(d.Site.Zones[1].SeatMap, facility.Seat{ID: id, X: 0.6 * float64(i), Blocked: i == 2})
		d.Site.Devices = append(d.Site.Devices, facility.Device{
			ID: "seat-" + id, Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}, Seat: id, Interval: 10 * time.Minute,
		})
	}
	return d
}

func TestSeats(t *testing.T) {
	const taken = telemetry.Occupied
	r := newRig(t, seated4(t, nil))
	r.wantVerdict("seats", "waiting", "unknown/no_data")
	say := func(at string, states ...int) {
		for i, v := range states {
			if v >= 0 {
				r.read(fmt.Sprintf("seat-a%d", i+1), "2022-07-04 "+at, taken, v)
			}
		}
	}
	say("08:00:00", 1, 0)
	r.wantVerdict("seats", "waiting", "unknown/no_data") // the blocked seat has said nothing
	say("08:00:10", -1, -1, 0)
	r.wantVerdict("seats", "waiting", "within") // of a4 nobody knows, and it does not matter: its neighbour is out of use
	say("08:01:00", -1, 1)
	r.wantVerdict("seats", "waiting", "breached")
	x := r.explanation("seats", "waiting")
	if x.Detail != "a1, a2" || x.Value != 0.6 || x.Limit != 1 || x.Unit != "m" || x.Constraint != bySpacing || r.input("seats", "waiting", InputTaken) != 2 {
		t.Errorf("explanation: got %+v, want a1 and a2 0.6 m apart", x)
	}
	if n := len(x.Evidence); n != 2 {
		t.Errorf("evidence: got %+v, want both sensors", x.Evidence)
	}
	seats := r.zone("waiting").Seats
	if len(seats) != 4 || !seats[0].Wrong || !seats[1].Wrong || seats[2].Wrong || seats[3].State != SeatUnknown || seats[0].TooClose != "a2" || seats[1].TooClose != "a1" {
		t.Errorf("seats: got %+v, want the first two wrong and the last unknown", seats)
	}
	say("08:02:00", -1, 0, 1)
	r.wantVerdict("seats", "waiting", "breached")
	if x := r.explanation("seats", "waiting"); x.Detail != "a3" || x.Constraint != byBlocked || x.HasValue {
		t.Errorf("explanation: got %+v, want the blocked seat", x)
	}
	say("08:03:00", 1, 0, 0)
	r.wantVerdict("seats", "waiting", "within")
	// A sensor that falls silent matters where its neighbour is taken.
	say("08:20:00", 1, -1, 0)
	r.tick("2022-07-04 08:33:00")
	r.wantVerdict("seats", "waiting", "unknown/silent")
	if x := r.explanation("seats", "waiting"); x.Detail != "a2" {
		t.Errorf("explanation: got %+v, want a2", x)
	}
	say("08:34:00", 0)
	r.wantVerdict("seats", "waiting", "within")
}

// A seat on a channel of a sensor over a row is a seat of its own.
func TestSeatsOfChannels(t *testing.T) {
	d := exact(with(mall(t), kindRule[*Seats]("seats", nil)))
	at := facility.Place{Kind: facility.AtZone, ID: "waiting"}
	d.Site.Zones[1].SeatMap = []facility.Seat{{ID: "a1"}, {ID: "a2", X: 0.6}}
	d.Site.Devices = append(d.Site.Devices, facility.Device{
		ID: "row", Model: "native", Place: at, Channels: []facility.Channel{{Name: "1", Place: at, Seat: "a1"}, {Name: "2", Place: at, Seat: "a2"}},
	})
	r := newRig(t, d)
	rec := func(when string, one, two float64) {
		x := reading("row", r.at(when), r.at(when))
		x.Observation.Readings = []telemetry.Reading{{Quantity: telemetry.Occupied, Channel: "1", Value: one}, {Quantity: telemetry.Occupied, Channel: "2", Value: two}}
		r.apply(x)
	}
	rec("2022-07-04 08:00:00", 1, 0)
	r.wantVerdict("seats", "waiting", "within")
	rec("2022-07-04 08:01:00", 1, 1)
	r.wantVerdict("seats", "waiting", "breached")
	r.tick("2022-07-04 20:02:00") // a word of twelve hours ago says nothing
	r.wantVerdict("seats", "waiting", "unknown/silent")
}

// The question of the issue: 48 = 96 seats × 50 %; at 1.5 m it would be another number, and every input is there.
func TestWhatIf(t *testing.T) {
	site := &facility.Site{ID: "mpp", Zones: []facility.Zone{
		{ID: "hall", Name: "Hall", Capacity: 60}, {ID: "waiting", Name: "Waiting", Parent: "hall", Seats: 96, SeatPitch: 1, Area: 400, Fixtures: 40},
	}}
	p := &Capacity{Spacing: 1, Grid: Square}
	room, err := RoomOf(site, "waiting", p, map[string]float64{"half": 0.5, "full": 1}, "half")
	if err != nil {
		t.Fatal(err)
	}
	l, err := room.Limit()
	if err != nil || l.Limit != 48 || l.Full != 96 || l.Share != 0.5 || l.Constraint != bySeats || len(l.Bearings) != 2 || !l.Beyond || l.Parent != 30 {
		t.Errorf("as it is: got %+v, %v, want 48 of 96 seats, beyond the hall's 30", l, err)
	}
	if room.Spacing = 1.5; true {
		l, err = room.Limit()
	}
	if err != nil || l.Limit != 24 || l.Full != 48 {
		t.Errorf("at 1.5 m: got %+v, %v, want 24 of 48", l, err)
	}
	room.Level = "none"
	if _, err := room.Limit(); err == nil {
		t.Error("a level that there is not: got a limit, want an error")
	}
	room.Level, room.Spacing = "full", math.NaN()
	if _, err := room.Limit(); err == nil {
		t.Error("no spacing: got a limit, want an error")
	}
}

// The building is asked as its rule is: the share is taken of the sum, which is not the sum of the shares.
func TestWhatIfOfABuilding(t *testing.T) {
	b := Building{Capacity: Capacity{Spacing: 1, Grid: Square}, Zones: []facility.Zone{{ID: "a", Name: "A", Capacity: 5}, {ID: "b", Name: "B", Capacity: 5}, {ID: "in", Parent: "b", Capacity: 3}}}
	if l := b.Limit(0.5); l.Limit != 5 || l.Full != 10 || l.Constraint != byZones || len(l.Inputs) != 2 {
		t.Errorf("got %+v, want 5 of 10 in two rooms", l)
	}
	if b.Capacity.SiteCapacity = 7; true {
		if l := b.Limit(1); l.Limit != 7 || l.Constraint != byDeclared {
			t.Errorf("declared: got %+v, want 7", l)
		}
	}
	if got := AirLimit(25, 10); got != 2 {
		t.Errorf("air for 2.5 people: got %v, want 2", got)
	}
}
