package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/docs/bench/mqtt"
)

const (
	// sampled: of one message in so many, the time until its PUBACK is measured.
	sampled = 16

	// gather is the pause before acknowledgements are read at full speed, so that many come with one read: it saves the generator
	// processor time, which the consumer needs. With a rate there is none, for it would show in the latencies.
	gather = 2 * time.Millisecond

	// sendAt is how many bytes of messages are collected at most before they are sent.
	sendAt = 32 << 10

	// promptBelow: where alerts are timed at no more messages per second and connection, each message is sent by itself.
	promptBelow = 2000

	// grace is how long after the end of publishing the last acknowledgements may come.
	grace = 5 * time.Second
)

// publisher publishes the messages of one connection. Its run and its readAcks are one goroutine each.
type publisher struct {
	fleet      *fleet
	connection int
	begun      time.Time
	deadline   time.Time
	sentAt     []int64 // by seq: ns after begun, atomic; nil where no alerts are timed

	conn  *mqtt.Conn
	stamp []int64       // by packet identifier: ns after begun, atomic; of those that are sampled
	acked atomic.Int64  // messages
	wake  chan struct{} // the window has moved
	done  chan error    // all are acknowledged, or none will be any more

	// Of run:
	sent  int
	batch []byte // packets not sent yet

	// Of readAcks, for others after done:
	latencies []float64 // ms from message to PUBACK
}

func newPublisher(f *fleet, connection int) (*publisher, error) {
	conn, err := mqtt.Dial(f.Broker, fmt.Sprintf("bench-%d-%d", os.Getpid(), connection))
	if err != nil {
		return nil, err
	}
	return &publisher{
		fleet: f, connection: connection, conn: conn,
		stamp: make([]int64, 1<<16), wake: make(chan struct{}, 1), done: make(chan error, 1), batch: make([]byte, 0, 4*sendAt),
	}, nil
}

// run publishes until all is acknowledged, or the deadline has passed. It ends the connection.
func (p *publisher) run(ctx context.Context) error {
	reading := make(chan struct{})
	go func() { defer close(reading); p.readAcks() }()
	stop := context.AfterFunc(ctx, p.conn.Close)
	defer func() { stop(); p.conn.Close(); <-reading }()

	if err := p.publish(ctx); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	want := p.sent
	if want < p.fleet.perConnection() {
		// The deadline came first: those in flight have a second, and no more are expected.
		time.Sleep(time.Second)
		return ctx.Err()
	}
	select {
	case err := <-p.done:
		return errors.Join(ctx.Err(), err)
	case <-time.After(time.Until(p.deadline) + grace):
		return fmt.Errorf("waiting for acknowledgements: %d of %d came", p.acked.Load(), want)
	}
}

func (p *publisher) publish(ctx context.Context) error {
	rate := p.fleet.Rate / float64(p.fleet.Connections)
	prompt := p.sentAt != nil && rate <= promptBelow
	payload := make([]byte, 0, 256)
	for j := range p.fleet.perConnection() {
		if j&255 == 0 && (time.Now().After(p.deadline) || ctx.Err() != nil) {
			break
		}
		if err := p.pace(rate, j); err != nil {
			return err
		}
		if err := p.await(); err != nil {
			return err
		}
		r := p.fleet.message(p.connection, j)
		payload = p.fleet.appendPayload(payload[:0], r)
		id := uint16(j%65535) + 1
		now := time.Since(p.begun).Nanoseconds()
		if id%sampled == 0 {
			atomic.StoreInt64(&p.stamp[id], now)
		}
		if p.sentAt != nil {
			atomic.StoreInt64(&p.sentAt[r.seq], now)
		}
		p.batch = mqtt.AppendPublish(p.batch, p.fleet.topics[r.device], payload, id)
		p.sent++
		if len(p.batch) > sendAt || prompt {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return p.flush()
}

// pace waits until message j is due. At high rates it waits a millisecond at least: a sleep for each message would cost more than
// sending it.
func (p *publisher) pace(rate float64, j int) error {
	if rate == 0 {
		return nil
	}
	wait := time.Duration(float64(j)/rate*1e9) - time.Since(p.begun)
	if wait <= 0 {
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	if rate > 1000 {
		wait = max(wait, time.Millisecond)
	}
	time.Sleep(wait)
	return nil
}

// await waits until the window has room.
func (p *publisher) await() error {
	for int64(p.sent)-p.acked.Load() >= int64(p.fleet.Window) {
		if err := p.flush(); err != nil {
			return err
		}
		select {
		case <-p.wake:
		case err := <-p.done:
			return fmt.Errorf("the broker ended the connection after %d acknowledgements: %w", p.acked.Load(), err)
		case <-time.After(time.Until(p.deadline) + time.Second):
			return fmt.Errorf("the broker acknowledged %d of %d messages in the time there was", p.acked.Load(), p.sent)
		}
	}
	return nil
}

func (p *publisher) flush() error {
	if len(p.batch) == 0 {
		return nil
	}
	err := p.conn.Write(p.batch)
	p.batch = p.batch[:0]
	return err
}

// readAcks counts acknowledgements until all have come or the connection ends.
func (p *publisher) readAcks() {
	buf := make([]byte, 64)
	for n := int64(0); n < int64(p.fleet.perConnection()); {
		if p.fleet.Rate == 0 && p.conn.Waiting() < 4 {
			time.Sleep(gather)
		}
		packet, err := p.conn.Read(buf)
		if err != nil {
			p.done <- err
			return
		}
		if packet.Type != mqtt.Puback || len(packet.Body) < 2 {
			continue
		}
		if id := binary.BigEndian.Uint16(packet.Body); id%sampled == 0 {
			p.latencies = append(p.latencies, milliseconds(time.Since(p.begun).Nanoseconds()-atomic.LoadInt64(&p.stamp[id])))
		}
		n++
		p.acked.Store(n)
		if p.conn.Waiting() < 4 || n%64 == 0 {
			select {
			case p.wake <- struct{}{}:
			default:
			}
		}
	}
	p.done <- nil
}

func milliseconds(ns int64) float64 { return float64(ns) / 1e6 }
