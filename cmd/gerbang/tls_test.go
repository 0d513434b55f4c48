package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Everything that listens speaks TLS and wants a secret: the pages a token, the broker and the push door a device's own
// credential. One message through each door is stored, and whoever has no secret gets nowhere.
func TestEveryDoorWithTLSAndASecret(t *testing.T) {
	ca := testengine.NewCA(t)
	files := ca.Issue("gerbang", time.Hour)
	trust := files.ClientConfig(t)
	trust.Certificates = nil
	r := newRig(t)
	writeFile(t, r.dir, "gerbang.yaml", fmt.Sprintf(`data: data
sites: sites/
protocols: protocols/
http: {listen: %[1]q, tls: {cert: %[3]q, key: %[4]q}, access_token_file: secrets/token}
mqtt:
  embedded:
    listen: ""
    tls_listen: %[2]q
    tls: {cert: %[3]q, key: %[4]q}
    credentials: [{name: suhu, password_file: secrets/suhu, device: gedung/suhu}]
push:
  credentials: [{name: hitung, password_file: secrets/hitung, device: gedung/hitung}]
`, r.web, r.mqtt, files.Cert, files.Key))
	for name, secret := range map[string]string{"token": "token-for-scripts", "suhu": "rahasia-suhu", "hitung": "rahasia-hitung"} {
		writeFile(t, r.dir, "secrets/"+name, secret+"\n")
	}
	r.building()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	t.Cleanup(client.CloseIdleConnections)
	r.p = start(t, "serve", "--config", r.config())
	r.p.eventually(30*time.Second, "to be ready", func() error {
		status, body := ask(t, client, http.MethodGet, "https://"+r.web+"/readyz", "", map[string]string{"Authorization": "Bearer token-for-scripts"})
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	})

	pagesWantTheToken(t, r, client)
	brokerWantsTheCredential(t, r, trust)
	pushWantsTheCredential(t, r, client)
	if code := r.p.interrupt(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, r.p.out)
	}
	stored(t, r.data(), "hitung people_in=3", "suhu body_temperature=36.4")
	noSecrets(t, r, "token-for-scripts", "rahasia-suhu", "rahasia-hitung")
}

func pagesWantTheToken(t *testing.T, r *rig, client *http.Client) {
	t.Helper()
	for _, tt := range []struct {
		name, path string
		header     map[string]string
		want       int
		shown      bool
	}{
		{name: "page without a token", path: "/", header: map[string]string{"Accept": "text/html"}, want: http.StatusOK}, // it asks for one
		{name: "API without a token", path: "/api/v1/sites", want: http.StatusUnauthorized},
		{name: "metrics without a token", path: "/metrics", want: http.StatusUnauthorized},
		{name: "API with a wrong token", path: "/api/v1/sites", header: map[string]string{"Authorization": "Bearer token-for-script"}, want: http.StatusUnauthorized},
		{name: "API with the token", path: "/api/v1/sites", header: map[string]string{"Authorization": "Bearer token-for-scripts"}, want: http.StatusOK, shown: true},
	} {
		status, body := ask(t, client, http.MethodGet, "https://"+r.web+tt.path, "", tt.header)
		if shown := strings.Contains(body, "Gedung Uji"); status != tt.want || shown != tt.shown {
			t.Errorf("%s: got status %d and %.200q, want %d", tt.name, status, body, tt.want)
		}
	}
	if resp, err := http.Get("http://" + r.web + "/healthz"); err == nil {
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("the pages answer without TLS")
		}
	}
}

func brokerWantsTheCredential(t *testing.T, r *rig, trust *tls.Config) {
	t.Helper()
	c := connect(t, "ssl://"+r.mqtt, "suhu", func(o *paho.ClientOptions) {
		o.SetTLSConfig(trust).SetUsername("suhu").SetPassword("rahasia-suhu")
	})
	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":1,"body_temperature":36.4}`)
	for name, change := range map[string]func(*paho.ClientOptions){
		"no credential":  func(o *paho.ClientOptions) { o.SetTLSConfig(trust) },
		"wrong password": func(o *paho.ClientOptions) { o.SetTLSConfig(trust).SetUsername("suhu").SetPassword("rahasia") },
		"unknown authority": func(o *paho.ClientOptions) {
			o.SetTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}).SetUsername("suhu").SetPassword("rahasia-suhu")
		},
	} {
		o := paho.NewClientOptions().AddBroker("ssl://" + r.mqtt).SetClientID("intruder").SetAutoReconnect(false)
		change(o)
		if token := paho.NewClient(o).Connect(); !token.WaitTimeout(10*time.Second) || token.Error() == nil {
			t.Errorf("%s: could connect", name)
		}
	}
}

func pushWantsTheCredential(t *testing.T, r *rig, client *http.Client) {
	t.Helper()
	for _, tt := range []struct {
		name, credential, device string
		want                     int
	}{
		{"its own credential", "hitung:rahasia-hitung", "hitung", http.StatusNoContent},
		{"the pages' token", "token-for-scripts", "hitung", http.StatusUnauthorized},
		{"a credential of the broker", "suhu:rahasia-suhu", "suhu", http.StatusUnauthorized},
		{"its credential for another device", "hitung:rahasia-hitung", "suhu", http.StatusForbidden},
	} {
		status, body := ask(t, client, http.MethodPost, "https://"+r.web+"/ingest/native/gedung/"+tt.device, `{"boot":"a","seq":1,"people_in":3}`,
			map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + tt.credential})
		if status != tt.want {
			t.Errorf("pushing with %s: got status %d and %.200q, want %d", tt.name, status, body, tt.want)
		}
	}
}

// ask makes a request and gives status and body; status 0 and the error if there was no answer.
func ask(t *testing.T, c *http.Client, method, url, body string, header map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// stored wants exactly these readings in the journal, sorted, each as "device quantity=value".
func stored(t *testing.T, data string, want ...string) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	var got []string
	err = j.Replay(t.Context(), "", 0, func(rec *telemetry.Record) error {
		for _, reading := range rec.Observation.Readings {
			got = append(got, fmt.Sprintf("%s %s=%v", rec.Observation.Device, reading.Quantity, reading.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("stored: got %q, want %q", got, want)
	}
}

// noSecrets looks for secrets in what the gateway has printed and in everything it keeps.
func noSecrets(t *testing.T, r *rig, secrets ...string) {
	t.Helper()
	look := func(where, text string) {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s holds the secret %s", where, s)
			}
		}
	}
	look("the log", r.p.out.String())
	err := filepath.WalkDir(r.data(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		look(path, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
