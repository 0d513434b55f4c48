package wire

import (
	"crypto/tls"
	"io"
	"syscall"
)

// hush is how many bytes must have come before the kernel calls a socket readable while its reader lets them gather.
const hush = 32 << 10

// quieter returns a function that keeps a TCP connection from waking anybody while it is on: with it off, each packet that
// arrives while the reader sleeps wakes the runtime's poller for nothing, which costs as much as the read itself. nil: the
// stream has no such switch.
func quieter(r io.Reader) func(on bool) {
	if encrypted, ok := r.(*tls.Conn); ok {
		r = encrypted.NetConn()
	}
	c, ok := r.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return func(on bool) {
		n := 1
		if on {
			n = hush
		}
		// Where it cannot be set, the connection is as noisy as before.
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n) })
	}
}
