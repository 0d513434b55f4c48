package journaltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// disk is what a journal in memory leaves when its process ends: the whole content is replaced at once. How it may be broken is said by
// the names of faults.
type disk struct {
	broken map[string]bool
	lock   chan struct{} // held for a commit; a channel, so that time goes on in a bubble while somebody waits for it
	owner  *memory       // the last that was opened; nil: it was closed
	stored *content
	last   uint64 // the highest number that was given
	begun  int64  // refused points
	dead   map[uint64]bool
	sums   map[uint64]string // what was committed
	noted  []journal.Noted
	old    *content // before the last commit
	full   bool
	doubt  func() // the next commit's outcome is unknown
	*accounts.Memory
}

func newDisk(broken map[string]bool) *disk {
	c := newContent()
	return &disk{broken: broken, lock: make(chan struct{}, 1), stored: &c, old: &c, dead: map[uint64]bool{}, sums: map[uint64]string{}, Memory: accounts.NewMemory()}
}

func (d *disk) clone() *disk {
	c := d.stored.clone()
	return &disk{broken: d.broken, lock: make(chan struct{}, 1), stored: &c, old: d.old, last: d.last, begun: d.begun, dead: maps.Clone(d.dead), sums: maps.Clone(d.sums), noted: slices.Clone(d.noted), Memory: d.Memory}
}

// harness of a journal in memory.
type harness struct{ disk *disk }

func (h *harness) Open(_ testing.TB, window int) (journal.Journal, error) {
	d := h.disk
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	if d.owner != nil && d.broken["refuses a second writer"] {
		return nil, journal.ErrInUse
	}
	if d.broken["forgets numbers of what is gone"] {
		d.last = 0
		for _, rec := range d.stored.Records {
			d.last = max(d.last, rec.Seq)
		}
		d.stored.State.LastSeq = d.last
	}
	d.owner = &memory{d: d, window: window}
	return d.owner, nil
}

func (h *harness) Crash(testing.TB) Harness {
	d := h.disk.clone()
	if d.broken["loses the last batch"] {
		c := d.old.clone()
		d.stored = &c
	}
	if d.broken["forgets the cursor"] {
		d.stored.Position = journal.Position{}
	}
	return &harness{d}
}

func (h *harness) Interrupt(_ testing.TB, commit func()) []Harness {
	before := h.disk.clone()
	commit()
	left := []Harness{&harness{before}, h.Crash(nil)}
	if h.disk.broken["leaves half a batch"] {
		half := before.clone()
		half.stored.Records = slices.Clone(h.disk.stored.Records[:len(before.stored.Records)+3])
		half.last += 3
		left = slices.Insert(left, 1, Harness(&harness{half}))
	}
	return left
}

func (h *harness) Fill(testing.TB, journal.Journal) { h.disk.full = true }
func (h *harness) Free(testing.TB, journal.Journal) { h.disk.full = false }

func (h *harness) Doubt(_ testing.TB, j journal.Journal, stored bool) {
	h.disk.doubt = func() {}
	if !stored {
		was := h.disk.clone()
		h.disk.doubt = func() { h.disk.stored, h.disk.last, h.disk.sums = was.stored, was.last, was.sums }
	}
}

func (h *harness) Lose(_ testing.TB, first, last uint64) {
	h.disk.stored.Records = slices.DeleteFunc(h.disk.stored.Records, func(r telemetry.Record) bool { return first <= r.Seq && r.Seq <= last })
}

func (h *harness) Change(_ testing.TB, seq uint64) {
	for i := range h.disk.stored.Records {
		if r := &h.disk.stored.Records[i]; r.Seq == seq {
			r.At++
		}
	}
}

func (h *harness) OpenReader(context.Context) (journal.Recovery, func() error, error) {
	return &memory{d: h.disk, window: window}, func() error { return nil }, nil
}

// memory is an open journal in memory.
type memory struct {
	d      *disk
	window int
	closed bool // under the disk's lock
}

var _ journal.Journal = (*memory)(nil)

func (m *memory) AccountRows(ctx context.Context) ([]accounts.Row, error) {
	return m.d.AccountRows(ctx)
}

func (m *memory) KeepAccounts(ctx context.Context, put, drop []accounts.Row) error {
	if m.closed {
		return errors.New("it is closed")
	}
	return m.d.KeepAccounts(ctx, put, drop)
}

// now is what there is; nobody changes it any more.
func (m *memory) now() *content {
	m.d.lock <- struct{}{}
	defer func() { <-m.d.lock }()
	return m.d.stored
}

// change replaces the content.
func (m *memory) change(do func(c *content) error) error {
	d := m.d
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	switch {
	case m.closed:
		return errors.New("it is closed")
	case d.owner != m && !d.broken["lets two writers in"]:
		return fmt.Errorf("another one has opened it: %w", journal.ErrInUse)
	}
	c := d.stored.clone()
	if err := do(&c); err != nil {
		if d.broken["keeps what it refuses"] {
			d.stored = &c
		}
		return err
	}
	d.stored = &c
	return nil
}

