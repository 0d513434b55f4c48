package testengine

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Direction is a way of the bytes through a TCPProxy.
type Direction uint8

// The two ways, and both.
const (
	Up   Direction = 1 << iota // from the client to the target
	Down                       // from the target to the client
	Both = Up | Down
)

// TCPProxy is a wire between a client and a server on loopback that a test can break. It starts whole. A fault holds for the
// connections that are open and for those to come, until Heal; the faults add up. Its methods may be called from any goroutine.
type TCPProxy struct {
	target   string
	listener net.Listener

	running sync.WaitGroup // the accept loop and two pumps a connection

	mu       sync.Mutex
	faults   faults
	changed  chan struct{} // closed and replaced when faults change
	links    map[*link]struct{}
	accepted int
	closed   bool
}

// faults is what a proxy does to the bytes.
type faults struct {
	swallow   Direction
	stall     Direction
	perSecond int // 0: no limit
	slice     int // 0: no limit
}

// link is one client's connection with that to the target.
type link struct {
	client, target *net.TCPConn
	gone           chan struct{} // closed when the proxy lets go of it
	ended          atomic.Int32  // directions whose sender has closed
}

// Proxy starts a proxy to target, a host:port on loopback that need not listen yet. A client whose target does not answer is cut
// off. The proxy ends with the test.
func Proxy(t testing.TB, target string) *TCPProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening for the proxy to %s: %v", target, err)
	}
	p := &TCPProxy{target: target, listener: listener, changed: make(chan struct{}), links: make(map[*link]struct{})}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is the host:port that clients dial instead of the target.
func (p *TCPProxy) Addr() string { return p.listener.Addr().String() }

// Blackhole swallows the bytes that go in the direction, and the news that the sender has closed: both ends see an open
// connection on which nothing arrives. What was swallowed is lost for good, so Cut before Heal, as a network that comes back
// after a time-out does.
func (p *TCPProxy) Blackhole(d Direction) { p.change(func(f *faults) { f.swallow |= d }) }

// Stall stops reading what goes in the direction, so that the sender's buffers fill up. Nothing is lost: Heal lets it flow again.
func (p *TCPProxy) Stall(d Direction) { p.change(func(f *faults) { f.stall |= d }) }

// Limit lets at most so many bytes a second pass in each direction of each connection.
func (p *TCPProxy) Limit(bytesPerSecond int) {
	p.change(func(f *faults) { f.perSecond = bytesPerSecond })
}

// Slice passes the bytes on in writes of at most size bytes.
func (p *TCPProxy) Slice(size int) { p.change(func(f *faults) { f.slice = size }) }

// Heal ends all faults.
func (p *TCPProxy) Heal() { p.change(func(f *faults) { *f = faults{} }) }

// Cut ends all open connections at once with a reset on both sides, in the middle of whatever they carry. New ones are taken.
func (p *TCPProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		p.drop(l)
	}
}

// Open is the number of connections that the proxy holds now.
func (p *TCPProxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Accepted is the number of connections that clients have made so far.
func (p *TCPProxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *TCPProxy) change(apply func(*faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	apply(&p.faults)
	close(p.changed)
	p.changed = make(chan struct{})
}

// now returns the faults that hold, and a channel that is closed when they do no more.
func (p *TCPProxy) now() (faults, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, p.changed
}

func (p *TCPProxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Cut()
	p.running.Wait()
}

func (p *TCPProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed: nothing else ends a listener on loopback
		}
		p.running.Go(func() { p.connect(client.(*net.TCPConn)) })
	}
}

// connect joins a client with the target and starts the pumps.
func (p *TCPProxy) connect(client *net.TCPConn) {
	p.mu.Lock()
	p.accepted++
	p.mu.Unlock()
	target, err := net.DialTimeout("tcp", p.target, 10*time.Second)
	if err != nil {
		reset(client)
		return
	}
	l := &link{client: client, target: target.(*net.TCPConn), gone: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = struct{}{}
	if p.closed {
		p.drop(l)
		return
	}
	p.running.Go(func() { p.pump(l, Up) })
	p.running.Go(func() { p.pump(l, Down) })
}

// drop resets both sides of a link that the proxy still holds. p.mu is held.
func (p *TCPProxy) drop(l *link) {
	if !p.forget(l) {
		return
	}
	reset(l.client)
	reset(l.target)
}

// forget takes a link off the books; false means that it was off already. p.mu is held.
func (p *TCPProxy) forget(l *link) bool {
	if _, held := p.links[l]; !held {
		return false
	}
	delete(p.links, l)
	close(l.gone)
	return true
}

// reset closes a connection with RST instead of FIN.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
