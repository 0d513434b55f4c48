package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/wire"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Listen hears what the broker tells about the filters and gives it to hear until ctx ends, which is no error. It is for
// looking around: a session of its own that ends with it, QoS 0, nothing acknowledged, nothing kept; what hear cannot take in
// time is lost, and a message of more than 1 MiB is passed over. hear is called from one goroutine at a time and owns the message. A lost connection is an error.
func Listen(ctx context.Context, c Connection, filters []string, hear func(ingest.Message)) error {
	u, err := c.validate()
	if err != nil {
		return err
	}
	lost := make(chan error, 1)
	o := c.client(u, c.ClientID)
	o.SetCleanSession(true)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		conn, err := c.open(ctx, u, wire.FilterOptions{
			Oversize: func(wire.Oversize) error { return nil },
			Progress: func() []byte { return pingresp },
		})
		if err != nil {
			return nil, err
		}
		return conn, nil
	})
	o.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		hear(ingest.Message{Topic: m.Topic(), Payload: m.Payload(), Retained: m.Retained(), QoS: m.Qos(), Received: telemetry.InstantOf(time.Now())})
	})
	client := paho.NewClient(o)
	if err := settled(ctx, client.Connect(), c.ConnectTimeout); err != nil {
		return fmt.Errorf("connecting to %s: %w", u.Redacted(), err)
	}
	defer client.Disconnect(100)
	wanted := make(map[string]byte, len(filters))
	for _, f := range filters {
		wanted[f] = 0
	}
	token := client.SubscribeMultiple(wanted, nil)
	if err := settled(ctx, token, c.ConnectTimeout); err != nil {
		return fmt.Errorf("subscribing at %s: %w", u.Redacted(), err)
	}
	if s, ok := token.(*paho.SubscribeToken); ok {
		for filter, granted := range s.Result() {
			if granted > 2 {
				return fmt.Errorf("subscribing to %q at %s: refused by the broker", filter, u.Redacted())
			}
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-lost:
		return fmt.Errorf("listening at %s: connection lost: %w", u.Redacted(), err)
	}
}

// settled waits for a token, but no longer than ctx and limit.
func settled(ctx context.Context, token paho.Token, limit time.Duration) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(limit):
		return errors.New("no answer")
	}
}
