package testengine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// quiet is how long a test listens to be sure that nothing arrives; the opposite is an event, not a time.
const quiet = 100 * time.Millisecond

// wire is a client connected through a proxy to a server that the test plays itself.
type wire struct {
	proxy          *TCPProxy
	client, server *net.TCPConn
}

func newWire(t *testing.T) wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	proxy := Proxy(t, listener.Addr().String())
	client, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return wire{proxy, client.(*net.TCPConn), server.(*net.TCPConn)}
}

func TestProxyCarriesBothWaysAndTheClose(t *testing.T) {
	w := newWire(t)
	send(t, w.client, "question")
	receive(t, w.server, "question")
	send(t, w.server, "answer")
	receive(t, w.client, "answer")
	_ = w.client.CloseWrite()
	receive(t, w.server, "")
	send(t, w.server, "last word")
	_ = w.server.Close()
	receive(t, w.client, "last word")
	if _, err := w.client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the server closed: got %v, want EOF", err)
	}
	if got := w.proxy.Accepted(); got != 1 {
		t.Errorf("accepted: got %d, want 1", got)
	}
}

func TestProxyBlackholeSwallowsOneWay(t *testing.T) {
	w := newWire(t)
	w.proxy.Blackhole(Up)
	send(t, w.client, "lost")
	silent(t, w.server)
	send(t, w.server, "heard")
	receive(t, w.client, "heard")
	_ = w.client.CloseWrite()
	silent(t, w.server) // not even the close arrives
	w.proxy.Heal()
	receive(t, w.server, "")
}

func TestProxyStallLosesNothing(t *testing.T) {
	w := newWire(t)
	w.proxy.Stall(Up)
	const size = 32 << 20 // more than the buffers of the system hold
	sent := make(chan error, 1)
	go func() {
		_, err := w.client.Write(bytes.Repeat([]byte("x"), size))
		sent <- err
	}()
	silent(t, w.server)
	select {
	case err := <-sent:
		t.Fatalf("the sender was done (%v) while nobody read", err)
	default:
	}
	w.proxy.Heal()
	if n, err := io.CopyN(io.Discard, w.server, size); err != nil {
		t.Fatalf("after healing: got %d bytes (%v), want %d", n, err, size)
	}
	if err := <-sent; err != nil {
		t.Errorf("sending: %v", err)
	}
}

func TestProxyCutResetsBothSides(t *testing.T) {
	w := newWire(t)
	send(t, w.client, "half a pac")
	receive(t, w.server, "half a pac")
	w.proxy.Cut()
	for name, end := range map[string]*net.TCPConn{"client": w.client, "server": w.server} {
		if _, err := end.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: got %v, want a reset", name, err)
		}
	}
	if got := w.proxy.Open(); got != 0 {
		t.Errorf("open: got %d, want 0", got)
	}
	again, err := net.Dial("tcp", w.proxy.Addr())
	if err != nil {
		t.Fatalf("dialing after the cut: %v", err)
	}
	_ = again.Close()
}

func TestProxySlicesAndLimits(t *testing.T) {
	w := newWire(t)
	w.proxy.Slice(3)
	w.proxy.Limit(100)
	begun := time.Now()
	send(t, w.client, "0123456789")
	first := make([]byte, 64)
	n, err := w.server.Read(first)
	if err != nil || n%3 != 0 {
		t.Errorf("first read: got %d bytes (%v), want whole slices of 3", n, err)
	}
	receive(t, w.server, "0123456789"[n:])
	// Nine bytes at 100 a second go before the last one. A lower bound, so a busy machine cannot break it.
	if took := time.Since(begun); took < 80*time.Millisecond {
		t.Errorf("10 bytes at 100 a second took %s, want at least 90ms", took)
	}
}

func send(t *testing.T, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatalf("sending %q: %v", text, err)
	}
}

// receive wants exactly the text; "" stands for the close of the other side.
func receive(t *testing.T, from net.Conn, want string) {
	t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(10 * time.Second))
	defer func() { _ = from.SetReadDeadline(time.Time{}) }()
	got := make([]byte, max(1, len(want)))
	n, err := io.ReadFull(from, got)
	if want == "" && errors.Is(err, io.EOF) {
		return
	}
	if err != nil || string(got[:n]) != want {
		t.Fatalf("received %q (%v), want %q", got[:n], err, want)
	}
}

// silent wants nothing to arrive, not even a close.
func silent(t *testing.T, from net.Conn) {
	t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(quiet))
	defer func() { _ = from.SetReadDeadline(time.Time{}) }()
	if n, err := from.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("received %d bytes (%v), want silence", n, err)
	}
}
