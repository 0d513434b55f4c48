package web

import (
	"net"
	"sync"
)

// bounded is a listener with a bound on the connections that are open: one more waits until another has ended. (netutil.LimitListener hides
// CloseWrite of a connection, without which net/http resets it under an answer to a body that is too large.)
type bounded struct {
	*net.TCPListener
	free   chan struct{} // takes as many as may be open
	closed chan struct{}
	once   sync.Once
}

func newBounded(l *net.TCPListener, most int) *bounded {
	return &bounded{TCPListener: l, free: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.free <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	c, err := b.AcceptTCP()
	if err != nil {
		<-b.free
		return nil, err
	}
	return &boundedConn{c, sync.OnceFunc(func() { <-b.free })}, nil
}

// Close ends the listener, and an Accept that waits.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.TCPListener.Close()
}

// boundedConn gives its place back when it is closed.
type boundedConn struct {
	*net.TCPConn
	release func()
}

func (c *boundedConn) Close() error {
	defer c.release()
	return c.TCPConn.Close()
}
