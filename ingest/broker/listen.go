package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// connectTimeout bounds the time from accepting a connection to its CONNECT, TLS handshake included.
const connectTimeout = 10 * time.Second

// conn is a client's connection with what the hook wants to know about the client.
type conn struct {
	*wire.Conn
	// Written by the client's own goroutine before the client is known to others.
	account *access.Account
	session *session
	client  *mochi.Client
	owner   *owner
	id      string // the client's own, without its credential
	from    netip.Prefix
	place   *place // at the gate; nil: none

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
	l.net = &gated{l.net, b.gate}
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
			l.broker.gate.shed()
			l.broker.notes.Warn("a connection could not be accepted", "", "err", err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-l.broker.stopped:
				return
			}
		default:
			l.serving.Go(func() { l.serve(c, establish) })
		}
	}
}

// serve runs one connection to its end.
func (l *listener) serve(c net.Conn, establish listeners.EstablishFn) {
	w := l.broker.wrap(c)
	defer l.broker.part(w)
	err := establish(l.id, w)
	_ = w.Close() // the other side sees it go
	w.writers.Wait()
	if w.account == nil && err != nil && !errors.Is(err, errRefused) { // of those the hook tells
		l.broker.notes.Info("connection ended before a login", w.from.String(), "remote", c.RemoteAddr().String(), "err", err)
	}
}

// wrap puts the filter and the gathering of acknowledgements around a connection.
func (b *Broker) wrap(c net.Conn) *conn {
	w := &conn{from: access.From(c.RemoteAddr().String()), place: placeOf(c)}
	f := wire.NewFilter(c, wire.FilterOptions{
		Limit:    b.options.MaxPacket,
		Buffer:   8 << 10,
		Publish:  func(p wire.Publish) (bool, error) { return b.takePublish(w, &p) },
		Oversize: func(o wire.Oversize) error { return b.takeOversize(w, o) },
		Inspect:  inspect,
		Progress: func() []byte {
			_ = w.SetReadDeadline(time.Now().Add(30 * time.Second))
			return nil
		},
	})
	w.Conn = wire.NewConn(c, f, b.options.WriteTimeout)
	_ = w.SetReadDeadline(time.Now().Add(connectTimeout))
	return w
}

// inspect refuses a CONNECT that is larger than any device's: what is in it is held as long as the session.
func inspect(header byte, length int, _ []byte) error {
	if header>>4 == packets.Connect && length > maxConnect {
		return fmt.Errorf("CONNECT of %d bytes: %w of %d", length, wire.ErrTooLarge, maxConnect)
	}
	return nil
}

func (l *listener) serveWebSocket(establish listeners.EstablishFn) {
	upgrader := websocket.Upgrader{
		Subprotocols: []string{"mqtt"},
		CheckOrigin:  l.broker.trusted,
	}
	l.http = &http.Server{
		ReadHeaderTimeout: connectTimeout,
		IdleTimeout:       connectTimeout,
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

// trusted reports whether a page may open a WebSocket here: one of this very host and port, or of a configured origin. A browser
// lets any page try, from inside the building's network. What is no browser sends no Origin.
func (b *Broker) trusted(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	ok := len(origins) == 1 && err == nil && u.Host != "" && (strings.EqualFold(u.Host, r.Host) ||
		slices.ContainsFunc(b.options.Origins, func(o string) bool { return strings.EqualFold(o, u.Scheme+"://"+u.Host) }))
	if !ok {
		b.refuse(nil, causeOrigin)
		b.notes.Warn("a page of another origin was refused", "", "origin", bounded(origins[0]), "remote", r.RemoteAddr)
	}
	return ok
}

// Close ends the listener and its connections and waits for them. The library's own way to end them locks its list of clients for
// reading twice over, and stands still for ever if a client leaves in between: mochi-mqtt/server issue 488.
func (l *listener) Close(listeners.CloseFn) {
	_ = l.net.Close()
	<-l.served
	for _, cl := range l.broker.server.Clients.GetAll() {
		if cl.Net.Listener == l.id && !cl.Closed() {
			_ = l.broker.server.DisconnectClient(cl, packets.ErrServerShuttingDown)
		}
	}
	l.serving.Wait()
}
