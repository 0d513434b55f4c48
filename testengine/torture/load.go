package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/simulate"
)

// identity is what tells a message from all others of a boot.
type identity struct {
	device string
	seq    int
}

// The load: devices of a simulated fleet over a few connections.
const (
	connections = 3
	window      = 60 // messages of a connection that are not acknowledged
)

var fleet = simulate.Fleet{Sites: 3, Devices: 30}

// load publishes at QoS 1 and writes down what is acknowledged. As a good device does, it connects again and repeats what is not,
// with the same words.
type load struct {
	addr, boot string
	rate       int // messages a second in all

	mu     sync.Mutex
	acked  map[identity]struct{}
	latest time.Time // of the last acknowledgement
	conns  map[*wire]struct{}

	cancel  context.CancelFunc
	running sync.WaitGroup
}

func startLoad(addr, boot string, rate int) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{addr: addr, boot: boot, rate: rate, acked: map[identity]struct{}{}, conns: map[*wire]struct{}{}, cancel: cancel}
	for c := range connections {
		l.running.Go(func() { l.publisher(ctx, c) })
	}
	return l
}

// end stops it. What is acknowledged meanwhile and not yet written down is forgotten, which harms nobody.
func (l *load) end() {
	l.cancel()
	l.running.Wait()
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// all is what was acknowledged so far.
func (l *load) all() []identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.acked))
}

// last is when the last acknowledgement came.
func (l *load) last() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.latest
}

// more waits until n more messages are acknowledged.
func (l *load) more(n int, patience time.Duration) error {
	want := l.count() + n
	for deadline := time.Now().Add(patience); l.count() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("in %s only %d of %d messages were acknowledged", patience, n-(want-l.count()), n)
		}
	}
	return nil
}

// cut resets all open connections, in the middle of whatever they carry.
func (l *load) cut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.conns)
	for c := range l.conns {
		c.cut.Store(true)
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, no farewell
		}
		_ = c.Conn.Close()
	}
	clear(l.conns)
	return n
}

// wire is a connection that can be cut. The client takes the words for a connection that was closed here for its own doing, and would
// wait for ever.
type wire struct {
	net.Conn
	cut atomic.Bool
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	return n, w.told(err)
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	return n, w.told(err)
}

func (w *wire) told(err error) error {
	if err != nil && w.cut.Load() {
		return syscall.ECONNRESET
	}
	return err
}

// sending is a message on its way.
type sending struct {
	identity
	topic, payload string
	token          paho.Token
}

// publisher is one connection. It owns the devices d with d mod connections == index, so the order of each is kept.
func (l *load) publisher(ctx context.Context, index int) {
	var waiting []sending
	begin, next := time.Now(), 0
	pause := time.Second * connections / time.Duration(l.rate)
	for ctx.Err() == nil {
		client, err := l.connect(index)
		if err != nil {
			time.Sleep(30 * time.Millisecond)
			continue
		}
		for i := range waiting {
			waiting[i].token = client.Publish(waiting[i].topic, 1, false, waiting[i].payload)
		}
		if late := time.Since(begin) - time.Duration(next)*pause; late > time.Second {
			begin = begin.Add(late) // what was not sent while nobody took it is not made up for
		}
		for err == nil && ctx.Err() == nil {
			for len(waiting) < window && time.Since(begin) >= time.Duration(next)*pause {
				s := l.message(index, next)
				s.token = client.Publish(s.topic, 1, false, s.payload)
				waiting = append(waiting, s)
				next++
			}
			if len(waiting) == 0 {
				time.Sleep(pause)
				continue
			}
			if !waiting[0].token.WaitTimeout(20 * time.Millisecond) {
				if !client.IsConnectionOpen() {
					err = errors.New("cut")
				}
				continue
			}
			if err = waiting[0].token.Error(); err == nil {
				l.ack(waiting[0].identity)
				waiting = waiting[1:]
			}
		}
		client.Disconnect(0)
	}
}

func (l *load) ack(id identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[id] = struct{}{}
	l.latest = time.Now()
}

func (l *load) connect(index int) (paho.Client, error) {
	o := paho.NewClientOptions().AddBroker("tcp://" + l.addr).SetClientID(fmt.Sprintf("torture-%s-%d", l.boot, index)).
		SetCleanSession(true).SetAutoReconnect(false).SetOrderMatters(false).SetConnectTimeout(2 * time.Second).
		SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
			conn, err := net.DialTimeout("tcp", l.addr, time.Second)
			if err != nil {
				return nil, err
			}
			w := &wire{Conn: conn}
			l.mu.Lock()
			l.conns[w] = struct{}{}
			l.mu.Unlock()
			return w, nil
		}).
		SetConnectionLostHandler(func(paho.Client, error) {})
	c := paho.NewClient(o)
	t := c.Connect()
	if !t.WaitTimeout(3 * time.Second) {
		c.Disconnect(0)
		return nil, errors.New("connecting: no answer")
	}
	return c, t.Error()
}

// message is this connection's message i.
func (l *load) message(index, i int) sending {
	own := fleet.Devices / connections
	d, seq := index+connections*(i%own), i/own+1
	values := fmt.Sprintf(`"body_temperature":36.%d`, seq%8)
	if fleet.Counts(d) { // in and out alternate, so that no zone fills up by itself
		values = fmt.Sprintf(`"people_in":%d,"people_out":%d`, seq&1, 1-seq&1)
	}
	return sending{identity: identity{fleet.Device(d), seq}, topic: fleet.Topic(d),
		payload: fmt.Sprintf(`{"at":%d,"boot":%q,"seq":%d,%s}`, time.Now().UnixMilli(), l.boot, seq, values)}
}
