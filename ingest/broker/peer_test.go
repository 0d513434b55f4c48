package broker_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// stage is where a scenario is played: one broker, ours or another, and what its clients got, line by line.
type stage struct {
	t       testing.TB
	addr    string
	login   []string // name and password; nil: none
	about   uint32   // an expiry that is one second off is told as this one
	control *peer
	syncs   int

	mu     sync.Mutex
	script []string
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, fmt.Sprintf(format, args...))
}

// scene begins a new part of the transcript.
func (s *stage) scene(title string) { s.note("= %s", title) }

// transcript is all that happened, scene by scene. Within one, what a client got is told in its order, client by client.
func (s *stage) transcript() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out, part []string
	flush := func() {
		slices.SortStableFunc(part, func(a, b string) int {
			a, _, _ = strings.Cut(a, ":")
			b, _, _ = strings.Cut(b, ":")
			return strings.Compare(a, b)
		})
		out, part = append(out, part...), part[:0]
	}
	for _, line := range s.script {
		if strings.HasPrefix(line, "= ") {
			flush()
			out = append(out, line)
			continue
		}
		part = append(part, line)
	}
	flush()
	if len(out) == 0 {
		return nothingCame
	}
	return strings.Join(out, "\n")
}

// nothingCame is the transcript of clients that got nothing.
const nothingCame = "nothing came"

// peer is a bare client of either version: it shows each packet that it gets, with all its properties.
type peer struct {
	s       *stage
	name    string
	conn    net.Conn
	version byte
	came    chan packets.Packet // closed: the connection has ended
	hold    atomic.Bool         // acknowledgements are the scenario's business
	ids     uint16
	ack     packets.Packet // the CONNACK
	sending sync.Mutex
}

// with changes a packet before it is sent.
type with = func(*packets.Packet)

// The changes that scenarios make.
var (
	v3      with = func(p *packets.Packet) { p.ProtocolVersion = 4 }
	bridge  with = func(p *packets.Packet) { p.ProtocolVersion = 0x84 }
	resume  with = func(p *packets.Packet) { p.Connect.Clean = false }
	retain  with = func(p *packets.Packet) { p.FixedHeader.Retain = true }
	noLocal with = func(p *packets.Packet) { p.Filters[0].NoLocal = true }
	asSent  with = func(p *packets.Packet) { p.Filters[0].RetainAsPublished = true }
)

func qos(n byte) with {
	return func(p *packets.Packet) {
		p.FixedHeader.Qos = n
		if len(p.Filters) > 0 {
			p.FixedHeader.Qos, p.Filters[0].Qos = 1, n
		}
	}
}

func keep(seconds uint32) with {
	return func(p *packets.Packet) {
		p.Properties.SessionExpiryInterval, p.Properties.SessionExpiryIntervalFlag = seconds, true
	}
}

func expiry(seconds uint32) with {
	return func(p *packets.Packet) { p.Properties.MessageExpiryInterval = seconds }
}

func retainHandling(n byte) with { return func(p *packets.Packet) { p.Filters[0].RetainHandling = n } }

func identified(n int) with {
	return func(p *packets.Packet) { p.Properties.SubscriptionIdentifier = []int{n} }
}

func alias(n uint16) with {
	return func(p *packets.Packet) { p.Properties.TopicAlias, p.Properties.TopicAliasFlag = n, true }
}

func user(pairs ...string) with {
	return func(p *packets.Packet) {
		for i := 0; i < len(pairs); i += 2 {
			p.Properties.User = append(p.Properties.User, packets.UserProperty{Key: pairs[i], Val: pairs[i+1]})
		}
	}
}

func will(topic, payload string, delay uint32, change ...with) with {
	return func(p *packets.Packet) {
		c := &p.Connect
		c.WillFlag, c.WillTopic, c.WillPayload = true, topic, []byte(payload)
		var w packets.Packet
		for _, f := range change {
			f(&w)
		}
		c.WillProperties, c.WillQos, c.WillRetain = w.Properties, w.FixedHeader.Qos, w.FixedHeader.Retain
		c.WillProperties.WillDelayInterval = delay
	}
}

// connect logs a client in and notes the answer. Each client also hears the marks of sync.
func (s *stage) connect(name string, change ...with) *peer {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	p := &peer{s: s, name: name, conn: c, came: make(chan packets.Packet, 10_000)}
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: 5}
	pk.Connect = packets.ConnectParams{ProtocolName: []byte("MQTT"), ClientIdentifier: name, Clean: true, Keepalive: 60}
	if s.login != nil {
		pk.Connect.UsernameFlag, pk.Connect.Username = true, []byte(s.login[0])
		pk.Connect.PasswordFlag, pk.Connect.Password = true, []byte(s.login[1])
	}
	for _, f := range change {
		f(&pk)
	}
	p.version = pk.ProtocolVersion & 0x7f
	p.send(pk, (*packets.Packet).ConnectEncode)
	go p.read()
	ack, ok := p.next(packets.Connack)
	p.ack = ack
	switch {
	case !ok:
		s.note("%s: connection closed", name)
		return p
	case ack.ReasonCode != 0:
		s.note("%s: refused %#x", name, ack.ReasonCode)
		return p
	case ack.SessionPresent:
		s.note("%s: session present", name)
	}
	p.subscribeQuietly("sync/#")
	return p
}

