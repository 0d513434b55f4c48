package main

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding I5: a reload reads the secrets again, although not a letter of the configuration has changed.
func TestI5_AReloadReadsTheSecretsAgain(t *testing.T) {
	t.Parallel()
	db := testengine.Influxd(t, testengine.InfluxAuth("gerbang", "rahasia-benar"))
	db.CreateDB("gerbang")
	r := newRig(t, fmt.Sprintf("influxdb: {url: %q, database: gerbang, username: gerbang, password_file: influx}", db.URL)).building()
	writeFile(t, r.dir, "influx", "rahasia-salah\n")
	r.serve()
	c := connect(t, "tcp://"+r.mqtt, "devices", nil)
	publish(t, c, "gerbang/v1/gedung/udara", `{"co2":640}`)
	r.alerted("influx_auth")
	writeFile(t, r.dir, "influx", "\ufeffrahasia-benar\r\n") // as an editor of Windows saves it
	r.reload()
	r.inInflux(20 * time.Second)
	if got := db.Count("gerbang", "air", "co2_ppm"); got != 1 {
		t.Errorf("points after the right password: got %d, want 1", got)
	}
	r.resolved("influx_auth", 10*time.Second)
	var page struct {
		Source string
		Items  []struct{ Value float64 }
	}
	if err := r.get("/api/v1/readings?site=gedung&quantity=co2", &page); err != nil || page.Source != "influxdb" || len(page.Items) != 1 || page.Items[0].Value != 640 {
		t.Errorf("readings: got %+v, %v, want 640 from InfluxDB with the new password", page, err)
	}
	r.stop()
	noSecrets(t, r, "rahasia-benar", "rahasia-salah")
}

// Finding I5: so it is with the access token: the new one lets in, the old one and its sessions do not.
func TestI5_AReloadReadsTheAccessTokenAgain(t *testing.T) {
	t.Parallel()
	web := freeAddr(t)
	r := newRig(t, fmt.Sprintf("http: {listen: %q, access_token_file: token}", web)).building()
	r.web = web
	const before, after = "token-lama-yang-cukup-panjang", "token-baru-yang-cukup-panjang"
	writeFile(t, r.dir, "token", before+"\n")
	r.p = start(t, "serve", "--config", r.config())
	lets := func(token string) bool {
		req, err := http.NewRequest(http.MethodGet, "http://"+r.web+"/api/v1/sites", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	r.p.eventually(20*time.Second, "to let the token in", func() error {
		if !lets(before) {
			return errors.New("not yet")
		}
		return nil
	})
	writeFile(t, r.dir, "token", after+"\n")
	r.reload()
	r.p.eventually(10*time.Second, "to let the new token in", func() error {
		if !lets(after) {
			return errors.New("not yet")
		}
		return nil
	})
	if lets(before) {
		t.Error("the old token still lets in")
	}
	r.stop()
}
