package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// MinToken is the least length of an access token, in bytes.
const MinToken = 16

// Exposure is how a server is about to be reached.
type Exposure struct {
	Addr  string // host:port; an empty host is every interface
	TLS   bool   // the server speaks HTTPS itself
	Proxy bool   // a TLS-terminating proxy stands in front
	Token string
	// Accounts says that whoever comes must sign in, with or without a token.
	Accounts bool
}

// reachableAt reports whether a server that listens at an address can be reached from another computer. A nil error means that it is an
// address.
func reachableAt(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("web address %q: want host:port such as %s: %w", addr, DefaultAddr, err)
	}
	return !loopback(host), nil
}

// GuardToken says what is wrong with an access token, never showing it; nil: nothing.
func GuardToken(token string) error {
	if len(token) < MinToken {
		return fmt.Errorf("web access token: %d characters, want %d or more", len(token), MinToken)
	}
	return nil
}

// GuardDoor refuses an exposure by what it says without the token itself: Token is what would be there, or empty.
func GuardDoor(e Exposure) error {
	reachable, err := reachableAt(e.Addr)
	if err != nil || !reachable {
		return err
	}
	var errs []error
	if !e.TLS && !e.Proxy {
		errs = append(errs, fmt.Errorf("web address %q is reachable from other computers without TLS: set a certificate and key, or say that a proxy does TLS, or bind to 127.0.0.1", e.Addr))
	}
	if e.Token == "" && !e.Accounts {
		errs = append(errs, fmt.Errorf("web address %q is reachable from other computers without an access token: set one of %d characters or more, or bind to 127.0.0.1", e.Addr, MinToken))
	}
	return errors.Join(errs...)
}

// Guard refuses an exposure that would show the building to strangers: whatever is reachable from another computer needs
// TLS (or a proxy that does it) and an access token. The error says what to set. A nil error means it may be served.
func Guard(e Exposure) error {
	if e.Addr == "" {
		e.Addr = DefaultAddr
	}
	if e.Token != "" {
		if err := GuardToken(e.Token); err != nil {
			return err
		}
	}
	return GuardDoor(e)
}

// loopback reports whether host can only mean this computer. Names other than localhost are not resolved: what they mean
// may change after the check.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
