package configs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// loadSite loads a configuration of one site, whose devices and levels are given.
func loadSite(t *testing.T, text string) *Config {
	t.Helper()
	dir := t.TempDir()
	site := `id: mpp
name: MPP
timezone: Asia/Jakarta
protocols: [kmk-382-2020]
hours: {mon-fri: "08:00-15:00"}
zones:
  hall: {name: Hall, area: 100}
  store: {name: Store, area: 20}
doors:
  main: {name: Main, from: outside, to: hall}
  back: {name: Back, from: outside, to: store}
` + text
	for name, body := range map[string]string{"gerbang.yaml": "sites: [site.yaml]\nmqtt: {embedded: {anonymous: allow}}\n", "site.yaml": site} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Finding R17: channels reach the definition, and the model's probes with them.
func TestR17ChannelsOfTheConfiguration(t *testing.T) {
	c := loadSite(t, `devices:
  ceiling: {door: main, measures: [people_in, people_out], channels: {"line 2": {door: back, swap: true}, line 3: {}}}
  air: {zone: hall, model: dragino-lht65, address: A84041000181}
  fridge: {zone: hall, model: dragino-lht65, address: A84041000182, channels: {probe: {zone: store}}}
`)
	d := c.Definitions()[0]
	ceiling, _ := d.Site.Device("ceiling")
	want := []facility.Channel{{Name: "line 2", Place: facility.Place{Kind: facility.AtDoor, ID: "back"}, Swap: true}, {Name: "line 3"}}
	if !slices.Equal(ceiling.Channels, want) {
		t.Errorf("channels: got %+v, want %+v", ceiling.Channels, want)
	}
	if got := d.Measures["ceiling"]; !slices.Equal(got, []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}) || !slices.Equal(ceiling.Measures, got) {
		t.Errorf("measures: got %v and %v", got, ceiling.Measures)
	}
	probe := rules.Probe{Quantity: telemetry.Temperature, Channel: "probe"}
	if !slices.Contains(d.Apart["air"], probe) {
		t.Errorf("apart: got %v, want the probe's temperature", d.Apart["air"])
	}
	m := instruments{site: &d.Site, measures: d.Measures, apart: d.Apart}
	if !m.has(facility.Place{Kind: facility.AtZone, ID: "store"}, telemetry.Temperature) {
		t.Error("the store has no thermometer, though the probe of fridge is there")
	}
	if err := rules.Compile(&d); err != nil {
		t.Error(err)
	}
}

// Finding R17: whether counters of one room add up is said, or asked.
func TestR17PresenceIsAsked(t *testing.T) {
	for covers, want := range map[string]int{"": 1, ", covers: part": 0, ", covers: room": 0} {
		c := loadSite(t, `devices:
  cam-a: {zone: hall, measures: [people_present], interval: 1m`+covers+`}
  cam-b: {zone: hall, measures: [people_present], interval: 1m`+covers+`}
`)
		if len(c.Warnings) != want {
			t.Errorf("covers %q: got %v, want %d warnings", covers, c.Warnings, want)
		}
		if want == 1 && !strings.Contains(c.Warnings[0].String(), "site.yaml:14:") {
			t.Errorf("warning: got %v, want it at the second counter", c.Warnings[0])
		}
		if b, _ := c.Sites[0].Device("cam-b"); b.Whole != strings.Contains(covers, "room") {
			t.Errorf("covers %q: got whole %v", covers, b.Whole)
		}
	}
}

// Finding R13: a counter that could die unnoticed is told.
func TestR13CounterWithoutInterval(t *testing.T) {
	for device, want := range map[string]int{
		"{door: main, measures: [people_in, people_out]}": 1, "{zone: hall, measures: [people_present]}": 1,
		"{door: main, measures: [people_in_total], interval: 5m}": 0, "{zone: hall, measures: [co2]}": 0,
	} {
		c := loadSite(t, "devices:\n  c: "+device+"\n")
		if len(c.Warnings) != want || want == 1 && !strings.Contains(c.Warnings[0].String(), `device "c" counts people and promises no interval`) {
			t.Errorf("%s: got warnings %v, want %d", device, c.Warnings, want)
		}
	}
}
