package broker_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// heap is the memory in use, bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Finding S1: 40 sleeping sessions of one credential, and 400 messages of 200 kB: memory stays bounded.
func TestS1_QueueOfSleepersIsBounded(t *testing.T) { queueIsBounded(t, true) }

// The same with sessions that are awake and read nothing.
func TestS1_QueueOfStuckReadersIsBounded(t *testing.T) { queueIsBounded(t, false) }

func queueIsBounded(t *testing.T, asleep bool) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door, root}, Registerer: registry, WriteTimeout: 30 * time.Second}, acknowledge(t))
	for i := range 40 {
		c := dial(t, b)
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		d, _, _ := connect(t, c, login{id: fmt.Sprint("s", i), user: "door", password: "p", persistent: asleep})
		d.subscribe("gerbang/v1/mpp/door/#")
		if asleep {
			_ = d.Close()
		}
	}
	live := open(t, b, login{id: "live", user: "root", password: "p"})
	live.subscribe("gerbang/v1/mpp/door/last")
	before := heap()
	d := open(t, b, asDoor("d"))
	payload := strings.Repeat("x", 200_000)
	var most int64
	for i := range 400 {
		d.publish(1, uint16(i+1), "gerbang/v1/mpp/door/big", payload)
		d.acked(wire.Puback, uint16(i+1))
		if i%50 == 49 {
			most = max(most, heap()-before)
		}
	}
	d.publish(1, 500, "gerbang/v1/mpp/door/last", "x")
	if kind, _ := live.receive(); kind&0xf0 != 0x30 {
		t.Errorf("another credential's subscriber: got packet %#x", kind)
	}
	most = max(most, heap()-before)
	t.Logf("%d MB more in memory at most, for 3,200 MB", most>>20)
	if most > 64<<20 {
		t.Errorf("%d MB more in memory", most>>20)
	}
	if n := metric(t, registry, "gerbang_broker_credential_refused_total", "credential=door", "cause=queue"); n == 0 {
		t.Error("what did not fit is not counted")
	}
	if n := metric(t, registry, "gerbang_broker_credential_queued_bytes", "credential=door"); n > 16<<20 {
		t.Errorf("%v bytes are said to wait, want at most twice 8 MiB", n)
	}
}

// A session that sleeps does not cost those that are awake, of its credential or others; and what waits for it comes.
func TestS1_FullQueueHarmsNobodyElse(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door, root}, Registerer: registry, Limits: broker.Limits{Queue: 1 << 20, Sessions: 8}}, acknowledge(t))
	sleeper := open(t, b, login{id: "sleeper", user: "root", password: "p", persistent: true})
	sleeper.subscribe("gerbang/v1/mpp/door/#")
	_ = sleeper.Close()
	awake := open(t, b, login{id: "awake", user: "root", password: "p", persistent: true})
	awake.subscribe("gerbang/v1/mpp/door/#")
	d := open(t, b, asDoor("d"))
	payload := strings.Repeat("x", 10_000)
	for i := range 500 {
		d.publish(1, uint16(i+1), "gerbang/v1/mpp/door/a", payload)
		d.acked(wire.Puback, uint16(i+1))
		kind, body := awake.receive()
		if kind&0xf6 != 0x32 {
			t.Fatalf("message %d: got packet %#x", i, kind)
		}
		at := 2 + len("gerbang/v1/mpp/door/a")
		awake.send(0x40, body[at:at+2])
	}
	back, _, present := connect(t, dial(t, b), login{id: "sleeper", user: "root", password: "p", persistent: true})
	if !present {
		t.Fatal("its session is gone")
	}
	got := 0
	for {
		_ = back.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		kind, body, err := back.read()
		if err != nil {
			break
		}
		if kind&0xf0 == 0x30 {
			got++
			at := 2 + len("gerbang/v1/mpp/door/a")
			back.send(0x40, body[at:at+2])
		}
	}
	if got < 90 || got > 110 { // 1 MiB in messages of 11 kB
		t.Errorf("%d messages had waited, want about 95", got)
	}
	eventually(t, func() string {
		if n := metric(t, registry, "gerbang_broker_credential_queued_bytes", "credential=root"); n != 0 {
			return fmt.Sprintf("%v bytes are said to wait after all were acknowledged", n)
		}
		return ""
	})
	d.publish(1, 600, "gerbang/v1/mpp/door/a", "y")
	_ = back.SetReadDeadline(time.Now().Add(5 * time.Second))
	if kind, _ := back.receive(); kind&0xf0 != 0x30 {
		t.Errorf("afterwards: got packet %#x", kind)
	}
}

