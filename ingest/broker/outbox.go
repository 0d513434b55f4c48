package broker

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	maxWaiting    = 32_000 // messages in one outbox, so that there is an identifier for each; their memory is bounded by room
	defaultWindow = 1024   // unacknowledged messages to a client of MQTT 3, which cannot say how many it takes
	batchSize     = 16 << 10
)

// pubrel is the first byte of a PUBREL.
const pubrel byte = 0x62

// parcel is a message on its way to subscribers. It is not changed once it is under way.
type parcel struct {
	topic      string
	origin     string // client id of the publisher; "": the gateway itself
	owner      *owner // likewise
	payload    []byte
	properties *packets.Properties // of MQTT 5, without alias; nil: none
	expires    int64               // nanoseconds of the broker's clock; 0: never
	qos        byte
	retain     bool
}

func (p *parcel) expired(now int64) bool { return p.expires > 0 && now >= p.expires }

// size is what the parcel takes in memory, about.
func (p *parcel) size() int64 {
	n := perMessage + len(p.payload) + len(p.topic)
	if q := p.properties; q != nil {
		n += perProperties + len(q.CorrelationData) + len(q.ResponseTopic) + len(q.ContentType)
		for _, u := range q.User {
			n += len(u.Key) + len(u.Val) + 64
		}
	}
	return int64(n)
}

// room bounds what waits for a session. It may always have its share of what its credential may have, and more while there is
// more: of the credential's, and of all.
type room struct {
	share, most int64
	owner, all  *atomic.Int64
}

func (r *room) fits(own, size int64) bool {
	return own+size <= r.share || r.owner.Load()+size <= r.most && r.all.Load()+size <= queueOfAll
}

func (r *room) add(size int64) {
	r.owner.Add(size)
	r.all.Add(size)
}

// item is a parcel as one subscriber gets it.
type item struct {
	*parcel
	ids      []int // of the subscriptions that it matches
	seq      uint64
	id       uint16 // once it is sent, with QoS 1 or 2
	qos      byte
	retained bool
	again    bool // it was sent on an earlier connection
	released bool // the client has it, and PUBREL is or was sent
	counted  bool // in the window of this connection
	done     bool
}

// outbox is the sending side of a session: what waits for its client, and what the client has not acknowledged. It outlives
// connections. The library has one too, and its own trouble: it sends again in any order and marks as sent again what never
// was, forgets what it sends once a receive maximum was reached and then stands still, keeps sending what has expired, tells
// a new connection the aliases of the old one (mochi-mqtt/server 2.7.9; issue 340 is about its inflight messages). So it is
// left without messages.
type outbox struct {
	clock func() int64 // nanoseconds, as parcels have them
	lost  func()       // a message found no room
	room  room

	online atomic.Bool // conn is not nil
	mu     sync.Mutex
	conn   *conn // nil: not connected
	held   bool  // a SUBSCRIBE is being answered, and its answer goes first
	window int   // of conn: how many may be unacknowledged
	used   int   // of window

	seq     uint64
	once    []*item // QoS 0
	waiting []*item // QoS 1 and 2
	again   []*item // of flight: those that conn has to get again
	flight  map[uint16]*item
	last    uint16 // identifier
	bytes   int64  // of all that is kept
	over    bool   // with the session
}

func (o *outbox) connected() bool { return o.online.Load() }

// put adds a message. It never blocks.
func (o *outbox) put(d *item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || d.qos == 0 && o.conn == nil {
		return
	}
	if len(o.once)+len(o.waiting)+len(o.flight) >= maxWaiting || !o.room.fits(o.bytes, d.size()) {
		o.lost()
		return
	}
	o.seq++
	d.seq = o.seq
	o.add(d.size())
	if d.qos == 0 {
		o.once = append(o.once, d)
	} else {
		o.waiting = append(o.waiting, d)
	}
	o.kick()
}

// attach lets the messages go to a new connection: first those that the last one did not acknowledge, in their order.
func (o *outbox) attach(c *conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	o.window = int(c.client.Properties.Props.ReceiveMaximum)
	if o.window == 0 {
		o.window = defaultWindow
		if c.client.Properties.ProtocolVersion == 5 {
			o.window = 65535
		}
	}
	o.conn, o.held, o.used = c, false, 0
	o.online.Store(true)
	o.again = o.again[:0]
	for _, d := range o.flight {
		d.again, d.counted = true, false
		o.again = append(o.again, d)
	}
	slices.SortFunc(o.again, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	o.kick()
}

// detach keeps the messages for a later connection. Another connection that is attached by now is left alone.
func (o *outbox) detach(c *conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != c {
		return
	}
	o.conn = nil
	o.online.Store(false)
	for _, d := range o.once {
		o.add(-d.size())
	}
	o.once = nil
}

// clear forgets everything, also the connection.
func (o *outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn = nil
	o.online.Store(false)
	o.add(-o.bytes)
	o.once, o.waiting, o.again, o.flight, o.over = nil, nil, nil, nil, true
}

// add changes what is kept. Under mu.
func (o *outbox) add(size int64) {
	o.bytes += size
	o.room.add(size)
}

// hold stops sending until release, so that the answer to a SUBSCRIBE comes before the messages that it brings.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

func (o *outbox) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = false
	o.kick()
}