func (m *memory) Commit(_ context.Context, b *journal.Batch) error {
	d := m.d
	own := *b
	m.spoil(&own)
	err := m.change(func(c *content) error {
		if d.full {
			if d.broken["says nothing of room"] {
				return errors.New("something went wrong")
			}
			return journal.ErrFull
		}
		old := d.stored
		c.take(&own)
		for i := range own.Records {
			if own.Records[i].Seq <= d.last && !d.broken["gives a number twice"] {
				return fmt.Errorf("number %d was given", own.Records[i].Seq)
			}
		}
		for _, rec := range own.Records {
			d.last = max(d.last, rec.Seq)
			d.sums[rec.Seq] = fmt.Sprint(rec.At, rec.Site, rec.Kind)
		}
		d.old = old
		if d.broken["reorders records"] && len(c.Records) > 3 {
			i := len(c.Records) - 2
			c.Records[i], c.Records[i-1] = c.Records[i-1], c.Records[i]
		}
		if d.broken["stores record by record"] {
			for i := range own.Records {
				c := old.clone()
				c.Records = append(c.Records, own.Records[:i]...)
				d.stored = &c
				<-d.lock // for everybody to see
				time.Sleep(time.Millisecond)
				d.lock <- struct{}{}
			}
		}
		return nil
	})
	if doubt := d.doubt; doubt != nil && err == nil {
		d.doubt = nil
		if doubt(); d.broken["knows the unknown"] {
			return errors.New("it broke")
		}
		return journal.ErrOutcomeUnknown
	}
	return err
}

func (m *memory) Prepare(b *journal.Batch) {
	if m.d.broken["shows what is prepared"] {
		_ = m.change(func(c *content) error { c.Records = append(c.Records, b.Records...); return nil })
	}
	if m.d.broken["takes the numbers of what is prepared"] {
		m.d.last = max(m.d.last, b.Records[len(b.Records)-1].Seq)
	}
}

// spoil leaves out what a broken journal does not keep.
func (m *memory) spoil(b *journal.Batch) {
	for fault, forget := range map[string]func(){
		"forgets counters":    func() { b.Counters = journal.Counters{} },
		"forgets snapshots":   func() { b.Snapshots = nil },
		"forgets stops":       func() { b.Stops = nil },
		"forgets flows":       func() { b.Flows = nil },
		"forgets that it ran": func() { b.Alive = 0 },
		"owes for ever":       func() { b.Sent = nil },
		"forgets alerts":      func() { b.Changes = nil },
		"loses what people did": func() {
			b.Records = slices.Clone(b.Records)
			for i := range b.Records {
				if b.Records[i].Kind == telemetry.KindEntry {
					b.Records[i].Kind, b.Records[i].Entry = telemetry.KindTick, nil
				}
			}
		},
	} {
		if m.d.broken[fault] {
			forget()
		}
	}
}

func (m *memory) Head() journal.Position { return m.now().Head }

func (m *memory) State(ctx context.Context) (*journal.State, error) {
	st := m.now().clone().State
	st.Identities = st.Identities[max(0, len(st.Identities)-m.window):]
	if m.d.broken["forgets identities"] {
		st.Identities = st.Identities[len(st.Identities)/2:]
	}
	return &st, ctx.Err()
}

func (m *memory) Replay(ctx context.Context, site string, after uint64, fn func(*telemetry.Record) error) error {
	if m.d.broken["holds up commits"] {
		m.d.lock <- struct{}{}
		defer func() { <-m.d.lock }()
		return each(ctx, m.d, m.d.stored.Records, site, after, fn)
	}
	return each(ctx, m.d, m.now().Records, site, after, fn)
}

func each(ctx context.Context, d *disk, records []telemetry.Record, site string, after uint64, fn func(*telemetry.Record) error) error {
	for i := range records {
		if err := ctx.Err(); err != nil && !d.broken["goes on for nobody"] {
			return err
		}
		if rec := copyOf(&records[i]); rec.Seq > after && (site == "" || rec.Site == site || d.broken["mixes sites"]) {
			if err := fn(&rec); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (m *memory) Standing(ctx context.Context, site string, upTo uint64, fn func(*telemetry.Record) error) error {
	return m.Replay(ctx, site, 0, func(rec *telemetry.Record) error {
		if rec.Seq > upTo || rec.Kind != telemetry.KindEntry && rec.Kind != telemetry.KindConfiguration {
			return nil
		}
		return fn(rec)
	})
}

func (m *memory) Deaf(ctx context.Context, site string, after, upTo uint64) (since telemetry.Instant, err error) {
	return since, m.Replay(ctx, site, after, func(rec *telemetry.Record) error {
		if rec.Seq <= upTo && rec.Kind == telemetry.KindService {
			since = rec.Service.DeafSince(rec.Received)
		}
		return nil
	})
}

func (m *memory) Before(ctx context.Context, t telemetry.Instant) (last uint64, err error) {
	return last, m.Replay(ctx, "", 0, func(rec *telemetry.Record) error {
		if rec.Received < t {
			last = rec.Seq
		}
		return nil
	})
}

func (m *memory) Verdicts(ctx context.Context, site string) (all []rules.Transition, err error) {
	newest := map[string]rules.Transition{}
	for _, t := range m.now().Transitions {
		if t.Site == site && (!t.Late || m.d.broken["takes late verdicts"]) {
			newest[t.Rule+" "+t.Subject.String()] = t.Transition
		}
	}
	return slices.Collect(maps.Values(newest)), ctx.Err()
}

func (m *memory) Close() error {
	if m.d.broken["takes more when it is closed"] {
		return nil
	}
	m.d.lock <- struct{}{}
	defer func() { <-m.d.lock }()
	m.closed = true
	if m.d.owner == m {
		m.d.owner = nil
	}
	return nil
}
