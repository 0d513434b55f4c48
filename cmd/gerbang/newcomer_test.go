package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding N1: check and serve read ./gerbang.yaml and say so; the example runs only for those who ask for it.
func TestN1_TheConfigurationOfThisFolderIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"check"}, {"serve"}, {"devices", "discover"}, {"influx", "refill", "--from", "2026-03-01", "--to", "2026-03-02"}} {
		code, out, errs := run(t, "", args...)
		if code != 1 || !strings.Contains(errs, "there is no gerbang.yaml in this folder") || !strings.Contains(errs, "gerbang init") {
			t.Errorf("%v in an empty folder: got code %d, %q and %q, want 1 and what to do", args, code, out, errs)
		}
	}
	if err := os.WriteFile("gerbang.yaml", []byte("nonsense: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"check"}, {"serve"}, {"devices", "discover"}, {"influx", "refill", "--from", "2026-03-01", "--to", "2026-03-02"}, {"models"}, {"decode", "-"},
	} {
		code, out, errs := run(t, "{}", args...)
		if code != 1 || !strings.Contains(errs, "gerbang reads ./gerbang.yaml") || !strings.Contains(out+errs, "gerbang.yaml:1:1:") {
			t.Errorf("%v: got code %d, %q and %q, want the mistake in ./gerbang.yaml", args, code, out, errs)
		}
	}
}

// Finding N1: what init writes is right, has its secrets, and is not written over.
func TestN1_InitWritesWhatCheckFindsRight(t *testing.T) {
	for name, flags := range map[string][]string{
		"broker inside": {}, "english": {"--language", "en", "--name", `Hall "B": #1`, "--timezone", "Europe/Berlin"},
		"broker outside": {"--broker", "mqtt://127.0.0.1:1883"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			code, out, errs := run(t, "", append([]string{"init", "--yes", dir}, flags...)...)
			if code != 0 || !strings.Contains(out, "gerbang serve") || !strings.Contains(out, "mosquitto_pub") {
				t.Fatalf("got code %d, %q and %q", code, out, errs)
			}
			file := filepath.Join(dir, "gerbang.yaml")
			if code, out, errs := run(t, "", "check", file); code != 0 || out != "" || !strings.Contains(errs, file+" is right: 1 site, 2 devices") {
				t.Errorf("check: got code %d, %q and %q", code, out, errs)
			}
			if name == "broker outside" {
				return
			}
			secret := filepath.Join(dir, "secrets", "hitung")
			before, err := os.ReadFile(secret)
			info, statErr := os.Stat(secret)
			if err != nil || statErr != nil || info.Mode().Perm() != 0o600 || len(before) < 20 {
				t.Fatalf("secret: %v, %v, %v, %d bytes, want mode 0600", err, statErr, info.Mode(), len(before))
			}
			if code, _, errs := run(t, "", "init", "--yes", dir); code != 1 || !strings.Contains(errs, "there already") || !strings.Contains(errs, "--force") {
				t.Errorf("again: got code %d and %q, want a refusal", code, errs)
			}
			if code, _, errs := run(t, "", append([]string{"init", "--yes", "--force", dir}, flags...)...); code != 0 {
				t.Errorf("--force: got code %d and %q", code, errs)
			}
			if after, _ := os.ReadFile(secret); string(after) != string(before) {
				t.Error("--force has made a new password, which no device knows")
			}
		})
	}
}

// shows waits until the raw readings or the page of a path have a text.
func shows(p *process, url, want string) {
	p.t.Helper()
	p.eventually(30*time.Second, "to show "+want, func() error {
		text, err := get(url)
		if err == nil && !strings.Contains(text, want) {
			err = fmt.Errorf("%s does not have %q", url, want)
		}
		return err
	})
}

