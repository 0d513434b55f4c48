package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs"
)

// TestStranger2AShippedProtocolIsPrinted: whoever wants to change one begins with its file.
func TestStranger2AShippedProtocolIsPrinted(t *testing.T) {
	for _, id := range configs.ShippedProtocols() {
		code, out, _ := run(t, "", "config", "protocol", id)
		file := filepath.Join(t.TempDir(), "changed.yaml")
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := configs.LoadProtocol(file); code != 0 || err != nil || p.ID != id {
			t.Errorf("%s: got code %d, %q and %v, want the protocol", id, code, p.ID, err)
		}
	}
	if code, _, errs := run(t, "", "config", "protocol", "clean-iar"); code != 2 || !strings.Contains(errs, `did you mean "clean-air"?`) {
		t.Errorf("got code %d and %q, want 2 and a suggestion", code, errs)
	}
}

// TestStranger3NoSuchCommand: a word that is no command of a family is a mistake in every family.
func TestStranger3NoSuchCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, sub := range newRoot(streams{}).Commands() {
		if !sub.HasSubCommands() || sub.Name() == "models" { // models takes a word to look for
			continue
		}
		code, out, errs := run(t, "", sub.Name(), "lsst")
		if code != 2 || out != "" || !strings.Contains(errs, `unknown command "lsst" for "gerbang `+sub.Name()+`"`) || !strings.Contains(errs, "there is: ") && !strings.Contains(errs, "did you mean: ") {
			t.Errorf("%s: got code %d, %q and %q, want 2 and what there is", sub.Name(), code, out, errs)
		}
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"accounts", "lst"}, "did you mean: gerbang accounts list?"},
		{[]string{"help", "serv"}, "did you mean: gerbang serve?"},
		{[]string{"help", "accounts", "lst"}, "did you mean: gerbang accounts list?"},
		{[]string{"demo", "--days", "0"}, "--days 0: want 1 to 60"},
	} {
		if code, _, errs := run(t, "", tt.args...); code != 2 || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: got code %d and %q, want 2 and %q", tt.args, code, errs, tt.want)
		}
	}
	if code, out, _ := run(t, "", "help", "accounts", "list"); code != 0 || !strings.Contains(out, "gerbang accounts list [flags]") {
		t.Errorf("help accounts list: got code %d and %q, want its help", code, out)
	}
}

// TestStranger4AccountsBeforeTheFirstStart: the commands take --data as others do, and say what to do where no gateway has run.
func TestStranger4AccountsBeforeTheFirstStart(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"accounts", "list"}, {"accounts", "link"}, {"accounts", "link", "budi"}, {"journal", "check"}, {"rules", "rehearse", "--level", "separuh"}} {
		code, _, errs := run(t, "", append(args, "--data", "nowhere")...)
		if code != 1 || !strings.Contains(errs, "start gerbang serve first") || strings.Contains(errs, "no such file") {
			t.Errorf("%v: got code %d and %q, want 1 and what to do", args, code, errs)
		}
	}
	_, data := trialFolder(t)
	if code, out, errs := run(t, "", "accounts", "list", "--data", data); code != 0 || !strings.Contains(out, "Nobody has an account") {
		t.Errorf("list: got code %d, %q and %q, want nobody", code, out, errs)
	}
	if code, out, errs := run(t, "", "accounts", "link", "--data", data); code != 0 || !strings.Contains(out, "http://127.0.0.1:8080/setup?code=") {
		t.Errorf("link: got code %d, %q and %q, want a link", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(data, "account-links")); err != nil {
		t.Errorf("the link is not left for the gateway: %v", err)
	}
}

// TestStranger5ValuesOfFlags: what is wrong with a value is said in words, before anything is judged.
func TestStranger5ValuesOfFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"rules", "rehearse", "--spacing", "1,5"}, "--spacing: 1,5 is no number, want for example 1.5"},
		{[]string{"rules", "rehearse", "--spacing", "NaN"}, "want metres"},
		{[]string{"replay", "--speed", "60x"}, "--speed: 60x is no number, want for example 1.5"},
		{[]string{"simulate", "--rate", "2,25"}, "--rate: 2,25 is no number, want for example 2.25"},
		{[]string{"demo", "--days", "a week"}, "--days: a week is no whole number, want for example 7"},
		{[]string{"demo", "--seed", "-1"}, "--seed: -1 is out of the range"},
		{[]string{"check", "--json=ya"}, `--json: "ya" is neither true nor false`},
	} {
		if code, _, errs := run(t, "", tt.args...); code != 2 || !strings.Contains(errs, tt.want) || strings.Contains(errs, "strconv") {
			t.Errorf("%v: got code %d and %q, want 2 and %q", tt.args, code, errs, tt.want)
		}
	}
	_, data := trialFolder(t)
	code, _, errs := run(t, "", "rules", "rehearse", "--level", "hlaf", "--data", data)
	if code != 1 || !strings.Contains(errs, `did you mean "half"?`) || strings.Contains(errs, "judged") {
		t.Errorf("got code %d and %q, want 1 and a suggestion before anything is judged", code, errs)
	}
}

// TestStranger6InitRefusesBeforeItAsks: nobody answers questions for nothing.
func TestStranger6InitRefusesBeforeItAsks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ownConfig), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.Open("/dev/null") // a device with characters, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	var out, errs strings.Builder
	if code := execute(t.Context(), []string{"init", dir}, streams{terminal, &out, &errs}); code != 1 || out.String() != "" || !strings.Contains(errs.String(), "is there already; nothing was written") {
		t.Errorf("got code %d, %q and %q, want a refusal and no question", code, out.String(), errs.String())
	}
}