func (p *peer) send(pk packets.Packet, encode func(*packets.Packet, *bytes.Buffer) error) {
	p.s.t.Helper()
	p.sending.Lock()
	defer p.sending.Unlock()
	if p.version == 5 {
		pk.ProtocolVersion = 5
	}
	pk.Mods.AllowResponseInfo = true
	var b bytes.Buffer
	if err := encode(&pk, &b); err != nil {
		p.s.t.Fatalf("%s: encode: %v", p.name, err)
	}
	_, _ = p.conn.Write(b.Bytes()) // a connection that has ended is seen by its reader
}

func (p *peer) subscribeQuietly(filter string) byte {
	p.ids++
	p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: p.ids,
		Filters: packets.Subscriptions{{Filter: filter}}}, (*packets.Packet).SubscribeEncode)
	ack, ok := p.next(packets.Suback)
	if !ok {
		return 0xff
	}
	return ack.ReasonCodes[0]
}

// subscribe notes the answer where it is a refusal.
func (p *peer) subscribe(filter string, change ...with) {
	p.s.t.Helper()
	p.ids++
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: p.ids,
		Filters: packets.Subscriptions{{Filter: filter, Qos: 2}}}
	for _, f := range change {
		f(&pk)
	}
	p.send(pk, (*packets.Packet).SubscribeEncode)
	if ack, ok := p.next(packets.Suback); ok && ack.ReasonCodes[0] > 2 {
		p.s.note("%s: subscribing to %s refused %#x", p.name, filter, ack.ReasonCodes[0])
	} else if ok && len(ack.Properties.User) > 0 {
		p.s.note("%s: SUBACK with user properties", p.name)
	}
}

func (p *peer) unsubscribe(filter string) {
	p.ids++
	p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Unsubscribe, Qos: 1}, PacketID: p.ids,
		Filters: packets.Subscriptions{{Filter: filter}}}, (*packets.Packet).UnsubscribeEncode)
	if ack, _ := p.next(packets.Unsuback); len(ack.ReasonCodes) == 1 && ack.ReasonCodes[0] != 0 {
		p.s.note("%s: unsubscribing from %s: %#x", p.name, filter, ack.ReasonCodes[0])
	}
}

// publish sends a message and waits for the end of its delivery.
func (p *peer) publish(topic, payload string, change ...with) {
	p.s.t.Helper()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: topic, Payload: []byte(payload)}
	for _, f := range change {
		f(&pk)
	}
	if pk.FixedHeader.Qos > 0 {
		p.ids++
		pk.PacketID = p.ids
	}
	p.send(pk, (*packets.Packet).PublishEncode)
	switch pk.FixedHeader.Qos {
	case 0:
		p.ping()
	case 1:
		p.next(packets.Puback)
	case 2:
		p.next(packets.Pubrec)
		p.answer(packets.Pubrel, pk.PacketID)
		p.next(packets.Pubcomp)
	}
}

// answer sends a PUBACK, PUBREC, PUBREL or PUBCOMP.
func (p *peer) answer(kind byte, id uint16) {
	fh := packets.FixedHeader{Type: kind}
	if kind == packets.Pubrel {
		fh.Qos = 1
	}
	p.send(packets.Packet{FixedHeader: fh, PacketID: id}, (*packets.Packet).PubackEncode)
}

// ping waits until the broker has dealt with all that was sent.
func (p *peer) ping() {
	p.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}}, (*packets.Packet).PingreqEncode)
	p.next(packets.Pingresp)
}

// bye disconnects as one should.
func (p *peer) bye(change ...with) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}}
	for _, f := range change {
		f(&pk)
	}
	p.send(pk, (*packets.Packet).DisconnectEncode)
	p.gone()
}

// drop ends the connection without a word.
func (p *peer) drop() {
	_ = p.conn.Close()
	p.gone()
	time.Sleep(50 * time.Millisecond) // nobody tells when the broker has noticed
}

func (p *peer) gone() {
	for range p.came { // until the reader has seen the end
	}
}

// next waits for a packet of a kind; others that come before are told.
func (p *peer) next(kind byte) (packets.Packet, bool) {
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	for {
		select {
		case pk, ok := <-p.came:
			switch {
			case !ok:
				return pk, false
			case pk.FixedHeader.Type == kind:
				return pk, true
			}
			p.tell(pk)
		case <-limit.C:
			p.s.note("%s: no packet of type %d", p.name, kind)
			return packets.Packet{}, false
		}
	}
}

// sync tells all that the clients have got by now: until each has heard a mark that is published last.
func (s *stage) sync(peers ...*peer) {
	s.syncs++
	topic := "sync/" + strconv.Itoa(s.syncs)
	s.control.publish(topic, "", qos(1))
	for _, p := range peers {
		limit := time.NewTimer(5 * time.Second)
		for heard := false; !heard; {
			select {
			case pk, ok := <-p.came:
				switch {
				case !ok:
					s.note("%s: connection closed", p.name)
					heard = true
				case pk.TopicName == topic:
					heard = true
				default:
					p.tell(pk)
				}
			case <-limit.C:
				s.note("%s: hears nothing any more", p.name)
				heard = true
			}
		}
		limit.Stop()
	}
}

