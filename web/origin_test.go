package web

import (
	"crypto/tls"
	"net/http"
	"testing"
)

// What browsers give follows from the address at which they are, not from what the configuration says.
func TestAbilitiesFollowTheOrigin(t *testing.T) {
	for origin, want := range map[string]abilities{
		"https://gerbang.example.go.id": {Origin: "https://gerbang.example.go.id", Name: "gerbang.example.go.id", Encrypted: true, Passkeys: true, Push: true, Offline: true},
		"https://Gerbang.Lan.:8443":     {Origin: "https://Gerbang.Lan.:8443", Name: "gerbang.lan", Encrypted: true, Passkeys: true, Push: true, Offline: true},
		"https://192.168.10.5:8443":     {Origin: "https://192.168.10.5:8443", Encrypted: true, Push: true, Offline: true, Why: "origin.number"},
		"https://[fd00::5]":             {Origin: "https://[fd00::5]", Encrypted: true, Push: true, Offline: true, Why: "origin.number"},
		"http://localhost:8080":         {Origin: "http://localhost:8080", Name: "localhost", Encrypted: true, Passkeys: true, Push: true, Offline: true},
		"http://gerbang.localhost":      {Origin: "http://gerbang.localhost", Name: "gerbang.localhost", Encrypted: true, Passkeys: true, Push: true, Offline: true},
		"http://127.0.0.1:8080":         {Origin: "http://127.0.0.1:8080", Encrypted: true, Push: true, Offline: true, Why: "origin.number"},
		"http://[::1]:8080":             {Origin: "http://[::1]:8080", Encrypted: true, Push: true, Offline: true, Why: "origin.number"},
		"http://192.168.10.5":           {Origin: "http://192.168.10.5", Why: "origin.plain"},
		"http://gerbang.example.go.id":  {Origin: "http://gerbang.example.go.id", Name: "gerbang.example.go.id", Why: "origin.plain"},
		"http://localhost.evil.example": {Origin: "http://localhost.evil.example", Name: "localhost.evil.example", Why: "origin.plain"},
		"http://127.0.0.1.evil.example": {Origin: "http://127.0.0.1.evil.example", Name: "127.0.0.1.evil.example", Why: "origin.plain"},
		"http://":                       {Origin: "http://", Why: "origin.plain"},
		"https://%zz":                   {Origin: "https://%zz", Why: "origin.plain"},
	} {
		if got := abilitiesAt(origin); got != want {
			t.Errorf("%s: got %+v, want %+v", origin, got, want)
		}
	}
}

func TestTheRealOrigin(t *testing.T) {
	const configured = "https://gerbang.example.go.id"
	direct, proxied, unnamed := &Server{opts: Options{Origin: configured}}, &Server{opts: Options{Origin: configured, Proxy: true}}, &Server{opts: Options{Proxy: true}}
	for _, tc := range []struct {
		name   string
		server *Server
		host   string
		tls    bool
		header http.Header
		want   string
	}{
		{"another name than configured", direct, "192.168.10.5:8443", true, nil, "https://192.168.10.5:8443"},
		{"plain", direct, "192.168.10.5:8080", false, nil, "http://192.168.10.5:8080"},
		{"the usual port", direct, "gerbang.lan:443", true, nil, "https://gerbang.lan"},
		{"the usual port of a number", direct, "[fd00::5]:443", true, nil, "https://[fd00::5]"},
		{"what no proxy has said", direct, "gerbang.lan", false, http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}}, "http://gerbang.lan"},
		{"a proxy that asks under another name", proxied, "127.0.0.1:8080", false, nil, configured},
		{"a proxy that says the name", proxied, "127.0.0.1:8080", false, http.Header{"X-Forwarded-Host": {"a.example, b.example"}, "X-Forwarded-Proto": {"https"}}, "https://b.example"},
		{"a proxy without encryption", unnamed, "gerbang.lan", false, http.Header{"X-Forwarded-Proto": {"http"}}, "http://gerbang.lan"},
		{"a proxy that passes the name", unnamed, "gerbang.lan", false, nil, "https://gerbang.lan"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{Host: tc.host, Header: tc.header}
			if tc.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := tc.server.realOrigin(r); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
