package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Finding N4: a broker that is not there is an error after a few tries, which says what to do; with --wait it is said what is waited for.
func TestN4_SimulateWithoutABroker(t *testing.T) {
	t.Parallel()
	broker := "tcp://" + freeAddr(t)
	begin := time.Now()
	code, _, errs := run(t, "", "simulate", "--broker", broker, "--count", "10")
	if code == 0 || !strings.Contains(errs, broker) || !strings.Contains(errs, "refused") || !strings.Contains(errs, "--wait") || time.Since(begin) > 20*time.Second {
		t.Errorf("got code %d after %v, %q, want an error with address, cause and --wait", code, time.Since(begin), errs)
	}
	p := start(t, "simulate", "--broker", broker, "--count", "10", "--wait")
	p.eventually(10*time.Second, "to say what it waits for", func() error {
		if !strings.Contains(p.out.String(), "waiting for the broker at "+broker) {
			return errors.New("silent")
		}
		return nil
	})
	p.interrupt()
}
