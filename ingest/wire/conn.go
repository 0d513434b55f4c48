// Package wire is the transport that both MQTT doors stand on: a connection that reads in large pieces, refuses packets
// which are too large before anybody allocates them, gathers acknowledgements into few writes, and never writes without
// a deadline.
package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// First bytes of the acknowledgements that Conn.Ack writes.
const (
	Puback byte = 0x40
	Pubrec byte = 0x50
)

// MaxPayload bounds the payload that a door hands over. What is longer is cut to MaxPayload+1 bytes, so that the decoder
// rejects it for its size and keeps its beginning as evidence.
const MaxPayload = 256 << 10

// keepBuffer is the largest acknowledgement buffer that a connection holds on to between bursts.
const keepBuffer = 16 << 10

// Out is a message that the gateway publishes itself.
type Out struct {
	Topic    string
	Payload  []byte
	Retained bool
}

// Conn is a net.Conn for one MQTT session.
//
// Reads pass through a Filter. Write sends at once, after the acknowledgements that wait. Ack only queues: a goroutine
// that lives as long as there is something to send writes whatever has gathered while the previous write was under way,
// so a burst of acknowledgements costs a few system calls and a single one is not delayed. The queue needs no bound of
// its own, since a peer has at most 65,535 packet identifiers in use.
//
// Every write carries the deadline Timeout; a write that fails closes the connection, so that the reader learns of it.
// All methods are safe for concurrent use, except that Read has one caller.
type Conn struct {
	net.Conn
	filter  *Filter
	timeout time.Duration

	deadline time.Time // owned by the reader: the read deadline that is in force

	writing sync.Mutex // held over each real write: keeps the order
	spare   []byte     // under writing

	mu       sync.Mutex // never held over a system call
	acks     []byte
	flushing bool
	closed   bool
	failed   error          // of the write that closed the connection
	flushers sync.WaitGroup // Add under mu while closed is false
}

var _ net.Conn = (*Conn)(nil)

// NewConn wraps c. Writes that take longer than timeout fail. The Filter's source must be c.
func NewConn(c net.Conn, f *Filter, timeout time.Duration) *Conn {
	return &Conn{Conn: c, filter: f, timeout: timeout}
}

// Read returns bytes that the filter let pass. On a connection that a failed write has closed it returns that write's error:
// paho takes net.ErrClosed for a close of its own and would notice the loss no earlier than by an unanswered ping.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.filter.Read(p)
	if err != nil && errors.Is(err, net.ErrClosed) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.failed != nil {
			err = c.failed
		}
	}
	return n, err
}

// Write sends p behind all acknowledgements that were queued before it.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	waiting := c.take()
	if len(waiting) == 0 {
		c.spare = waiting
		if err := c.send(p); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	waiting = append(waiting, p...)
	err := c.send(waiting)
	c.keep(waiting)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Ack queues the acknowledgement kind for the packet identifier id. It never blocks; on a closed connection it does
// nothing, for then the peer sends the message again.
func (c *Conn) Ack(kind byte, id uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.acks = append(c.acks, kind, 2, byte(id>>8), byte(id))
	if !c.flushing {
		c.flushing = true
		c.flushers.Go(c.flush)
	}
}

// Flush returns when all acknowledgements queued so far are written, or cannot be.
func (c *Conn) Flush() error {
	_, err := c.Write(nil)
	return err
}

// Close closes the connection and waits for the writer of acknowledgements, which may be writing. Safe twice.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.acks = nil
	c.mu.Unlock()
	err := c.Conn.Close()
	c.flushers.Wait()
	return err
}

// SetDeadline sets the read deadline only: each write sets its own. A change of less than a second is not worth the
// call into the poller, which a broker would otherwise make once a packet.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline is SetDeadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	switch {
	case t.IsZero() && c.deadline.IsZero():
		return nil
	case !t.IsZero() && !c.deadline.IsZero():
		if d := t.Sub(c.deadline); d >= 0 && d < time.Second {
			return nil
		}
	}
	c.deadline = t
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline does nothing: each write sets its own.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// flush writes acknowledgements until none wait.
func (c *Conn) flush() {
	for {
		c.writing.Lock()
		c.mu.Lock()
		if len(c.acks) == 0 {
			c.flushing = false
			c.mu.Unlock()
			c.writing.Unlock()
			return
		}
		waiting := c.acks
		c.acks = c.spare[:0]
		c.spare = nil
		c.mu.Unlock()
		_ = c.send(waiting) // a failed write has closed the connection, and take and Ack know
		c.keep(waiting)
		c.writing.Unlock()
	}
}

// take empties the queue. Under writing.
func (c *Conn) take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.acks
	c.acks = c.spare[:0]
	c.spare = nil
	return waiting
}

// keep holds a written buffer for the next burst, unless a rare large one grew it. Under writing.
func (c *Conn) keep(b []byte) {
	if cap(b) <= keepBuffer {
		c.spare = b[:0]
	}
}

// send makes one real write. Under writing.
func (c *Conn) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	if err == nil {
		_, err = c.Conn.Write(p)
	}
	if err != nil {
		// Not c.Close, which waits for the goroutine that may be calling this.
		c.mu.Lock()
		if !c.closed && !errors.Is(err, net.ErrClosed) {
			c.failed = fmt.Errorf("writing failed: %w", err)
		}
		c.closed = true
		c.acks = nil
		c.mu.Unlock()
		_ = c.Conn.Close()
	}
	return err
}
