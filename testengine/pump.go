package testengine

import (
	"errors"
	"io"
	"net"
	"time"
)

// pump carries the bytes of a link in one direction until an end closes or the link is dropped.
func (p *TCPProxy) pump(l *link, d Direction) {
	from, to := l.client, l.target
	if d == Down {
		from, to = l.target, l.client
	}
	buf := make([]byte, 32<<10)
	for {
		if _, ok := p.pass(l, d); !ok {
			return
		}
		n, err := from.Read(buf)
		f, ok := p.pass(l, d) // a stall that began while the read waited holds these bytes too
		if !ok {
			return
		}
		if f.swallow&d == 0 && !p.deliver(l, to, buf[:n]) {
			p.let(l)
			return
		}
		if err != nil {
			p.finish(l, d, to, err)
			return
		}
	}
}

// pass waits while the direction is stalled. It returns the faults that hold then; false means that the link is gone.
func (p *TCPProxy) pass(l *link, d Direction) (faults, bool) {
	for {
		f, changed := p.now()
		if f.stall&d == 0 {
			return f, true
		}
		select {
		case <-changed:
		case <-l.gone:
			return f, false
		}
	}
}

// deliver writes the bytes in the portions and at the pace that the faults ask for. False means that an end is gone.
func (p *TCPProxy) deliver(l *link, to *net.TCPConn, bytes []byte) bool {
	for len(bytes) > 0 {
		f, changed := p.now()
		portion := len(bytes)
		if f.slice > 0 {
			portion = min(portion, f.slice)
		}
		if f.perSecond > 0 {
			portion = min(portion, max(1, f.perSecond/20))
		}
		if _, err := to.Write(bytes[:portion]); err != nil {
			return false
		}
		bytes = bytes[portion:]
		if f.perSecond > 0 && !pause(l, changed, time.Second*time.Duration(portion)/time.Duration(f.perSecond)) {
			return false
		}
	}
	return true
}

// pause waits for d, or until the faults change. False means that the link is gone.
func pause(l *link, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-l.gone:
		return false
	}
	return true
}

// finish passes on that the sender has closed, unless the direction is a black hole: then nobody learns of it until it heals.
func (p *TCPProxy) finish(l *link, d Direction, to *net.TCPConn, err error) {
	for {
		f, changed := p.now()
		if (f.swallow|f.stall)&d == 0 {
			break
		}
		select {
		case <-changed:
		case <-l.gone:
			return
		}
	}
	if !errors.Is(err, io.EOF) {
		p.let(l)
		return
	}
	_ = to.CloseWrite()
	if l.ended.Add(1) == 2 {
		p.part(l)
	}
}

// let drops the link because one of its ends is gone; the other learns of it by a reset.
func (p *TCPProxy) let(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(l)
}

// part lets go of a link that both ends have closed, without a reset: it could overtake the last bytes.
func (p *TCPProxy) part(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.forget(l) {
		return
	}
	_ = l.client.Close()
	_ = l.target.Close()
}
