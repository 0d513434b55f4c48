package main

import (
	"fmt"
	"net"
	"strconv"
)

// checkAddress says of a flag's value what an address to listen at looks like.
func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		if _, err = strconv.ParseUint(port, 10, 16); err == nil {
			return nil
		}
	}
	return &exitError{code: 2, err: fmt.Errorf("%s %q: want host:port, such as 127.0.0.1:18080", flag, address)}
}
