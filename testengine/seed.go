package testengine

import (
	"os"
	"testing"
	"time"
)

// Seed is where a test's random numbers begin: the same each time in CI, where a failure must be the change's own, and another
// one each time elsewhere, where it may find something. It is logged, so that a failure can be had again.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if os.Getenv("CI") == "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	return seed
}
