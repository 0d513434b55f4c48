package journaltest

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func survivesCrash(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	for i, n := range []int{1, 7, 120, 3} {
		f.commit(t, j, n)
		has(t, "while it is open", j, f.content)
		after := open(t, h.Crash(t))
		has(t, "after a crash", after, f.content)
		if i == 3 {
			f.commit(t, after, 5) // it goes on from there
			has(t, "a crash later", after, f.content)
		}
		closed(t, after)
	}
}

func survivesClose(t testing.TB, h Harness) {
	f := newFeed()
	for range 3 {
		j := open(t, h)
		has(t, "at the start", j, f.content)
		f.commit(t, j, 40)
		closed(t, j)
		if err := j.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
	}
	has(t, "in the end", open(t, h), f.content)
}

func everyKind(t testing.TB, h Harness) {
	j := open(t, h)
	odd := observation(2, "mall")
	odd.Identity = 1<<64 - 1
	odd.At = -1 // before 1970
	odd.Observation = telemetry.Observation{
		Device: "péngukur \"1\"\n\\", Boot: "b1", Sequence: 1<<64 - 1, HasSequence: true, Provenance: telemetry.Corrected, Flags: telemetry.FlagClock | telemetry.FlagLate,
		DeviceTime: "kemarin", Task: &telemetry.TaskLog{Task: "spray", Done: true, Agent: "HClO", Item: "door", By: "Siti"},
		Readings: []telemetry.Reading{{Quantity: telemetry.BodyTemperature, Value: 36.600000000000001, Channel: "é"}, {Quantity: telemetry.Button, Value: 1, Text: "long"}},
	}
	large := rejection(6, "")
	large.Rejection.Detail = string(bytes.Repeat([]byte("x"), 1<<16))
	want := []telemetry.Record{
		configuration(1, "mall"), odd, entry(3, "mall", "e1", telemetry.EntryCount, "hall"), {Seq: 4, Kind: telemetry.KindTick, Site: "mall", At: at(4), Received: at(4)},
		rejection(5, ""), large, service(7, "mall", telemetry.Service{Deaf: true, Since: 5, Door: "broker"}),
		{Seq: 8, Kind: telemetry.KindEngine, Site: "mall", At: at(8), Received: at(8), Engine: &telemetry.Engine{Version: "9", After: 3, Deaf: 4}},
	}
	commit(t, j, &journal.Batch{Records: want})
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		got := replayed(t, j, "", 0)
		for i := range want {
			if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("record %d, of kind %v, is not what was committed: got %.400v", i+1, want[i].Kind, got[min(i, len(got)):min(i+1, len(got))])
			}
		}
		if e := state(t, j).Engines["mall"]; e.Version != "9" {
			t.Errorf("the engine that judged last is %q, want 9", e.Version)
		}
	}
}

// batchIsWhole wants each part of a batch where it belongs, also where there are no records.
func batchIsWhole(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 5)
	for _, b := range []*journal.Batch{
		{Sent: []string{"t1", "never owed"}, Counters: f.content.State.Counters},
		{Alive: at(900), Counters: journal.Counters{Received: 9, Stored: 4, Duplicate: 2, Rejected: 2, Ignored: 1, Readings: 11, Unacknowledged: 3}},
		{Stops: []journal.Stop{{Site: "mall", Seq: 4}, {Site: "hall"}}, Counters: journal.Counters{Received: 9}},
		{Transitions: []rules.Transition{{Site: "mall", Rule: "capacity", At: 1, Until: 2, Late: true, To: rules.Breached, Record: 5}}},
	} {
		commit(t, j, b)
		f.took(b)
		has(t, "a part alone", j, f.content)
	}
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}

func snapshots(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 5) // configurations of both sites, and a snapshot of one
	if s, known := state(t, j).Snapshots["hall"]; !known || len(s.Body) != 0 {
		t.Errorf("a site without a snapshot: %+v, known: %v; want it known from its configuration on", s, known)
	}
	body := bytes.Repeat([]byte{0, 1, 254, 255}, 1<<18)
	for seq := uint64(1); seq <= 3; seq++ {
		b := &journal.Batch{Snapshots: []journal.Snapshot{{Site: "hall", Seq: seq, Body: append(body, byte(seq))}}}
		commit(t, j, b)
		f.took(b)
	}
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		if s := state(t, j).Snapshots["hall"]; s.Seq != 3 || !bytes.Equal(s.Body, append(body, 3)) {
			t.Errorf("the snapshot of record %d, %d bytes, is there; want the last one, of record 3", s.Seq, len(s.Body))
		}
		has(t, "beside it", j, f.content)
	}
}

func keptOnce(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 3)
	again := *f.batch(1)
	f.batches--
	again.Records = []telemetry.Record{observation(4, "mall"), observation(5, "mall")}
	again.Records[1].Identity = again.Records[0].Identity // who commits decides what is the same message
	again.Signals = append(again.Signals, f.content.Owed[0])
	again.Sent = nil
	commit(t, j, &again)
	f.took(&again)
	has(t, "a signal that is owed already, two records of one identity", j, f.content)
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}

func identities(t testing.TB, h Harness) {
	j := open(t, h)
	var want []uint64
	for seq := uint64(1); seq <= 2*window+9; seq++ {
		rec := observation(seq, "mall")
		if seq%4 == 0 {
			rec = rejection(seq, "")
		}
		rec.Identity = ^seq
		want = append(want, rec.Identity)
		commit(t, j, &journal.Batch{Records: []telemetry.Record{rec}})
		if seq == 3 {
			if got := state(t, j).Identities; !reflect.DeepEqual(got, want) {
				t.Errorf("of three records: %v, want %v, the oldest first", got, want)
			}
		}
	}
	want = want[len(want)-window:]
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		if got := state(t, j).Identities; !reflect.DeepEqual(got, want) {
			t.Errorf("identities %v, want those of the %d newest, the oldest first: %v", got, window, want)
		}
	}
}
