package influx

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mountedSite is testSite with a counter that hangs the other way round, a thermometer with an offset, and an inner door.
func mountedSite() facility.Site {
	s := testSite()
	s.Zones = append(s.Zones, facility.Zone{ID: "back"})
	s.Doors = append(s.Doors, facility.Door{ID: "inner", From: "hall", To: "back"})
	s.Devices = append(s.Devices,
		facility.Device{ID: "turned", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Swap: true},
		facility.Device{ID: "skin", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Offset: 0.7},
		facility.Device{ID: "inside", Place: facility.Place{Kind: facility.AtDoor, ID: "inner"}},
	)
	return s
}

// Finding I1: points hold what the engine judges; what the device sent stands beside it where that is something else.
func TestI1_PointsHoldCorrectedValues(t *testing.T) {
	t.Parallel()
	in := func(v float64) telemetry.Reading { return telemetry.Reading{Quantity: telemetry.PeopleIn, Value: v} }
	out := func(v float64) telemetry.Reading { return telemetry.Reading{Quantity: telemetry.PeopleOut, Value: v} }
	retained := func(r telemetry.Record) telemetry.Record {
		r.Observation.Flags = telemetry.FlagRetained
		return r
	}
	pressed := func(kind string) telemetry.Reading {
		return telemetry.Reading{Quantity: telemetry.Button, Value: 1, Text: kind}
	}
	for _, tt := range []struct {
		name   string
		record telemetry.Record
		want   []string
	}{
		{"counter the other way round", observed("turned", in(3), out(1)),
			[]string{"people_flow,device=turned,door=main,outside=true,site=magetan persons_out=3i,persons_out_raw=1i,persons_in=1i,persons_in_raw=3i 1000000001"}},
		{"as many in as out", observed("turned", in(2), out(2)),
			[]string{"people_flow,device=turned,door=main,outside=true,site=magetan persons_out=2i,persons_in=2i 1000000001"}},
		{"one direction", observed("turned", in(3)),
			[]string{"people_flow,device=turned,door=main,outside=true,site=magetan persons_out=3i,persons_in_raw=3i 1000000001"}},
		{"its totals", observed("turned", telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 300}),
			[]string{"people_total,device=turned,door=main,outside=true,site=magetan persons_out=300i,persons_in_raw=300i 1000000001"}},
		{"skin temperature", observed("skin", telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.6}),
			[]string{"body_temperature,device=skin,door=main,outside=true,site=magetan celsius=37.3,celsius_raw=36.6 1000000001"}},
		{"two visitors", observed("skin", telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.6}, telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 35.5}),
			[]string{
				"body_temperature,device=skin,door=main,outside=true,site=magetan celsius=37.3,celsius_raw=36.6 1000000001",
				"body_temperature,device=skin,door=main,outside=true,site=magetan celsius=36.2,celsius_raw=35.5 1000618034",
			}},
		{"a period beside its total is not counted", observed("counter-1", in(3), telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 300}, out(1)),
			[]string{
				"people_flow,device=counter-1,door=main,outside=true,site=magetan persons_in_raw=3i,persons_out=1i 1000000001",
				"people_total,device=counter-1,door=main,outside=true,site=magetan persons_in=300i 1000000001",
			}},
		{"an inner door does not lead outside", observed("inside", in(1)),
			[]string{"people_flow,device=inside,door=inner,site=magetan persons_in=1i 1000000001"}},
		{"what a broker repeats happened once", retained(observed("skin", telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.6}, in(2))),
			[]string{
				"body_temperature,device=skin,door=main,outside=true,site=magetan celsius_raw=36.6 1000000001",
				"people_flow,device=skin,door=main,outside=true,site=magetan persons_in_raw=2i 1000000001",
			}},
		{"a repeated state is one", retained(observed("air-1", telemetry.Reading{Quantity: telemetry.CO2, Value: 800})),
			[]string{"air,device=air-1,site=magetan,zone=hall co2_ppm=800 1000000001"}},
		{"a repeated total and a repeated count of the people present are old: the engine takes neither", retained(observed("counter-1",
			telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 300}, telemetry.Reading{Quantity: telemetry.PeoplePresent, Value: 42},
			telemetry.Reading{Quantity: telemetry.OpenCount, Value: 7})),
			[]string{
				"people_total,device=counter-1,door=main,outside=true,site=magetan persons_in_raw=300i 1000000001",
				"people_present,device=counter-1,door=main,outside=true,site=magetan persons_raw=42i 1000000001",
				"contact,device=counter-1,door=main,outside=true,site=magetan opens_raw=7i 1000000001",
			}},
		{"a repeated press logs nothing", retained(observed("button-1", pressed("single"))),
			[]string{"button,device=button-1,door=main,outside=true,site=magetan presses_raw=1i 1000000001"}},
		{"a repeated log is none: the engine takes no duty for done", func() telemetry.Record {
			r := retained(observed("button-1"))
			r.Observation.Task = &telemetry.TaskLog{Task: "handles", Done: true, Agent: "soap", Item: "north", By: "Sari"}
			return r
		}(), []string{"task,device=button-1,door=main,outside=true,site=magetan,task=handles done_raw=1i 1000000001"}},
		{"a repeated log of what was not done", func() telemetry.Record {
			r := retained(observed("air-1"))
			r.Observation.Task = &telemetry.TaskLog{Task: "handles"}
			return r
		}(), []string{"task,device=air-1,door=main,outside=true,site=magetan,task=handles done_raw=0i 1000000001"}},
		{"two presses log twice", observed("button-1", pressed("single"), pressed("double")),
			[]string{
				`button,device=button-1,door=main,outside=true,site=magetan presses=1i,kind="single" 1000000001`,
				`button,device=button-1,door=main,outside=true,site=magetan presses=1i,kind="double" 1000618034`,
				`task,device=button-1,door=main,outside=true,site=magetan,task=handles done=1i,kind="single" 1000000001`,
				`task,device=button-1,door=main,outside=true,site=magetan,task=handles done=1i,kind="double" 1000618034`,
			}},
		{"a press elsewhere is no task", observed("air-1", pressed("single")),
			[]string{`button,device=air-1,site=magetan,zone=hall presses=1i,kind="single" 1000000001`}},
		{"a task is logged where it is done", func() telemetry.Record {
			r := observed("air-1")
			r.Observation.Task = &telemetry.TaskLog{Task: "handles", Done: true}
			return r
		}(), []string{"task,device=air-1,door=main,outside=true,site=magetan,task=handles done=1i 1000000001"}},
		{"a log without a name is about the device's task", func() telemetry.Record {
			r := observed("button-1")
			r.Observation.Task = &telemetry.TaskLog{Done: true, By: "Sari"}
			return r
		}(), []string{`task,device=button-1,door=main,outside=true,site=magetan,task=handles done=1i,done_by="Sari" 1000000001`}},
		{"a reading from the future happened when it was received", func() telemetry.Record {
			r := observed("counter-1", in(1))
			r.Received = r.At - 500_000_000
			return r
		}(), []string{"people_flow,device=counter-1,door=main,outside=true,site=magetan persons_in=1i 500000001"}},
	} {
		got := strings.TrimSuffix(encodeAll(newPlaces(mountedSite()), []telemetry.Record{tt.record}), "\n")
		if want := strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, want)
		}
	}
}

