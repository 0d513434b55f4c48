package broker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/testengine"
)

// scenario is what clients do at a broker and what each of them gets by it.
type scenario struct {
	name string
	play func(*stage)
	want string
	// mosquitto is what mosquitto 2.0 gives instead where the standard leaves a choice, or mosquitto fails it; why says which.
	mosquitto, why string
}

// Finding T11: what passes through the broker arrives as MQTT 3.1.1 and 5 say: the same script is played at ours and at a
// mosquitto, and their clients get the same.
func TestT11_SubscribersGetWhatMosquittoGives(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		for _, sc := range slices.Concat(scenarios, sessionScenarios) {
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				intake := make(queue, 4096)
				go intake.run()
				t.Cleanup(func() { close(intake) })
				b := start(t, broker.Options{AllowAnonymous: true}, intake)
				sc.playAt(t, b.Addr(0), sc.want)
			})
		}
	})
	t.Run("mosquitto", func(t *testing.T) {
		for _, sc := range slices.Concat(scenarios, sessionScenarios) {
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				m := testengine.Mosquitto(t) // one each: retained messages stay
				if sc.mosquitto == "" {
					sc.playAt(t, m.Addr, sc.want)
				} else if sc.playAt(t, m.Addr, sc.mosquitto); t.Failed() {
					t.Logf("it differed from ours already: %s", sc.why)
				}
			})
		}
	})
}

