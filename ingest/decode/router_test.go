package decode

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// routed is two sites with devices of four models: topics with site and device, with device only, with wildcards and the
// device in the payload, and without topics.
func routed(t testing.TB) Options {
	t.Helper()
	a, b := testSite(t), testSite(t)
	a.Devices = []facility.Device{
		{ID: "d1", Model: "full"}, {ID: "d2", Model: "part", Address: "SN-2"}, {ID: "d3", Model: "body", Address: "24E1F0"},
		{ID: "d4", Model: "push", Address: "x4"}, {ID: "d5", Model: NativeModel},
	}
	b.ID = "two"
	b.Devices = []facility.Device{
		{ID: "d1", Model: "full"}, {ID: "d6", Model: "part", Address: "SN-6"}, {ID: "d7", Model: "body", Address: "7"},
		{ID: "d4", Model: "push", Address: "x4"},
	}
	read := []model.Field{{Path: "c", Quantity: telemetry.CO2}}
	return Options{Sites: []facility.Site{a, b}, Models: []model.Model{
		{ID: "full", Title: "F", Match: []string{"s/{site}/{device}/up"}, Readings: read},
		{ID: "part", Title: "P", Match: []string{"p/{device}/up", "p/+/{device}/#"}, Readings: read},
		{ID: "body", Title: "B", Match: []string{"app/+/event/#"}, Device: "info.id", Readings: read},
		{ID: "push", Title: "H", Readings: read},
	}}
}

func TestRouting(t *testing.T) {
	d := newDecoder(t, routed(t))
	tests := []struct{ topic, payload, want string }{ // want is site/device, or a reason
		{"s/mpp/d1/up", `{"c":401}`, "mpp/d1"},
		{"s/two/d1/up", `{"c":401}`, "two/d1"},
		{"s/two/D1/up", `{"c":401}`, "two/d1"},
		{"s/three/d1/up", `{"c":401}`, "unknown_device"},
		{"s/mpp/d1/down", `{"c":401}`, "unknown_topic"},
		{"p/SN-2/up", `{"c":401}`, "mpp/d2"},
		{"p/sn-6/up", `{"c":401}`, "two/d6"},
		{"p/x/SN-6", `{"c":401}`, "two/d6"},
		{"p/x/SN-6/a/b", `{"c":401}`, "two/d6"},
		{"p/x/SN-7/a/b", `{"c":401}`, "unknown_device"},
		{"p/x", `{"c":401}`, "unknown_topic"},
		{"app/1/event/up", `{"info":{"id":"24e1f0"},"c":401}`, "mpp/d3"},
		{"app/1/event", `{"info":{"id":7},"c":401}`, "two/d7"},
		{"app/1/event/up", `{"info":{"id":"8"},"c":401}`, "unknown_device"},
		{"app/1/event/up", `{"info":{},"c":401}`, "unknown_device"},
		{"app/1/event/up", `{"info":`, "syntax"},
		{"push/push/x4", `{"c":401}`, "unknown_device"}, // both sites have one
		{"push/push/two/x4", `{"c":401}`, "two/d4"},
		{"push/push/mpp/X4", `{"c":401}`, "mpp/d4"},
		{"push/body", `{"info":{"id":"7"},"c":401}`, "two/d7"},
		{"push/body/7", `{"c":401}`, "two/d7"},
		{"push/part/SN-2", `{"c":401}`, "mpp/d2"},
		{"push/full", `{"c":401}`, "unknown_topic"},
		{"push/native/d5", `{"co2":401}`, "mpp/d5"},
		{"push/nobody/d5", `{"co2":401}`, "unknown_topic"},
		{"gerbang/v1/mpp/d5", `{"co2":401}`, "mpp/d5"},
		{"gerbang/v1/two/d5", `{"co2":401}`, "unknown_device"},
	}
	for _, tt := range tests {
		t.Run(tt.topic, func(t *testing.T) {
			recs := d.Decode(message(tt.topic, tt.payload), nil)
			got := "nothing"
			if len(recs) == 1 && recs[0].Rejection != nil {
				got = string(recs[0].Rejection.Reason)
				checkRejection(t, recs[0].Rejection)
			} else if len(recs) == 1 {
				got = recs[0].Site + "/" + recs[0].Observation.Device
			}
			if got != tt.want {
				t.Errorf("%s: got %s, want %s (%s)", tt.payload, got, tt.want, show(recs))
			}
		})
	}
	want := []string{"app/+/event/#", "gerbang/v1/+/+", "p/+/+/#", "p/+/up", "s/+/+/up"}
	if got := d.Topics(); !slices.Equal(got, want) {
		t.Errorf("topics %v, want %v", got, want)
	}
}

