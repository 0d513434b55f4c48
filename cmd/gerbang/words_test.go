package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

// Finding C15: a journal that is gone is not blamed on the flag.
func TestC15_AJournalThatIsGoneIsSaidToBeGone(t *testing.T) {
	dir := t.TempDir()
	blamed := func(want string, not string) {
		t.Helper()
		for _, args := range [][]string{{"backup", "--data", dir, t.TempDir()}, {"journal", "check", "--data", dir}, {"influx", "refused", "--data", dir}} {
			code, _, errs := run(t, "", args...)
			if code == 0 || !strings.Contains(errs, want) || strings.Contains(errs, not) {
				t.Errorf("%v: got code %d, %q, want %q and no %q", args, code, errs, want, not)
			}
		}
	}
	blamed("--data names", "gone")
	if err := os.WriteFile(filepath.Join(dir, sqlite.AnchorFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blamed("is gone from", "--data names")
	rescued := filepath.Join(dir, "journal-rescued-20260302T090000Z.db")
	if err := os.WriteFile(rescued, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blamed(rescued, "--data names")
}

// Finding C16: a token that is wrong does not heal while a refill waits.
func TestC16_ARefillWithAWrongTokenEnds(t *testing.T) {
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "udara", nil)
	publish(t, c, "gerbang/v1/gedung/udara", `{"co2":600}`)
	time.Sleep(2 * time.Second) // the period has to be over
	r.stop()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Influxdb-Version", "2.7")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"code":"unauthorized","message":"unauthorized access"}`)
	}))
	defer server.Close()
	writeFile(t, r.dir, "token", "wrong\n")
	r.replace("gerbang.yaml", "data: data", fmt.Sprintf("influxdb: {url: %q, org: o, bucket: b, token_file: token}\ndata: data", server.URL))
	now := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		code, _, errs := run(t, "", "influx", "refill", "--config", r.config(), "--from", now.Add(-time.Minute).UTC().Format(time.RFC3339), "--to", now.UTC().Format(time.RFC3339))
		if code == 0 || !strings.Contains(errs, "refuses the token") || !strings.Contains(errs, "unauthorized access") {
			t.Errorf("got code %d, %q, want an end with the refusal", code, errs)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the refill hangs")
	}
}

// Findings D20, D22 and D23: what is missing is told with what there is, once, and that nobody is notified is told too.
func TestD20_CheckSaysWhatThereIs(t *testing.T) {
	check := func(config, site string) string {
		dir := t.TempDir()
		writeFile(t, dir, "gerbang.yaml", config)
		if site != "" {
			writeFile(t, dir, "sites/a.yaml", site)
		}
		_, out, errs := run(t, "", "check", filepath.Join(dir, "gerbang.yaml"))
		return out + errs
	}
	const site = "id: a\nname: A\ntimezone: Asia/Jakarta\nzones:\n  aula: {name: Aula, area: 100 m²}\n"
	if got := check("sites: sites/\n", site); !strings.Contains(got, "protocols is missing, want a list of protocol ids: ") {
		t.Errorf("D20: got %s, want the ids that there are", got)
	}
	const device = "mqtt: {embedded: {listen: 127.0.0.1:1883, anonymous: allow, credentials: [{name: x, password_hash: 'sha256:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', device: a/b}]}}\n"
	if got := check(device, ""); !strings.Contains(got, "sites is missing") || strings.Contains(got, "does not exist") {
		t.Errorf("D23: got %s, want the one problem", got)
	}
}

// Finding D22.
func TestD22_CheckWarnsThatNobodyIsNotified(t *testing.T) {
	r := newRig(t).building()
	if code, _, errs := run(t, "", "check", r.config()); code != 0 || !strings.Contains(errs, "no mail or messenger is told") {
		t.Errorf("got code %d, %q, want a warning", code, errs)
	}
	r = newRig(t, "alertmanager: {config: alertmanager.yml}").building()
	writeFile(t, r.dir, "alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
	if code, _, errs := run(t, "", "check", r.config()); code != 0 || strings.Contains(errs, "nobody is notified") {
		t.Errorf("with one: got code %d, %q, want no warning", code, errs)
	}
}
