package main

import (
	"fmt"
	"testing"
	"time"
)

// A restart, also after a kill, takes no device for silent that goes on reporting, however often it does.
func TestShortRestartCallsNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t).building()
	r.replace("protocols/uji.yaml", "rules:\n", "rules:\n  diam: {kind: silence}\n")
	r.replace("sites/gedung.yaml", "{name: Sensor Udara, zone: aula}", "{name: Sensor Udara, zone: aula, interval: 1s}")
	r.serve()
	report := func(seconds int) {
		t.Helper()
		c := connect(t, "tcp://"+r.mqtt, "udara", nil)
		defer c.Disconnect(50)
		for i := range seconds * 2 {
			publish(t, c, "gerbang/v1/gedung/udara", fmt.Sprintf(`{"co2":%d}`, 600+i))
			time.Sleep(500 * time.Millisecond)
		}
	}
	opened := func(when string) {
		t.Helper()
		time.Sleep(time.Second) // the history is written with a commit
		for _, path := range []string{"/api/v1/alerts", "/api/v1/alerts/history?limit=100"} {
			var list struct{ Items []seenAlert }
			if err := r.get(path, &list); err != nil {
				t.Fatal(err)
			}
			for _, a := range list.Items {
				if a.Rule == "diam" {
					t.Errorf("%s: %s: the device was called silent from %v on", when, path, a.Opened)
				}
			}
		}
	}
	report(2)
	r.stop()
	time.Sleep(5 * time.Second)
	r.serve()
	report(3)
	opened("after a restart")
	r.p.kill()
	time.Sleep(5 * time.Second)
	r.serve()
	report(3)
	opened("after a kill")
	r.stop()
}
