package testengine_test

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// The list of zones is the one that Go ships, where its sources have it.
func TestZonesAreAllThatGoKnows(t *testing.T) {
	names := testengine.Zones()
	if len(names) < 590 {
		t.Errorf("got %d zones, want all of the IANA database", len(names))
	}
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no go command to ask where Go is")
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skip("this Go comes without lib/time/zoneinfo.zip")
	}
	defer func() { _ = archive.Close() }()
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") && !slices.Contains(names, f.Name) {
			t.Errorf("zone %q is missing: put it into zones.txt", f.Name)
		}
	}
}

func TestChangesOfAZone(t *testing.T) {
	from, until := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	got := testengine.Changes(testengine.Zone(t, "America/Santiago"), from, until)
	if len(got) != 4 || got[1].UTC().Format(time.RFC3339) != "2024-09-08T04:00:00Z" {
		t.Errorf("Santiago: got %v, want four changes, the second 2024-09-08T04:00:00Z", got)
	}
	if got := testengine.Changes(testengine.Zone(t, "Asia/Jakarta"), from, until); len(got) != 0 {
		t.Errorf("Jakarta: got %v, want none", got)
	}
}