// unseen fails if a page shows already what only the message can bring.
func unseen(t *testing.T, url, text string) {
	t.Helper()
	if page, err := get(url); err != nil || strings.Contains(page, text) {
		t.Fatalf("%s before the message: %v, has %q: %t", url, err, text, strings.Contains(page, text))
	}
}

func get(url string) (string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d", url, resp.StatusCode)
	}
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// Finding N1: the stranger's path: init, serve, a message, the page; through mosquitto where it is, with a message of Zigbee2MQTT.
func TestN1_AStrangersFirstMessageIsSeen(t *testing.T) {
	t.Parallel()
	pub := testengine.MosquittoPub(t)
	publish := func(t *testing.T, args ...string) {
		t.Helper()
		if out, err := exec.Command(pub, append(args, "-q", "1")...).CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_pub: %v\n%s", err, out)
		}
	}
	t.Run("the gateway's own broker", func(t *testing.T) {
		dir, web, mqtt := t.TempDir(), freeAddr(t), freeAddr(t)
		if code, _, errs := run(t, "", "init", "--yes", "--force", "--listen", web, "--mqtt", mqtt, dir); code != 0 {
			t.Fatal(errs)
		}
		p := start(t, "serve", "--config", filepath.Join(dir, "gerbang.yaml"))
		p.ready(web)
		password, err := os.ReadFile(filepath.Join(dir, "secrets", "hitung"))
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := strings.Cut(mqtt, ":")
		unseen(t, "http://"+web+"/readings?site=gedung&device=hitung", "213")
		publish(t, "-p", port, "-u", "gedung-hitung", "-P", strings.TrimSpace(string(password)), "-t", "gerbang/v1/gedung/hitung", "-m", `{"seq":1,"people_in":213}`)
		shows(p, "http://"+web+"/readings?site=gedung&device=hitung", "213")
	})
	t.Run("a real mosquitto, Zigbee2MQTT", func(t *testing.T) {
		m := testengine.Mosquitto(t)
		dir, web := t.TempDir(), freeAddr(t)
		if code, _, errs := run(t, "", "init", "--yes", "--listen", web, "--broker", m.URL, dir); code != 0 {
			t.Fatal(errs)
		}
		p := start(t, "serve", "--config", filepath.Join(dir, "gerbang.yaml"))
		p.ready(web)
		_, port, _ := strings.Cut(m.Addr, ":")
		unseen(t, "http://"+web+"/readings?site=gedung&device=udara", "613")
		publish(t, "-p", port, "-t", "zigbee2mqtt/udara-aula", "-m", `{"co2":613,"temperature":26.4,"humidity":61,"linkquality":120}`)
		shows(p, "http://"+web+"/readings?site=gedung&device=udara", "613")
	})
}

// Finding N2: a port that is taken and one that is none are told in one line, with the flag or the key that changes it.
func TestN2_AddressesThatCannotBeUsedAreTold(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"demo", "--listen", "foo"}, 2, `--listen "foo": want host:port`},
		{[]string{"demo", "--mqtt", "127.0.0.1:http-alt-x"}, 2, `--mqtt "127.0.0.1:http-alt-x": want host:port`},
		{[]string{"init", "--yes", "--listen", "foo"}, 2, `--listen "foo": want host:port`},
	} {
		t.Chdir(t.TempDir())
		code, out, errs := run(t, "", append(tt.args, "--mqtt=127.0.0.1:0")[:len(tt.args)]...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: got code %d, %q and %q, want %d and %q", tt.args, code, out, errs, tt.code, tt.want)
		}
	}
	r := newRig(t).building()
	taken := newRig(t, fmt.Sprintf("http: {listen: %q}", r.web)).building()
	r.serve()
	code, _, errs := run(t, "", "serve", "--config", taken.config())
	if code != 1 || !strings.Contains(errs, r.web) || !strings.Contains(errs, "change http.listen") {
		t.Errorf("serve at a taken address: got code %d and %q", code, errs)
	}
}

