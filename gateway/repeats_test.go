package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// deliver gives the gateway a QoS 1 message by its packet identifier in a session.
func (b *bench) deliver(packet uint16, again bool, payload string, at telemetry.Instant) {
	b.t.Helper()
	err := b.Accept(context.Background(), &ingest.Message{
		Topic: "gerbang/v1/mall/count", Payload: []byte(payload), QoS: 1, Received: at, Session: 7, Packet: packet, Repeated: again,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) passed() float64 {
	v, _ := b.View("mall")
	return v.Doors[0].InTotal
}

// Finding T3: what is sent again after a reconnect counts once, across a restart of the gateway too, and what was never stored
// counts although it is marked as sent again.
func TestT3_SentAgainCountsOnce(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			b := newBench(t, newMemory(), "mall")
			at := begin.Add(time.Second)
			next := func() telemetry.Instant { at = at.Add(time.Second); return at }
			b.deliver(1, false, `{"people_in":5}`, next())
			b.deliver(2, false, `{"people_in":5}`, next()) // the same bytes in another packet
			b.deliver(3, false, `{"people_in":7}`, next())
			b.commit(next())
			if restart {
				b.open()
			}
			b.deliver(2, true, `{"people_in":5}`, next())
			b.deliver(3, true, `{"people_in":7}`, next())
			b.deliver(4, true, `{"people_in":1}`, next()) // sent into the dead connection, and never received
			b.commit(next())
			if got := b.passed(); got != 18 {
				t.Errorf("got %v people, want 18", got)
			}
			b.deliver(2, false, `{"people_in":5}`, next()) // the identifier is used again
			b.deliver(3, false, `{"people_in":2}`, next())
			b.deliver(3, true, `{"people_in":7}`, next()) // of the former use: it cannot be that one
			b.commit(next())
			if got := b.passed(); got != 32 {
				t.Errorf("got %v people, want 32", got)
			}
			c := b.Counters()
			if c.Duplicate != 2 || c.Stored != 7 || c.Received != 9 {
				t.Errorf("counters: got %+v, want 2 duplicates of 9", c)
			}
		})
	}
}

// Finding T3, with running totals: the values of one minute must not come back as those of a later one.
func TestT3_TotalsSentAgain(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	at := begin
	for i, v := range []int{400, 410, 417} {
		at = at.Add(time.Minute)
		b.deliver(uint16(i+1), false, fmt.Sprintf(`{"people_in_total":%d}`, v), at)
	}
	b.commit(at)
	b.open()
	for i, v := range []int{410, 417} {
		at = at.Add(time.Second)
		b.deliver(uint16(i+2), true, fmt.Sprintf(`{"people_in_total":%d}`, v), at)
	}
	b.commit(at)
	if got := b.passed(); got != 17 {
		t.Errorf("got %v people, want 17", got)
	}
}
