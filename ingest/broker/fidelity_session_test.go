package broker_test

import (
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// sessionScenarios are those about connections that end, what waits meanwhile, and how fast it comes.
var sessionScenarios = []scenario{
	{name: "will", play: func(s *stage) {
		s.about = 100
		b, c := s.connect("b"), s.connect("c", v3)
		b.subscribe("w/#", asSent)
		c.subscribe("w/#")
		s.connect("left", will("w/left", "gone", 0)).bye()
		s.connect("lost", will("w/lost", "gone", 0, everything, qos(2), retain)).drop()
		s.connect("lost3", v3, will("w/lost3", "gone", 0, qos(1))).drop()
		s.connect("asked", will("w/asked", "gone", 0)).bye(func(p *packets.Packet) { p.ReasonCode = 4 })
		time.Sleep(100 * time.Millisecond)
		s.sync(b)
		s.sync(c)
		d := s.connect("d")
		d.subscribe("w/#")
		s.sync(d)
	}, want: `b: w/lost "gone" q2 retained format=1 expiry=~100 type=text/plain response=answers/7 correlation=c-7 a:1 b:2 a:3
b: w/lost3 "gone" q1
b: w/asked "gone" q0
c: w/lost "gone" q2
c: w/lost3 "gone" q1
c: w/asked "gone" q0
d: w/lost "gone" q2 retained format=1 expiry=~100 type=text/plain response=answers/7 correlation=c-7 a:1 b:2 a:3`},
	{name: "will delay", play: func(s *stage) {
		b, c, d := s.connect("b"), s.connect("c"), s.connect("d")
		b.subscribe("w/late")
		b.subscribe("w/back")
		c.subscribe("w/ended")
		d.subscribe("w/short")
		s.connect("late", keep(100), will("w/late", "gone", 1, user("a", "1"))).drop()
		s.connect("back", keep(100), will("w/back", "gone", 1)).drop()
		s.connect("back", keep(100), resume)
		s.connect("ended", keep(0), will("w/ended", "session over", 100)).drop()
		s.connect("short", keep(1), will("w/short", "session over", 100)).drop()
		s.sync(b, c, d)
		s.scene("later")
		time.Sleep(4 * time.Second)
		s.sync(b, c, d)
	}, want: `back: session present
c: w/ended "session over" q0
= later
b: w/late "gone" q0 a:1
d: w/short "session over" q0`, mosquitto: `back: session present
= later
b: w/late "gone" q0 a:1
d: w/short "session over" q0`,
		why: "a will is due at the end of the session at the latest [MQTT-3.1.3-9]"},
	{name: "taken over", play: func(s *stage) {
		b := s.connect("b")
		b.subscribe("w/#")
		first := s.connect("c", keep(100), will("w/1", "gone", 0))
		second := s.connect("c", keep(100), resume, will("w/2", "gone", 100))
		first.ended()
		third := s.connect("c", keep(100), resume, will("w/3", "gone", 100))
		second.ended()
		s.connect("c", keep(100))
		third.ended()
		s.sync(b)
	}, want: `b: w/1 "gone" q0
b: w/3 "gone" q0
c: session present
c: DISCONNECT 0x8e
c: connection closed
c: session present
c: DISCONNECT 0x8e
c: connection closed
c: DISCONNECT 0x8e
c: connection closed`, mosquitto: `c: session present
c: connection closed
c: session present
c: connection closed
c: connection closed`,
		why: "the first will has no delay and the third client's session ends: both are due (3.1.4); mosquitto drops them, and says nothing to the client"},
	{name: "taken over, version 3", play: func(s *stage) {
		b := s.connect("b")
		b.subscribe("w/#")
		first := s.connect("c", v3, resume, will("w/1", "gone", 0))
		first.subscribe("x")
		second := s.connect("c", v3, resume)
		first.ended()
		second.publish("x", "to itself")
		s.sync(b, second)
	}, want: `b: w/1 "gone" q0
c: session present
c: connection closed
c: x "to itself" q1`, mosquitto: `c: session present
c: connection closed
c: x "to itself" q1`,
		why: "the first has gone without a goodbye"},
	{name: "maximum packet size", play: func(s *stage) {
		a := s.connect("a")
		b := s.connect("b", keep(100), func(p *packets.Packet) { p.Properties.MaximumPacketSize = 60 })
		b.subscribe("x")
		long := "0123456789012345678901234567890123456789012345678901234567890123456789"
		a.publish("x", "small")
		a.publish("x", long)
		a.publish("x", "small with "+long[:20], user("a", long[:20], "b", long[:20]))
		a.publish("x", long, qos(0))
		a.publish("x", "small too")
		s.sync(b)
	}, want: `b: x "small" q1
b: x "small too" q1`},
	{name: "receive maximum", play: func(s *stage) {
		a := s.connect("a")
		b := s.connect("b", func(p *packets.Packet) { p.Properties.ReceiveMaximum = 2 })
		b.subscribe("x")
		b.hold.Store(true)
		for _, m := range []string{"1", "2", "3", "4", "5"} {
			a.publish("x", m)
		}
		a.publish("x", "at once", qos(0))
		s.sync(b)
		s.scene("acknowledged")
		b.answer(packets.Puback, 1)
		b.ping()
		s.sync(b)
		s.scene("acknowledged")
		b.hold.Store(false)
		b.answer(packets.Puback, 2)
		b.answer(packets.Puback, 3)
		s.sync(b)
		for _, m := range []string{"6", "7", "8"} {
			a.publish("x", m, qos(2))
		}
		time.Sleep(200 * time.Millisecond) // the third waits for the end of the first, the mark would not
		s.sync(b)
	}, want: `b: x "1" q1
b: x "2" q1
b: x "at once" q0
= acknowledged
b: x "3" q1
= acknowledged
b: x "4" q1
b: x "5" q1
b: x "6" q2
b: x "7" q2
b: x "8" q2`, mosquitto: `b: x "1" q1
b: x "2" q1
b: x "at once" q0
= acknowledged
b: x "3" q1
b: x "4" q1
= acknowledged
b: x "5" q1
b: x "6" q2
b: x "7" q2
b: x "8" q2`,
		why: "mosquitto 2.0.11 has one more under way than it may"},
	{name: "sent again", play: func(s *stage) {
		a := s.connect("a")
		for _, version := range []with{v3, func(*packets.Packet) {}} {
			b := s.connect("b", version, resume, keep(100))
			b.subscribe("x")
			b.hold.Store(true)
			a.publish("x", "1")
			a.publish("x", "2")
			a.publish("x", "3", qos(2))
			a.publish("x", "4", qos(2))
			s.sync(b)
			b.answer(packets.Puback, 1)
			b.answer(packets.Pubrec, 3)
			b.next(packets.Pubrel)
			s.scene("reconnects")
			b.drop()
			a.publish("x", "5")
			a.publish("x", "6")
			b = s.connect("b", version, resume, keep(100))
			s.sync(b)
			s.scene("reconnects")
			b.bye()
			b = s.connect("b", version, resume, keep(100))
			s.sync(b)
			b.bye(keep(0))
			s.connect("b", version).bye()
		}
	}, want: `b: x "1" q1
b: x "2" q1
b: x "3" q2
b: x "4" q2
= reconnects
b: session present
b: x "2" q1 dup
b: x "4" q2 dup
b: x "5" q1
b: x "6" q1
= reconnects
b: session present
b: x "1" q1
b: x "2" q1
b: x "3" q2
b: x "4" q2
= reconnects
b: session present
b: x "2" q1 dup
b: x "4" q2 dup
b: x "5" q1
b: x "6" q1
= reconnects
b: session present`},
	{name: "session", play: func(s *stage) {
		a := s.connect("a")
		s.connect("v3", v3, resume).bye()
		s.connect("v3", v3, resume).bye()
		s.connect("v3", v3).bye()
		s.connect("v3", v3, resume).bye()
		b := s.connect("b", keep(1))
		b.subscribe("x")
		b.bye()
		a.publish("x", "lost with the session")
		time.Sleep(2500 * time.Millisecond)
		b = s.connect("b", keep(100), resume)
		s.sync(b)
		b.subscribe("x")
		b.drop()
		a.publish("x", "queued")
		b = s.connect("b", keep(100), resume)
		s.sync(b)
		b.bye(keep(0))
		b = s.connect("b", keep(100), resume)
		s.sync(b)
		b.subscribe("x")
		b.bye()
		a.publish("x", "dropped")
		b = s.connect("b", keep(100))
		s.sync(b)
		b.bye()
		s.connect("b", keep(0), resume)
		b = s.connect("b", keep(0), resume)
		b.bye()
	}, want: `b: session present
b: x "queued" q1
b: session present
v3: session present`},
}
