package decode

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestCollectedPayloads sends real messages of many makers, where GERBANG_PAYLOADS names the folder that holds them, to a
// device of the native format. They are not its format: what counts is that each ends in readings or one rejection, and
// that what was personal in them (the collector put REDACTED in its place) is not kept.
func TestCollectedPayloads(t *testing.T) {
	folder := os.Getenv("GERBANG_PAYLOADS")
	if folder == "" {
		t.Skip("GERBANG_PAYLOADS names no folder with payloads")
	}
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	n := 0
	err := filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(file, ".yaml") || strings.HasSuffix(file, ".md") {
			return err
		}
		payload, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		n++
		recs := d.Decode(message(door, string(payload)), nil)
		if len(recs) == 2 && recs[0].Rejection == nil && recs[1].Rejection != nil { // with what was refused
			checkRejection(t, recs[1].Rejection)
			recs = recs[:1]
		}
		if len(recs) != 1 {
			t.Errorf("%s: got %s", file, show(recs))
			return nil
		}
		if r := recs[0].Rejection; r != nil {
			checkRejection(t, r)
			if r.Reason == telemetry.ReasonFault || bytes.Contains(r.Raw, []byte("REDACTED")) || strings.Contains(r.Detail, "REDACTED") {
				t.Errorf("%s: %s, %s, %s", file, r.Reason, r.Detail, r.Raw)
			}
			return nil
		}
		checkObservation(t, &recs[0])
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d payloads in %s (%v)", n, folder, err)
	}
}
