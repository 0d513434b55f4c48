package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fileIn reads a file of a pack with the standard library.
func fileIn(t *testing.T, pack, name string) string {
	t.Helper()
	z, err := zip.OpenReader(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An auditor takes evidence while the gateway runs, by the command, and by the API, and checks it where nothing else is. Its figures are those of the API.
func TestEvidenceOfARunningGateway(t *testing.T) {
	dir, data := trialFolder(t)
	r := &rig{t: t, dir: dir, web: freeAddr(t), mqtt: freeAddr(t)}
	writeFile(t, dir, "gerbang.yaml", fmt.Sprintf("data: %q\nmqtt: {embedded: {listen: %q, anonymous: allow}}\nhttp: {listen: %q}\nsites: hall.yaml\nprotocols: ours.yaml\n", data, r.mqtt, r.web))
	r.serve()
	pack, again, byAPI := filepath.Join(dir, "a.zip"), filepath.Join(dir, "b.zip"), filepath.Join(dir, "c.zip")
	export := []string{"export", "--data", data, "--site", "hall", "--from", "2026-03-02", "--to", "2026-03-03", "-o"}
	code, out, errs := run(t, "", append(export, pack)...)
	if code != 0 || !strings.Contains(out, "sha256 ") {
		t.Fatalf("export: exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = run(t, "", append(export, again, "--json")...)
	var told exported
	if err := json.Unmarshal([]byte(out), &told); code != 0 || err != nil || told.Site != "hall" || told.Basis != "state" && told.Basis != "beginning" {
		t.Fatalf("export --json: exit %d, %v, %+v\n%s", code, err, told, errs)
	}
	body := `{"id":"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11","from":"2026-03-02","to":"2026-03-03","author":"inspektorat","reason":"audit"}`
	resp, err := http.Post("http://"+r.web+"/api/v1/sites/hall/evidence", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the API: %d %v %.300s", resp.StatusCode, err, got)
	}
	if err := os.WriteFile(byAPI, got, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pack, again, byAPI} {
		if code, out, errs := run(t, "", "verify", name); code != 0 || !strings.Contains(out, "the pack holds") || !strings.Contains(out, "each came out the same") {
			t.Errorf("verify %s: exit %d\n%s%s", name, code, out, errs)
		}
		if a, b := fileIn(t, name, "figures.jsonl"), fileIn(t, pack, "figures.jsonl"); a != b {
			t.Errorf("%s has other figures than %s", name, pack)
		}
	}
	// One truth: what the API says of the days.
	var answer struct {
		Figure struct {
			Kept, Observed *float64
			Rule           string `json:"worst_rule"`
		}
		Measures []struct {
			Rule, Subject string
			Total         struct {
				Open     float64 `json:"open_s"`
				Within   float64 `json:"within_s"`
				Breached float64 `json:"breached_s"`
			}
		}
	}
	if err := r.get("/api/v1/sites/hall/compliance?from=2026-03-02&to=2026-03-03", &answer); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(fileIn(t, pack, "site.jsonl")) {
		var f struct {
			Known, Day     string
			Kept, Observed *float64
			Rule           string `json:"worst_rule"`
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if f.Known == "now" && f.Day == "" && (f.Kept == nil || answer.Figure.Kept == nil || *f.Kept != *answer.Figure.Kept || *f.Observed != *answer.Figure.Observed || f.Rule != answer.Figure.Rule) {
			t.Errorf("the pack says %s, the API %+v", line, answer.Figure)
		}
	}
	compared := 0
	for line := range strings.Lines(fileIn(t, pack, "figures.jsonl")) {
		var f struct {
			Known, Day, Rule string
			Subject          struct{ Kind, ID string }
			Open             float64 `json:"open_s"`
			Within           float64 `json:"within_s"`
			Breached         float64 `json:"breached_s"`
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Measures {
			if f.Known == "now" && f.Day == "" && m.Rule == f.Rule && m.Subject == f.Subject.Kind+"/"+f.Subject.ID {
				compared++
				if m.Total.Open != f.Open || m.Total.Within != f.Within || m.Total.Breached != f.Breached {
					t.Errorf("the pack says %s, the API %+v", line, m)
				}
			}
		}
	}
	if compared == 0 || compared != len(answer.Measures) {
		t.Errorf("%d measures compared, the API has %d", compared, len(answer.Measures))
	}
	// Who took it is in the record, and a pack of the day on which it was taken says so.
	today := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	if code, _, errs := run(t, "", "export", "--data", data, "--site", "hall", "--from", today, "--to", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly), "-o", pack, "--overwrite"); code != 0 {
		t.Fatalf("export of today: exit %d\n%s", code, errs)
	}
	if text := fileIn(t, pack, "actions.jsonl"); !strings.Contains(text, `"kind":"export","author":"inspektorat"`) {
		t.Errorf("who exported is not among the actions: %s", text)
	}
	if code, out, _ := run(t, "", "verify", pack); code != 0 {
		t.Errorf("verify today: exit %d\n%s", code, out)
	}
	r.stop()
	if left, _ := filepath.Glob(filepath.Join(data, "packs", "*")); len(left) > 0 {
		t.Errorf("packs were left: %v", left)
	}
}

// What export and verify are asked wrongly, or given, they say in words and by their exit code.
func TestEvidenceCommandsInWords(t *testing.T) {
	dir, data := trialFolder(t)
	pack := filepath.Join(dir, "p.zip")
	if code, _, errs := run(t, "", "export", "--data", data, "--site", "hall", "--from", "2026-03-02", "--to", "2026-03-03", "-o", pack); code != 0 {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(text)
	broken[len(broken)/2] ^= 1
	bad, none := filepath.Join(dir, "bad.zip"), filepath.Join(dir, "none.zip")
	if err := os.WriteFile(bad, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(none, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	export := func(more ...string) []string { return append([]string{"export", "--data", data}, more...) }
	other := filepath.Join(dir, "o.zip")
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{export("--site", "hal", "--from", "2026-03-02", "--to", "2026-03-03", "-o", other), 2, `did you mean "hall"?`},
		{export("--site", "hall", "--to", "2026-03-03", "-o", other), 2, "--from is missing"},
		{export("--site", "hall", "--from", "monday", "--to", "2026-03-03", "-o", other), 2, "want a day"},
		{export("--site", "hall", "--from", "2026-03-04", "--to", "2026-03-02", "-o", other), 2, "want a period"},
		{export("--site", "hall", "--from", "2025-03-02", "--to", "2025-03-03", "-o", other), 1, "nothing is known of the site"},
		{export("--site", "hall", "--from", "2026-03-02", "--to", "2026-03-03", "--rule", "ful", "-o", other), 1, `no such rule was in force: "ful"`},
		{export("--site", "hall", "--from", "2026-03-02", "--to", "2026-03-03", "-o", pack), 1, "is there already"},
		{[]string{"verify", pack}, 0, "the pack holds"},
		{[]string{"verify", pack, "--json"}, 0, `"outcome":"holds"`},
		{[]string{"verify", bad}, 1, "THE PACK DOES NOT HOLD"},
		{[]string{"verify", bad, "--json"}, 1, `"outcome":"fails"`},
		{[]string{"verify", none}, 1, "no evidence pack"},
		{[]string{"verify", filepath.Join(dir, "nowhere.zip")}, 1, "no such file"},
		{[]string{"verify"}, 2, "accepts 1 arg"},
	} {
		code, out, errs := run(t, "", tc.args...)
		if code != tc.code || !strings.Contains(out+errs, tc.want) {
			t.Errorf("%v: exit %d, want %d and %q:\n%s%s", tc.args, code, tc.code, tc.want, out, errs)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".export-*")); len(left) > 0 {
		t.Errorf("unfinished files were left: %v", left)
	}
}