// Finding S1: a credential has a bounded number of subscriptions, of bounded size.
func TestS1_SubscriptionsAreBounded(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door, sign}, Registerer: registry}, acknowledge(t))
	before := heap()
	granted := 0
	for s := range 10 {
		d := open(t, b, asDoor(fmt.Sprint("d", s)))
		for i := range 10 { // a hundred thousand in all
			body := []byte{0, 1}
			for n := range 1000 {
				body = append(append(body, text(fmt.Sprintf("gerbang/v1/mpp/door/%d/%d/%d", s, i, n))...), 1)
			}
			d.send(0x82, body)
			kind, codes := d.receive()
			if kind != 0x90 {
				t.Fatalf("got packet %#x, want SUBACK", kind)
			}
			for _, code := range codes[2:] {
				if code == 1 {
					granted++
				}
			}
		}
	}
	if granted != 1000 {
		t.Errorf("%d subscriptions were granted, want 1000", granted)
	}
	if more := heap() - before; more > 32<<20 {
		t.Errorf("%d MB more in memory", more>>20)
	}
	other := open(t, b, login{id: "o", user: "sign", password: "p"})
	if got := other.subscribe("gerbang/v1/+/out/#"); got != 1 {
		t.Errorf("another credential: got %#x", got)
	}
	for _, filter := range []string{"gerbang/v1/mpp/out/" + strings.Repeat("/", 40), "gerbang/v1/mpp/out/" + strings.Repeat("x", 1100)} {
		if got := other.subscribe(filter); got != 0x80 {
			t.Errorf("a filter of %d bytes and %d levels: got %#x", len(filter), strings.Count(filter, "/")+1, got)
		}
	}
	// Of MQTT 5 the answer says why; and what is there may be asked for again, and be given back.
	five, _, _ := connect(t, dial(t, b), login{id: "d0", user: "door", password: "p", version: 5})
	five.send(0x82, append(append([]byte{0, 1, 0}, text("gerbang/v1/mpp/door/more")...), 1))
	if _, body := five.receive(); body[3] != 1 { // d0 was taken over with a clean session, so there is room again
		t.Errorf("got %#x, want room after a session has gone", body[3])
	}
	for i := range 1100 {
		five.send(0x82, append(append([]byte{0, 1, 0}, text(fmt.Sprint("gerbang/v1/mpp/door/more", i))...), 1))
		if _, body := five.receive(); body[3] == 0x97 {
			return
		}
	}
	t.Error("MQTT 5 was never told that its quota is exceeded")
}

