package broker

import (
	"container/list"
	"net"
	"net/netip"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// gate holds the connections that have not logged in. They have places of their own, so they never take a device's, and when
// there are too many the oldest of the address that has most goes: whoever logs in at once is not in its way for long.
type gate struct {
	most    int
	evicted func()

	mu    sync.Mutex
	total int
	from  map[netip.Prefix]*list.List // of *place, the oldest first
}

func newGate(most int, evicted func()) *gate {
	return &gate{most: most, evicted: evicted, from: map[netip.Prefix]*list.List{}}
}

// place is a connection and where it stands. It stays a TCP connection to whoever wants more of it than net.Conn has.
type place struct {
	*net.TCPConn
	gate *gate
	from netip.Prefix
	elem *list.Element // guarded by gate.mu; nil: it stands at the gate no more
}

// gated makes a listener's connections pass the gate.
type gated struct {
	net.Listener
	gate *gate
}

func (g *gated) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return g.gate.enter(c), nil
}

// enter gives a connection a place, if need be that of another.
func (g *gate) enter(c net.Conn) net.Conn {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	p := &place{TCPConn: t, gate: g, from: access.From(c.RemoteAddr().String())}
	g.mu.Lock()
	var goes *place
	if g.total >= g.most {
		goes = g.oldest()
	}
	l := g.from[p.from]
	if l == nil {
		l = list.New()
		g.from[p.from] = l
	}
	p.elem = l.PushBack(p)
	g.total++
	g.mu.Unlock()
	g.evict(goes)
	return p
}

// shed makes room when the system has none: the oldest connection of the address that has most goes.
func (g *gate) shed() {
	g.mu.Lock()
	goes := g.oldest()
	g.mu.Unlock()
	g.evict(goes)
}

// oldest takes the connection out that has to go. The caller holds the lock.
func (g *gate) oldest() *place {
	var most *list.List
	for _, l := range g.from {
		if most == nil || l.Len() > most.Len() {
			most = l
		}
	}
	if most == nil {
		return nil
	}
	p := most.Front().Value.(*place)
	g.remove(p)
	return p
}

func (g *gate) evict(p *place) {
	if p == nil {
		return
	}
	_ = p.TCPConn.SetLinger(0) // nothing of it is worth waiting for
	_ = p.TCPConn.Close()
	g.evicted()
}

// remove takes a place out. The caller holds the lock.
func (g *gate) remove(p *place) {
	if p.elem == nil {
		return
	}
	l := g.from[p.from]
	l.Remove(p.elem)
	p.elem = nil
	g.total--
	if l.Len() == 0 {
		delete(g.from, p.from)
	}
}

// len is how many stand at the gate.
func (g *gate) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}

// leave says that the connection has logged in, or has ended. It reports whether it stood at the gate until now.
func (p *place) leave() bool {
	if p == nil {
		return false
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	stood := p.elem != nil
	p.gate.remove(p)
	return stood
}

// Close ends the connection.
func (p *place) Close() error {
	p.leave()
	return p.TCPConn.Close()
}

// placeOf finds the place below TLS and WebSocket; nil: it has none.
func placeOf(c net.Conn) *place {
	for {
		switch in := c.(type) {
		case *place:
			return in
		case *frames:
			c = in.Conn
		case interface{ NetConn() net.Conn }: // TLS, and a WebSocket that came with its first bytes
			c = in.NetConn()
		default:
			return nil
		}
	}
}
