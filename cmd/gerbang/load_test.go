package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/simulate"
)

// load publishes in the background, and writes down what was acknowledged.
type load struct {
	t      *testing.T
	report string
	stop   context.CancelFunc
	done   chan error
	sum    simulate.Summary
}

// startLoad publishes messages of a fleet: count of them, or until it is stopped if count is 0.
func startLoad(t *testing.T, l simulate.Load) *load {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "acked.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if l.Count == 0 {
		l.Count = 50_000_000
	}
	if l.Boot == "" {
		l.Boot = strconv.FormatInt(time.Now().UnixNano(), 36)
	}
	l.Connections, l.Window, l.Report = 2, 100, file
	ctx, stop := context.WithCancel(t.Context())
	running := &load{t: t, report: file.Name(), stop: stop, done: make(chan error, 1)}
	go func() {
		var err error
		running.sum, err = l.Run(ctx)
		_ = file.Close()
		running.done <- err
		close(running.done)
	}()
	t.Cleanup(func() {
		stop()
		for range running.done { // until it is closed
		}
	})
	return running
}

// end stops a load that has no end, or waits for the end of one that has; afterwards the report is whole.
func (l *load) end(stop bool) simulate.Summary {
	l.t.Helper()
	if stop {
		l.stop()
	}
	select {
	case err := <-l.done:
		if err != nil {
			l.t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		l.t.Fatal("the load does not end")
	}
	if l.sum.Acked == 0 {
		l.t.Fatal("nothing was acknowledged")
	}
	return l.sum
}
