package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// seenZone is a zone as the API shows it.
type seenZone struct {
	ID    string
	Limit float64 // 0 where nobody counts
}

func (r *rig) zones() (zones []seenZone, err error) {
	var list struct{ Items []seenZone }
	err = r.get("/api/v1/sites/gedung/zones", &list)
	return list.Items, err
}

// showsZones waits until the gateway judges by exactly these zones and limits.
func (r *rig) showsZones(want ...seenZone) {
	r.t.Helper()
	r.p.eventually(10*time.Second, fmt.Sprintf("to show %v", want), func() error {
		zones, err := r.zones()
		if err == nil && !slices.Equal(zones, want) {
			err = fmt.Errorf("zones: got %v", zones)
		}
		return err
	})
}

// configurations counts the records of the journal that brought a definition into force.
func (r *rig) configurations() (n int) {
	r.t.Helper()
	j, err := sqlite.OpenReader(r.t.Context(), r.data())
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	err = j.Replay(r.t.Context(), "", 0, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindConfiguration {
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestReloadBringsAChangeIntoForceOnce(t *testing.T) {
	r := newRig(t).building().serve()
	r.showsZones(seenZone{"aula", 100})
	r.replace("sites/gedung.yaml", "capacity: 100}", "capacity: 40}\n  ruang-main: {name: Ruang Main, area: 50 m², capacity: 8}")
	r.reload()
	r.showsZones(seenZone{"aula", 40}, seenZone{"ruang-main", 0})
	if got := r.configurations(); got != 2 {
		t.Errorf("configuration records: got %d, want 2: the first and the change", got)
	}
	// The same once more is no change.
	r.reload()
	r.p.eventually(10*time.Second, "to have read the same again", func() error {
		n, err := metric(r.web, `gerbang_configuration_reloads_total{result="done"}`)
		if err == nil && n < 2 {
			err = fmt.Errorf("%v reloads", n)
		}
		return err
	})
	writeFile(t, r.dir, "protocols/uji.yaml", uji+"  jarak: {kind: distancing}\n")
	r.reload()
	r.p.eventually(10*time.Second, "to judge by the new rule", func() error {
		var list struct{ Items []struct{ Rule string } }
		if err := r.get("/api/v1/sites/gedung/verdicts", &list); err != nil {
			return err
		}
		for _, v := range list.Items {
			if v.Rule == "jarak" {
				return nil
			}
		}
		return fmt.Errorf("verdicts: %v", list.Items)
	})
	if got := r.configurations(); got != 3 {
		t.Errorf("configuration records: got %d, want 3", got)
	}
	// A device that the reload brought is heard.
	r.replace("sites/gedung.yaml", "  udara:", "  baru: {name: Baru, zone: aula}\n  udara:")
	r.reload()
	c := connect(t, "tcp://"+r.mqtt, "baru", nil)
	r.p.eventually(10*time.Second, "to know the new device", func() error {
		publish(t, c, "gerbang/v1/gedung/baru", `{"co2":600}`)
		n, err := r.counters()
		if err == nil && n.stored == 0 {
			err = fmt.Errorf("counters: %+v", n)
		}
		return err
	})
	r.stop()
}

func TestReloadOfABadFileChangesNothingAndIsTold(t *testing.T) {
	r := newRig(t, "alertmanager: {config: alertmanager.yml}").building()
	const routes = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
	writeFile(t, r.dir, "alertmanager.yml", routes)
	r.serve()
	r.showsZones(seenZone{"aula", 100})
	for _, tt := range []struct{ name, file, from, to, want string }{
		{"mistake in a site", "sites/gedung.yaml", "from: outside", "from: ruang-hantu", "ruang-hantu"},
		{"half-written file", "gerbang.yaml", "\nmqtt:", "\nmqtt: {", "gerbang.yaml:"},
		{"routes without a receiver", "alertmanager.yml", "{receiver: nobody}", "{receiver: somebody}", "somebody"},
		{"what only a restart can change", "gerbang.yaml", "data: data", "data: elsewhere", "data: changed"},
		{"another address", "gerbang.yaml", r.web, "[::1]:1", "http: changed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.t, r.p.t = t, t
			r.replace(tt.file, tt.from, tt.to)
			// A good change beside the bad one must not come into force either.
			r.replace("sites/gedung.yaml", "capacity: 100", "capacity: 10")
			r.reload()
			a := r.alerted("configuration")
			if a.Class != "service" || !strings.Contains(a.Explanation.Detail, tt.want) {
				t.Errorf("alert: got %+v, want a service alert that says %q", *a, tt.want)
			}
			r.showsZones(seenZone{"aula", 100})
			if got := r.configurations(); got != 1 {
				t.Errorf("configuration records: got %d, want 1", got)
			}
			if ok, err := metric(r.web, "gerbang_configuration_reload_ok"); err != nil || ok != 0 {
				t.Errorf("gerbang_configuration_reload_ok: got %v (%v), want 0", ok, err)
			}
			r.replace("sites/gedung.yaml", "capacity: 10}", "capacity: 100}")
			r.replace(tt.file, tt.to, tt.from)
			r.reload()
			r.resolved("configuration", 10*time.Second)
		})
	}
	r.t, r.p.t = t, t
	r.stop()
}

func TestReloadEndsTheSessionsOfRevokedCredentials(t *testing.T) {
	r := newRig(t)
	const mine, other = `{name: suhu, password_env: GERBANG_TEST_SUHU, device: gedung/suhu}`, `{name: hitung, password_env: GERBANG_TEST_HITUNG, device: gedung/hitung}`
	t.Setenv("GERBANG_TEST_SUHU", "rahasia-suhu")
	t.Setenv("GERBANG_TEST_HITUNG", "rahasia-hitung")
	writeFile(t, r.dir, "gerbang.yaml", fmt.Sprintf(`data: data
sites: sites/
protocols: protocols/
http: {listen: %q}
mqtt:
  embedded:
    listen: %q
    credentials: [%s, %s]
push:
  credentials: [%s, %s]
`, r.web, r.mqtt, other, mine, other, mine))
	r.building().serve()
	lost := make(chan struct{}, 1)
	login := func(name string, o *paho.ClientOptions) {
		o.SetUsername(name).SetPassword("rahasia-" + name)
	}
	revoked := connect(t, "tcp://"+r.mqtt, "suhu", func(o *paho.ClientOptions) {
		login("suhu", o)
		o.SetConnectionLostHandler(func(paho.Client, error) { lost <- struct{}{} })
	})
	kept := connect(t, "tcp://"+r.mqtt, "hitung", func(o *paho.ClientOptions) { login("hitung", o) })
	publish(t, revoked, "gerbang/v1/gedung/suhu", `{"body_temperature":36.1}`)
	publish(t, kept, "gerbang/v1/gedung/hitung", `{"people_in":1}`)
	if got := r.push("suhu", `{"body_temperature":36.2}`); got != http.StatusNoContent {
		t.Fatalf("pushing with the credential: got status %d, want 204", got)
	}

	r.replace("gerbang.yaml", ", "+mine, "")
	r.replace("gerbang.yaml", ", "+mine, "")
	r.reload()
	select {
	case <-lost:
	case <-time.After(10 * time.Second):
		t.Fatalf("the session of the revoked credential lives on:\n%s", r.p.out)
	}
	again := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + r.mqtt).SetClientID("suhu").SetUsername("suhu").
		SetPassword("rahasia-suhu").SetAutoReconnect(false))
	if token := again.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() == nil {
		t.Error("the revoked credential could connect again")
	}
	if got := r.push("suhu", `{"body_temperature":36.3}`); got != http.StatusUnauthorized {
		t.Errorf("pushing with the revoked credential: got status %d, want 401", got)
	}
	publish(t, kept, "gerbang/v1/gedung/hitung", `{"people_in":2}`)
	r.stop()
}

// push sends a message of a device through the HTTP door with the device's credential and gives the status.
func (r *rig) push(device, payload string) int {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.web+"/ingest/native/gedung/"+device, strings.NewReader(payload))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(device, "rahasia-"+device)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
