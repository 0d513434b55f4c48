package journaltest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// begin is when the first record of a test was received, less a second; each comes a second after the one before.
const begin = telemetry.Instant(1_767_250_800e9)

func at(seq uint64) telemetry.Instant { return begin + telemetry.Instant(seq)*1e9 }

const window = 50 // of identities

// observation is a message of a device.
func observation(seq uint64, site string) telemetry.Record {
	return telemetry.Record{
		Seq: seq, Kind: telemetry.KindObservation, Site: site, At: at(seq) - 5, Received: at(seq), Identity: seq * 7,
		Observation: telemetry.Observation{Device: "d" + fmt.Sprint(seq%3), Sequence: seq, HasSequence: true, Readings: []telemetry.Reading{
			{Quantity: telemetry.PeopleIn, Value: float64(seq % 5)}, {Quantity: telemetry.CO2, Value: 400.25 + float64(seq), Channel: "a"},
		}},
	}
}

func observations(from uint64, n int, site string) []telemetry.Record {
	all := make([]telemetry.Record, n)
	for i := range all {
		all[i] = observation(from+uint64(i), site)
	}
	return all
}

func configuration(seq uint64, site string) telemetry.Record {
	return telemetry.Record{Seq: seq, Kind: telemetry.KindConfiguration, Site: site, At: at(seq), Received: at(seq), Configuration: &telemetry.Configuration{
		Version: fmt.Sprintf("v%d", seq), Author: "file", Definition: []byte(`{"site":{"id":"` + site + `"}}`)}}
}

func rejection(seq uint64, site string) telemetry.Record {
	return telemetry.Record{Seq: seq, Kind: telemetry.KindRejection, Site: site, At: at(seq), Received: at(seq), Identity: seq * 7, Rejection: &telemetry.Rejection{
		Topic: "a/b", Reason: telemetry.ReasonSyntax, Detail: "no JSON", Size: 3, Raw: []byte{0, 255, 'x'}}}
}

func entry(seq uint64, site, id string, kind telemetry.EntryKind, subject string) telemetry.Record {
	e := telemetry.Entry{ID: id, Kind: kind, Author: "guard", Subject: subject, Value: 12}
	return telemetry.Record{Seq: seq, Kind: telemetry.KindEntry, Site: site, At: at(seq), Received: at(seq), Identity: e.Identity(site), Entry: &e}
}

func service(seq uint64, site string, s telemetry.Service) telemetry.Record {
	return telemetry.Record{Seq: seq, Kind: telemetry.KindService, Site: site, At: at(seq), Received: at(seq), Service: &s}
}

// feed makes one batch after another with something of everything, as a gateway would, and knows what a journal has that took all of them.
type feed struct {
	next    uint64 // number of the next record
	batches int
	content content
}

func newFeed() *feed { return &feed{next: 1, content: newContent()} }

