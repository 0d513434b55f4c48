package mqtt

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

var schemes = []string{"tcp", "mqtt", "ssl", "tls", "mqtts", "ws", "wss"}

func defaultPort(scheme string) string {
	switch scheme {
	case "tcp", "mqtt":
		return "1883"
	case "ws":
		return "80"
	case "wss":
		return "443"
	}
	return "8883"
}

// pingresp is what a broker answers to a ping.
var pingresp = []byte{packets.Pingresp << 4, 0}

// dial opens the transport to the broker. It is bounded by ctx and the connect timeout.
func (c *Connection) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	config := &tls.Config{}
	if c.TLS != nil {
		config = c.TLS.Clone()
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	switch u.Scheme {
	case "ws", "wss":
		return paho.NewWebsocket(u.String(), config, c.ConnectTimeout, nil, nil)
	case "tcp", "mqtt":
		return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	default:
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", u.Host)
	}
}

// maxPacket bounds a packet where nobody asks for another limit, bytes.
const maxPacket = 1 << 20

// open dials and wraps the transport, for the library to speak MQTT over. Without a limit of its own a stream has maxPacket.
func (c *Connection) open(ctx context.Context, u *url.URL, o wire.FilterOptions) (*wire.Conn, error) {
	if o.Limit <= 0 {
		o.Limit = maxPacket // with none at all even the broker's answer to the login would be too large
	}
	transport, err := c.dial(ctx, u)
	if err != nil {
		return nil, err
	}
	o.Buffer = 64 << 10
	return wire.NewConn(transport, wire.NewFilter(transport, o), c.WriteTimeout), nil
}

// client returns the options that the library is given in any case.
func (c *Connection) client(u *url.URL, id string) *paho.ClientOptions {
	o := paho.NewClientOptions()
	o.AddBroker(u.String())
	o.SetClientID(id)
	o.SetProtocolVersion(4) // or else each failure to connect is tried again as 3.1
	o.SetKeepAlive(c.KeepAlive.Truncate(time.Second))
	o.SetPingTimeout(c.PingTimeout)
	o.SetConnectTimeout(c.ConnectTimeout)
	o.SetWriteTimeout(c.WriteTimeout)
	o.SetConnectRetryInterval(c.RetryInterval)
	o.SetMaxReconnectInterval(c.MaxRetry)
	o.SetResumeSubs(false)
	o.SetStore(noStore{})
	o.SetCredentialsProvider(func() (string, string) {
		if c.Password == nil {
			return c.Username, ""
		}
		return c.Username, c.Password()
	})
	return o
}

// noStore keeps nothing: the journal is what remembers. The library's store would hold each message until its
// acknowledgement and offer nothing that the broker's session does not.
type noStore struct{}

var _ paho.Store = noStore{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