func (sc scenario) playAt(t *testing.T, addr, want string) {
	s := &stage{t: t, addr: addr}
	s.control = s.connect("control of " + sc.name)
	sc.play(s)
	if got := s.transcript(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What a client of MQTT 5 must know before it uses it, the CONNACK says; one of MQTT 3 is told nothing more than before.
func TestT11_ConnackSaysWhatThereIs(t *testing.T) {
	b := start(t, broker.Options{AllowAnonymous: true, MaxPacket: 300_000}, acknowledge(t))
	s := &stage{t: t, addr: b.Addr(0)}
	p := s.connect("", keep(1<<31)).ack.Properties
	if p.TopicAliasMaximum == 0 || p.MaximumPacketSize != 300_000 || p.AssignedClientID == "" || p.SessionExpiryInterval != 7*24*3600 {
		t.Errorf("got %d aliases, packets of %d bytes, id %q, a session of %d s", p.TopicAliasMaximum, p.MaximumPacketSize, p.AssignedClientID, p.SessionExpiryInterval)
	}
	if n := s.connect("three", v3).ack.FixedHeader.Remaining; n != 2 {
		t.Errorf("a CONNACK of MQTT 3.1.1 has %d bytes, want 2", n)
	}
}

func everything(p *packets.Packet) {
	pr := &p.Properties
	pr.PayloadFormat, pr.PayloadFormatFlag = 1, true
	pr.MessageExpiryInterval = 100
	pr.ContentType, pr.ResponseTopic, pr.CorrelationData = "text/plain", "answers/7", []byte("c-7")
	user("a", "1", "b", "2", "a", "3")(p)
}

var scenarios = []scenario{
	{name: "properties", play: func(s *stage) {
		s.about = 100
		a, b, c := s.connect("a"), s.connect("b"), s.connect("c", v3)
		b.subscribe("x/+", identified(7))
		c.subscribe("x/+")
		for q := range byte(3) {
			a.publish("x/1", "hello", everything, qos(q))
			s.sync(b, c)
		}
	}, want: `b: x/1 "hello" q0 format=1 expiry=~100 type=text/plain response=answers/7 correlation=c-7 a:1 b:2 a:3 ids=[7]
b: x/1 "hello" q1 format=1 expiry=~100 type=text/plain response=answers/7 correlation=c-7 a:1 b:2 a:3 ids=[7]
b: x/1 "hello" q2 format=1 expiry=~100 type=text/plain response=answers/7 correlation=c-7 a:1 b:2 a:3 ids=[7]
c: x/1 "hello" q0
c: x/1 "hello" q1
c: x/1 "hello" q2`},
	{name: "no problem information", play: func(s *stage) {
		b := s.connect("b", func(p *packets.Packet) { p.Properties.RequestProblemInfoFlag = true })
		b.subscribe("x", user("k", "v"))
		s.connect("a").publish("x", "1", user("a", "1"))
		s.sync(b)
	}, want: `b: x "1" q1 a:1`},
	{name: "from version 3 to 5", play: func(s *stage) {
		a, b := s.connect("a", v3), s.connect("b")
		b.subscribe("x/#", qos(1))
		a.publish("x", "parent", qos(2))
		a.publish("x/y/z", "below", qos(0))
		s.sync(b)
	}, want: `b: x "parent" q1
b: x/y/z "below" q0`},
	{name: "expiry of retained messages", play: func(s *stage) {
		s.about = 98
		a := s.connect("a")
		a.publish("x/long", "1", retain, expiry(100))
		a.publish("x/short", "2", retain, expiry(1))
		a.publish("x/ever", "3", retain)
		time.Sleep(2500 * time.Millisecond)
		for _, f := range []string{"x/long", "x/short", "x/ever"} {
			b := s.connect("b")
			b.subscribe(f)
			s.sync(b)
		}
	}, want: `b: x/long "1" q1 retained expiry=~98
b: x/ever "3" q1 retained`},
	{name: "expiry of queued messages", play: func(s *stage) {
		s.about = 98
		b := s.connect("b", keep(100))
		b.subscribe("x/#")
		b.bye()
		a := s.connect("a")
		a.publish("x/long", "1", expiry(100))
		a.publish("x/short", "2", expiry(1))
		a.publish("x/ever", "3")
		a.publish("x/nothing", "4", qos(0))
		time.Sleep(2500 * time.Millisecond)
		b = s.connect("b", keep(100), resume)
		s.sync(b)
	}, want: `b: session present
b: x/long "1" q1 expiry=~98
b: x/ever "3" q1`},
	{name: "no local", play: func(s *stage) {
		a, b := s.connect("a"), s.connect("b")
		a.subscribe("x/1", noLocal)
		a.subscribe("x/2")
		b.subscribe("x/+", noLocal)
		a.publish("x/1", "own")
		a.publish("x/2", "own, wanted")
		b.publish("x/1", "other's")
		s.sync(a)
		s.sync(b)
	}, want: `a: x/2 "own, wanted" q1
a: x/1 "other's" q1
b: x/1 "own" q1
b: x/2 "own, wanted" q1`},
	{name: "retained", play: func(s *stage) {
		a, b, c, d := s.connect("a"), s.connect("b"), s.connect("c"), s.connect("d", v3)
		b.subscribe("x/#", asSent)
		c.subscribe("x/#")
		d.subscribe("x/#")
		a.publish("x", "1", retain)
		a.publish("x/y", "2", retain, qos(0))
		a.publish("x/z", "3", retain)
		a.publish("x/z", "", retain)
		s.sync(b)
		s.sync(c)
		s.sync(d)
		e := s.connect("e")
		e.subscribe("x/y", identified(3), user("k", "v"))
		e.subscribe("+", qos(0))
		s.sync(e)
		f := s.connect("f", v3)
		f.subscribe("x/y/#") // the parent too
		s.sync(f)
	}, want: `b: x "1" q1 retained
b: x/y "2" q0 retained
b: x/z "3" q1 retained
b: x/z "" q1 retained
c: x "1" q1
c: x/y "2" q0
c: x/z "3" q1
c: x/z "" q1
d: x "1" q1
d: x/y "2" q0
d: x/z "3" q1
d: x/z "" q1
e: x/y "2" q0 retained ids=[3]
e: x "1" q0 retained
f: x/y "2" q0 retained`},
	{name: "retain handling", play: func(s *stage) {
		s.connect("a").publish("x", "1", retain)
		b := s.connect("b")
		for _, h := range []byte{2, 0, 1, 0} {
			b.subscribe("x", retainHandling(h))
			s.scene(fmt.Sprint("handling ", h))
			s.sync(b)
		}
		b.unsubscribe("x")
		b.unsubscribe("x")
		b.subscribe("x", retainHandling(1))
		s.scene("handling 1 of a new one")
		s.sync(b)
	}, want: `= handling 2
= handling 0
b: x "1" q1 retained
= handling 1
= handling 0
b: x "1" q1 retained
b: unsubscribing from x: 0x11
= handling 1 of a new one
b: x "1" q1 retained`},
	{name: "shared", play: func(s *stage) {
		a, b, c := s.connect("a"), s.connect("b"), s.connect("c")
		b.subscribe("$share/g/x/#")
		c.subscribe("$share/g/x/#")
		for _, m := range []string{"1", "2", "3", "4"} {
			a.publish("x/y", m)
		}
		s.sync(b)
		s.sync(c)
		d := s.connect("d")
		a.publish("x/kept", "1", retain)
		s.sync(b, c)
		d.subscribe("$share/h/x/#")
		s.sync(d)
		b.bye()
		a.publish("x/y", "5")
		a.publish("x/y", "6")
		s.sync(c)
		s.sync(d)
	}, want: `b: x/y "1" q1
b: x/y "3" q1
b: x/kept "1" q1
c: x/y "2" q1
c: x/y "4" q1
c: x/y "5" q1
c: x/y "6" q1
d: x/y "5" q1
d: x/y "6" q1`, mosquitto: `b: x/y "1" q1
b: x/y "3" q1
b: x/kept "1" q1
c: x/y "2" q1
c: x/y "4" q1
c: x/y "5" q1
c: x/y "6" q1
d: x/kept "1" q1 retained
d: x/y "5" q1
d: x/y "6" q1`,
		why: "a shared subscription brings no retained messages (4.8.2)"},
	{name: "shared without local", play: func(s *stage) {
		b := s.connect("b")
		b.subscribe("$share/g/x", noLocal)
		s.sync(b)
	}, want: `b: DISCONNECT 0x82
b: connection closed`, mosquitto: nothingCame,
		why: "a protocol error by [MQTT-3.8.3-4] that mosquitto lets pass"},
	{name: "overlapping", play: func(s *stage) {
		a, b, c := s.connect("a"), s.connect("b"), s.connect("c", v3)
		b.subscribe("x/#", qos(0), identified(1))
		b.subscribe("x/+", qos(1), identified(2))
		c.subscribe("x/#", qos(0))
		c.subscribe("x/+", qos(1))
		a.publish("x/y", "1", qos(2))
		s.sync(b)
		s.sync(c)
	}, want: `b: x/y "1" q1 ids=[1 2]
c: x/y "1" q1`, mosquitto: `b: x/y "1" q1 ids=[2]
b: x/y "1" q0 ids=[1]
c: x/y "1" q1`,
		why: "one message with both identifiers, or one for each: both are right [MQTT-3.3.4-2]"},
	{name: "aliases", play: func(s *stage) {
		a := s.connect("a")
		b := s.connect("b", func(p *packets.Packet) { p.Properties.TopicAliasMaximum = 5 })
		b.subscribe("#")
		a.publish("x/1", "named", alias(1))
		a.publish("", "aliased", alias(1))
		a.publish("x/2", "renamed", alias(1))
		a.publish("", "aliased again", alias(1), qos(2))
		s.sync(b)
		a.publish("", "unknown", alias(2), qos(0))
		s.sync(b)
		a.end()
		a = s.connect("a")
		a.publish("x/3", "too high", alias(60_000), qos(0))
		s.sync(b)
		a.end()
	}, want: `a: DISCONNECT 0x82
a: connection closed
a: DISCONNECT 0x94
a: connection closed
b: x/1 "named" q1
b: x/1 "aliased" q1
b: x/2 "renamed" q1
b: x/2 "aliased again" q2`},
	{name: "wildcards", play: func(s *stage) {
		a := s.connect("a")
		for _, f := range []string{"#", "+/#", "+/+", "/+", "+", "a/+/#", "a/b/#", "a//b"} {
			s.scene(f)
			b := s.connect("b")
			b.subscribe(f)
			for _, topic := range []string{"a", "/a", "a/b", "a/b/c", "a//b"} {
				a.publish(topic, "")
			}
			s.sync(b)
			b.bye()
		}
	}, want: `= #
b: a "" q1
b: /a "" q1
b: a/b "" q1
b: a/b/c "" q1
b: a//b "" q1
= +/#
b: a "" q1
b: /a "" q1
b: a/b "" q1
b: a/b/c "" q1
b: a//b "" q1
= +/+
b: /a "" q1
b: a/b "" q1
= /+
b: /a "" q1
= +
b: a "" q1
= a/+/#
b: a/b "" q1
b: a/b/c "" q1
b: a//b "" q1
= a/b/#
b: a/b "" q1
b: a/b/c "" q1
= a//b
b: a//b "" q1`},
	{name: "filters that are none", play: func(s *stage) {
		for _, f := range []string{"#/a", "a#", "a+", "a/b+/c", "a/#/c", ""} {
			s.scene(f)
			b := s.connect("b")
			b.subscribe(f)
			b.end()
		}
	}, want: `= #/a
b: subscribing to #/a refused 0x8f
b: connection closed
= a#
b: subscribing to a# refused 0x8f
b: connection closed
= a+
b: subscribing to a+ refused 0x8f
b: connection closed
= a/b+/c
b: subscribing to a/b+/c refused 0x8f
b: connection closed
= a/#/c
b: subscribing to a/#/c refused 0x8f
b: connection closed
= 
b: subscribing to  refused 0x8f
b: connection closed`, mosquitto: `= #/a
b: DISCONNECT 0x81
b: connection closed
= a#
b: DISCONNECT 0x81
b: connection closed
= a+
b: DISCONNECT 0x81
b: connection closed
= a/b+/c
b: DISCONNECT 0x81
b: connection closed
= a/#/c
b: DISCONNECT 0x81
b: connection closed
= 
b: DISCONNECT 0x81
b: connection closed`,
		why: "refused in the SUBACK, or with the end of the connection: both keep it out"},
	{name: "dollar", play: func(s *stage) {
		a, b := s.connect("a"), s.connect("b")
		b.subscribe("#")
		b.subscribe("+/x")
		b.subscribe("$share/g/#")
		a.publish("$other/x", "hidden from wildcards")
		s.sync(b)
	}, want: nothingCame},
	{name: "bridge", play: func(s *stage) {
		a, b := s.connect("a"), s.connect("bridge", bridge, resume)
		b.subscribe("x/#", qos(1))
		a.publish("x/1", "kept", retain)
		a.publish("x/2", "passed")
		b.publish("x/3", "its own")
		s.sync(b)
		b.bye()
		c := s.connect("old", func(p *packets.Packet) { p.ProtocolVersion, p.Connect.ProtocolName = 0x83, []byte("MQIsdp") })
		c.publish("x/4", "of 3.1")
		s.connect("future", func(p *packets.Packet) { p.ProtocolVersion = 6 })
		b = s.connect("bridge", bridge, resume)
		s.sync(b)
	}, want: `bridge: x/1 "kept" q1 retained
bridge: x/2 "passed" q1
bridge: session present
bridge: x/4 "of 3.1" q1
future: refused 0x1`},
}
