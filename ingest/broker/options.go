package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// Kind of a listener.
type Kind string

// The kinds of listeners. With a TLS configuration they are encrypted.
const (
	TCP       Kind = "tcp"
	WebSocket Kind = "websocket"
)

// Listener is an address at which devices reach the broker.
type Listener struct {
	Kind    Kind
	Address string      // host:port; port 0 takes a free one
	TLS     *tls.Config // nil: plain
}

// Options of a Broker.
type Options struct {
	Listeners   []Listener
	Credentials []access.Credential
	// AllowAnonymous lets clients without a user name speak for every device and read everything.
	AllowAnonymous bool
	// MaxPacket bounds a packet, bytes; default 256 KiB. A larger PUBLISH is handed over cut, rejected by the decoder and
	// acknowledged; any other larger packet ends its connection.
	MaxPacket int
	// MaxClients bounds the open connections; default 10,000.
	MaxClients int
	// Limits bound what one credential may take.
	Limits Limits
	// Origins are those of the pages, scheme://host:port, that may reach a WebSocket listener besides pages of its own host:
	// a browser lets any page try.
	Origins []string
	// MaxRetained bounds the topics for which devices may have a retained message; default 10,000. The gateway's own are
	// not counted.
	MaxRetained int
	// WriteTimeout bounds each write to a client; default 10 s.
	WriteTimeout time.Duration
	// DrainTimeout bounds how long Run waits at its end for messages to be acknowledged; default 5 s.
	DrainTimeout time.Duration

	Logger     *slog.Logger          // default: none
	Registerer prometheus.Registerer // default: none
}

func (o *Options) validate() error {
	var all []error
	if len(o.Listeners) == 0 {
		all = append(all, errors.New("no listener"))
	}
	for i, l := range o.Listeners {
		if l.Kind != TCP && l.Kind != WebSocket {
			all = append(all, fmt.Errorf("listener %d: kind %q: expected %s or %s", i+1, l.Kind, TCP, WebSocket))
		}
		if _, _, err := net.SplitHostPort(l.Address); err != nil {
			all = append(all, fmt.Errorf("listener %d: address %q: expected host:port: %w", i+1, l.Address, err))
		}
	}
	if len(o.Credentials) == 0 && !o.AllowAnonymous {
		all = append(all, errors.New("neither credentials nor anonymous access: nobody could connect"))
	}
	o.MaxPacket = orDefault(o.MaxPacket, 256<<10)
	o.MaxClients = orDefault(o.MaxClients, 10_000)
	o.MaxRetained = orDefault(o.MaxRetained, 10_000)
	o.Limits.setDefaults()
	o.WriteTimeout = orDefault(o.WriteTimeout, 10*time.Second)
	o.DrainTimeout = orDefault(o.DrainTimeout, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("component", "broker")
	return errors.Join(all...)
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