// answered takes a client's PUBACK, PUBREC or PUBCOMP. It reports whether the identifier is known.
func (o *outbox) answered(c *conn, kind byte, id uint16, failed bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.flight[id]
	if d == nil || o.conn != c {
		return false
	}
	if kind == packets.Pubrec && !failed {
		if !d.released { // else PUBREL is on its way: a flood of PUBREC brings none of PUBREL
			d.released = true
			c.Ack(pubrel, id)
		}
		return true
	}
	o.finish(d)
	o.kick()
	return true
}

// finish forgets a message that was sent. Under mu.
func (o *outbox) finish(d *item) {
	d.done = true
	delete(o.flight, d.id)
	o.add(-d.size())
	if d.counted {
		o.used--
	}
}

// kick starts the connection's writer if there is something to write and none runs. Under mu, with a connection that has
// not been waited for: whoever ends it detaches it first.
func (o *outbox) kick() {
	c := o.conn
	if c == nil || o.held || c.writing || len(o.once)+len(o.again) == 0 && (len(o.waiting) == 0 || o.used >= o.window) {
		return
	}
	c.writing = true
	c.writers.Go(func() { o.write(c) })
}

// write sends until nothing can be sent, many messages at once where many wait.
func (o *outbox) write(c *conn) {
	var buf bytes.Buffer
	for {
		buf.Reset()
		o.mu.Lock()
		for o.conn == c && !o.held && buf.Len() < batchSize && o.next(c, &buf) {
		}
		if buf.Len() == 0 {
			c.writing = false
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		if _, err := c.Write(buf.Bytes()); err != nil {
			o.detach(c) // its reader learns of it too
		}
	}
}

// next encodes the next message that may be sent, or passes over one that may not any more. It reports whether there was
// one. Under mu.
func (o *outbox) next(c *conn, buf *bytes.Buffer) bool {
	now := o.clock()
	if len(o.again) > 0 {
		d := o.again[0]
		switch {
		case d.done:
		case d.released:
			buf.Write([]byte{pubrel, 2, byte(d.id >> 8), byte(d.id)})
		case d.expired(now):
			o.finish(d)
		case o.used >= o.window:
			return o.nextOnce(c, buf, now)
		case c.encode(buf, d, now):
			d.counted = true
			o.used++
		default:
			o.finish(d)
		}
		o.again = o.again[1:]
		return true
	}
	if len(o.waiting) == 0 || o.used >= o.window || len(o.once) > 0 && o.once[0].seq < o.waiting[0].seq {
		return o.nextOnce(c, buf, now)
	}
	d := o.waiting[0]
	o.waiting = o.waiting[1:]
	d.id = o.unused()
	if d.expired(now) || !c.encode(buf, d, now) {
		o.add(-d.size())
		return true
	}
	if o.flight == nil {
		o.flight = map[uint16]*item{}
	}
	o.flight[d.id] = d
	d.counted = true
	o.used++
	return true
}

// nextOnce is next for messages that nobody acknowledges: the window does not hold them up.
func (o *outbox) nextOnce(c *conn, buf *bytes.Buffer, now int64) bool {
	if len(o.once) == 0 {
		return false
	}
	d := o.once[0]
	o.once = o.once[1:]
	o.add(-d.size())
	if !d.expired(now) {
		c.encode(buf, d, now)
	}
	return true
}

// unused returns an identifier. There is one, as no more than maxWaiting are in use.
func (o *outbox) unused() uint16 {
	for {
		o.last++
		if o.last != 0 && o.flight[o.last] == nil {
			return o.last
		}
	}
}

// encode appends a PUBLISH as the client of the connection may get it. false: it is larger than the client takes, which is
// then to be as if it had had it [MQTT-3.1.2-25].
func (c *conn) encode(buf *bytes.Buffer, d *item, now int64) bool {
	client := &c.client.Properties
	pk := packets.Packet{
		FixedHeader:     packets.FixedHeader{Type: packets.Publish, Qos: d.qos, Retain: d.retained, Dup: d.again},
		TopicName:       d.topic,
		Payload:         d.payload,
		PacketID:        d.id,
		ProtocolVersion: client.ProtocolVersion,
		Mods:            packets.Mods{AllowResponseInfo: true}, // in the library's words; a PUBLISH may always carry them
	}
	if pk.ProtocolVersion == 5 {
		if d.properties != nil {
			pk.Properties = *d.properties
		}
		if d.expires > 0 {
			pk.Properties.MessageExpiryInterval = uint32((d.expires - now + 1e9 - 1) / 1e9)
		}
		pk.Properties.SubscriptionIdentifier = d.ids
	}
	begin := buf.Len()
	if pk.PublishEncode(buf) != nil {
		buf.Truncate(begin)
		return false
	}
	if limit := client.Props.MaximumPacketSize; limit > 0 && buf.Len()-begin > int(limit) {
		buf.Truncate(begin)
		return false
	}
	return true
}

// answered takes a client's answer to a message. It reports whether it is known.
func (c *conn) answered(kind byte, pk *packets.Packet) bool {
	return c.session != nil && c.session.out.answered(c, kind, pk.PacketID, kind == packets.Pubrec && pk.ReasonCode >= packets.ErrUnspecifiedError.Code)
}
