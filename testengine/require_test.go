package testengine

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// verdict is a test that notes how it was ended instead of ending.
type verdict struct {
	testing.TB
	failed, skipped string
}

func (v *verdict) Helper()                        {}
func (v *verdict) Fatalf(format string, a ...any) { v.failed = fmt.Sprintf(format, a...) }
func (v *verdict) Skipf(format string, a ...any)  { v.skipped = fmt.Sprintf(format, a...) }

func TestMissingProgramFailsInCIAndSkipsElsewhere(t *testing.T) {
	for _, tc := range []struct {
		ci   string
		fail bool
	}{
		{"true", true},
		{"1", true},
		{"", false},
		{"false", false},
	} {
		t.Run("CI="+tc.ci, func(t *testing.T) {
			t.Setenv("CI", tc.ci)
			var v verdict
			missing(&v, "influxd", "build it")
			if got := v.failed != ""; got != tc.fail {
				t.Errorf("failed: got %t, want %t (failure %q, skip %q)", got, tc.fail, v.failed, v.skipped)
			}
			if got := v.failed + v.skipped; !strings.Contains(got, "influxd is missing") || !strings.Contains(got, "build it") {
				t.Errorf("got %q, want the program and how to get it", got)
			}
		})
	}
}

func TestInfluxIsTheVersionThatIsPinned(t *testing.T) {
	mod, err := os.ReadFile("influxd/go.mod")
	if err != nil {
		t.Fatalf("reading the nested module: %v", err)
	}
	if want := "github.com/influxdata/influxdb " + influxVersion; !strings.Contains(string(mod), want) {
		t.Errorf("influxd/go.mod does not have %q, which the cache is named for", want)
	}
}

func TestPortsAreGivenOnce(t *testing.T) {
	seen := make(map[int]bool)
	for range 50 {
		port := reservePort(t)
		if port < firstPort || port > lastPort || seen[port] {
			t.Fatalf("got port %d, want one between %d and %d that was not given yet", port, firstPort, lastPort)
		}
		seen[port] = true
	}
}
