package rules

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// FuzzRecords reads bytes as records, valid or not: whatever comes, the engine stands, its views are sane, and an engine
// restored in the middle goes on identically.
func FuzzRecords(f *testing.F) {
	d := everything(f)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	for i := range 4 {
		f.Add(randomBytes(rand.New(rand.NewPCG(uint64(i), 0)), 800))
	}
	f.Fuzz(func(t *testing.T, b []byte) { standRecords(t, d, start, b) })
}

// TestRandomRecords is the same without the fuzzer.
func TestRandomRecords(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 20, func(t *testing.T, rng *rand.Rand) { standRecords(t, d, start, randomBytes(rng, 2000)) })
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for k := range b {
		b[k] = byte(rng.Uint32())
	}
	return b
}

// standRecords reads bytes as records and holds the engine to what must be true after each.
func standRecords(t *testing.T, d *Definition, start telemetry.Instant, b []byte) {
	devices := make([]string, 0, len(d.Site.Devices)+1)
	for _, dev := range d.Site.Devices {
		devices = append(devices, dev.ID)
	}
	devices = append(devices, "stranger")
	all := telemetry.Quantities()
	e, copied := New("mpp"), New("mpp")
	var out, copyOut Output
	cfg := configRecord(t, d, start)
	clock := start
	apply := func(rec *telemetry.Record) {
		out.Reset()
		copyOut.Reset()
		if err := e.Apply(rec, &out); err != nil {
			t.Fatal(err)
		}
		if err := copied.Apply(rec, &copyOut); err != nil {
			t.Fatal(err)
		}
		if len(out.Transitions) != len(copyOut.Transitions) || len(out.Samples) != len(copyOut.Samples) {
			t.Fatalf("a restored engine gives %d transitions and %d samples, want %d and %d",
				len(copyOut.Transitions), len(copyOut.Samples), len(out.Transitions), len(out.Samples))
		}
		for _, x := range out.Transitions {
			if x.At > e.clock || x.Late && (x.Until <= x.At || x.Until > e.clock) {
				t.Fatalf("transition %+v at %v: want times up to the clock", x, e.clock)
			}
		}
	}
	apply(&cfg)
	for n := 0; len(b) >= 10 && n < 200; n++ {
		var p [10]byte
		copy(p[:], b)
		b = b[10:]
		clock = clock.Add(time.Duration(p[0]) * 20 * time.Second)
		if p[0] > 250 {
			clock = clock.Add(time.Duration(p[1]) * time.Hour)
		}
		at := clock.Add(-time.Duration(p[1]) * time.Duration(p[1]) * time.Duration(p[2]) * 37 * time.Millisecond)
		if p[2] > 250 {
			at = clock.Add(time.Duration(p[1]) * time.Second)
		}
		rec := telemetry.Record{Seq: uint64(n + 2), Site: "mpp", Kind: telemetry.KindObservation, At: at, Received: clock}
		v := float64(binary.LittleEndian.Uint16(p[5:]))
		switch p[3] % 8 {
		case 0:
			kinds := []telemetry.EntryKind{telemetry.EntryCount, telemetry.EntryCorrection, telemetry.EntryTask, telemetry.EntryLevel}
			subjects := []string{"hall", "waiting", "", "spray"}
			rec.Kind = telemetry.KindEntry
			rec.Entry = &telemetry.Entry{Kind: kinds[p[4]%4], Subject: subjects[p[5]%4], Value: float64(int8(p[6])), Text: []string{"l1", "l2", "x"}[p[7]%3]}
			if p[8] > 128 {
				rec.Entry.Until = at.Add(time.Duration(p[8]) * time.Minute)
			}
		case 1:
			rec.Kind = telemetry.KindTick
		default:
			rec.Observation.Device = devices[int(p[4])%len(devices)]
			rec.Observation.Flags = telemetry.Flags(p[9]) & (telemetry.FlagLate | telemetry.FlagRetained)
			for k := range int(p[8]%3) + 1 {
				rec.Observation.Readings = append(rec.Observation.Readings, telemetry.Reading{Quantity: all[(int(p[7])+k)%len(all)], Value: v / float64(k+1)})
			}
			if p[8] > 250 {
				rec.Observation.Task = &telemetry.TaskLog{Task: "spray", Done: true, Item: "floor"}
			}
		}
		apply(&rec)
		checkSane(t, e)
		if p[9]%16 == 0 {
			snap, err := copied.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			copied = New("mpp")
			if err := copied.Restore(snap); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, _ := e.Snapshot()
	c, _ := copied.Snapshot()
	if !bytes.Equal(a, c) {
		t.Fatal("a restored engine has another state in the end")
	}
}

// FuzzRestore: a snapshot that is not ours is an error, and leaves the engine as it was.
func FuzzRestore(f *testing.F) {
	d := everything(f)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	e := New("mpp")
	var out Output
	cfg := configRecord(f, d, start)
	if err := e.Apply(&cfg, &out); err != nil {
		f.Fatal(err)
	}
	snap, _ := e.Snapshot()
	f.Add(snap, uint16(0), byte(1))
	f.Add(snap[:len(snap)/2], uint16(40), byte(3))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, flip byte) {
		damaged := bytes.Clone(b)
		if len(damaged) > 0 {
			damaged[int(at)%len(damaged)] ^= flip
		}
		e := New("mpp")
		var out Output
		if err := e.Apply(&cfg, &out); err != nil {
			t.Fatal(err)
		}
		err := e.Restore(damaged)
		if err == nil && !bytes.Equal(damaged, snap) {
			again, _ := e.Snapshot()
			if !bytes.Equal(again, damaged) {
				t.Fatal("a damaged snapshot was restored")
			}
		}
		if after, _ := e.Snapshot(); !bytes.Equal(after, snap) && err != nil {
			t.Fatal("a failed restore changed the engine")
		}
	})
}
