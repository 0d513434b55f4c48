package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Whoever has no domain is told by init what to do, and by https what people compare; another authority is made only when it is asked for.
func TestHTTPSOfABuildingWithoutADomain(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := execute(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs})
		return code, out.String(), errs.String()
	}
	code, out, errs := run("init", "--yes", "--https-for", "gerbang.lan,192.168.10.5", dir)
	if code != 0 || !strings.Contains(out, "https://gerbang.lan:8443/ca") {
		t.Fatalf("init: %d %s %s", code, out, errs)
	}
	config := filepath.Join(dir, "gerbang.yaml")
	fingerprint := func(args ...string) string {
		t.Helper()
		code, out, errs := run(append([]string{"https", "--config", config}, args...)...)
		m := regexp.MustCompile(`fingerprint  ([0-9A-F ]{79})\n`).FindStringSubmatch(out)
		if code != 0 || m == nil || !strings.Contains(out, "gerbang.lan, 192.168.10.5") || !strings.Contains(out, "https://gerbang.lan:8443/ca") {
			t.Fatalf("https: %d %s %s", code, out, errs)
		}
		return m[1]
	}
	file := filepath.Join(dir, "gerbang.crt")
	first := fingerprint("--out", file)
	if info, err := os.Stat(file); err != nil || info.Size() < 300 {
		t.Errorf("the file for devices: %v", err)
	}
	if again := fingerprint(); again != first {
		t.Errorf("asked again: %s, want %s", again, first)
	}
	if fresh := fingerprint("--new"); fresh == first {
		t.Error("--new made no other one")
	}
	if code, _, errs := run("init", "--yes", "--https-for", "https://gerbang.lan", t.TempDir()); code != 2 || !strings.Contains(errs, "--https-for") {
		t.Errorf("an address for a name: %d %s", code, errs)
	}
	plain := t.TempDir()
	if code, out, _ := run("init", "--yes", plain); code != 0 || !strings.Contains(out, "docs/https.md") {
		t.Errorf("init without: %d %s, want to be told of the ways", code, out)
	}
	if code, _, errs := run("https", "--config", filepath.Join(plain, "gerbang.yaml")); code != 1 || !strings.Contains(errs, "certificate_for") {
		t.Errorf("https without names: %d %s, want to be told what to write", code, errs)
	}
}
