package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
)

// served runs serve in this process with a configuration that it refuses, and gives what it says.
func served(t *testing.T, file string) (code int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out, errs strings.Builder
	code = execute(ctx, []string{"serve", "--config", file}, streams{strings.NewReader(""), &out, &errs})
	if ctx.Err() != nil {
		t.Error("serve runs with it")
	}
	return code, errs.String()
}

// Finding A1: check says of every mistake exactly what serve says, and tells what is wrong with the configuration from what this
// machine lacks by its exit code. Each row breaks one rule.
func TestA1_CheckSaysWhatServeSays(t *testing.T) {
	const site = `devices:
  hitung: {name: Penghitung, door: utama}`
	for _, tt := range []struct {
		name, file, from, to, want string
		code                       int
	}{
		{"no TLS on the network", "gerbang.yaml", `http: {listen: "`, `http: {access_token_file: long, listen: "0.0.0.0:1", external_url: "`, "without TLS", 1},
		{"influx URL with a query", "gerbang.yaml", "data: data", "data: data\ninfluxdb: {url: 'http://127.0.0.1:1/?x=1', database: g}", "no query", 1},
		{"broker without a scheme that is known", "gerbang.yaml", "  embedded:", "  broker: {url: 'http://127.0.0.1:1'}\n  embedded:", "mqtt", 1},
		{"topic twice", "gerbang.yaml", "  embedded:", "  broker: {url: 'tcp://127.0.0.1:1', topics: [a/b, a/b]}\n  embedded:", "every topic once", 1},
		{"shared topic", "gerbang.yaml", "  embedded:", "  broker: {url: 'tcp://127.0.0.1:1', topics: ['$share/a/b']}\n  embedded:", "no shared subscription", 1},
		{"topic that is no filter", "gerbang.yaml", "  embedded:", "  broker: {url: 'tcp://127.0.0.1:1', topics: ['a/b#']}\n  embedded:", "whole levels", 1},
		{"alertmanager URL with a query", "gerbang.yaml", "data: data", "data: data\nalertmanager: {url: 'http://127.0.0.1:1/?x=1'}", "neither password nor query", 1},
		{"routes without their template", "gerbang.yaml", "data: data", "data: data\nalertmanager: {config: routes.yml}", "template", 1},
		{"credential with a colon", "gerbang.yaml", "anonymous: allow", "credentials: [{name: 'a:b', password_file: long, device: gedung/hitung}]", "contains a colon", 1},
		{"credential without a password", "gerbang.yaml", "anonymous: allow", "credentials: [{name: a, device: gedung/hitung}]", "password_hash", 1},
		{"devices of a reader", "gerbang.yaml", "anonymous: allow", "credentials: [{name: a, password_file: long, role: reader, devices: [gedung/hitung]}]", "belong to a bridge", 1},
		{"credential twice", "gerbang.yaml", "anonymous: allow", "credentials: [{name: a, password_file: long, bridge: true}, {name: a, password_file: long, bridge: true}]", "every name once", 1},
		{"native address", "sites/gedung.yaml", site, site + "\n  x: {name: X, door: utama, address: A1}", "is named by its id", 1},
		{"a device called out", "sites/gedung.yaml", site, site + "\n  out: {name: X, door: utama}", "gateway's own topics", 1},
		{"wildcard in an address", "sites/gedung.yaml", site, site + "\n  x: {name: X, door: utama, model: zigbee2mqtt, address: 'a+b'}", "without control characters, + or #", 1},
		{"one DevEUI twice in two letter cases", "sites/gedung.yaml", site, site + "\n  x: {name: X, zone: aula, model: lorawan, address: A1B2C3D4E5F60718}\n  y: {name: Y, zone: aula, model: lorawan, address: a1b2c3d4e5f60718}", "is also that of device", 1},
		{"short token", "gerbang.yaml", "http: {", "http: {access_token_file: short, ", "5 characters, want 16", 3},
		{"missing secret", "gerbang.yaml", "http: {", "http: {access_token_file: none, ", "cannot be read", 3},
		{"missing variable", "gerbang.yaml", "http: {", "http: {access_token_env: GERBANG_TEST_NONE, ", "is not set", 3},
		{"certificate that is missing", "gerbang.yaml", "http: {", "http: {tls: {cert: none.pem, key: none.key}, ", "cannot be read", 3},
		{"key that is no PEM", "gerbang.yaml", "http: {", "http: {tls: {cert: long, key: long}, ", "PEM", 3},
		{"authority that is no PEM", "gerbang.yaml", "data: data", "data: data\ninfluxdb: {url: 'https://127.0.0.1:1', database: g, tls: {ca: long}}", "no PEM certificate", 3},
		{"data folder that is a file", "gerbang.yaml", "data: data", "data: long", "is a file", 3},
		{"data folder below a file", "gerbang.yaml", "data: data", "data: long/data", "long", 3},
		{"port in use", "gerbang.yaml", "http: {listen: \"", "http: {listen: TAKEN} #", "another program uses that address", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t).building()
			writeFile(t, r.dir, "long", "a-token-that-is-long-enough\n")
			writeFile(t, r.dir, "short", "short\n")
			writeFile(t, r.dir, "routes.yml", "route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: ['bad.tmpl']\n")
			writeFile(t, r.dir, "bad.tmpl", "{{ define \"x\" }}")
			if strings.Contains(tt.to, "TAKEN") {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				tt.to = strings.Replace(tt.to, "TAKEN", fmt.Sprintf("%q", l.Addr().String()), 1)
			}
			r.replace(tt.file, tt.from, tt.to)
			code, out, _ := run(t, "", "check", r.config())
			written, machine, _ := strings.Cut(out, "on this machine:\n")
			if code != tt.code || !strings.Contains(out, tt.want) || (tt.code == 3) != (written == "" && machine != "") {
				t.Errorf("check: got code %d and\n%swant %d and %q", code, out, tt.code, tt.want)
			}
			code, text := served(t, r.config())
			if code != 1 {
				t.Errorf("serve: got code %d, want 1", code)
			}
			for line := range strings.Lines(written + machine) {
				if file, _, _ := strings.Cut(line, ":"); filepath.Base(file) != filepath.Base(tt.file) && !strings.Contains(line, "routes.yml") {
					t.Errorf("check: %q is not at a place in %s", line, tt.file)
				}
				if !strings.Contains(text, line) {
					t.Errorf("check says\n%sserve says\n%s", line, text)
				}
			}
		})
	}
}

