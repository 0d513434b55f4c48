package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/simulate"
)

// rig is a gateway's configuration in a folder of its own, and the gateway as a process.
type rig struct {
	t    *testing.T
	dir  string // of gerbang.yaml; the data lies in data/
	web  string // host:port of the pages
	mqtt string // host:port of the embedded broker, if the configuration has it
	// small: the small building is there. A simulated fleet beside it has visitors with fevers of their own.
	small bool
	p     *process
}

// uji is a protocol with the kinds of rule that one small building can break.
const uji = `id: uji
title: Uji
rules:
  kapasitas: {kind: capacity}
  suhu: {kind: temperature, above: 37.3}
`

// gedung is one small building: a hall behind a door, a counter and a thermometer at the door, an air sensor in the hall.
const gedung = `id: gedung
name: Gedung Uji
timezone: Asia/Jakarta
protocols: [uji]
hours: {mon-sun: "00:00-24:00"}
zones:
  aula: {name: Aula, area: 400 m², capacity: 100}
doors:
  utama: {name: Pintu Utama, from: outside, to: aula}
devices:
  hitung: {name: Penghitung, door: utama}
  suhu: {name: Termometer, door: utama, measures: [body_temperature]}
  udara: {name: Sensor Udara, zone: aula}
`

// newRig writes a configuration. sections are the parts of gerbang.yaml beside data and folders; without mqtt among them
// there is an embedded broker for everybody on this machine, without http the pages are open to everybody here.
func newRig(t *testing.T, sections ...string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), web: freeAddr(t), mqtt: freeAddr(t)}
	text := strings.Join(sections, "\n")
	if !strings.Contains("\n"+text, "\nmqtt:") {
		text += fmt.Sprintf("\nmqtt:\n  embedded: {listen: %q, anonymous: allow}", r.mqtt)
	}
	if !strings.Contains("\n"+text, "\nhttp:") {
		text += fmt.Sprintf("\nhttp: {listen: %q}", r.web)
	}
	writeFile(t, r.dir, "gerbang.yaml", "data: data\nsites: sites/\nprotocols: protocols/\n"+text+"\n")
	return r
}

// building adds the small building.
func (r *rig) building() *rig {
	writeFile(r.t, r.dir, "protocols/uji.yaml", uji)
	writeFile(r.t, r.dir, "sites/gedung.yaml", gedung)
	r.small = true
	return r
}

// fleet adds the simulated sites of a load.
func (r *rig) fleet(f simulate.Fleet) *rig {
	r.t.Helper()
	writeFile(r.t, r.dir, "protocols/kmk.yaml", shortProtocol)
	if err := f.WriteSites(r.dir); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func (r *rig) config() string { return filepath.Join(r.dir, "gerbang.yaml") }
func (r *rig) data() string   { return filepath.Join(r.dir, "data") }

// serve starts the gateway and waits until it takes messages.
func (r *rig) serve() *rig {
	r.t.Helper()
	r.p = start(r.t, "serve", "--config", r.config())
	r.p.ready(r.web)
	return r
}

// stop ends the gateway as its service manager would; it must end well.
func (r *rig) stop() {
	r.t.Helper()
	if code := r.p.interrupt(); code != 0 {
		r.t.Fatalf("exit code %d after an interrupt, want 0:\n%s", code, r.p.out)
	}
}

// reload asks the running gateway to read its configuration again.
func (r *rig) reload() {
	r.t.Helper()
	if err := r.p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
}

// replace changes a file of the configuration.
func (r *rig) replace(name, from, to string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		r.t.Fatalf("%s does not have %q", name, from)
	}
	writeFile(r.t, r.dir, name, strings.Replace(string(text), from, to, 1))
}

// get reads a document of the running gateway.
func (r *rig) get(path string, v any) error { return getJSON("http://"+r.web+path, v) }

// post sends JSON and gives the status.
func (r *rig) post(path string, body any) int {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.Post("http://"+r.web+path, "application/json", bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// counted is what became of the messages, as the gateway counts them.
type counted struct{ received, stored, duplicate, rejected, ignored float64 }

func (c counted) balanced() bool {
	return c.received == c.stored+c.duplicate+c.rejected+c.ignored
}

func (r *rig) counters() (c counted, err error) {
	fields := map[string]*float64{
		"received": &c.received, "stored": &c.stored, "duplicate": &c.duplicate, "rejected": &c.rejected, "ignored": &c.ignored,
	}
	var names []string
	for outcome := range fields {
		names = append(names, outcomeMetric(outcome))
	}
	values, err := metrics(r.web, names...)
	if err != nil {
		return c, err
	}
	for outcome, v := range fields {
		*v = values[outcomeMetric(outcome)]
	}
	return c, nil
}

func outcomeMetric(outcome string) string {
	return fmt.Sprintf("gerbang_messages_total{outcome=%q}", outcome)
}

// seenAlert is an open alert as the API shows it.
type seenAlert struct {
	ID, Site, Rule, Class string
	Opened                time.Time
	Explanation           struct{ Sentence, Detail string }
	Acknowledged          *struct {
		By, Reason string
		Until      time.Time
	}
}

// alert finds the open alert of a rule: that of the small building where it is there, or one of the gateway itself.
func (r *rig) alert(rule string) (*seenAlert, error) {
	var list struct{ Items []seenAlert }
	if err := r.get("/api/v1/alerts", &list); err != nil {
		return nil, err
	}
	for i := range list.Items {
		a := &list.Items[i]
		if a.Rule == rule && (!r.small || a.Site == "gedung" || a.Class == "service") {
			return a, nil
		}
	}
	return nil, fmt.Errorf("no alert of %q is open: %+v", rule, list.Items)
}

// alerted waits for the alert of a rule.
func (r *rig) alerted(rule string) *seenAlert {
	r.t.Helper()
	var found *seenAlert
	r.p.eventually(30*time.Second, "to raise "+rule, func() (err error) { found, err = r.alert(rule); return err })
	return found
}

// resolved waits until the alert of a rule is no longer open.
func (r *rig) resolved(rule string, patience time.Duration) {
	r.t.Helper()
	r.p.eventually(patience, "to resolve "+rule, func() error {
		var list struct{ Items []seenAlert }
		if err := r.get("/api/v1/alerts", &list); err != nil {
			return err
		}
		for _, a := range list.Items {
			if a.Rule == rule {
				return fmt.Errorf("still open: %+v", a)
			}
		}
		return nil
	})
}

// connect gives an MQTT client; it leaves with the test.
func connect(t *testing.T, broker, name string, change func(*paho.ClientOptions)) paho.Client {
	t.Helper()
	o := paho.NewClientOptions().AddBroker(broker).SetClientID(name).SetConnectTimeout(5 * time.Second).SetAutoReconnect(false)
	if change != nil {
		change(o)
	}
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("connecting to %s as %s: %v", broker, name, token.Error())
	}
	t.Cleanup(func() { c.Disconnect(50) })
	return c
}

// publish sends a message at QoS 1 and waits until it is acknowledged.
func publish(t *testing.T, c paho.Client, topic, payload string) {
	t.Helper()
	token := c.Publish(topic, 1, false, payload)
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("publishing %s to %s: not acknowledged: %v", payload, topic, token.Error())
	}
}
