package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// on is a reading of a device on channels, given as channel, quantity and value.
func on(device string, at telemetry.Instant, triples ...any) telemetry.Record {
	rec := telemetry.Record{Kind: telemetry.KindObservation, Site: "mpp", At: at, Received: at, Observation: telemetry.Observation{Device: device}}
	for i := 0; i < len(triples); i += 3 {
		one := reading(device, at, at, triples[i+1], triples[i+2]).Observation.Readings[0]
		one.Channel = triples[i].(string)
		rec.Observation.Readings = append(rec.Observation.Readings, one)
	}
	return rec
}

func (r *rig) on(device, at string, triples ...any) {
	r.t.Helper()
	r.apply(on(device, r.at(at), triples...))
}

// twoDoors is the mall with one sensor over the main and the back door, mounted the other way over the second.
func twoDoors(t testing.TB, rules ...Rule) *Definition {
	d := exact(with(mall(t), rules...))
	d.Site.Devices = append(d.Site.Devices, facility.Device{
		ID: "ceiling", Model: "native", Accuracy: 1, Interval: 10 * time.Minute, Place: facility.Place{Kind: facility.AtDoor, ID: "main"},
		Channels: []facility.Channel{{Name: "line 2", Place: facility.Place{Kind: facility.AtDoor, ID: "back"}}},
	})
	return d
}

// Finding R17: two lines of one sensor over two doors.
func TestR17LinesOverTwoDoors(t *testing.T) {
	r := newRig(t, twoDoors(t, capacityRule(nil)))
	r.on("ceiling", "2022-07-04 08:55:00", "line 1", in, 0, "line 2", in, 0)
	r.enter("2022-07-04 08:58:00", telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 0})
	// In at the back door leads out of the hall.
	r.on("ceiling", "2022-07-04 09:00:00", "line 1", in, 10, "line 1", out, 1, "line 2", in, 3, "line 2", out, 2)
	r.wantPersons("hall", 8)
	doors := r.engine.View().Doors
	if doors[0].InToday != 10 || doors[0].OutToday != 1 || doors[1].InToday != 3 || doors[1].OutToday != 2 {
		t.Errorf("doors: got %v/%v and %v/%v, want 10/1 and 3/2", doors[0].InToday, doors[0].OutToday, doors[1].InToday, doors[1].OutToday)
	}
	r.wantVerdict("capacity", "hall", "within")
	if x := r.explanation("capacity", "hall"); len(x.Evidence) != 2 || x.Evidence[0].Device != "ceiling" || x.Evidence[1].Device != "ceiling" {
		t.Errorf("evidence: got %+v, want both lines of ceiling", x.Evidence)
	}
	for _, v := range r.engine.View().Devices {
		if v.ID == "ceiling" && (v.Messages != 2 || len(v.Readings) != 4) {
			t.Errorf("device: got %d messages, %d readings, want 2 and 4", v.Messages, len(v.Readings))
		}
	}
	r.tick("2022-07-04 09:30:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
}

// Finding R17, siblings: swap and running totals by channel.
func TestR17SwapAndTotalsByChannel(t *testing.T) {
	d := twoDoors(t)
	d.Site.Devices[len(d.Site.Devices)-1].Channels[0].Swap = true
	r := newRig(t, d)
	r.on("ceiling", "2022-07-04 09:00:00", "line 1", telemetry.PeopleInTotal, 100, "line 2", telemetry.PeopleInTotal, 500)
	r.on("ceiling", "2022-07-04 09:01:00", "line 1", telemetry.PeopleInTotal, 104, "line 2", telemetry.PeopleInTotal, 502)
	doors := r.engine.View().Doors
	if doors[0].InToday != 4 || doors[0].OutToday != 0 || doors[1].InToday != 0 || doors[1].OutToday != 2 {
		t.Errorf("doors: got %v/%v and %v/%v, want 4/0 and 0/2", doors[0].InToday, doors[0].OutToday, doors[1].InToday, doors[1].OutToday)
	}
	r.wantPersons("hall", 6)
}

