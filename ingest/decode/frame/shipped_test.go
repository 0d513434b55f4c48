package frame_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
)

const shippedFolder = "../../../configs/models/frames"

// shipped compiles the shipped description of an id.
func shipped(t testing.TB, id string) *frame.Program {
	t.Helper()
	d := describe(t, id)
	p, err := frame.Compile(d)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return p
}

func describe(t testing.TB, id string) *frame.Description {
	t.Helper()
	file := filepath.Join(shippedFolder, id+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d frame.Description
	if _, problems := strict.Decode(file, text, &d); len(problems) > 0 {
		t.Fatal(problems)
	}
	return &d
}

// shippedIDs lists the shipped descriptions.
func shippedIDs(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shippedFolder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions in %s (%v)", shippedFolder, err)
	}
	var ids []string
	for _, file := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return ids
}
