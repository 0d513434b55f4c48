package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// abilities are what a browser can do at the address at which it really found the server, which may be another one than the configuration
// says: passkeys, notifications (push) and pages that work offline are given by browsers to some addresses only. Pages offer nothing that
// cannot work, and say why. They are for offers and sentences: a request that comes all the same is judged by its own check.
type abilities struct {
	// Origin is the address as a browser writes it: scheme://host, and :port where it is not the usual one.
	Origin string
	// Name is the host where it is a name, which passkeys are bound to; empty: it is a number.
	Name string
	// Encrypted says that nobody on the way can read or change a page: HTTPS, or the way ends in this computer.
	Encrypted bool
	// Passkeys, Push and Offline say what a browser gives there. Where people have clicked away a warning about the certificate a browser gives
	// none of them, which only the browser knows: a page shows the template "distrusted" beside what it offers.
	Passkeys, Push, Offline bool
	// OwnCA says that devices trust the certificate only after the gateway's own authority was installed on them, see /ca.
	OwnCA bool
	// Why is the key of the sentence that says what is missing and what would give it; empty: nothing is.
	Why string
}

// abilitiesOf are the abilities of the browser that makes a request.
func (s *Server) abilitiesOf(r *http.Request) abilities {
	a := abilitiesAt(s.realOrigin(r))
	a.OwnCA = s.opts.OwnCA != nil
	return a
}

// abilitiesAt are the abilities at an origin. One that cannot be read has none.
func abilitiesAt(origin string) abilities {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return abilities{Origin: origin, Why: "origin.plain"}
	}
	a := abilities{Origin: u.Scheme + "://" + u.Host, Name: strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")}
	ip, err := netip.ParseAddr(strings.Trim(a.Name, "[]"))
	number := err == nil
	own := number && ip.Unmap().IsLoopback() || a.Name == "localhost" || strings.HasSuffix(a.Name, ".localhost")
	if number {
		a.Name = ""
	}
	a.Encrypted = u.Scheme == "https" || own
	a.Push, a.Offline, a.Passkeys = a.Encrypted, a.Encrypted, a.Encrypted && !number
	switch {
	case !a.Encrypted:
		a.Why = "origin.plain"
	case number:
		a.Why = "origin.number"
	}
	return a
}

// realOrigin is the address at which the browser found the server. Behind a proxy it is what the proxy says, or else what the configuration says, for
// a proxy may ask under another name.
func (s *Server) realOrigin(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if s.opts.Proxy {
		scheme = "https"
		if p := lastHop(r, "X-Forwarded-Proto"); strings.EqualFold(p, "http") {
			scheme = "http"
		}
		switch forwarded := lastHop(r, "X-Forwarded-Host"); {
		case forwarded != "":
			host = forwarded
		case s.opts.Origin != "":
			return s.opts.Origin
		}
	}
	// The usual port is not written.
	if h, port, err := net.SplitHostPort(host); err == nil && (scheme == "https" && port == "443" || scheme == "http" && port == "80") {
		if host = h; strings.Contains(h, ":") {
			host = "[" + h + "]"
		}
	}
	return scheme + "://" + host
}

// lastHop is the last entry of a list in a header: the one that the nearest proxy has written.
func lastHop(r *http.Request, header string) string {
	all := r.Header.Values(header)
	if len(all) == 0 {
		return ""
	}
	hops := strings.Split(all[len(all)-1], ",")
	return strings.TrimSpace(hops[len(hops)-1])
}
