package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// influxVersion is what testengine pins; a test holds them together.
const influxVersion = "v1.8.10"

// Programs are the paths of the programs that a measurement needs besides the consumer.
type Programs struct{ Influxd, Mosquitto string }

// Find finds the programs, and builds influxd from the repository's module where there is none: that takes minutes, once a machine.
// What is missing is one error that says how to install each.
func Find(ctx context.Context, repository string, progress io.Writer) (Programs, error) {
	var p Programs
	var errs [2]error
	p.Mosquitto, errs[0] = mosquitto()
	p.Influxd, errs[1] = influxd(ctx, repository, progress)
	return p, errors.Join(errs[:]...)
}

// mosquitto is in the PATH, or where distributions have their daemons.
func mosquitto() (string, error) {
	if path, err := exec.LookPath("mosquitto"); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"} {
		if path := filepath.Join(dir, "mosquitto"); executable(path) {
			return path, nil
		}
	}
	return "", errors.New("mosquitto is missing: install it with \"apt-get install mosquitto\" (or your system's way); it need not run as a service")
}

// influxd is the one that testengine built, or one of the same release that is installed, or is built now.
func influxd(ctx context.Context, repository string, progress io.Writer) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the folder for the influxd build: %w", err)
	}
	built := filepath.Join(cache, "gerbang-testengine", "influxd-"+influxVersion+"-"+runtime.Version(), "influxd")
	if executable(built) {
		return built, nil
	}
	if path, err := exec.LookPath("influxd"); err == nil {
		if out, err := exec.CommandContext(ctx, path, "version").Output(); err == nil && strings.HasPrefix(string(out), "InfluxDB v1.8.") {
			return path, nil
		}
	}
	fmt.Fprintf(progress, "building influxd %s, once on this machine: this takes minutes\n", influxVersion)
	// The test that builds it for all other tests: one place knows how, and holds a lock.
	build := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=20m", "-run", "^TestInfluxIsBuilt$", "./testengine")
	build.Dir = repository
	build.Env = append(os.Environ(), "GERBANG_TEST_INFLUXD=1", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("influxd is missing: building it failed (%w); InfluxDB 1.8 from https://portal.influxdata.com/downloads, in the PATH, does as well\n%s", err, bytes.TrimSpace(out))
	}
	if !executable(built) {
		return "", fmt.Errorf("influxd is missing: it was built, but is not at %s", built)
	}
	return built, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
