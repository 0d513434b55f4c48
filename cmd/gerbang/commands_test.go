package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs"
)

// A file with ten mistakes gives ten lines that an editor can jump to.
func TestCheckListsEveryMistakeWithItsPlace(t *testing.T) {
	file := filepath.Join("testdata", "ten-mistakes.yaml")
	for name, args := range map[string][]string{"argument": {"check", file}, "flag": {"check", "--config", file}} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := run(t, "", args...)
			if code != 1 || errs != "" {
				t.Errorf("got code %d and errors %q, want 1 and none", code, errs)
			}
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if len(lines) != 10 {
				t.Errorf("got %d lines, want 10:\n%s", len(lines), out)
			}
			place := regexp.MustCompile(`^testdata/ten-mistakes\.yaml:\d+:\d+: \S.*`)
			for _, line := range lines {
				if !place.MatchString(line) {
					t.Errorf("got %q, want file:line:col: what", line)
				}
			}
			if strings.Contains(out, "hunter2") {
				t.Errorf("the output shows a secret:\n%s", out)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		code, out, _ := run(t, "", "check", "--json", file)
		var problems []map[string]any
		if err := json.Unmarshal([]byte(out), &problems); err != nil || code != 1 || len(problems) != 10 {
			t.Errorf("got code %d and %s (%v), want 1 and ten problems", code, out, err)
		}
	})
}

// What is shipped is right: the configuration inside the program, the one in the repository, and the one of the replays. Finding
// H7: a check says what it has looked at, in one line.
func TestCheckSaysWhatItChecked(t *testing.T) {
	checked := regexp.MustCompile(`^\S.* is right: \d+ sites?, \d+ devices?, \d+ rules?\n$`)
	for _, args := range [][]string{
		{"check", "--config", "example"}, {"check", "../../configs/gerbang.yaml"}, {"check", "../../replay/mappings/gerbang.yaml"},
	} {
		code, out, errs := run(t, "", args...)
		// That of the replays serves nobody, and tells nobody: finding D22.
		if strings.Contains(args[len(args)-1], "replay") {
			_, errs, _ = strings.Cut(errs, "(warning)\n")
		}
		if code == machineOnly && !strings.Contains(strings.ReplaceAll(out, "another program uses that address", ""), "cannot") {
			code, out = 0, "" // somebody on this machine listens at the usual ports
		}
		if code != 0 || out != "" || !checked.MatchString(errs) || strings.Contains(errs, ": 0 sites") {
			t.Errorf("%v: got code %d, %q and %q, want 0 and one line", args, code, out, errs)
		}
	}
	if _, _, errs := run(t, "", "check", "--config", "example"); !strings.Contains(errs, "10 sites") {
		t.Errorf("got %q, want the ten malls", errs)
	}
	if code, out, _ := run(t, "", "check", "--json", "--config", "example"); code != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("json: got code %d and %q, want 0 and an empty list", code, out)
	}
}

// Whoever mistypes gets told what to do next, not only that it failed.
func TestMistypedCommandsGetAHint(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"unknown command", []string{"serv"}, 2, []string{`unknown command "serv"`, "Did you mean", "serve"}},
		{"unknown flag", []string{"serve", "--confg", "x"}, 2, []string{"unknown flag: --confg", "--help"}},
		{"flag without a value", []string{"serve", "--config"}, 2, []string{"needs an argument", "--help"}},
		{"unknown argument", []string{"version", "now"}, 2, []string{`unknown command "now"`, "help"}},
		{"missing configuration", []string{"serve", "--config", missing}, 1, []string{missing, "gerbang check"}},
		{"missing file to check", []string{"check", missing}, 1, []string{missing}},
		{"missing message", []string{"decode", "--model", "native", missing}, 1, []string{missing}},
		{"decode what no model reads", []string{"decode", "-"}, 2, []string{"no model is known to read this message", "--model", "gerbang models"}},
		{"unknown model", []string{"decode", "--model", "natve", "-"}, 2, []string{"natve"}},
		{"unknown kind of schema", []string{"config", "schema", "sites"}, 1, []string{"sites", "kinds of file: ", "site"}},
		{"replay without a place", []string{"replay", "--mapping", "x", "y"}, 2, []string{"--journal DIR or --to URL", "--help"}},
		{"verify without a report", []string{"simulate", "--verify"}, 1, []string{"--report FILE"}},
		{"journal that is not there", []string{"journal", "check", "--data", filepath.Dir(missing)}, 1, []string{filepath.Dir(missing)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := run(t, "", tt.args...)
			if code != tt.code {
				t.Errorf("%v: got code %d, want %d", tt.args, code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out+errs, want) {
					t.Errorf("%v: got %q and %q, want %q in it", tt.args, out, errs, want)
				}
			}
		})
	}
}

