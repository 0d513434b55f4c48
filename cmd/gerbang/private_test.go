package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/testengine"
)

// personal are what was planted, in lower case; whoever finds one in anything that a gateway keeps or shows has found a person.
var personal = []string{"budi", "santoso", "081299887766", "0812-9988", "9988-7766", "3573010101010001", "417793", "dqo0dqo0"}

// Finding S6: names, numbers and pictures in payloads, names of members, topics, client ids and logins are nowhere: not in the journal
// and its log, not in the process's log, not on pages or in the API, not in InfluxDB.
func TestS6_NothingPersonalAnywhere(t *testing.T) {
	t.Setenv("GERBANG_TEST_PUSH", "rahasia-hitung")
	db := testengine.Influxd(t)
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang}\npush: {credentials: [{name: hitung, password_env: GERBANG_TEST_PUSH, bridge: true}]}", db.URL)).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "Budi Santoso 081299887766", nil)
	payloads := []string{
		`Budi;0812-9988-7766;36.5`, `{"081299887766":36.5}`, `{"event":"Budi.Santoso"}`, `{"sandi":417793}`, `{"Budi Santoso":{"nik":3573010101010001}}`,
		`{"people_in":1,"people_out":-4,"name":"Budi","Santoso":1}`, `{"people_in":"Budi"}`, `{"task":"budi-santoso","done":true,"by":"Budi"}`, `{"co2":81299887766}`,
		`{"pic":"dQO0dQO0","at":"Budi Santoso"}`, `{"at":"0812-9988-7766","people_in":1}`, `<Budi><nama>Santoso</nama></Budi>`, "\x00Budi\xff081299887766",
		`{"temperature":21,"unit":"Budi"}`, `{"mask":"Budi","temprature":1}`, `[{"n":"Budi","v":417793}]`, `budi,nik=3573010101010001 co2=412`, `{"device":"Budi","people_in":1}`,
	}
	topics := []string{
		"gerbang/v1/gedung/hitung", "gerbang/v1/gedung/udara", "gerbang/v1/Budi/Santoso", "gerbang/v1/gedung/hitung/Budi", "faces/Budi Santoso/3573010101010001", "faces/Budi/081299887766",
		"zigbee2mqtt/Budi Santoso", "homeassistant/sensor/Budi Santoso/config", "homie/Budi Santoso/node/temperature", "spBv1.0/Budi/DDATA/Santoso/Budi", "shellies/Budi Santoso/relay/0", "tele/Budi Santoso/SENSOR",
		"application/1/device/Budi Santoso/event/up", "v3/Budi@tenant/devices/Budi Santoso/up",
	}
	n := 0
	for _, topic := range topics {
		for _, payload := range payloads {
			publish(t, c, topic, payload)
			n++
		}
	}
	for _, login := range []string{"Budi.Santoso", "081299887766"} {
		o := paho.NewClientOptions().AddBroker("tcp://" + r.mqtt).SetClientID("Santoso").SetUsername(login).SetPassword("417793").SetAutoReconnect(false).SetConnectRetry(false)
		if token := paho.NewClient(o).Connect(); token.WaitTimeout(10*time.Second) && token.Error() == nil {
			t.Errorf("%s may log in", login)
		}
	}
	for _, path := range []string{"/ingest/native/gedung/Budi", "/ingest/thermometer-json/Budi%20Santoso", "/ingest/Budi/081299887766", "/ingest/native/gedung/hitung"} {
		for _, login := range []string{"hitung", "Budi"} {
			req, err := http.NewRequest(http.MethodPost, "http://"+r.web+path, strings.NewReader(`{"sandi":417793,"Budi":"Santoso"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(login, "rahasia-hitung")
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	}
	r.p.eventually(20*time.Second, "to count everything", func() error {
		got, err := r.counters()
		if err == nil && got.received < float64(n) {
			err = fmt.Errorf("received %v of %d", got.received, n)
		}
		return err
	})
	look := func(where, text string) {
		t.Helper()
		text = strings.ToLower(text)
		for _, p := range personal {
			if at := strings.Index(text, p); at >= 0 {
				t.Errorf("%s has %q: …%.160q…", where, p, text[max(0, at-80):])
			}
		}
	}
	for _, page := range []string{"/", "/site/gedung", "/rejections", "/devices", "/status", "/alerts", "/metrics", "/api/v1/rejections", "/api/v1/devices/unconfigured", "/api/v1/sites"} {
		look(page, r.page(page))
	}
	files := func(when string) {
		t.Helper()
		found := 0
		err := filepath.WalkDir(r.data(), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			look(when+": "+filepath.Base(path), string(text))
			found++
			return err
		})
		if err != nil || found == 0 {
			t.Fatalf("%s: %d files, %v", when, found, err)
		}
	}
	files("running")
	r.p.eventually(20*time.Second, "InfluxDB to have something", func() error {
		text, err := everything(db.URL)
		if err == nil && !strings.Contains(text, "people_flow") {
			err = fmt.Errorf("it has %.200s", text)
		}
		look("InfluxDB", text)
		return err
	})
	r.stop()
	files("stopped")
	look("the log", r.p.out.String())
}

// everything is all that InfluxDB has.
func everything(server string) (string, error) {
	resp, err := http.Get(server + "/query?db=gerbang&q=" + url.QueryEscape(`SELECT * FROM /.*/`))
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