// Finding S1: what one credential retains is bounded in topics, bytes and depth, and others can retain beside it.
func TestS1_RetainedIsBounded(t *testing.T) {
	registry := prometheus.NewRegistry()
	other := access.Credential{Name: "other", Password: "p", Role: access.Device, Device: "mpp/other"}
	b := start(t, broker.Options{Credentials: []access.Credential{door, other, root}, Registerer: registry}, acknowledge(t))
	d := open(t, b, asDoor("d"))
	before := heap()
	retain := func(d *device, id int, topic, payload string) {
		d.send(0x33, append(binary.BigEndian.AppendUint16(text(topic), uint16(id)), payload...))
		d.acked(wire.Puback, uint16(id))
	}
	payload := strings.Repeat("x", 100_000)
	for i := range 300 {
		retain(d, i+1, fmt.Sprint("gerbang/v1/mpp/door/big/", i), payload)
	}
	for i := range 2000 {
		retain(d, i+1000, fmt.Sprint("gerbang/v1/mpp/door/small/", i), "x")
	}
	for i := range 20 {
		retain(d, i+1, fmt.Sprint("gerbang/v1/mpp/door/", i, strings.Repeat("/", 20_000)), "x")
	}
	o := open(t, b, login{id: "o", user: "other", password: "p"})
	retain(o, 1, "gerbang/v1/mpp/other/a", "x")
	eventually(t, func() string {
		if n := metric(t, registry, "gerbang_broker_credential_retained_topics", "credential=other"); n != 1 {
			return fmt.Sprintf("%v topics of another credential, want 1", n)
		}
		return ""
	})
	if n := metric(t, registry, "gerbang_broker_credential_retained_bytes", "credential=door"); n > 4<<20 {
		t.Errorf("%v bytes are retained, want at most 4 MiB", n)
	}
	if n := metric(t, registry, "gerbang_broker_credential_retained_topics", "credential=door"); n > 1000 {
		t.Errorf("%v topics are retained, want at most 1,000", n)
	}
	if more := heap() - before; more > 24<<20 {
		t.Errorf("%d MB more in memory", more>>20)
	}
	// What is given up makes room.
	for i := range 300 {
		retain(d, i+1, fmt.Sprint("gerbang/v1/mpp/door/big/", i), "")
	}
	for i := range 2000 {
		retain(d, i+1000, fmt.Sprint("gerbang/v1/mpp/door/small/", i), "")
	}
	retain(d, 1, "gerbang/v1/mpp/door/state", "on")
	eventually(t, func() string {
		if n := metric(t, registry, "gerbang_broker_credential_retained_topics", "credential=door"); n != 1 {
			return fmt.Sprintf("%v topics are said to be retained, want 1", n)
		}
		return ""
	})
	r := open(t, b, login{id: "r", user: "root", password: "p"})
	r.subscribe("gerbang/v1/mpp/door/#")
	if kind, body := r.receive(); kind&0xf1 != 0x31 || !bytes.HasSuffix(body, []byte("on")) {
		t.Errorf("got packet %#x %q", kind, body)
	}
}

// Finding S1: a session that has expired leaves no subscription behind, which the library would keep.
func TestS1_ExpiredSessionsLeaveNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door}, Registerer: registry}, acknowledge(t))
	for i := range 10 {
		d := five(t, b, fmt.Sprint("d", i), 1, 0)
		for n := range 20 {
			d.send(0x82, append(append([]byte{0, 1, 0}, text(fmt.Sprint("gerbang/v1/mpp/door/", n))...), 1))
			d.receive()
		}
		_ = d.Close()
	}
	if n := metric(t, registry, "gerbang_broker_subscriptions"); n != 200 {
		t.Fatalf("%v subscriptions, want 200", n)
	}
	eventually(t, func() string {
		if n := metric(t, registry, "gerbang_broker_subscriptions"); n != 0 {
			return fmt.Sprintf("%v subscriptions are left of sessions that have expired", n)
		}
		if n := metric(t, registry, "gerbang_broker_credential_sessions"); n != 0 {
			return fmt.Sprintf("%v sessions are left", n)
		}
		return ""
	})
}

