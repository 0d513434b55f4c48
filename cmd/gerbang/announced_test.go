package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// A device behind an external broker announces where it publishes. The gateway hears it there, also after a restart of its
// own and of a broker that remembers neither session nor announcement, and a device that is configured by a reload is heard
// where it had announced itself before.
func TestAnnouncedTopicsAreHeard(t *testing.T) {
	t.Parallel()
	m := testengine.Mosquitto(t)
	r := newRig(t, fmt.Sprintf(`mqtt: {broker: {url: %q, client_id: gerbang-test, keep_alive: 5s}}`, m.URL)).building()
	r.replace("sites/gedung.yaml", "  udara: {name: Sensor Udara, zone: aula}", "  udara: {name: Sensor Udara, zone: aula, model: homeassistant, address: ruang-9, measures: [temperature]}")
	r.serve()
	c := connect(t, m.URL, "devices", nil)
	announce := func(device string) {
		publish(t, c, "homeassistant/sensor/"+device+"-t/config",
			fmt.Sprintf(`{"device_class":"temperature","state_topic":"rumah/%s/state","value_template":"{{ value_json.t }}","device":{"identifiers":[%q]}}`, device, device))
	}
	stored := func(device, when string) {
		t.Helper()
		settled(t, r.p, r.web) // of the device before
		before, err := r.counters()
		if err != nil {
			t.Fatal(err)
		}
		value := 0
		r.p.eventually(30*time.Second, "to hear "+device+" "+when, func() error {
			value++
			publish(t, c, "rumah/"+device+"/state", fmt.Sprintf(`{"t":2%d.5}`, value%10))
			now, err := r.counters()
			if err == nil && now.stored <= before.stored {
				err = fmt.Errorf("stored %v, then %v (rejected %v, then %v)", before.stored, now.stored, before.rejected, now.rejected)
			}
			return err
		})
	}
	announce("ruang-10") // nobody's yet
	announce("ruang-9")
	stored("ruang-9", "where it announced itself")

	r.replace("sites/gedung.yaml", "address: ruang-9, measures: [temperature]}",
		"address: ruang-9, measures: [temperature]}\n  udara2: {name: Sensor Udara 2, zone: aula, model: homeassistant, address: ruang-10, measures: [temperature]}")
	r.reload()
	stored("ruang-10", "after a reload")

	r.stop()
	m.WipeSession()
	r.serve()
	c = connect(t, m.URL, "devices", nil)
	stored("ruang-9", "after a restart")
	stored("ruang-10", "after a restart")
	if counts, err := r.counters(); err != nil || !counts.balanced() {
		t.Errorf("counters %+v (%v), want them balanced", counts, err)
	}
	r.stop()
}