// Beside a gateway that runs with the same data folder its own addresses are free: check before a reload must not complain of it.
func TestA1_CheckBesideItsOwnGateway(t *testing.T) {
	r := newRig(t).building()
	cfg, err := configs.Load(r.config())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", r.web)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if code, out, _ := run(t, "", "check", r.config()); code != machineOnly || !strings.Contains(out, "another program") {
		t.Errorf("an address that a stranger has: got code %d and %q", code, out)
	}
	if _, err := os.Stat(cfg.Data); err == nil {
		t.Error("check has made the data folder")
	}
	j, err := app.OpenJournal(t.Context(), cfg, false, newLogger(os.Stderr, configs.Log{Level: "error"}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if code, out, _ := run(t, "", "check", r.config()); code != 0 {
		t.Errorf("its own address: got code %d and %q", code, out)
	}
}

// What is not written has the place of what it belongs to: two such problems are two.
func TestA1_ProblemsAtOnePlaceAreAllSaid(t *testing.T) {
	at := func(line int, text string) configs.Problem {
		var p configs.Problem
		p.File, p.Line, p.Text = "gerbang.yaml", line, text
		return p
	}
	got := besides(configs.Problems{at(7, "read")}, configs.Problems{at(1, "the folder"), at(1, "the port"), at(7, "the same again")})
	if len(got) != 3 || got[1].Text != "the folder" || got[2].Text != "the port" {
		t.Errorf("got %v, want what was read, the folder and the port", got)
	}
}
