package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy lets a page load what this server serves and nothing else. No inline script or style runs: markup that slipped
// into a name stays markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

var secureHeaders = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "same-origin", // with no-referrer, browsers send forms with Origin: null
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// secure sets the security headers on every response, errors included.
func (s *Server) secure(next http.Handler) http.Handler {
	// With the gateway's own authority a browser must be able to come back where the authority is gone from the device, or made anew.
	encrypted := (s.opts.TLS != nil || s.opts.Proxy) && s.opts.OwnCA == nil
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range secureHeaders {
			h.Set(name, value)
		}
		if encrypted {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost refuses names that a stranger may have pointed at this computer. Without a token the only protection of a
// loopback server is that web pages from elsewhere cannot read it; a host name that resolves to 127.0.0.1 would take it away
// (DNS rebinding). Addresses and localhost cannot be rebound.
func (s *Server) ownHost(next http.Handler) http.Handler {
	if s.opts.Token != "" || s.exposed {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.Trim(host, "[]")
		if _, err := netip.ParseAddr(host); err != nil && host != "localhost" && s.unasked() {
			s.respond(w, r, errHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests that change something and that a page from elsewhere made.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	cop := http.NewCrossOriginProtection()
	if s.opts.Origin != "" { // a proxy may ask under another name than people
		if err := cop.AddTrustedOrigin(s.opts.Origin); err != nil {
			s.opts.Log.Warn("the external address is no origin that browsers name", "origin", s.opts.Origin, "err", err)
		}
	}
	cop.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.respond(w, r, errForeign) }))
	return cop.Handler(next)
}

// limitBody bounds every body that is read. The push door has a bound of its own.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && !strings.HasPrefix(r.URL.Path, "/ingest/") {
			limit := int64(maxForm)
			switch ofSite := strings.HasPrefix(r.URL.Path, "/site/"); {
			case ofSite && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, photoPath):
				limit = maxPhoto + maxForm
			case ofSite && strings.HasSuffix(r.URL.Path, typedPath):
				limit = maxTyped
			case r.URL.Path == trialPath:
				limit = maxTrial
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		next.ServeHTTP(w, r)
	})
}
