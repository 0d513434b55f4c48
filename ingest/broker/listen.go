package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// connectTimeout bounds the time from accepting a connection to its CONNECT, TLS handshake included.
const connectTimeout = 10 * time.Second

// spare is how many connections more than MaxClients are accepted, to tell them politely that there is no room.
const spare = 100

// conn is a client's connection with what the hook wants to know about the client.
type conn struct {
	*wire.Conn
	// Written by the client's own goroutine before the client is known to others.
	account *access.Account
	session *session
	client  *mochi.Client

	strings wire.Strings // owned by the client's goroutine
	recent  *wire.Recent // likewise, made with the session

	subscriber
}

// connOf returns the connection of a client; nil for the gateway's own.
func connOf(cl *mochi.Client) *conn {
	c, _ := cl.Net.Conn.(*conn)
	return c
}

// listener accepts connections for the server. Unlike the library's own it survives running out of file descriptors,
// knows its port, and hands over connections that gather acknowledgements.
type listener struct {
	broker  *Broker
	options Listener
	id      string
	net     net.Listener
	http    *http.Server  // only for WebSocket
	served  chan struct{} // closed: nothing is accepted any more
	serving sync.WaitGroup
}

var _ listeners.Listener = (*listener)(nil)

func (b *Broker) listen(i int, o Listener) (*listener, error) {
	l := &listener{broker: b, options: o, id: fmt.Sprintf("%s-%d", o.Kind, i), served: make(chan struct{})}
	var err error
	if l.net, err = net.Listen("tcp", o.Address); err != nil {
		return nil, err
	}
	if o.TLS != nil {
		l.net = tls.NewListener(l.net, o.TLS)
	}
	return l, nil
}

func (l *listener) ID() string              { return l.id }
func (l *listener) Address() string         { return l.net.Addr().String() }
func (l *listener) Protocol() string        { return string(l.options.Kind) }
func (l *listener) Init(*slog.Logger) error { return nil }

// Serve accepts until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	defer close(l.served)
	if l.options.Kind == WebSocket {
		l.serveWebSocket(establish)
		return
	}
	for {
		c, err := l.net.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // too many open files: clients that leave make room
			l.broker.log.Warn("a connection could not be accepted", "err", err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-l.broker.stopped:
				return
			}
		case l.broker.connections.Load() >= int64(l.broker.options.MaxClients)+spare:
			l.broker.metrics.refused[causeFull].Inc()
			_ = c.Close()
		default:
			l.serving.Go(func() { l.serve(c, establish) })
		}
	}
}

// serve runs one connection to its end.
func (l *listener) serve(c net.Conn, establish listeners.EstablishFn) {
	l.broker.connections.Add(1)
	defer l.broker.connections.Add(-1)
	w := l.broker.wrap(c)
	defer func() { _ = w.Close() }() // the other side sees it go
	remote := c.RemoteAddr().String()
	err := establish(l.id, w)
	l.broker.settle(w)
	if w.account == nil && err != nil { // with an account the hook tells
		l.broker.log.Info("connection ended before a login", "remote", remote, "err", err)
	}
}

// wrap puts the filter and the gathering of acknowledgements around a connection.
func (b *Broker) wrap(c net.Conn) *conn {
	w := new(conn)
	f := wire.NewFilter(c, wire.FilterOptions{
		Limit:    b.options.MaxPacket,
		Buffer:   8 << 10,
		Publish:  func(p wire.Publish) (bool, error) { return b.takePublish(w, &p) },
		Oversize: func(o wire.Oversize) error { return b.takeOversize(w, o) },
		Progress: func() []byte {
			_ = w.SetReadDeadline(time.Now().Add(30 * time.Second))
			return nil
		},
	})
	w.Conn = wire.NewConn(c, f, b.options.WriteTimeout)
	_ = w.SetReadDeadline(time.Now().Add(connectTimeout))
	return w
}

func (l *listener) serveWebSocket(establish listeners.EstablishFn) {
	upgrader := websocket.Upgrader{
		Subprotocols: []string{"mqtt"},
		CheckOrigin:  func(*http.Request) bool { return true }, // the MQTT login decides, and no cookie is involved
	}
	l.http = &http.Server{
		ReadHeaderTimeout: connectTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.serving.Add(1)
			defer l.serving.Done()
			ws, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return // answered
			}
			l.serve(&frames{Conn: ws.NetConn(), ws: ws}, establish)
		}),
	}
	l.serving.Go(func() {
		<-l.broker.stopped
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = l.http.Shutdown(ctx)
	})
	if err := l.http.Serve(l.net); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		l.broker.log.Error("listener failed", "addr", l.Address(), "err", err)
	}
}

// Close ends the listener and its connections and waits for them.
func (l *listener) Close(closeClients listeners.CloseFn) {
	_ = l.net.Close()
	<-l.served
	closeClients(l.id)
	l.serving.Wait()
}
