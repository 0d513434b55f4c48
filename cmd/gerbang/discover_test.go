package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding T10: discover listens at a broker, the embedded one, with and without a credential, or a mosquitto: it lists the
// device that no site's file knows and says so where the broker refuses the login or the topics.
func TestT10_DiscoverListensAtABroker(t *testing.T) {
	open := newRig(t).building().serve()
	addr := freeAddr(t)
	for _, name := range []string{"lora", "layar", "teknisi"} {
		t.Setenv("GERBANG_TEST_"+strings.ToUpper(name), "rahasia-"+name)
	}
	locked := newRig(t, fmt.Sprintf(`mqtt:
  embedded:
    listen: %q
    credentials:
      - {name: lora, password_env: GERBANG_TEST_LORA, bridge: true}
      - {name: layar, password_env: GERBANG_TEST_LAYAR, role: display}
      - {name: teknisi, password_env: GERBANG_TEST_TEKNISI, role: reader}`, addr)).building()
	locked.mqtt = addr
	locked.serve()
	secret := func(text string) string {
		writeFile(t, locked.dir, "secret", text+"\n")
		return filepath.Join(locked.dir, "secret")
	}

	lora := func(o *paho.ClientOptions) { o.SetUsername("lora").SetPassword("rahasia-lora") }
	for _, tt := range []struct {
		name   string
		rig    *rig
		broker func(t *testing.T) string
		login  func(*paho.ClientOptions)
		args   []string
	}{
		{"without a credential", open, nil, nil, nil},
		{"with a credential", locked, nil, lora, []string{"--username", "teknisi", "--password-file", secret("rahasia-teknisi")}},
		{"mosquitto", open, func(t *testing.T) string { return testengine.Mosquitto(t).URL }, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := "tcp://" + tt.rig.mqtt
			if tt.broker != nil {
				url = tt.broker(t)
			}
			c := connect(t, url, "bridge", tt.login)
			done := make(chan struct{})
			go func() {
				defer close(done)
				large := strings.Repeat("x", 2<<20) // of another program: it is passed over
				c.Publish("cctv/foto", 0, false, large).WaitTimeout(time.Second)
				for range 30 {
					c.Publish("zigbee2mqtt/tamu", 0, false, `{"temperature":23.4,"humidity":51.2,"battery":90,"linkquality":80}`)
					time.Sleep(100 * time.Millisecond)
				}
			}()
			args := append([]string{"devices", "discover", "--json", "--for", "2s", "--config", tt.rig.config(), "--broker", url}, tt.args...)
			code, out, errs := run(t, "", args...)
			<-done
			var found []stranger
			if err := json.Unmarshal([]byte(out), &found); code != 0 || err != nil {
				t.Fatalf("got code %d, %q and %q (%v), want a list", code, out, errs, err)
			}
			for _, s := range found {
				if s.Topic == "zigbee2mqtt/tamu" && s.Messages > 0 && len(s.Guesses) > 0 && s.Guesses[0].Model == "zigbee2mqtt" {
					return
				}
			}
			t.Errorf("got %s, want zigbee2mqtt/tamu", out)
		})
	}
	for _, tt := range []struct {
		name, user, password, want string
	}{
		{"wrong password", "teknisi", "salah", "not Authorized"},
		{"no topic allowed", "layar", "rahasia-layar", "refused by the broker"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, errs := run(t, "", "devices", "discover", "--for", "5s", "--broker", "tcp://"+locked.mqtt, "--username", tt.user, "--password-file", secret(tt.password))
			if code != 1 || !strings.Contains(strings.ToLower(errs), strings.ToLower(tt.want)) {
				t.Errorf("got code %d and %q, want 1 and %q", code, errs, tt.want)
			}
		})
	}
}
