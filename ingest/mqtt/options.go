package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/endpoint"
	"github.com/gerbang-iot/gerbang/ingest/access"
)

// Connection says how to reach the broker. A Subscriber and a Publisher are given the same.
type Connection struct {
	// Broker is a URL: tcp://host:1883, ssl://host:8883, ws://host/mqtt or wss://host/mqtt.
	Broker string
	// ClientID is stable and belongs to one gateway, for the broker keeps the session under it.
	ClientID string
	Username string
	// Password is asked for at each connect, so that a changed secret is taken up. Optional.
	Password func() string
	// TLS configures ssl and wss; nil trusts the system's authorities.
	TLS *tls.Config

	KeepAlive      time.Duration // silence after which the broker is asked whether it lives; default 20 s, whole seconds
	PingTimeout    time.Duration // how long it may take to answer; default 10 s
	ConnectTimeout time.Duration // default 10 s
	WriteTimeout   time.Duration // of each write; default 10 s
	RetryInterval  time.Duration // between attempts to connect for the first time; default 5 s
	MaxRetry       time.Duration // longest interval between attempts to reconnect; default 30 s
}

func (c *Connection) validate() (*url.URL, error) {
	c.KeepAlive = orDefault(c.KeepAlive, 20*time.Second)
	c.PingTimeout = orDefault(c.PingTimeout, 10*time.Second)
	c.ConnectTimeout = orDefault(c.ConnectTimeout, 10*time.Second)
	c.WriteTimeout = orDefault(c.WriteTimeout, 10*time.Second)
	c.RetryInterval = orDefault(c.RetryInterval, 5*time.Second)
	c.MaxRetry = orDefault(c.MaxRetry, 30*time.Second)

	if err := CheckURL(c.Broker); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.Broker)
	switch {
	case err != nil:
		return nil, err
	case c.ClientID == "" || len(c.ClientID) > 200:
		return nil, fmt.Errorf("client id %q: expected 1 to 200 bytes", c.ClientID)
	case c.KeepAlive < time.Second || c.KeepAlive > 18*time.Hour:
		return nil, fmt.Errorf("keep-alive %s: expected 1s to 18h", c.KeepAlive)
	}
	if u.Port() == "" {
		u.Host += ":" + defaultPort(u.Scheme)
	}
	return u, nil
}

// CheckURL says what is wrong with the URL of a broker, never showing a password; nil: nothing.
func CheckURL(broker string) error {
	u, err := url.Parse(broker)
	switch {
	case err != nil:
		return errors.New("broker: not a URL") // the cause would show a password
	case !slices.Contains(schemes, u.Scheme) || u.Host == "":
		return fmt.Errorf("broker %q: expected %s://host:port", u.Redacted(), strings.Join(schemes, ", "))
	case u.User != nil:
		return fmt.Errorf("broker %q: user name and password have options of their own", u.Redacted())
	}
	if err := endpoint.Check(u); err != nil {
		return fmt.Errorf("broker %q: %w", u.Redacted(), err)
	}
	return nil
}

// CheckTopic says what is wrong with the i-th of the filters that a Subscriber subscribes to; nil: nothing.
func CheckTopic(topics []string, i int) error {
	f := topics[i]
	switch {
	case strings.HasPrefix(f, "$share/"):
		return errors.New("want no shared subscription: another gateway would get a part of the messages")
	case slices.Contains(topics[:i], f):
		return errors.New("is there already, want every topic once")
	}
	return access.CheckFilter(f)
}

// Options of a Subscriber.
type Options struct {
	Connection
	// Topics are the filters to subscribe to, with QoS 1.
	Topics []string
	// Resumed says that this gateway has run before, so that a broker without its session has lost messages.
	Resumed bool
	// MaxPacket bounds a packet, bytes; default 1 MiB. A larger message is handed over cut, and acknowledged like others.
	MaxPacket int

	// CanaryVia publishes the canary; nil: none. It must be another connection than the subscriber's, such as a Publisher.
	CanaryVia interface {
		Publish(ctx context.Context, topic string, payload []byte, retained bool) error
	}
	// CanaryTopic default "gerbang/v1/canary/{ClientID}": it should match one of Topics, so that a broker that silently
	// filters those is found out. Where it does not, it is subscribed to by itself.
	CanaryTopic    string
	CanaryInterval time.Duration // default 30 s

	// DrainTimeout bounds how long Run waits at its end for messages to be acknowledged; default 5 s.
	DrainTimeout time.Duration

	Logger     *slog.Logger          // default: none
	Registerer prometheus.Registerer // default: none
}

// filters are the topics with the canary, if it needs a filter of its own.
func (o *Options) filters() []string {
	if o.CanaryVia == nil || slices.ContainsFunc(o.Topics, func(f string) bool { return access.Covers(f, o.CanaryTopic) }) {
		return o.Topics
	}
	return append(slices.Clone(o.Topics), o.CanaryTopic)
}

func (o *Options) validate() (*url.URL, error) {
	u, err := o.Connection.validate()
	all := []error{err}
	if len(o.Topics) == 0 {
		all = append(all, errors.New("no topics"))
	}
	for i, f := range o.Topics {
		if err := CheckTopic(o.Topics, i); err != nil {
			all = append(all, fmt.Errorf("topic %q: %w", f, err))
		}
	}
	if o.CanaryTopic == "" {
		o.CanaryTopic = access.Prefix + "canary/" + o.ClientID
	}
	if strings.ContainsAny(o.CanaryTopic, "+#") {
		all = append(all, fmt.Errorf("canary topic %q: is a filter", o.CanaryTopic))
	}
	o.MaxPacket = int(orDefault(time.Duration(o.MaxPacket), maxPacket))
	o.CanaryInterval = orDefault(o.CanaryInterval, 30*time.Second)
	o.DrainTimeout = orDefault(o.DrainTimeout, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("component", "subscriber")
	return u, errors.Join(all...)
}

func orDefault(v, def time.Duration) time.Duration {
	if v <= 0 {
		return def
	}
	return v
}
