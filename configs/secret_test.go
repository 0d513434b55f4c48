package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
)

// canary is a secret that must not turn up anywhere.
const canary = "c4nary-hunter2"

// TestSecretNeverShows tries every way in which a program prints what it holds.
func TestSecretNeverShows(t *testing.T) {
	t.Setenv("GERBANG_TEST_CANARY", canary)
	secrets := map[string]Secret{
		"memory": NewSecret(canary), "file": SecretFile(write(t, "secret", canary+"\n")), "environment": SecretEnv("GERBANG_TEST_CANARY"),
	}
	for name, s := range secrets {
		t.Run(name, func(t *testing.T) {
			holder := struct {
				Password Secret
				Pointer  *Secret
				Nested   map[string]any
				Hash     Hash
			}{s, &s, map[string]any{"token": s}, canary}
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
				fmt.Fprintf(&out, verb+"\n"+verb+"\n"+verb+"\n", s, &s, holder)
			}
			for _, log := range []*slog.Logger{
				slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil)),
			} {
				log.Info("configured", "secret", s, "pointer", &s, "holder", holder, "hash", holder.Hash)
			}
			for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
				b, err := encode(holder)
				if err != nil {
					t.Fatal(err)
				}
				out.Write(b)
			}
			if err := template.Must(template.New("").Parse("{{.Password}} {{.Nested}} {{.Hash}}")).Execute(&out, holder); err != nil {
				t.Fatal(err)
			}
			out.WriteString(s.String() + s.GoString() + s.Source() + errors.Join(fmt.Errorf("failed with %v", s)).Error())
			hex := fmt.Sprintf("%x", canary)
			for _, trace := range []string{canary, hex, strings.ToUpper(hex), "[99 52 110"} {
				if strings.Contains(out.String(), trace) {
					t.Errorf("the secret shows as %q in\n%s", trace, out.String())
				}
			}
			if got, err := s.Reveal(); err != nil || got != canary {
				t.Errorf("Reveal: got %q, %v, want the secret", got, err)
			}
		})
	}
}

func TestSecretIsReadWhenNeeded(t *testing.T) {
	file := write(t, "secret", "old\r\n")
	s := SecretFile(file)
	if got, _ := s.Reveal(); got != "old" {
		t.Errorf("got %q, want old", got)
	}
	if err := os.WriteFile(file, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Reveal(); got != "new" {
		t.Errorf("after rotation got %q, want new", got)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Reveal(); err == nil {
		t.Errorf("an empty file gave %q, want an error", got)
	}
	if got, err := (Secret{}).Reveal(); got != "" || err != nil {
		t.Errorf("no secret gave %q, %v, want nothing", got, err)
	}
}

// TestProblemsShowNoSecret writes a secret into every place where somebody might write it by mistake.
func TestProblemsShowNoSecret(t *testing.T) {
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, yaml := range map[string]string{
		"token":          "http: {access_token: %s}",
		"as a list":      "http: {access_token: [%s]}",
		"broker":         "mqtt: {broker: {url: mqtt://b:1883, username: u, password: %s}}",
		"broker URL":     "mqtt: {broker: {url: 'mqtt://u:%s@b:1883'}}",
		"influx":         "influxdb: {url: http://b:8086, org: o, bucket: b, token: %s}",
		"influx URL":     "influxdb: {url: 'http://u:%s@b:8086', database: d}",
		"influx path":    "influxdb: {url: 'http://b:8086/?u=x@%s', database: d}",
		"alert URL":      "alertmanager: {url: 'http://u:%s@b:9093'}",
		"hash":           "push: {credentials: [{name: a, role: reader, password_hash: %s}]}",
		"unknown key":    "http: {acess_token: %s}",
		"broken syntax":  "http: {access_token: %s",
		"broken syntax2": "http: {access_token: \"%s\n",
		"duplicate":      "http: {access_token: a, access_token: %s}",
		"tag":            "http: {access_token: !!binary %s}",
	} {
		t.Run(name, func(t *testing.T) {
			problems := Check(write(t, "gerbang.yaml", "sites: "+site+"\n"+fmt.Sprintf(yaml, canary)+"\n"))
			if len(problems) == 0 {
				t.Error("got no problem, want at least one")
			}
			if strings.Contains(problems.Error(), canary) {
				t.Errorf("the secret shows in\n%v", problems)
			}
		})
	}
}

func TestRoutesShowNoSecret(t *testing.T) {
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, routes := range map[string]string{
		"wrong type": "receivers: [{name: a, webhook_configs: " + canary + "}]\nroute: {receiver: a}\n",
		"wrong URL":  "receivers: [{name: a, slack_configs: [{api_url: '" + canary + "://x'}]}]\nroute: {receiver: a}\n",
		"no route":   "receivers: [{name: a}]\nglobal: {smtp_auth_password: " + canary + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, "alertmanager.yml", routes)
			problems := Check(write(t, "gerbang.yaml", "sites: "+site+"\nmqtt: {embedded: {anonymous: allow}}\nalertmanager: {config: "+file+"}\n"))
			if len(problems) == 0 || problems[0].File != filepath.ToSlash(file) {
				t.Errorf("got %v, want a problem in the file of the routes", problems)
			}
			if strings.Contains(problems.Error(), canary[:6]) { // the library cuts values short
				t.Errorf("the beginning of the secret shows in\n%v", problems)
			}
			if strings.Contains(problems.Error(), canary) {
				t.Errorf("the secret shows in\n%v", problems)
			}
		})
	}
}