// Finding R17, a sibling: regions of two rooms.
func TestR17RegionsOfTwoRooms(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "camera", Model: "native", Accuracy: 1, Place: facility.Place{Kind: facility.AtZone, ID: "hall"},
		Channels: []facility.Channel{{Name: "r2", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}}}})
	r := newRig(t, d)
	r.on("camera", "2022-07-04 09:00:00", "r1", telemetry.PeoplePresent, 30, "r2", telemetry.PeoplePresent, 4)
	r.wantPersons("hall", 30)
	r.wantPersons("waiting", 4)
}

// Finding R17, a sibling: two buttons of one device for two tasks, and a thermometer over two doors with its own offset each.
func TestR17ButtonsAndThermometers(t *testing.T) {
	d := with(mall(t), feverRule(nil))
	d.Site.Tasks = append(d.Site.Tasks, facility.Task{ID: "wipe", Name: "Wipe", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
	d.Site.Devices = append(d.Site.Devices,
		facility.Device{ID: "panel", Model: "native", Place: facility.Place{Kind: facility.AtTask, ID: "spray"},
			Channels: []facility.Channel{{Name: "b2", Place: facility.Place{Kind: facility.AtTask, ID: "wipe"}}}},
		facility.Device{ID: "faces", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"},
			Channels: []facility.Channel{{Name: "cam2", Place: facility.Place{Kind: facility.AtDoor, ID: "back"}, Offset: 1.5}}})
	r := newRig(t, d)
	r.on("panel", "2022-07-04 09:00:00", "b2", telemetry.Button, 1)
	if tasks := r.engine.View().Tasks; tasks[0].LastDone != 0 || tasks[1].LastDone != r.at("2022-07-04 09:00:00") {
		t.Errorf("tasks: got %v and %v, want the second", tasks[0].LastDone, tasks[1].LastDone)
	}
	r.on("faces", "2022-07-04 09:01:00", "cam1", body, 36.0, "cam2", body, 36.0) // 37.5 with the offset
	r.wantVerdict("fever", "faces", "breached/waiting")
	if doors := r.engine.View().Doors; doors[0].Screened != 1 || doors[0].TooWarm != 0 || doors[1].Screened != 1 || doors[1].TooWarm != 1 {
		t.Errorf("doors: got %+v and %+v, want one screened at each, the second too warm", doors[0], doors[1])
	}
}

// Finding R17: a probe is not the air of the room.
func TestR17ProbesStayApart(t *testing.T) {
	warm := airRule(func(p *Expression) { p.Expr, p.Value, p.Limit = "temperature < 10", "temperature", 10 })
	t.Run("as the model says", func(t *testing.T) {
		d := with(mall(t), warm)
		d.Apart = map[string][]Probe{"air": {{telemetry.Temperature, "probe"}}}
		r := newRig(t, d)
		r.on("air", "2022-07-04 09:00:00", "probe", telemetry.Temperature, 4)
		r.wantVerdict("air", "hall", "unknown/no_data")
		if got := r.zone("hall").Readings; len(got) != 0 {
			t.Errorf("readings of the hall: got %+v, want none", got)
		}
		r.on("air", "2022-07-04 09:01:00", "", telemetry.Temperature, 25)
		r.wantVerdict("air", "hall", "within")
	})
	t.Run("as the device shows", func(t *testing.T) {
		r := newRig(t, with(mall(t), warm))
		r.on("air", "2022-07-04 09:00:00", "probe", telemetry.Temperature, 4)
		r.wantVerdict("air", "hall", "breached") // for all that is known it is the only sensor
		r.on("air", "2022-07-04 09:01:00", "", telemetry.Temperature, 25)
		r.wantVerdict("air", "hall", "within")
		r.on("air", "2022-07-04 09:02:00", "probe", telemetry.Temperature, 3)
		r.wantVerdict("air", "hall", "within")
	})
	t.Run("with a place of its own", func(t *testing.T) {
		d := with(mall(t), warm)
		d.Apart = map[string][]Probe{"air": {{telemetry.Temperature, "probe"}}}
		d.Site.Devices[4].Channels = []facility.Channel{{Name: "probe", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}}}
		r := newRig(t, d)
		r.on("air", "2022-07-04 09:00:00", "", telemetry.Temperature, 25, "probe", telemetry.Temperature, 4)
		r.wantVerdict("air", "hall", "within")
		r.wantVerdict("air", "waiting", "breached")
	})
	t.Run("nowhere", func(t *testing.T) {
		d := with(mall(t), warm)
		d.Site.Devices[4].Channels = []facility.Channel{{Name: "1"}}
		r := newRig(t, d)
		r.on("air", "2022-07-04 09:00:00", "1", telemetry.Temperature, 4, "2", telemetry.Temperature, 25)
		r.wantVerdict("air", "hall", "within")
		for _, v := range r.engine.View().Devices {
			if v.ID == "air" && len(v.Readings) != 2 {
				t.Errorf("readings of the device: got %+v, want both", v.Readings)
			}
		}
	})
}

// Finding R17: several counters of presence in a zone add up, unless one is said to see all of it.
func TestR17SecondViewOfARoom(t *testing.T) {
	for _, whole := range []bool{false, true} {
		d := exact(with(mall(t), capacityRule(nil)))
		for _, id := range []string{"cam-a", "cam-b"} {
			d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Accuracy: 1, Whole: whole, Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}})
		}
		r := newRig(t, d)
		r.read("cam-a", "2022-07-04 09:00:00", telemetry.PeoplePresent, 12)
		r.read("cam-b", "2022-07-04 09:00:10", telemetry.PeoplePresent, 11)
		if want := map[bool]float64{false: 23, true: 11}[whole]; r.zone("waiting").Persons.Persons != want {
			t.Errorf("whole %v: got %v persons, want %v", whole, r.zone("waiting").Persons.Persons, want)
		}
	}
}