func TestNewReportsAllProblems(t *testing.T) {
	o := routed(t)
	o.Sites[0].Devices = append(o.Sites[0].Devices,
		facility.Device{ID: "d1", Model: "full"},
		facility.Device{ID: "e1", Model: "nobody"},
		facility.Device{ID: "e2", Model: NativeModel, Address: "other"},
		facility.Device{ID: "out", Model: NativeModel},
		facility.Device{ID: "e3", Model: "part", Address: "sn-6"},
		facility.Device{ID: "e4", Model: "part", Address: "a/b"},
	)
	o.Sites = append(o.Sites, o.Sites[0])
	_, err := New(o)
	if err == nil {
		t.Fatal("want problems")
	}
	for _, want := range []string{
		`site "mpp", device "d1" is configured twice`,
		`device "e1": unknown model "nobody", want one of body, full, native, part, push`,
		`device "e2": address "other": a device of the native format is named by its id in the topic`,
		`device "out": the id "out" is taken`,
		`device "d6": address "SN-6" on topic p/{device}/up is also that of device mpp/e3`,
		`device "e4": address "a/b": want`,
		`site "mpp" is configured twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwant …%s…", err, want)
		}
	}
	if _, err := New(Options{MaxDepth: -1, Past: -1}); err == nil || !strings.Contains(err.Error(), "MaxDepth -1") || !strings.Contains(err.Error(), "Past -1") {
		t.Errorf("negative limits: got %v", err)
	}
}

// TestDecodeConcurrently is for the race detector, and checks that goroutines do not see each other's messages.
func TestDecodeConcurrently(t *testing.T) {
	d := newDecoder(t, routed(t))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				v := float64(400 + g*500 + i)
				recs := d.Decode(message("s/mpp/d1/up", fmt.Sprintf(`{"c":%v}`, v)), nil)
				if len(recs) != 1 || recs[0].Observation.Readings[0].Value != v {
					t.Errorf("got %s, want %v", show(recs), v)
				}
			}
		})
	}
	wg.Wait()
}

func TestArena(t *testing.T) {
	d := newDecoder(t, routed(t))
	a := &Arena{}
	w := d.Worker(a)
	var recs []telemetry.Record
	for batch := range 3 {
		recs = recs[:0]
		for i := range 3 * slabSize { // more than one slab
			recs = w.Decode(message("s/mpp/d1/up", fmt.Sprintf(`{"c":%d}`, 400+i%30000)), recs)
		}
		for i := range recs {
			if r := recs[i].Observation.Readings; len(r) != 1 || cap(r) != 1 || r[0].Value != float64(400+i%30000) {
				t.Fatalf("batch %d, record %d: got %v", batch, i, r)
			}
		}
		a.Reset()
	}
}

// TestAWidePatternHidesNoDevice: where the messages of a model may come on any topic, those that are none of its are nobody's,
// unless another model's pattern names a device there.
func TestAWidePatternHidesNoDevice(t *testing.T) {
	site, yes := testSite(t), true
	site.Devices = []facility.Device{{ID: "d1", Model: "exact"}, {ID: "w1", Model: "wide"}}
	read := []model.Field{{Path: "c", Quantity: telemetry.CO2}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "exact", Title: "E", Match: []string{"counters/{device}/telemetry"}, Readings: read},
		{ID: "wide", Title: "W", Match: []string{"+/+/telemetry"}, Device: "who", When: model.When{Process: []model.Condition{{Path: "who", Exists: &yes}}}, Readings: read},
	}})
	for _, tt := range []struct{ topic, payload, want string }{
		{"counters/d1/telemetry", `{"c":400}`, "2022-07-05T01:00:00Z d1 co2 400 ppm; "},
		{"counters/d2/telemetry", `{"c":400}`, `unknown_device: device "d2" is not configured (model exact); `},
		{"counters/d2/telemetry", `{"c":400,"who":"w1"}`, "2022-07-05T01:00:00Z w1 co2 400 ppm; "},
		{"bus/7/telemetry", `{"c":400}`, "nothing"},
		{"bus/7/telemetry", `{"c":400,"who":"w1"}`, "2022-07-05T01:00:00Z w1 co2 400 ppm; "},
	} {
		if got := show(d.Decode(message(tt.topic, tt.payload), nil)); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.topic, tt.payload, got, tt.want)
		}
	}
}

func TestIgnoredIsCounted(t *testing.T) {
	yes := true
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "acme"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{{
		ID: "acme", Title: "A", Match: []string{"a/{device}"}, When: model.When{Ignore: []model.Condition{{Path: "join", Exists: &yes}}},
		Readings: []model.Field{{Path: "c", Quantity: telemetry.CO2, Invalid: []any{int64(65535)}}},
	}}})
	for _, payload := range []string{`{"join":1,"c":400}`, `{"c":65535}`, `{"c":null}`} {
		if recs := d.Decode(message("a/d1", payload), nil); len(recs) != 0 {
			t.Errorf("%s: got %s, want nothing", payload, show(recs))
		}
	}
	if got := d.Ignored(); got["acme"] != 3 || got[NativeModel] != 0 || len(got) != 2 {
		t.Errorf("ignored %v, want acme 3 and native 0", got)
	}
}
