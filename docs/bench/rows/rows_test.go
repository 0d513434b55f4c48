package rows

import (
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/docs/bench/figures"
	"github.com/gerbang-iot/gerbang/docs/bench/influx"
	"github.com/gerbang-iot/gerbang/docs/bench/load"
	"github.com/gerbang-iot/gerbang/docs/bench/meter"
)

func TestRowsAreWhatTheyWereForTheTable(t *testing.T) {
	want := map[string][2]int{ // messages for the table and in pairs: figures can be compared only if these stay
		"mosquitto, 10,000 msg/s":                 {200000, 200000},
		"mosquitto, full speed":                   {400000, 200000},
		"embedded, full speed":                    {600000, 300000},
		"embedded, 10,000 msg/s":                  {200000, 200000},
		"alerts, 1,000 msg/s":                     {20000, 10000},
		"alerts, 10,000 msg/s":                    {200000, 100000},
		"mosquitto's default limits, 1,000 msg/s": {60000, 0},
	}
	names := map[string]bool{}
	for _, r := range All() {
		if names[r.Name] {
			t.Errorf("two rows are called %q", r.Name)
		}
		names[r.Name] = true
		if w, ok := want[r.Name]; ok && (w[0] != r.Messages[Full] || w[1] != r.Messages[Paired]) {
			t.Errorf("%s: %v messages, want %v", r.Name, r.Messages, w)
		}
		if r.Devices%2 != 0 || r.Alerts && slices.ContainsFunc(r.Messages[:], func(n int) bool { return n > 0 && n < r.Devices }) {
			t.Errorf("%s: %d devices do not fit its connections or messages", r.Name, r.Devices)
		}
	}
	for name := range want {
		if !names[name] {
			t.Errorf("there is no row %q", name)
		}
	}
}

func TestChoose(t *testing.T) {
	if got := Choose(Quick, "ALERTS"); len(got) != 2 {
		t.Errorf("got %d rows of alerts, want 2", len(got))
	}
	if got := Choose(Paired, "default"); len(got) != 0 {
		t.Errorf("a row without messages in this form was chosen: %v", got)
	}
	if got := Choose(Full, ""); len(got) != len(All()) {
		t.Errorf("got %d rows, want all %d", len(got), len(All()))
	}
}

func TestValuesOfAMeasurement(t *testing.T) {
	costs := map[string]meter.Cost{"consumer": {CPUSeconds: 5, PeakMB: 120}, "broker": {CPUSeconds: 2, PeakMB: 9}}
	result := load.Result{Sent: 200000, Acked: 200000, PublishSeconds: 20, Arrived: 199990, EndSeconds: 25}
	got := values(Row{Rate: 10000}, result, costs)
	for key, want := range map[string]float64{
		figures.Lost: 10, figures.Acked: 10000, figures.End: 199990. / 25, figures.CPU: 25, figures.Core: 25, figures.Peak: 120, "cpu_broker": 10, "peak_mb_broker": 9,
	} {
		if got[key] != want {
			t.Errorf("%s: got %g, want %g", key, got[key], want)
		}
	}
	got = values(Row{Alerts: true}, load.Result{Acked: 1, PublishSeconds: 1, Arrived: -1, Alerts: &load.AlertsResult{Expected: 5, Came: 3, Twice: 1}}, costs)
	if _, ok := got[figures.Lost]; ok || got[figures.Alerts] != 2 || got["alerts_twice"] != 1 {
		t.Errorf("got %v, want 2 alerts missing, 1 twice and no word of losses", got)
	}
	if _, ok := got[figures.Core]; ok {
		t.Error("a share of a core at full speed says nothing")
	}
}

func TestBrokenPromises(t *testing.T) {
	for _, test := range []struct {
		values map[string]float64
		want   string
	}{
		{map[string]float64{figures.Lost: 0, figures.Alerts: 0, "sent": 5, "acked": 5}, ""},
		{map[string]float64{figures.Lost: 3}, "row, gerbang: 3 acknowledged messages are not in InfluxDB"},
		{map[string]float64{figures.Lost: -1}, "row, gerbang: -1 acknowledged messages are not in InfluxDB"},
		{map[string]float64{figures.Lost: 5, "sent": 5, "acked": 5}, "row, gerbang: nothing is in InfluxDB under the name that is counted; for a build from before persons_in, give --old-field in"},
		{map[string]float64{figures.Alerts: 2}, "row, gerbang: 2 readings over the limit raised no alert in time"},
		{map[string]float64{"alerts_twice": 1}, "row, gerbang: 1 readings raised their alert a second time"},
		{map[string]float64{"sent": 9, "acked": 5}, "row, gerbang: 4 messages were not acknowledged in the time there was"},
	} {
		if got := strings.Join(Broken(figures.Record{Row: "row", Side: "gerbang", Values: test.values}), "\n"); got != test.want {
			t.Errorf("%v: got %q, want %q", test.values, got, test.want)
		}
	}
}

func TestConfiguration(t *testing.T) {
	db := influx.Open("http://127.0.0.1:1", "d")
	const head = "data: \"/x/data\"\nhttp: {listen: \"127.0.0.1:2\"}\nmqtt:\n"
	const tail = "influxdb: {url: \"http://127.0.0.1:1\", database: \"d\"}\nsites: \"/x/sites/\"\n"
	for kind, want := range map[Broker]string{
		Mosquitto: head + "  broker: {url: \"tcp://127.0.0.1:3\", client_id: gerbang-bench}\n" + tail,
		Embedded:  head + "  embedded: {listen: \"127.0.0.1:3\", anonymous: allow}\n" + tail,
	} {
		if got := configuration(kind, "/x/data", "127.0.0.1:2", "tcp://127.0.0.1:3", "/x/sites/", db); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