// Channels with places keep what engines promise: order does not matter, and a restart changes nothing.
func TestR17ChannelsSurviveRestartsAndOrder(t *testing.T) {
	d := everything(t)
	main, back, waiting := facility.Place{Kind: facility.AtDoor, ID: "main"}, facility.Place{Kind: facility.AtDoor, ID: "back"}, facility.Place{Kind: facility.AtZone, ID: "waiting"}
	d.Site.Devices = append(d.Site.Devices,
		facility.Device{ID: "ceiling", Model: "native", Interval: 10 * time.Minute, Place: main, Channels: []facility.Channel{{Name: "l2", Place: back, Swap: true}, {Name: "l3"}}},
		facility.Device{ID: "multi", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Channels: []facility.Channel{{Name: "p", Place: waiting}}})
	with(d, screeningRule(nil))
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 8, func(t *testing.T, rng *rand.Rand) {
		records := traffic(rng, start, 20*time.Hour, 700)
		for at := start.Add(time.Minute); at < start.Add(20*time.Hour); at = at.Add(time.Duration(30+rng.IntN(900)) * time.Second) {
			records = append(records,
				on("ceiling", at, "l1", in, rng.IntN(4), "l2", out, rng.IntN(3), "l3", in, 99),
				on("multi", at.Add(time.Second), "", telemetry.CO2, 400+rng.IntN(900), "p", telemetry.CO2, 400+rng.IntN(900), "p", telemetry.Distance, 2*rng.Float64()))
		}
		records = delayed(rng, records, time.Second) // sorts
		end := start.Add(21 * time.Hour)
		sorted, _ := run(t, d, start, end, records)
		shuffled, _ := run(t, d, start, end, delayed(rng, records, DefaultLateness))
		if got, want := plain(t, shuffled), plain(t, sorted); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
		checkSane(t, sorted)
		snap, _ := sorted.Snapshot()
		again := New("mpp")
		if err := again.Restore(snap); err != nil {
			t.Fatal(err)
		}
		if b, _ := again.Snapshot(); !bytes.Equal(snap, b) {
			t.Error("a restored engine has another snapshot")
		}
		if got, want := plain(t, again), plain(t, sorted); got != want {
			t.Errorf("a restored engine shows something else:\n%s", firstDifference(got, want))
		}
		next := on("ceiling", end.Add(time.Second), "l1", in, 3, "l2", in, 1)
		next.Seq = 1 << 20
		var a, b Output
		if err := sorted.Apply(&next, &a); err != nil {
			t.Fatal(err)
		}
		if err := again.Apply(&next, &b); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", b), fmt.Sprintf("%+v", a); got != want {
			t.Errorf("outputs differ:\n%s", firstDifference(got, want))
		}
	})
}