// Finding S1: wills that wait are bounded: what is too much goes out at once, and so does one whose session is over.
func TestS1_DelayedWillsAreBounded(t *testing.T) {
	in := make(inbox, 100)
	b := start(t, broker.Options{Credentials: []access.Credential{door}, Limits: broker.Limits{Sessions: 5}}, in)
	for i := range 12 {
		d := five(t, b, fmt.Sprint("d", i), 600, 300)
		_ = d.Close()
		time.Sleep(20 * time.Millisecond) // it is asleep before the next comes
	}
	deadline := time.Now().Add(2 * time.Second)
	for len(in) < 7 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(in); n != 7 {
		t.Errorf("%d wills of 12 went out at once, want all but 5", n)
	}
	d := five(t, b, "short", 0, 300) // its session ends with its connection, and so does the wait
	_ = d.Close()
	eventually(t, func() string {
		if len(in) != 8 {
			return "the will of a session that is over waits"
		}
		return ""
	})
}

// five connects with MQTT 5, a session that lives for expiry seconds and a will that waits for delay seconds; 0: none.
func five(t *testing.T, b *broker.Broker, id string, expiry, delay uint32) *device {
	t.Helper()
	c := dial(t, b)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	d := &device{t: t, Conn: c, r: bufio.NewReader(c), version: 5}
	flags := byte(0xc0)
	if delay > 0 {
		flags |= 4
	}
	body := binary.BigEndian.AppendUint32(append(text("MQTT"), 5, flags, 0, 60, 5, 0x11), expiry)
	body = append(body, text(id)...)
	if delay > 0 {
		body = binary.BigEndian.AppendUint32(append(body, 5, 0x18), delay)
		body = append(append(body, text("gerbang/v1/mpp/door/will")...), text("gone")...)
	}
	body = append(append(body, text("door")...), text("p")...)
	d.send(0x10, body)
	if kind, ack := d.receive(); kind != 0x20 || ack[1] != 0 {
		t.Fatalf("got packet %#x %v, want CONNACK", kind, ack)
	}
	return d
}

// Finding S1: messages of QoS 2 that a client never releases are bounded.
func TestS1_UnreleasedAreBounded(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, acknowledge(t))
	d := open(t, b, asDoor("d"))
	go func() {
		for {
			if _, _, err := d.read(); err != nil {
				return
			}
		}
	}()
	for i := range 10_000 {
		body := binary.BigEndian.AppendUint16(text("gerbang/v1/mpp/door"), uint16(i+1))
		if _, err := d.Write(frame(0x34, append(body, 'x'))); err != nil {
			if i < 4096 {
				t.Errorf("the connection ended after %d messages, want at least 4,096", i)
			}
			return
		}
	}
	eventually(t, func() string {
		if _, err := d.Write(frame(0xc0, nil)); err == nil {
			return "10,000 messages that are not released do not end the connection"
		}
		return ""
	})
}

// Finding S1: what large messages of one credential hold before they are on disk is bounded, and costs no other.
func TestS1_UncommittedIsBounded(t *testing.T) {
	in := make(inbox, 10_000)
	other := access.Credential{Name: "other", Password: "p", Role: access.Device, Device: "mpp/other"}
	b := start(t, broker.Options{Credentials: []access.Credential{door, other}}, in)
	before := heap()
	payload := strings.Repeat("x", 200_000)
	for i := range 4 {
		d := open(t, b, asDoor(fmt.Sprint("d", i)))
		go func() {
			for {
				if _, err := d.Write(frame(0x30, append(text("gerbang/v1/mpp/door"), payload...))); err != nil {
					return
				}
			}
		}()
	}
	time.Sleep(time.Second)
	if more := heap() - before; more > 48<<20 {
		t.Errorf("%d MB more in memory", more>>20)
	}
	o := open(t, b, login{id: "o", user: "other", password: "p"})
	o.publish(1, 1, "gerbang/v1/mpp/other", payload)
	seen := 0
	for {
		m := in.next(t)
		m.Ack()
		if m.Sender.Name == "other" {
			break
		}
		seen++
	}
	o.acked(wire.Puback, 1)
	if seen > 200 {
		t.Errorf("%d messages of the flood came before it", seen)
	}
	for range 50 { // and the flood goes on as it is committed
		in.next(t).Ack()
	}
}
