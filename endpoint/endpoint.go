// Package endpoint says whether a URL leads to a host and a port that there can be. The parser of URLs takes any digits for a port,
// and no host before one.
package endpoint

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Check says what is wrong with the host and the port of a URL; nil: nothing. A port may be missing, a host not. The error shows
// nothing of the URL but its port, so it holds no password.
func Check(u *url.URL) error {
	if u.Hostname() == "" {
		return errors.New("there is no host, want host or host:port")
	}
	if strings.HasSuffix(u.Host, ":") {
		return errors.New("there is no port behind the colon, want one from 1 to 65535")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("port " + port + " cannot be, want one from 1 to 65535")
		}
	}
	return nil
}