func TestConfigSchemaPrintsJSONForEveryKind(t *testing.T) {
	kinds := configs.DocumentKinds()
	if len(kinds) == 0 {
		t.Fatal("no kinds of file")
	}
	for _, args := range append([][]string{{}}, split(kinds)...) {
		code, out, errs := run(t, "", append([]string{"config", "schema"}, args...)...)
		var schema struct {
			Schema     string `json:"$schema"`
			Properties map[string]any
		}
		if err := json.Unmarshal([]byte(out), &schema); err != nil || code != 0 || schema.Schema == "" || len(schema.Properties) == 0 {
			t.Errorf("schema of %v: got code %d, %v, %q and %d properties, want a JSON Schema", args, code, err, errs, len(schema.Properties))
		}
	}
}

// split makes a list of arguments of each word.
func split(words []string) (all [][]string) {
	for _, w := range words {
		all = append(all, []string{w})
	}
	return all
}

// 0: understood, 2: rejected with a reason, 1: could not be read at all.
func TestDecodeTellsByItsExitCode(t *testing.T) {
	file := writeFile(t, t.TempDir(), "message.json", `{"at":"2026-11-23T08:15:00+07:00","people_in":2,"people_out":1}`)
	t.Run("file", func(t *testing.T) {
		code, out, errs := run(t, "", "decode", "--model", "native", "--topic", "gerbang/v1/mpp-magetan/pintu-utama-hitung",
			"--received", "2026-11-23T08:15:02+07:00", file)
		if code != 0 || errs != "" {
			t.Fatalf("got code %d and %q, want 0", code, errs)
		}
		var got []string
		for line := range strings.Lines(out) {
			var r struct {
				Device, Quantity, Unit string
				Value                  float64
				At                     string
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if r.At != "2026-11-23T01:15:00Z" && r.At != "2026-11-23T08:15:00+07:00" {
				t.Errorf("at: got %s, want 2026-11-23T01:15:00Z", r.At)
			}
			got = append(got, r.Quantity)
		}
		if strings.Join(got, " ") != "people_in people_out" {
			t.Errorf("got %v, want people_in and people_out", got)
		}
	})
	for name, tt := range map[string]struct {
		payload, want string
		code          int
	}{
		"understood":   {`{"body_temperature":36.5}`, `"body_temperature"`, 0},
		"no JSON":      {`people_in: 2`, "rejected (syntax)", 2},
		"impossible":   {`{"humidity":250}`, "rejected (range)", 2},
		"wrong type":   {`{"people_in":"two"}`, "rejected (field)", 2},
		"not UTF-8":    {"{\"by\":\"\xff\",\"people_in\":1}", "rejected (encoding)", 2},
		"nothing":      {``, "rejected (", 2},
		"far too deep": {strings.Repeat("[", 100_000), "rejected (", 2},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := run(t, tt.payload, "decode", "--model", "native", "--topic", "gerbang/v1/s/d", "-")
			if code != tt.code || !strings.Contains(out+errs, tt.want) {
				t.Errorf("got code %d, %q and %q, want %d and %q", code, out, errs, tt.code, tt.want)
			}
		})
	}
}

func TestVersionSaysWhatItIs(t *testing.T) {
	code, out, _ := run(t, "", "version")
	if code != 0 || !strings.HasPrefix(out, "gerbang ") || !strings.Contains(out, runtime.Version()) {
		t.Errorf("got code %d and %q", code, out)
	}
	code, out, _ = run(t, "", "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); err != nil || code != 0 {
		t.Fatalf("got code %d and %q: %v", code, out, err)
	}
	if b.Version == "" || b.Go != runtime.Version() || b.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("got %+v", b)
	}
}

// The program as people start it has the same exit codes as the commands in this process.
func TestTheProgramExitsWithTheCodeOfItsCommand(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
	}{{[]string{"version"}, 0}, {[]string{"check", "testdata/ten-mistakes.yaml"}, 1}, {[]string{"serv"}, 2}} {
		p := start(t, tt.args...)
		<-p.exited
		if got := p.cmd.ProcessState.ExitCode(); got != tt.code {
			t.Errorf("%v: got code %d, want %d\n%s", tt.args, got, tt.code, p.out)
		}
	}
}
