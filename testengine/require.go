package testengine

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// missing ends a test that needs a program which is not there: a failure in CI, where nothing may be left out unseen, a skip
// elsewhere. hint says how to get the program.
func missing(t testing.TB, program, hint string) {
	t.Helper()
	if inCI() {
		t.Fatalf("%s is missing, and CI leaves no test out: %s", program, hint)
	}
	t.Skipf("%s is missing, so this test is skipped: %s", program, hint)
}

// MosquittoPub is the path of mosquitto_pub. A test without it is skipped, and fails in CI.
func MosquittoPub(t testing.TB) string {
	t.Helper()
	path := lookProgram("mosquitto_pub")
	if path == "" {
		missing(t, "mosquitto_pub", "apt-get install mosquitto-clients")
	}
	return path
}

// inCI tells whether the tests run as continuous integration, where a missing engine is a failure.
func inCI() bool {
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	return err == nil && ci
}

// lookProgram returns the path of the first of names that is in PATH or in the folders where Debian keeps daemons, "" if none is.
func lookProgram(names ...string) string {
	for _, name := range names {
		for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
			if path, err := exec.LookPath(candidate); err == nil {
				return path
			}
		}
	}
	return ""
}
