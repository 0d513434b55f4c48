package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loadWith loads a configuration file with this text and no site worth mentioning.
func loadWith(t *testing.T, text string) (*Config, error) {
	t.Helper()
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gerbang.yaml")
	if err := os.WriteFile(file, []byte(text+"\nsites: "+site+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file)
}

const someone = `credentials: [{name: a, role: display, password_hash: "sha256:00000000000000000000000000000000:0000000000000000000000000000000000000000000000000000000000000000"}]`

// Finding S4: doors through which anybody may speak for every device are refused, those where others can listen are warned of.
func TestS4_OpenDoorsAreTold(t *testing.T) {
	for text, want := range map[string]struct{ problem, warning string }{
		`mqtt: {embedded: {listen: "127.0.0.1:1883", anonymous: allow}}`:                       {"", ""},
		`mqtt: {embedded: {listen: "[::1]:1883", websocket: "localhost:1", anonymous: allow}}`: {"", ""},
		`mqtt: {embedded: {listen: ":1883", anonymous: allow}}`:                                {"anonymous: allow while listen", ""},
		`mqtt: {embedded: {listen: "0.0.0.0:1883", anonymous: allow}}`:                         {"anonymous: allow while listen", ""},
		`mqtt: {embedded: {listen: "gerbang.local:1883", anonymous: allow}}`:                   {"anonymous: allow while listen", ""},
		`mqtt: {embedded: {websocket: "[::]:9001", anonymous: allow}}`:                         {"anonymous: allow while websocket", ""},
		`mqtt: {embedded: {listen: ":1883", ` + someone + `}}`:                                 {"", "listen \":1883\" is open to the network without encryption"},
		`mqtt: {embedded: {websocket: ":9001", ` + someone + `}}`:                              {"", "websocket \":9001\" is open"},
		`mqtt: {embedded: {listen: "127.0.0.1:1883", ` + someone + `}}`:                        {"", ""},
		`mqtt: {broker: {url: "mqtt://broker:1883"}}`:                                          {"", ""},
	} {
		c, err := loadWith(t, text)
		switch {
		case want.problem != "":
			if err == nil || !strings.Contains(err.Error(), want.problem) || !strings.Contains(err.Error(), "gerbang.yaml:1:") {
				t.Errorf("%s: got %v, want %q with its place", text, err, want.problem)
			}
		case err != nil:
			t.Errorf("%s: got %v", text, err)
		case want.warning == "" && len(c.Warnings) > 0:
			t.Errorf("%s: got %v, want no warning", text, c.Warnings)
		case want.warning != "" && (len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), want.warning) || !strings.Contains(c.Warnings[0].String(), "gerbang.yaml:1:")):
			t.Errorf("%s: got %v, want %q with its place", text, c.Warnings, want.warning)
		}
	}
	t.Setenv("GERBANG_TEST_SECRET", "p")
	for url, want := range map[string]int{"mqtt://broker:1883": 1, "ws://broker/mqtt": 1, "mqtts://broker:8883": 0, "mqtt://127.0.0.1:1883": 0, "tcp://[::1]:1883": 0} {
		c, err := loadWith(t, `mqtt: {broker: {url: "`+url+`", username: g, password_env: GERBANG_TEST_SECRET}}`)
		if err != nil || len(c.Warnings) != want {
			t.Errorf("%s: got %v, %v, want %d warnings", url, c, err, want)
		}
	}
}
