package load

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func options(format Format) Options {
	return Options{Broker: "tcp://127.0.0.1:1", Format: format, Messages: 1000, Devices: 20, Sites: 10, Connections: 2, Window: 100, Limit: 1}
}

func TestPayloadsAndTopics(t *testing.T) {
	const base = 1764500000000
	alerts := options(Temperatures)
	alerts.Alerts = "#"
	people := options(People)
	people.Alerts = "#"
	for _, test := range []struct {
		name           string
		options        Options
		reading        reading
		topic, payload string
	}{
		{"foreign", options(Foreign), reading{device: 13, index: 2, seq: 53}, "site/s03/zone/z1/occupancy/d00013", `{"ts":1764500000002,"in":4,"out":3,"seq":53}`},
		{"people enter", options(People), reading{device: 13, index: 2, seq: 53}, "gerbang/v1/s03/d00013", `{"at":1764500000002,"people_in":1,"people_out":0,"seq":53}`},
		{"people leave", options(People), reading{device: 13, index: 3, seq: 73}, "gerbang/v1/s03/d00013", `{"at":1764500000003,"people_in":0,"people_out":1,"seq":73}`},
		{"temperature", options(Temperatures), reading{device: 0, index: 0, seq: 6}, "gerbang/v1/s00/d00000", `{"at":1764500000000,"body_temperature":36.6,"seq":6}`},
		{"fever", alerts, reading{device: 3, index: 3, seq: 61}, "gerbang/v1/s03/d00003", `{"at":1764500000003,"body_temperature":39.5,"seq":61}`},
		{"crowd", people, reading{device: 3, index: 3, seq: 61}, "gerbang/v1/s03/d00003", `{"at":1764500000003,"people_in":99,"people_out":0,"seq":61}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFleet(test.options, base)
			if got := string(f.topics[test.reading.device][2:]); got != test.topic {
				t.Errorf("topic %s, want %s", got, test.topic)
			}
			got := string(f.appendPayload(nil, test.reading))
			if got != test.payload || !json.Valid([]byte(got)) {
				t.Errorf("payload %s, want %s", got, test.payload)
			}
		})
	}
}

// Losses are exact only if no two readings share a point and every number is given once.
func TestEveryReadingIsAPointOfItsOwn(t *testing.T) {
	for _, messages := range []int{1000, 1001, 990, 7} {
		o := options(People)
		o.Messages = messages
		f := newFleet(o, 5000)
		from, to := f.span()
		points, seqs := map[string]bool{}, map[int]bool{}
		for c := range o.Connections {
			for j := range o.perConnection() {
				r := f.message(c, j)
				at := f.base + int64(r.index)
				if at < from || at >= to {
					t.Fatalf("%d messages: reading %+v is at %d, outside %d to %d", messages, r, at, from, to)
				}
				if r.device%o.Connections != c {
					t.Fatalf("%d messages: device %d speaks over connection %d", messages, r.device, c)
				}
				points[fmt.Sprint(r.device, at)] = true
				seqs[r.seq] = true
			}
		}
		if len(points) != o.total() || len(seqs) != o.total() {
			t.Errorf("%d messages: %d points and %d numbers, want %d of both", messages, len(points), len(seqs), o.total())
		}
	}
}

func TestEachDeviceIsOverItsLimitOnce(t *testing.T) {
	o := options(Temperatures)
	o.Alerts = "#"
	f := newFleet(o, 0)
	over := map[int]int{}
	for c := range o.Connections {
		for j := range o.perConnection() {
			if r := f.message(c, j); f.over(r) {
				over[r.device]++
			}
		}
	}
	for d := range o.Devices {
		if over[d] != 1 {
			t.Errorf("device %d is over its limit %d times, want once", d, over[d])
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, test := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Messages = 0 }, "messages is 0, expected at least 1"},
		{func(o *Options) { o.Devices = 21 }, "devices is 21, expected a multiple of connections (2)"},
		{func(o *Options) { o.Window = 60001 }, "window is 60001, expected at most 60000"},
		{func(o *Options) { o.Rate = -1 }, "rate is -1, expected 0 or more"},
		{func(o *Options) { o.Alerts, o.Messages = "#", 10 }, "messages is 10, expected at least one for each of the 20 devices"},
		{func(o *Options) { o.Connections = 0 }, "connections is 0, expected at least 1"},
	} {
		o := options(People)
		test.change(&o)
		if err := o.validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	if err := options(People).validate(); err != nil {
		t.Errorf("good options: %v", err)
	}
}
