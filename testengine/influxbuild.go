package testengine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

const (
	influxVersion = "v1.8.10" // as pinned in influxd/go.mod; a test holds them together
	influxPackage = "github.com/influxdata/influxdb/cmd/influxd"

	// enableInflux, set to 1, lets tests build influxd where CI does not ask for it: the build takes a few minutes once.
	enableInflux = "GERBANG_TEST_INFLUXD"

	influxBuildLimit = 9 * time.Minute // less than the time-out of go test
)

// influxBinary returns the path of influxd, built from the pinned module into the user's cache on first use. Test processes that
// ask at the same time build it once.
func influxBinary(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("finding the folder for the influxd build: %v", err)
	}
	dir := filepath.Join(cache, "gerbang-testengine", "influxd-"+influxVersion+"-"+runtime.Version())
	binary := filepath.Join(dir, "influxd"+exeSuffix())
	if exists(binary) {
		return binary
	}
	if !inCI() && os.Getenv(enableInflux) != "1" {
		missing(t, "influxd", "run the tests once with "+enableInflux+"=1, which builds it from its Go module in a few minutes and keeps it for later runs")
	}
	if err := buildOnce(dir, binary); err != nil {
		missing(t, "influxd", err.Error())
	}
	return binary
}

// buildOnce builds influxd under a lock that holds for all processes of the machine.
func buildOnce(dir, binary string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for influxd: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), influxBuildLimit)
	defer cancel()
	lock := flock.New(filepath.Join(dir, "build.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for another build of influxd: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	if exists(binary) {
		return nil
	}
	module, err := influxModule(ctx)
	if err != nil {
		return err
	}
	unfinished := binary + ".building"
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", unfinished, influxPackage)
	build.Dir = module
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building influxd %s in %s: %w\n%s", influxVersion, module, err, lastLines(string(out), 10))
	}
	if err := os.Rename(unfinished, binary); err != nil {
		return fmt.Errorf("putting influxd into place: %w", err)
	}
	return nil
}

// influxModule is the folder of the nested module that pins influxd, found from the main module's go.mod because the working
// directory of a test is that of its package.
func influxModule(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("asking the go command for this module: %w", err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "testengine", "influxd")
	if !exists(filepath.Join(dir, "go.mod")) {
		return "", fmt.Errorf("no module that pins influxd in %s", dir)
	}
	return dir, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