// tell notes a packet.
func (p *peer) tell(pk packets.Packet) {
	switch pk.FixedHeader.Type {
	case packets.Publish:
		if !strings.HasPrefix(pk.TopicName, "sync/") {
			p.s.note("%s: %s", p.name, p.describe(pk))
		}
	case packets.Disconnect:
		p.s.note("%s: DISCONNECT %#x", p.name, pk.ReasonCode)
	case packets.Pubrel:
		p.s.note("%s: PUBREL", p.name)
	}
}

// describe is a message in one line.
func (p *peer) describe(pk packets.Packet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q q%d", pk.TopicName, pk.Payload, pk.FixedHeader.Qos)
	if pk.FixedHeader.Retain {
		b.WriteString(" retained")
	}
	if pk.FixedHeader.Dup {
		b.WriteString(" dup")
	}
	pr := pk.Properties
	if pr.PayloadFormatFlag {
		fmt.Fprintf(&b, " format=%d", pr.PayloadFormat)
	}
	if e, a := pr.MessageExpiryInterval, p.s.about; a > 0 && e+1 >= a && e <= a+1 {
		fmt.Fprintf(&b, " expiry=~%d", a)
	} else if e > 0 {
		fmt.Fprintf(&b, " expiry=%d", e)
	}
	for _, f := range [][2]string{{"type", pr.ContentType}, {"response", pr.ResponseTopic}, {"correlation", string(pr.CorrelationData)}} {
		if f[1] != "" {
			fmt.Fprintf(&b, " %s=%s", f[0], f[1])
		}
	}
	for _, u := range pr.User {
		fmt.Fprintf(&b, " %s:%s", u.Key, u.Val)
	}
	if len(pr.SubscriptionIdentifier) > 0 {
		fmt.Fprintf(&b, " ids=%v", pr.SubscriptionIdentifier)
	}
	return b.String()
}

// read takes the packets of a connection apart, and acknowledges messages unless the scenario does.
func (p *peer) read() {
	defer close(p.came)
	r := bufio.NewReader(p.conn)
	aliases := map[uint16]string{}
	for {
		pk, err := p.packet(r)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
				p.s.note("%s: %v", p.name, err)
			}
			return
		}
		if pk.Properties.TopicAliasFlag {
			if pk.TopicName != "" {
				aliases[pk.Properties.TopicAlias] = pk.TopicName
			}
			pk.TopicName = aliases[pk.Properties.TopicAlias]
		}
		if !p.hold.Load() {
			switch {
			case pk.FixedHeader.Type == packets.Publish && pk.FixedHeader.Qos == 1:
				p.answer(packets.Puback, pk.PacketID)
			case pk.FixedHeader.Type == packets.Publish && pk.FixedHeader.Qos == 2:
				p.answer(packets.Pubrec, pk.PacketID)
			case pk.FixedHeader.Type == packets.Pubrel:
				p.answer(packets.Pubcomp, pk.PacketID)
				continue
			}
		}
		p.came <- pk
	}
}

func (p *peer) packet(r *bufio.Reader) (pk packets.Packet, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return pk, err
	}
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return pk, err
	}
	body := make([]byte, size)
	if _, err = io.ReadFull(r, body); err != nil {
		return pk, err
	}
	pk.ProtocolVersion = p.version
	if err = pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	pk.FixedHeader.Remaining = len(body)
	decode := map[byte]func(*packets.Packet, []byte) error{
		packets.Connack: (*packets.Packet).ConnackDecode, packets.Publish: (*packets.Packet).PublishDecode,
		packets.Puback: (*packets.Packet).PubackDecode, packets.Pubrec: (*packets.Packet).PubrecDecode,
		packets.Pubrel: (*packets.Packet).PubrelDecode, packets.Pubcomp: (*packets.Packet).PubcompDecode,
		packets.Suback: (*packets.Packet).SubackDecode, packets.Unsuback: (*packets.Packet).UnsubackDecode,
		packets.Pingresp: (*packets.Packet).PingrespDecode, packets.Disconnect: (*packets.Packet).DisconnectDecode,
	}[pk.FixedHeader.Type]
	if decode == nil {
		return pk, fmt.Errorf("packet of type %d", pk.FixedHeader.Type)
	}
	if pk.FixedHeader.Type == packets.Disconnect && len(body) == 1 { // which the decoder passes over
		pk.ReasonCode = body[0]
		return pk, nil
	}
	return pk, decode(&pk, body)
}

// end closes the connection, whatever was said before.
func (p *peer) end() {
	_ = p.conn.Close()
	p.ended()
}

// ended tells what came until the connection ended.
func (p *peer) ended() {
	for pk := range p.came {
		p.tell(pk)
	}
	p.s.note("%s: connection closed", p.name)
}
