package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// give gives the gateway a message as a door does.
func (b *bench) give(m ingest.Message) {
	b.t.Helper()
	m.QoS = 1
	if err := b.Accept(context.Background(), &m); err != nil {
		b.t.Fatal(err)
	}
}

// rejected are the rejections of the journal.
func (m *memory) rejected() (all []telemetry.Record) {
	for i := range m.records {
		if m.records[i].Kind == telemetry.KindRejection {
			all = append(all, m.records[i])
		}
	}
	return all
}

// Finding S2: what nobody understands, thousands of times, is a few records with a count. Every message is accounted for, and what is
// understood is stored beside it.
func TestS2_RejectionsThatAreAlikeAreCounted(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	const flood = 20_000
	at := begin.Add(time.Second)
	for i := range flood {
		at++
		b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte(`{"co2":"no number"}`), Received: at, Session: 9, Packet: uint16(i)})
	}
	for i := range flood { // the words differ each time
		at++
		b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: fmt.Appendf(nil, `%*s`, 1+i%1000, "}"), Received: at})
	}
	b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte(counted(1, 3, 0)), Received: at})
	b.commit(at)
	if n := len(m.rejected()); n > 10 {
		t.Errorf("%d records of %d messages that are alike, want at most ten", n, 2*flood)
	}
	if c := b.Counters(); c.Received != 2*flood+1 || c.Rejected != 2*flood || c.Stored != 1 {
		t.Errorf("counters %+v: want %d rejected and one stored", c, 2*flood)
	}
	if b.passed() != 3 {
		t.Errorf("%v people passed, want the 3 of the message that is understood", b.passed())
	}
	// When the hour is over the journal says how many there were.
	later := at.Add(time.Hour)
	if due := b.Due(); due > later {
		t.Errorf("the counts are due at %s, want within the hour", due)
	}
	if err := b.Advance(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	b.commit(later)
	var more, kept uint64
	for _, rec := range m.rejected() {
		if more += rec.Rejection.More; rec.Rejection.More == 0 {
			kept++
		} else if rec.Rejection.Topic != "gerbang/v1/mall/count" || rec.Site != "mall" {
			t.Errorf("counted only: %+v, want whose they were", rec.Rejection)
		}
	}
	if more+kept != 2*flood {
		t.Errorf("%d kept and %d counted, want %d together", kept, more, 2*flood)
	}
	// The next hour begins anew.
	b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte(`{"co2":"no number"}`), Received: later.Add(time.Second)})
	before := len(m.rejected())
	b.commit(later.Add(time.Second))
	if n := len(m.rejected()); n != before+1 {
		t.Errorf("%d more records in the next hour, want one", n-before)
	}
}

// Topics without end are told apart as far as there is room, and then no more.
func TestS2_KindsOfRejectionsAreBounded(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	at := begin
	for i := range 20_000 {
		at++
		topic := fmt.Sprintf("%*d/%*d/%*d/%*d", 1+i%13, 1, 1+i/13%13, 1, 1+i/169%13, 1, 1+i/2197%13, 1)
		b.give(ingest.Message{Topic: topic, Payload: []byte("x"), Received: at})
	}
	b.commit(at)
	if n := len(m.rejected()); n > 3*mostAlike {
		t.Errorf("%d records, want at most %d", n, 3*mostAlike)
	}
	if n := len(b.alike.tallies); n > mostAlike+20 {
		t.Errorf("%d kinds are held in memory, want at most %d", n, mostAlike)
	}
}

// Finding L9: what the broker repeats to whoever subscribes is rejected once, through restarts, and a packet that is sent again
// is known.
func TestL9_RepeatedRejectionsAreKnown(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	const held = 500
	at := begin
	for start := range 4 {
		if start > 0 {
			b.open()
		}
		for i := range held {
			at++
			b.give(ingest.Message{Topic: fmt.Sprintf("lamp/%d/state", i), Payload: []byte(`{"on":true}`), Received: at, Retained: true})
		}
		b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte("nonsense"), Received: at, Session: 7, Packet: 3, Repeated: start > 0})
		at = at.Add(2 * time.Hour)
		b.commit(at)
	}
	if n := len(m.rejected()); n != held+1 {
		t.Errorf("%d rejections after three restarts, want %d", n, held+1)
	}
	if c := b.Counters(); c.Rejected != held+1 || c.Duplicate != 3*(held+1) {
		t.Errorf("counters %+v: want %d rejected once, and the rest repeated", c, held+1)
	}
	// What has changed is another message.
	b.give(ingest.Message{Topic: "lamp/1/state", Payload: []byte(`{"on":false}`), Received: at, Retained: true})
	if c := b.Counters(); c.Rejected != held+2 {
		t.Errorf("counters %+v: want the changed one rejected", c)
	}
}

// Finding S3: the snapshot of a site that is quiet follows what others send, so that it holds back neither retention nor a start.
func TestS3_AQuietSitesSnapshotFollows(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall", "quiet")
	at := begin
	step := func() {
		at = at.Add(10 * time.Minute)
		if err := b.Advance(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		b.commit(at)
		at = at.Add(time.Second) // one snapshot at a time
		b.commit(at)
	}
	for range 3 {
		step()
	}
	first := m.snapshots["quiet"].Seq
	for i := range 30 {
		b.send("gerbang/v1/mall/count", counted(i, 1, 0), at)
		step()
	}
	behind := b.LastSeq() - m.snapshots["quiet"].Seq
	if m.snapshots["quiet"].Seq <= first || behind > 20 {
		t.Errorf("the quiet site's snapshot is %d records behind, of %d", behind, b.LastSeq())
	}
}

// A clock that is set back leaves nothing that was received in the future: a start would take it for the present.
func TestS2_CountsOfAClockThatIsSetBack(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	ahead := begin.Add(2 * time.Hour)
	for i := range 3 {
		b.give(ingest.Message{Topic: "gerbang/v1/mall/count", Payload: []byte(`{"co2":"no number"}`), Received: ahead.Add(time.Duration(i) * time.Second)})
	}
	b.commit(ahead.Add(3 * time.Second))
	back := begin.Add(time.Minute)
	kept := len(m.records)
	if err := b.SetClock(context.Background(), back); err != nil {
		t.Fatal(err)
	}
	b.commit(back)
	if err := b.tellAlike(context.Background(), back.Add(time.Second), true); err != nil { // it stops
		t.Fatal(err)
	}
	b.commit(back.Add(time.Second))
	var more uint64
	for _, rec := range m.records[kept:] {
		if rec.Received > back.Add(time.Second) || rec.At > rec.Received {
			t.Errorf("a %s of %v, received %v, after the clock was set back to %v", rec.Kind, rec.At, rec.Received, back)
		}
		if rec.Rejection != nil {
			more += rec.Rejection.More
		}
	}
	if more != 2 {
		t.Errorf("%d rejections are counted, want the 2 that were not kept", more)
	}
}
