package web

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// Whoever opens connections and sends nothing takes the places of pages, and no more files of the process: one more waits.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	const most = 8
	r := start(t, newFleet(), func(o *Options) { o.MaxConnections = most })
	if r.opts.MaxStreams != most*3/4 {
		t.Errorf("live pages: got %d, want three quarters of the connections", r.opts.MaxStreams)
	}
	var idle []net.Conn
	for range most {
		c, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		idle = append(idle, c)
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Get(r.url + "/healthz"); err == nil {
		_ = resp.Body.Close()
		t.Error("one connection more than the bound was served")
	}
	_ = idle[0].Close()
	client.Timeout = 10 * time.Second
	resp, err := client.Get(r.url + "/healthz")
	if err != nil {
		t.Fatalf("a place is free: %v", err)
	}
	_ = resp.Body.Close()
}