// Finding I1: a channel with a place of its own is written there, as it hangs, and what counts at one place does not depend on what
// the same message says of another.
func TestI1_ChannelsAtTheirPlaces(t *testing.T) {
	t.Parallel()
	site := mountedSite()
	p := newPlaces(site)
	p.device("magetan", "counter-1").channels = map[string]*place{
		"b": newPlace(&site, "counter-1", facility.Mounting{Place: facility.Place{Kind: facility.AtDoor, ID: "inner"}, Swap: true}),
	}
	rec := observed("counter-1",
		telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3, Channel: "a"}, telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 30, Channel: "a"},
		telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 2, Channel: "b"})
	want := strings.Join([]string{
		"people_flow,channel=a,device=counter-1,door=main,outside=true,site=magetan persons_in_raw=3i 1000000001",
		"people_total,channel=a,device=counter-1,door=main,outside=true,site=magetan persons_in=30i 1000000001",
		"people_flow,channel=b,device=counter-1,door=inner,site=magetan persons_out=2i,persons_in_raw=2i 1000000001",
	}, "\n") + "\n"
	if got := encodeAll(p, []telemetry.Record{rec}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Finding I1: running totals become people_flow, and what is learned later about a time replaces what was written about it.
func TestI1_TotalsBecomeFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j, server := &memoryJournal{}, &fakeServer{}
		total := func(v float64) telemetry.Record {
			r := observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: v})
			r.At, r.Received = epoch, epoch
			return r
		}
		at := epoch + 1234567
		j.add(total(1000), total(1004))
		j.flows = []journal.Flow{
			{ID: 1, Flow: rules.Flow{Site: "magetan", Device: "counter-1", At: at, In: 4, Record: 2}},
			{ID: 2, Flow: rules.Flow{Site: "magetan", Device: "counter-1", Channel: "b", At: at, In: 1, Out: 2, Record: 2}},
		}
		w, _ := start(t, options(j, server))
		time.Sleep(time.Minute)
		j.mu.Lock()
		j.flows = append(j.flows, journal.Flow{ID: 3, Flow: rules.Flow{Site: "magetan", Device: "counter-1", At: at, In: 3, Record: 3}})
		j.mu.Unlock()
		w.Committed(j.add(total(1003)))
		time.Sleep(time.Minute)
		synctest.Wait()
		got := map[string]string{}
		for key, fields := range server.points {
			if strings.HasPrefix(key, "people_flow") {
				got[key] = fields
			}
		}
		want := map[string]string{
			fmt.Sprintf("people_flow,device=counter-1,door=main,outside=true,site=magetan %d", at):           "persons_in=3i,persons_out=0i",
			fmt.Sprintf("people_flow,channel=b,device=counter-1,door=main,outside=true,site=magetan %d", at): "persons_in=1i,persons_out=2i",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("flows: got %v, want %v", got, want)
		}
		if j.saved() != j.head() {
			t.Errorf("position: got %v, want %v", j.saved(), j.head())
		}
	})
}