// batch makes a batch of n records. It is not part of the content yet.
func (f *feed) batch(n int) *journal.Batch {
	b, from := &journal.Batch{Counters: f.content.State.Counters}, f.next
	f.batches++
	for i := range n {
		seq := from + uint64(i)
		rec := observation(seq, []string{"mall", "hall"}[seq%2])
		switch {
		case seq <= 2:
			rec = configuration(seq, rec.Site)
		case seq%17 == 0:
			rec = rejection(seq, "")
		case seq%23 == 0:
			rec = telemetry.Record{Seq: seq, Kind: telemetry.KindTick, Site: "mall", At: at(seq), Received: at(seq)}
		}
		b.Records = append(b.Records, rec)
		b.Counters.Received++
		b.Counters.Stored++
	}
	last := from + uint64(n) - 1
	for i := range 3 {
		subject := rules.Subject{Kind: rules.SubjectZone, ID: fmt.Sprintf("z%d", i)}
		b.Transitions = append(b.Transitions, rules.Transition{Site: "mall", Rule: "capacity", Subject: subject, At: at(last), To: rules.Verdict(f.batches % 2), Record: last, Index: i})
		b.Samples = append(b.Samples, rules.Sample{Site: "mall", Zone: subject.ID, At: at(last), Persons: float64(i), Low: float64(i), High: float64(i) + 1, Known: true, Limit: 10, HasLimit: true, Record: last})
		b.Flows = append(b.Flows, rules.Flow{Site: "hall", Device: "d", At: at(last), In: float64(i), Out: 1, Record: last})
	}
	open := alerts.Alert{ID: fmt.Sprintf("a%d", f.batches), Site: "mall", Rule: "capacity", Opened: at(last), Updated: at(last)}
	b.Changes = []alerts.Change{{Alert: open, What: alerts.Opened, At: at(last)}}
	if f.batches > 1 {
		ended := alerts.Alert{ID: fmt.Sprintf("a%d", f.batches-1), Site: "mall", Rule: "capacity", Opened: at(from - 1), Updated: at(last), Resolved: at(last)}
		b.Changes = append(b.Changes, alerts.Change{Alert: ended, What: alerts.Resolved, At: at(last)})
		b.Sent = []string{fmt.Sprintf("s%d", f.batches-1)}
	}
	b.Signals = []alerts.Signal{{ID: fmt.Sprintf("s%d", f.batches), Topic: "out/a", Payload: []byte("x"), Retain: true}, {ID: fmt.Sprintf("t%d", f.batches), Topic: "out/b", Payload: []byte("y")}}
	b.Snapshots = []journal.Snapshot{{Site: "mall", Seq: last, Body: []byte(fmt.Sprintf("engine after %d", last))}}
	b.Rollups = []journal.Rollup{{Site: "mall", Device: "d", Quantity: telemetry.CO2, Minute: at(last) - at(last)%60e9, Count: 1, Sum: 400, Min: 400, Max: 400, Last: 400, LastAt: at(last)}}
	b.Alive = at(last) + 1
	b.Stops = []journal.Stop{{Site: "hall", Seq: uint64(f.batches%2) * last}}
	return b
}

// took says that a journal has stored a batch.
func (f *feed) took(b *journal.Batch) {
	f.next += uint64(len(b.Records))
	f.content.take(b)
}

// commit commits a batch of n records.
func (f *feed) commit(t testing.TB, j journal.Journal, n int) {
	t.Helper()
	b := f.batch(n)
	commit(t, j, b)
	f.took(b)
}

func open(t testing.TB, h Harness) journal.Journal {
	t.Helper()
	j, err := h.Open(t, window)
	if err != nil {
		t.Fatalf("opening the journal: %v", err)
	}
	return j
}

func commit(t testing.TB, j journal.Journal, b *journal.Batch) {
	t.Helper()
	if err := j.Commit(t.Context(), b); err != nil {
		t.Fatalf("committing %d records: %v", len(b.Records), err)
	}
}

func closed(t testing.TB, j journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Errorf("closing the journal: %v", err)
	}
}

// copyOf is a record that outlives the call that gave it.
func copyOf(rec *telemetry.Record) telemetry.Record {
	kept := *rec
	kept.Observation.Readings = slices.Clone(rec.Observation.Readings)
	return kept
}

// replayed are a site's records behind one.
func replayed(t testing.TB, j journal.Replayer, site string, after uint64) []telemetry.Record {
	t.Helper()
	var all []telemetry.Record
	err := j.Replay(t.Context(), site, after, func(rec *telemetry.Record) error {
		all = append(all, copyOf(rec))
		return nil
	})
	if err != nil {
		t.Fatalf("replaying from record %d: %v", after+1, err)
	}
	return all
}

func state(t testing.TB, j journal.Recovery) *journal.State {
	t.Helper()
	st, err := j.State(t.Context())
	if err != nil {
		t.Fatalf("reading the state: %v", err)
	}
	return st
}
