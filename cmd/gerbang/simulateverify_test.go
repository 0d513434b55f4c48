package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
)

// Finding N8: simulate --verify reads ./gerbang.yaml as check and serve do, and its data folder; --data says that none is wanted.
func TestN8_VerifyFindsTheConfigurationHere(t *testing.T) {
	r := newRig(t).building()
	r.replace("gerbang.yaml", "data: data", "data: kept/elsewhere")
	cfg, err := configs.Load(r.config())
	if err != nil {
		t.Fatal(err)
	}
	j, err := app.OpenJournal(t.Context(), cfg, false, newLogger(os.Stderr, configs.Log{Level: "error"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	report := writeFile(t, r.dir, "acked.txt", "")
	t.Chdir(r.dir)
	code, out, errs := run(t, "", "simulate", "--verify", "--report", report)
	if code != 0 || !strings.Contains(out, "acked 0") || !strings.Contains(errs, "reads ./gerbang.yaml") {
		t.Errorf("in the folder of gerbang.yaml: got code %d, %q and %q, want its journal", code, out, errs)
	}
	code, _, errs = run(t, "", "simulate", "--verify", "--report", report, "--data", filepath.Join(r.dir, "none"))
	if code == 0 || strings.Contains(errs, "reads ./gerbang.yaml") {
		t.Errorf("with --data: got code %d and %q, want that folder", code, errs)
	}
}
