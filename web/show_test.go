package web

import (
	"os"
	"testing"
	"time"
)

// TestShow serves the fake fleet for people who want to look at it: GERBANG_SHOW=127.0.0.1:8099 go test -run TestShow ./web.
func TestShow(t *testing.T) {
	addr := os.Getenv("GERBANG_SHOW")
	if addr == "" {
		t.Skip("GERBANG_SHOW is not set")
	}
	f := newFleet()
	start(t, f, func(o *Options) { o.Addr = addr })
	end := time.After(time.Hour)
	if d, err := time.ParseDuration(os.Getenv("GERBANG_SHOW_FOR")); err == nil {
		end = time.After(d)
	}
	<-end
}
