package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/audit"
)

// fetched is a file of a gateway's log.
func fetched(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address) //nolint:noctx // on loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// What an auditor does: he gets key and checkpoint, verifies the log from the gateway, from files and from the data folder, finds an edited row and a
// log of before, and goes on to verify when another key signs.
func TestAnAuditorVerifiesTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t).building()
	r.serve()
	c := connect(t, "tcp://"+r.mqtt, "udara", nil)
	publish(t, c, "gerbang/v1/gedung/udara", `{"co2":900}`)
	heard := make(chan string, 10)
	listener := connect(t, "tcp://"+r.mqtt, "auditor", nil)
	if token := listener.Subscribe("gerbang/v1/gedung/out/checkpoint", 1, func(_ paho.Client, m paho.Message) { heard <- string(m.Payload()) }); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	var overMQTT string
	select {
	case overMQTT = <-heard:
	case <-time.After(20 * time.Second):
		t.Fatal("no checkpoint is published")
	}
	if _, err := audit.ParseCheckpoint([]byte(overMQTT)); err != nil {
		t.Fatalf("%q: %v", overMQTT, err)
	}
	address := "http://" + r.web + "/log/gedung"
	code, key := fetched(t, address+"/key")
	if code != http.StatusOK || !strings.Contains(key, "/gedung+") {
		t.Fatalf("the key: %d %q", code, key)
	}
	earlier := writeFile(t, r.dir, "earlier", overMQTT)
	if code, _ := fetched(t, address+"/tile/0/999"); code != http.StatusNotFound {
		t.Errorf("a tile that is not there: %d", code)
	}
	if code, _ := fetched(t, "http://"+r.web+"/log/nowhere/checkpoint"); code != http.StatusNotFound {
		t.Errorf("the log of no site: %d", code)
	}
	if code, out, stderr := run(t, "", "log", "verify", address, "--key", key, "--checkpoint", earlier); code != 0 || strings.Contains(out, "FAILS") || !strings.Contains(out, "goes on from the checkpoint") {
		t.Errorf("from the gateway: %d\n%s%s", code, out, stderr)
	}
	r.stop()

	// The gateway is gone; there is its data folder.
	of := []string{"--data", r.data(), "--site", "gedung"}
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, stderr := run(t, "", args...)
		if code != want {
			t.Errorf("%s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, stderr)
		}
		return out
	}
	if _, out, _ := run(t, "", append([]string{"log", "key"}, of...)...); out != key {
		t.Errorf("the key of the data folder is %q, of the gateway %q", out, key)
	}
	do(0, append([]string{"log", "verify", "--key", key}, of...)...)
	do(2, append([]string{"log", "verify"}, of...)...) // who signed is unknown
	folder := filepath.Join(r.dir, "saved")
	do(0, append([]string{"log", "save", folder}, of...)...)
	do(0, append([]string{"log", "save", folder}, of...)...)
	do(0, "log", "verify", folder, "--key", key, "--checkpoint", earlier)
	lines := strings.Split(strings.TrimSpace(do(0, "log", "show", folder)), "\n")
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first["kind"] != "begin" || len(lines) < 3 {
		t.Errorf("it shows %d entries, the first %s (%v)", len(lines), lines[0], err)
	}
	proof := do(0, "log", "prove", "1", folder)
	keys, err := audit.Verifiers(strings.TrimSpace(key))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := audit.OpenProof([]byte(proof), keys); err != nil || p.Holds([]byte(lines[1])) != nil {
		t.Errorf("the proof: %v\n%s", err, proof)
	}
	info, err := os.Stat(filepath.Join(r.data(), "log.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
	if report := do(0, "journal", "check", "--data", r.data(), "--checkpoint", earlier); !strings.Contains(report, "transparency logs") {
		t.Errorf("the check says nothing of the logs: %s", report)
	}

	// Another key: what was verified with the first one is verified with it for ever.
	do(0, "log", "new-key", "--data", r.data())
	r.serve()
	r.p.eventually(20*time.Second, "to sign with the new key", func() error {
		if _, text := fetched(t, address+"/key"); text == key {
			return errors.New("the old one signs")
		}
		if code, out, _ := run(t, "", "log", "verify", address, "--key", key, "--checkpoint", earlier); code != 0 || !strings.Contains(out, "announces another key") {
			return fmt.Errorf("exit code %d: %s", code, out)
		}
		return nil
	})
	r.stop()

	// Hands.
	tamper(t, r, `UPDATE records SET body = replace(body, '"', '"') || ' ' WHERE kind = 5`)
	if out := do(1, append([]string{"log", "verify", "--key", key}, of...)...); !strings.Contains(out, "is not what was recorded") {
		t.Errorf("an edited row: %s", out)
	}
	tamper(t, r, `DELETE FROM log_entries WHERE place >= (SELECT (number << 40) + 2 FROM logs WHERE site = 'gedung') AND place < (SELECT (number + 1) << 40 FROM logs WHERE site = 'gedung')`)
	if out := do(1, append([]string{"log", "verify", "--key", key}, of...)...); !strings.Contains(out, "FAILS") {
		t.Errorf("a log that is cut: %s", out)
	}
	if _, _, stderr := run(t, "", "journal", "check", "--data", r.data(), "--checkpoint", earlier); !strings.Contains(stderr, "the log is cut") {
		t.Errorf("the check of a log that is cut: %s", stderr)
	}
}
