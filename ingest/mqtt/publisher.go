package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// ErrNotConnected is returned by Publish while there is no connection. Nothing is queued here: the outbox above is.
var ErrNotConnected = errors.New("not connected to the broker")

// Out is a message to be published.
type Out = wire.Out

// window is how many messages of a batch are under way at once.
const window = 1000

// PublisherOptions of a Publisher.
type PublisherOptions struct {
	Connection // ClientID gets the suffix "-pub"
	// StatusTopic is retained "online" while the publisher is connected and "offline" otherwise. Optional.
	StatusTopic string
	// Timeout bounds the wait for an acknowledgement; default 10 s.
	Timeout time.Duration

	Logger     *slog.Logger          // default: none
	Registerer prometheus.Registerer // default: none
}

// Publisher is the client that publishes. It begins a new session with each connection, so that no message of an old one
// comes after a newer state. Make it with NewPublisher and Run it once; the other methods are safe for concurrent use.
type Publisher struct {
	options PublisherOptions
	broker  *url.URL
	log     *slog.Logger
	sent    prometheus.Counter
	failed  prometheus.Counter

	client atomic.Pointer[paho.Client] // nil: not connected

	mu    sync.Mutex
	since time.Time
	lost  string
	ended time.Time // when a connection was last lost; zero: never
}

// NewPublisher validates the options. Nothing is connected before Run.
func NewPublisher(o PublisherOptions) (*Publisher, error) {
	u, err := o.Connection.validate()
	if err != nil {
		return nil, fmt.Errorf("mqtt publisher: %w", err)
	}
	if o.StatusTopic != "" && !validTopic(o.StatusTopic) {
		return nil, fmt.Errorf("mqtt publisher: status topic %q: expected a topic without wildcards", o.StatusTopic)
	}
	o.Timeout = orDefault(o.Timeout, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Publisher{options: o, broker: u, log: o.Logger.With("component", "publisher"), since: time.Now(), lost: "not running"}
	p.sent = prometheus.NewCounter(prometheus.CounterOpts{Name: "gerbang_mqtt_published_messages_total", Help: "Messages that the broker has acknowledged."})
	p.failed = prometheus.NewCounter(prometheus.CounterOpts{Name: "gerbang_mqtt_publish_failures_total", Help: "Messages that it has not."})
	if o.Registerer != nil {
		o.Registerer.MustRegister(p.sent, p.failed, prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: "gerbang_mqtt_publisher_connected", Help: "1 if connected to the broker."},
			func() float64 {
				if p.Health().Connected {
					return 1
				}
				return 0
			}))
	}
	return p, nil
}

// Run stays connected until ctx ends, then says that it goes offline. It always returns nil.
func (p *Publisher) Run(ctx context.Context) error {
	const first = 500 * time.Millisecond
	pause := first
	for ctx.Err() == nil {
		began := time.Now()
		err := p.session(ctx)
		if ctx.Err() != nil {
			break
		}
		p.down(err)
		if time.Since(began) > time.Minute {
			pause = first
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)): // not all gateways at once
			pause = min(2*pause, p.options.MaxRetry)
		case <-ctx.Done():
		}
	}
	p.down(errors.New("not running"))
	return nil
}

// session is one connection from CONNECT to its end.
func (p *Publisher) session(ctx context.Context) error {
	lost := make(chan error, 1)
	o := p.options.client(p.broker, p.options.ClientID+"-pub")
	o.SetCleanSession(true)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetConnectionLostHandler(func(_ paho.Client, err error) {
		p.mu.Lock()
		p.ended = time.Now()
		p.mu.Unlock()
		lost <- err
	})
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		c, err := p.options.open(ctx, u, wire.FilterOptions{Limit: 64 << 10})
		if err != nil {
			return nil, err
		}
		return c, nil
	})
	if p.options.StatusTopic != "" {
		o.SetWill(p.options.StatusTopic, "offline", 1, true)
	}
	client := paho.NewClient(o)
	defer client.Disconnect(250)
	token := client.Connect()
	if !token.WaitTimeout(2 * p.options.ConnectTimeout) {
		return errors.New("connect: no answer in time")
	}
	if err := token.Error(); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := p.status(ctx, client, "online"); err != nil {
		return err
	}
	p.client.Store(&client)
	p.mu.Lock()
	p.since, p.lost = time.Now(), ""
	p.mu.Unlock()
	p.log.Info("connected", "broker", p.broker.Redacted())

	select {
	case err := <-lost:
		p.client.Store(nil)
		return fmt.Errorf("connection lost: %w", err)
	case <-ctx.Done():
		p.client.Store(nil)
		// A clean goodbye cancels the will.
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		return p.status(bye, client, "offline")
	}
}

func (p *Publisher) status(ctx context.Context, client paho.Client, text string) error {
	if p.options.StatusTopic == "" {
		return nil
	}
	return p.publish(ctx, client, []Out{{Topic: p.options.StatusTopic, Payload: []byte(text), Retained: true}})
}

func (p *Publisher) down(err error) {
	p.mu.Lock()
	changed := p.lost == ""
	if changed {
		p.since = time.Now()
	}
	p.lost = err.Error()
	p.mu.Unlock()
	if changed {
		p.log.Warn("not connected", "broker", p.broker.Redacted(), "err", err)
	}
}

// Publish sends one message with QoS 1 and returns when the broker has acknowledged it. After an error it may or may not
// have been published.
func (p *Publisher) Publish(ctx context.Context, topic string, payload []byte, retained bool) error {
	return p.PublishBatch(ctx, []Out{{Topic: topic, Payload: payload, Retained: retained}})
}

// PublishBatch sends messages in order, without waiting for each, and returns when the broker has acknowledged all of
// them. After an error any of them may or may not have been published.
func (p *Publisher) PublishBatch(ctx context.Context, batch []Out) error {
	client := p.client.Load()
	if client == nil {
		return ErrNotConnected
	}
	for len(batch) > 0 {
		n := min(len(batch), window)
		if err := p.publish(ctx, *client, batch[:n]); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (p *Publisher) publish(ctx context.Context, client paho.Client, batch []Out) error {
	for _, out := range batch {
		if !validTopic(out.Topic) { // the broker would end the connection
			return fmt.Errorf("publish on %q: expected a topic without wildcards", out.Topic)
		}
	}
	tokens := make([]paho.Token, len(batch))
	for i, out := range batch {
		tokens[i] = client.Publish(out.Topic, 1, out.Retained, out.Payload)
	}
	timeout := time.NewTimer(p.options.Timeout)
	defer timeout.Stop()
	for i, token := range tokens {
		var err error
		select {
		case <-token.Done():
			err = token.Error()
		case <-timeout.C:
			err = fmt.Errorf("no acknowledgement within %s", p.options.Timeout)
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			p.failed.Add(float64(len(tokens) - i))
			return fmt.Errorf("publish on %q: %w", batch[i].Topic, err)
		}
		p.sent.Inc()
	}
	return nil
}

// PublisherHealth is the state of a Publisher.
type PublisherHealth struct {
	Connected bool
	Since     time.Time // of being connected, or not
	Lost      time.Time // when a connection was last lost; zero: never
	Reason    string    // why it is not healthy; empty if it is
}

// Health returns the state.
func (p *Publisher) Health() PublisherHealth {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PublisherHealth{Connected: p.lost == "", Since: p.since, Lost: p.ended, Reason: p.lost}
}

func validTopic(t string) bool {
	return t != "" && len(t) < 65536 && !strings.ContainsAny(t, "+#\x00")
}
