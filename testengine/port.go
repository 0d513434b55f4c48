package testengine

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
)

// The ports of the engines lie below the range from which systems give ports to clients (32768 on Linux, 49152 elsewhere). In that
// range a client that keeps dialing a stopped engine may be given the engine's own port: it then connects to itself, and the
// engine cannot come back.
const (
	firstPort = 20000
	lastPort  = 29999
)

// reservePort returns a loopback port that no other test, in this process or another, is given before t ends.
func reservePort(t testing.TB) int {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "gerbang-testengine-ports")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatalf("making the folder of port locks: %v", err)
	}
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		lock := flock.New(filepath.Join(dir, fmt.Sprint(port)))
		if held, err := lock.TryLock(); err != nil || !held {
			continue
		}
		if !portFree(port) {
			_ = lock.Unlock()
			continue
		}
		t.Cleanup(func() { _ = lock.Unlock() })
		return port
	}
	t.Fatalf("no free loopback port between %d and %d in 200 tries", firstPort, lastPort)
	return 0
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// loopback is the address of a port on this machine.
func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
