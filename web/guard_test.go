package web

import (
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    Exposure
		want []string // parts of the error; none: allowed
	}{
		{"default", Exposure{}, nil},
		{"loopback", Exposure{Addr: "127.0.0.1:8080"}, nil},
		{"loopback, another of its addresses", Exposure{Addr: "127.9.0.1:80"}, nil},
		{"loopback v6", Exposure{Addr: "[::1]:8080"}, nil},
		{"loopback v4 in v6", Exposure{Addr: "[::ffff:127.0.0.1]:8080"}, nil},
		{"localhost", Exposure{Addr: "localhost:8080"}, nil},
		{"every interface", Exposure{Addr: ":8080"}, []string{"TLS", "access token"}},
		{"every interface v4", Exposure{Addr: "0.0.0.0:8080"}, []string{"TLS", "access token"}},
		{"every interface v6", Exposure{Addr: "[::]:8080"}, []string{"TLS", "access token"}},
		{"LAN", Exposure{Addr: "10.0.0.5:8080"}, []string{"TLS", "access token"}},
		{"a name that may be anywhere", Exposure{Addr: "localhost.example:8080"}, []string{"TLS", "access token"}},
		{"TLS without a token", Exposure{Addr: ":8443", TLS: true}, []string{"access token"}},
		{"token without TLS", Exposure{Addr: ":8080", Token: testToken}, []string{"TLS"}},
		{"TLS and token", Exposure{Addr: ":8443", TLS: true, Token: testToken}, nil},
		{"proxy and token", Exposure{Addr: ":8080", Proxy: true, Token: testToken}, nil},
		{"proxy without a token", Exposure{Addr: ":8080", Proxy: true}, []string{"access token"}},
		{"short token", Exposure{Token: "guess"}, []string{"5 characters, want 16"}},
		{"no port", Exposure{Addr: "127.0.0.1"}, []string{"want host:port"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Guard(tc.e)
			if (err != nil) != (len(tc.want) > 0) {
				t.Fatalf("Guard(%+v): got %v, want an error: %v", tc.e, err, len(tc.want) > 0)
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Guard(%+v): got %q, want it to say %q", tc.e, err, part)
				}
			}
			if err != nil && strings.Contains(err.Error(), testToken) {
				t.Errorf("Guard(%+v): the error shows the token", tc.e)
			}
		})
	}
}

func TestNewIsGuarded(t *testing.T) {
	f := newFleet()
	_, err := New(Options{Live: f, Alerts: f, AlertLog: f, Entries: f, Rejections: f, Rollups: f, Health: f, Addr: "0.0.0.0:0"})
	if err == nil {
		t.Fatal("New on every interface without TLS and token: got nil, want an error")
	}
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "web option Live: missing") {
		t.Errorf("New without ports: got %v, want each missing port named", err)
	}
}
