package reach

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gerbang-iot/gerbang/endpoint"
)

// A browser tells the gateway where to send: whoever holds an account could have it ask machines of the building's own network, which answer
// nobody else. So an address must be one of the Internet, found out when the name was resolved and the connection is made, unless the
// configuration names the push service; redirects are not followed, and no proxy of the environment is asked.

// addressError says that an address may not be used.
type addressError struct{ why string }

func (e *addressError) Error() string { return "the push service's address may not be used: " + e.why }

// checkEndpoint says what is wrong with an address, as far as that can be told without asking anybody; nil: nothing.
func checkEndpoint(raw string, private []string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return &addressError{"it is no URL"}
	case u.Scheme != "https" || u.Opaque != "" || u.User != nil || u.Fragment != "":
		return &addressError{"want https:// and no password"}
	case endpoint.Check(u) != nil:
		return &addressError{"there is no such host or port"}
	case allowed(hostPort(u), private):
		return nil
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return public(ip)
	}
	if !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") || digitsOnly(host) {
		return &addressError{"it is in the own network"}
	}
	return nil
}

// digitsOnly finds what resolvers take for an address: 0x7f.1, 127.1.
func digitsOnly(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

// allowed reports whether the configuration names a host, or host and port.
func allowed(hostPort string, private []string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	return err == nil && (slices.Contains(private, hostPort) || slices.Contains(private, host))
}

// CheckPrivate says what is wrong with a name for Options.Private; nil: nothing.
func CheckPrivate(name string) error {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		host, port = name, "443"
	}
	if strings.ContainsAny(name, "/@ ") || host == "" {
		return errors.New("want a host or host:port, such as push.example.go.id")
	}
	u := &url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)}
	return endpoint.Check(u)
}

// reserved are addresses that are not of the Internet, beside those that netip knows.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// public fails for an address that is not of the Internet.
func public(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() ||
		slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return &addressError{"it is in the own network"}
	}
	return nil
}

// guarded connects to the Internet, and to what is private and named.
func guarded(private []string, t *tls.Config) http.RoundTripper {
	open := net.Dialer{Timeout: 5 * time.Second}
	shut := open
	shut.Control = func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return &addressError{fmt.Sprintf("%v", err)}
		}
		return public(a.Addr())
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if allowed(address, private) {
				return open.DialContext(ctx, network, address)
			}
			return shut.DialContext(ctx, network, address)
		},
		TLSClientConfig: t, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: pushTimeout, IdleConnTimeout: time.Minute,
		MaxIdleConns: 20, MaxResponseHeaderBytes: 32 << 10,
	}
}

// LocalClient reaches servers that the configuration names, in the own network too. Link-local addresses are refused: no server lives there,
// and cloud machines hand out credentials there to whoever asks.
func LocalClient() *http.Client {
	d := net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || a.Addr().Unmap().IsLinkLocalUnicast() || a.Addr().IsMulticast() {
			return &addressError{"it is link-local"}
		}
		return nil
	}}
	return &http.Client{
		Timeout: pushTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: pushTimeout, IdleConnTimeout: time.Minute, MaxIdleConns: 4},
	}
}