// Finding N8: a mistyped command or flag is told with the one that was probably meant; --version is there.
func TestN8_MistypedWordsAreRecognised(t *testing.T) {
	for line, want := range map[string]string{
		"serv":                     "serve",
		"journal chek":             "gerbang journal check",
		"devices discovr":          "gerbang devices discover",
		"config shema":             "gerbang config schema",
		"influx xyzzy":             "there is: ",
		"serve --confg x":          "did you mean --config?",
		"check --jsn":              "did you mean --json?",
		"simulate --writeconfig x": "did you mean --write-config?",
		"backup --dta x y":         "did you mean --data?",
	} {
		code, out, errs := run(t, "", strings.Fields(line)...)
		if code != 2 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: got code %d, %q and %q, want 2 and %q", line, code, out, errs, want)
		}
	}
	code, out, _ := run(t, "", "--version")
	if code != 0 || !strings.HasPrefix(out, "gerbang ") {
		t.Errorf("--version: got code %d and %q", code, out)
	}
	if b := (build{Version: "1.2.3", Revision: "0123456789abcdef", Time: "2026-01-02T03:04:05Z", Go: "go1.26", Platform: "linux/arm"}); b.String() !=
		"gerbang 1.2.3 0123456789ab of 2026-01-02T03:04:05Z go1.26 linux/arm" {
		t.Errorf("got %q", b)
	}
}

// Every command that a stranger mistypes or gives a wrong file ends with a clear line a mistake and perhaps a hint: no wall of text, no trace.
func TestN8_WrongFilesAndFlagsGetOneLine(t *testing.T) {
	dir := t.TempDir()
	bad := map[string]string{
		"missing": filepath.Join(dir, "none.yaml"), "folder": dir, "empty": writeFile(t, dir, "empty.yaml", ""),
		"binary": writeFile(t, dir, "binary.yaml", "\x7fELF\x00\x01\xff\xfe"+strings.Repeat("\x00\xff", 200)),
	}
	closed := writeFile(t, dir, "closed.yaml", "data: x\n")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(closed); err != nil { // root reads everything
		bad["closed"] = closed
	}
	ways := [][]string{
		{"check"}, {"check", "--config"}, {"serve", "--config"}, {"decode", "--model", "native", "--config"}, {"decode", "--model"},
		{"devices", "discover", "--config"}, {"models", "--config"}, {"models", "test"}, {"replay", "--journal", filepath.Join(dir, "j"), "x", "--mapping"},
		{"influx", "refill", "--from", "2026-03-01", "--to", "2026-03-02", "--config"}, {"influx", "refused", "--data"}, {"journal", "check", "--data"},
		{"journal", "repair-clock", "--data"}, {"backup", filepath.Join(dir, "b"), "--data"}, {"restore", "--data", filepath.Join(dir, "r")},
		{"simulate", "--verify", "--report", writeFile(t, dir, "report", ""), "--config"}, {"simulate", "--verify", "--config", "example", "--report"},
	}
	for what, path := range bad {
		for _, args := range ways {
			args = append(slices.Clone(args), path)
			if args[0] == "simulate" && args[len(args)-2] == "--report" && what == "empty" {
				continue // a report of nothing
			}
			failsClearly(t, args)
		}
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		failsClearly(t, append(strings.Fields(c.CommandPath())[1:], "--no-such-flag"))
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(streams{}))
}

var trace = regexp.MustCompile(`goroutine \d+|panic|\.go:\d+|Usage:`)

// failsClearly runs a command that must fail with few words.
func failsClearly(t *testing.T, args []string) {
	t.Helper()
	code, out, errs := run(t, "", args...)
	text := strings.TrimSpace(out + errs)
	if code != 1 && code != 2 || text == "" || strings.Count(text, "\n") > 5 || trace.MatchString(text) || len(text) > 1500 {
		t.Errorf("%v: got code %d and %q, want 1 or 2 and a clear line", args, code, out+errs)
	}
}
