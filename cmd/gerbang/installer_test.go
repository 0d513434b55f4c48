package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Finding F2: the first message at a broker with a login has the login too; one without has none.
func TestF2_InitPrintsTheLoginAtAnExternalBroker(t *testing.T) {
	password := writeFile(t, t.TempDir(), "password", "secret\n")
	code, out, errs := run(t, "", "init", "--yes", "--broker", "tcp://127.0.0.1:1883", "--username", "gate way", "--password-file", password, t.TempDir())
	if code != 0 || !strings.Contains(out, `mosquitto_pub -L mqtt://127.0.0.1:1883/gerbang/v1/gedung/hitung -u 'gate way' -P "$(cat secrets/mqtt)" -q 1`) {
		t.Errorf("got code %d, %q and %q, want -u and -P", code, out, errs)
	}
	code, out, errs = run(t, "", "init", "--yes", "--broker", "ssl://b:8883", t.TempDir())
	if code != 0 || !strings.Contains(out, "mosquitto_pub -L mqtts://b:8883/") || strings.Contains(out, " -u ") {
		t.Errorf("without a login: got code %d, %q and %q", code, out, errs)
	}
}

// Finding F5: a broker that is none is refused before anything is written.
func TestF5_InitRefusesABrokerThatIsNoURL(t *testing.T) {
	for _, broker := range []string{"127.0.0.1:1883", "broker", "http://b", "tcp://b:0", "tcp://:1883", "tcp://u:p@b"} {
		dir := filepath.Join(t.TempDir(), "new")
		code, out, errs := run(t, "", "init", "--yes", "--broker", broker, dir)
		if code != 2 || out != "" || !strings.Contains(errs, "--broker") {
			t.Errorf("%s: got code %d, %q and %q", broker, code, out, errs)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: files were written", broker)
		}
	}
}

// Finding F5: what is missing or too much is said with the line that would do.
func TestF5_ArgumentsAreToldByName(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "gerbang.yaml"}, "gerbang serve --config gerbang.yaml"},
		{[]string{"serve", "a.yaml", "b.yaml"}, "gerbang serve --config a.yaml"},
		{[]string{"backup"}, "DEST is missing"},
		{[]string{"restore"}, "SRC is missing"},
		{[]string{"backup", "a", "b"}, "DEST alone"},
	} {
		if code, _, errs := run(t, "", c.args...); code != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: got code %d and %q, want 2 and %q", c.args, code, errs, c.want)
		}
	}
}

// Finding F4: commands about the journal take the data folder of ./gerbang.yaml, of --config, or --data, and say which.
func TestF4_TheDataFolderIsThatOfTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := run(t, "", "init", "--yes", dir); code != 0 {
		t.Fatal(errs)
	}
	config := filepath.Join(dir, "gerbang.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "elsewhere")
	writeFile(t, dir, "gerbang.yaml", strings.Replace(string(text), "data: data", "data: "+data, 1))
	commands := [][]string{
		{"backup", "x"}, {"restore", "x"}, {"journal", "check"}, {"journal", "accept", "--by", "a", "--why", "b"}, {"journal", "repair-clock"}, {"influx", "refused"},
	}
	t.Chdir(t.TempDir())
	for _, args := range commands {
		if _, _, errs := run(t, "", append(slices.Clip(args), "--config", config)...); !strings.Contains(errs, "data folder: "+data) {
			t.Errorf("%v --config: got %q, want %s", args, errs, data)
		}
		if code, _, errs := run(t, "", append(slices.Clip(args), "--config", config, "--data", "y")...); code != 2 {
			t.Errorf("%v with both: got code %d and %q", args, code, errs)
		}
		if _, _, errs := run(t, "", args...); !strings.Contains(errs, "data folder: data") {
			t.Errorf("%v in an empty folder: got %q", args, errs)
		}
	}
	t.Chdir(dir)
	for _, args := range commands {
		if _, _, errs := run(t, "", args...); !strings.Contains(errs, "gerbang reads ./gerbang.yaml") || !strings.Contains(errs, "data folder: "+data) {
			t.Errorf("%v: got %q, want %s", args, errs, data)
		}
		if _, _, errs := run(t, "", append(slices.Clip(args), "--data", "y")...); strings.Contains(errs, "elsewhere") {
			t.Errorf("%v --data y: got %q", args, errs)
		}
	}
}