// Finding I1: what was judged under a configuration is written under it, however late: InfluxDB was away while the counter was
// turned round and moved. A restart at any place writes the same.
func TestI1_PointsFollowTheConfigurationThenInForce(t *testing.T) {
	t.Parallel()
	site := testSite()
	site.Devices[0] = facility.Device{ID: "counter-1", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Swap: true}
	var all []telemetry.Record
	all = append(all, flows(0, 10)...)
	all = append(all, configuration(site))
	all = append(all, flows(10, 10)...)
	var passed []journal.Flow
	for i := range 20 {
		seq := uint64(i + 1)
		if i >= 10 {
			seq++
		}
		passed = append(passed, journal.Flow{ID: int64(i + 1), Flow: rules.Flow{Site: "magetan", Device: "counter-1", Channel: "t", At: epoch + telemetry.Instant(i)*1e9, In: 1, Record: seq}})
	}
	write := func(lines int, stops []uint64) map[string]string {
		var points map[string]string
		synctest.Test(t, func(t *testing.T) {
			journal, server := &memoryJournal{}, &fakeServer{}
			journal.add(all...)
			journal.flows = passed
			for _, stopAt := range append(stops, 0) {
				o := options(journal, server)
				o.BatchLines = lines
				w, err := New(o)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				l := newLane(w, false)
				if err := l.begin(ctx); err != nil {
					t.Fatal(err)
				}
				for more := true; more && (stopAt == 0 || journal.saved().Record < stopAt); {
					if more, err = l.turn(ctx); err != nil {
						t.Fatal(err)
					}
				}
				cancel()
			}
			points = server.points
		})
		return points
	}
	want := write(5000, nil)
	if len(want) != 40 {
		t.Fatalf("points: got %d, want 40", len(want))
	}
	turned := 0
	for key, fields := range want {
		at := lineTime(t, key)
		before := at < epoch+10e9
		if strings.Contains(key, "door=main,outside=true") != before || strings.Contains(key, "zone=hall") == before {
			t.Errorf("%s: got other tags than those of its time", key)
		}
		if strings.Contains(fields, "_raw") {
			turned++
		}
	}
	if turned == 0 {
		t.Errorf("no value was turned round")
	}
	for _, lines := range []int{1, 3, 7} {
		if got := write(lines, []uint64{4, 10, 11, 15}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d lines a batch, four restarts: got %d other points than in one go", lines, len(got))
		}
	}
}
