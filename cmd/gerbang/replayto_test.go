package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What was published to a broker is told as that, and rows that could not be read make the exit code 1, whichever way
// the table was played.
func TestReplayToABroker(t *testing.T) {
	t.Parallel()
	r := newRig(t).building().serve()
	writeFile(t, r.dir, "mapping.yaml", fmt.Sprintf(`title: Uji
config: %s
site: gedung
columns: [time, n]
time: {columns: [time], layouts: "2006-01-02 15:04:05"}
device: {id: hitung}
values: [{column: n, quantity: people_in}]
`, r.config()))
	writeFile(t, r.dir, "good.csv", "2022-07-05 09:00:00,3\n2022-07-05 09:00:10,2\n")
	writeFile(t, r.dir, "bad.csv", "2022-07-05 09:00:00,3\nkemarin,2\n2022-07-05 09:00:20,1\n")
	for _, tt := range []struct {
		name, file string
		to         []string
		code       int
		out, errs  string
	}{
		{"published", "good.csv", []string{"--to", "tcp://" + r.mqtt, "--speed", "1000"}, 0, "2 messages published", ""},
		{"published, less a row", "bad.csv", []string{"--to", "tcp://" + r.mqtt, "--speed", "1000"}, 1, "1 rows could not be read", "1 rows of"},
		{"into a journal", "good.csv", []string{"--journal", t.TempDir()}, 0, "2 stored with 2 readings", ""},
		{"into a journal, less a row", "bad.csv", []string{"--journal", t.TempDir()}, 1, "2 stored with 2 readings", "1 rows of"},
	} {
		args := append([]string{"replay", "--mapping", filepath.Join(r.dir, "mapping.yaml"), filepath.Join(r.dir, tt.file)}, tt.to...)
		code, out, errs := run(t, "", args...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) || strings.Contains(out, "0 stored") {
			t.Errorf("%s: got code %d, %q and %q, want %d, %q and %q", tt.name, code, out, errs, tt.code, tt.out, tt.errs)
		}
	}
	settled(t, r.p, r.web)
	if c, err := r.counters(); err != nil || c.stored != 4 {
		t.Errorf("the gateway stored %v (%v), want 4", c.stored, err)
	}
}

// With a configuration, a device of its sites is decoded as the gateway would: in its site's zone, by its model, and
// what it measures.
func TestDecodeAsConfigured(t *testing.T) {
	r := newRig(t).building()
	r.replace("sites/gedung.yaml", "{name: Sensor Udara, zone: aula}", "{name: Sensor Udara, zone: aula, model: zigbee2mqtt, address: udara, measures: [temperature]}")
	for _, tt := range []struct {
		name, topic, payload string
		config               bool
		want, not            string
	}{
		{"the site's zone", "gerbang/v1/gedung/hitung", `{"at":"2026-07-05T09:00:00","people_in":1}`, true, `"at":"2026-07-05T02:00:00Z"`, ""},
		{"no configuration", "gerbang/v1/gedung/hitung", `{"at":"2026-07-05T09:00:00","people_in":1}`, false, `"at":"2026-07-05T09:00:00Z"`, ""},
		{"what it measures", "zigbee2mqtt/udara", `{"temperature":23.5,"occupancy":true}`, true, `"temperature"`, `"occupied"`},
	} {
		args := []string{"decode", "--topic", tt.topic, "--received", "2026-07-05T09:00:30+07:00"}
		if tt.config {
			args = append(args, "--config", r.config())
		} else {
			args[4] = "2026-07-05T09:00:30Z"
		}
		code, out, errs := run(t, tt.payload, args...)
		if code != 0 || !strings.Contains(out, tt.want) || tt.not != "" && strings.Contains(out, tt.not) {
			t.Errorf("%s: got code %d, %s and %q; want %s and not %s", tt.name, code, out, errs, tt.want, tt.not)
		}
	}
}
