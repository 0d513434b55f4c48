package replay

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
)

// Options say how a table is played.
type Options struct {
	// Name of the table, for problems. It also enters the identities of the messages: the same table played again is
	// recognised as a repetition, another is not.
	Name string
	// Zone of the site, for times without one.
	Zone *time.Location
	// Delay is how long after its time a message arrives; default one second.
	Delay time.Duration
	// Shuffle delays each message by up to this much more, at random by Seed, so that messages overtake each other. All
	// messages are then held in memory.
	Shuffle time.Duration
	Seed    uint64
	// Times is how often each message is delivered; 0 means once. Repetitions follow their original as a broker's would.
	Times int
	// Limit ends after so many messages of the table, repetitions not counted; 0: all.
	Limit int
}

// RowError is a row that could not be read. The rest of the table is.
type RowError struct {
	File string
	Line int
	Err  error // what is wrong, and what was expected
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap gives the cause.
func (e *RowError) Unwrap() error { return e.Err }

// Read gives the messages of a table, each with the topic gerbang/v1/{site}/{device}, QoS 1 and the time at which it would
// have arrived; nothing waits for real time. A row that cannot be read gives a *RowError and the reading goes on; any
// other error is the last thing that is given.
func Read(ctx context.Context, r io.Reader, m *Mapping, o Options) iter.Seq2[ingest.Message, error] {
	o.Times = max(o.Times, 1)
	if o.Delay == 0 {
		o.Delay = time.Second
	}
	rows := table(ctx, r, m, o)
	if o.Limit > 0 {
		rows = limited(rows, o.Limit)
	}
	if m.Order == "time" || o.Shuffle > 0 {
		rows = reordered(rows, m.Order == "time", o)
	}
	return repeated(rows, o.Times)
}

// table reads the rows in their order.
func table(ctx context.Context, r io.Reader, m *Mapping, o Options) iter.Seq2[ingest.Message, error] {
	return func(yield func(ingest.Message, error) bool) {
		if err := m.Validate(); err != nil {
			yield(ingest.Message{}, fmt.Errorf("mapping: %w", err))
			return
		}
		in := bufio.NewReader(r)
		if mark, err := in.Peek(3); err == nil && string(mark) == "\uFEFF" {
			_, _ = in.Discard(3) // a byte order mark is no part of the first name
		}
		for range m.Skip {
			if _, err := in.ReadString('\n'); err != nil {
				yield(ingest.Message{}, fmt.Errorf("%s: ends within the %d lines to skip", o.Name, m.Skip))
				return
			}
		}
		rows := csv.NewReader(in)
		rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = -1, true, true
		if m.Separator != "" {
			rows.Comma = []rune(m.Separator)[0]
		}
		p := newPlayer(m, o)
		if p.zone == nil {
			yield(ingest.Message{}, errors.New("no time zone: want that of the site or of the mapping"))
			return
		}
		if !m.Header {
			if err := p.resolve(m.Columns); err != nil {
				yield(ingest.Message{}, err)
				return
			}
		}
		named := !m.Header
		for {
			if err := ctx.Err(); err != nil {
				yield(ingest.Message{}, fmt.Errorf("reading %s: %w", o.Name, err))
				return
			}
			row, err := rows.Read()
			line := m.Skip
			var bad *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				if !named {
					yield(ingest.Message{}, fmt.Errorf("%s: is empty, want a header", o.Name))
					return
				}
				p.flush(yield)
				return
			case errors.As(err, &bad):
				if !yield(ingest.Message{}, &RowError{o.Name, line + bad.Line, fmt.Errorf("no row of a table (%w)", bad.Err)}) {
					return
				}
				continue
			case err != nil:
				yield(ingest.Message{}, fmt.Errorf("reading %s: %w", o.Name, err))
				return
			case !named:
				named = true
				if err := p.resolve(slices.Clone(row)); err != nil {
					yield(ingest.Message{}, err)
					return
				}
				continue
			}
			at, _ := rows.FieldPos(0)
			if !p.row(line+at, row, yield) {
				return
			}
		}
	}
}

// limited stops after n messages.
func limited(all iter.Seq2[ingest.Message, error], n int) iter.Seq2[ingest.Message, error] {
	return func(yield func(ingest.Message, error) bool) {
		left := n
		for msg, err := range all {
			if !yield(msg, err) {
				return
			}
			if err == nil {
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// reordered gives the problems at once and then the messages in the order in which they arrive.
func reordered(all iter.Seq2[ingest.Message, error], byTime bool, o Options) iter.Seq2[ingest.Message, error] {
	return func(yield func(ingest.Message, error) bool) {
		var msgs []ingest.Message
		for msg, err := range all {
			if err != nil {
				if !yield(msg, err) {
					return
				}
				continue
			}
			msgs = append(msgs, msg)
		}
		earlier := func(a, b ingest.Message) int { return cmp.Compare(a.Received, b.Received) }
		if byTime {
			slices.SortStableFunc(msgs, earlier)
		}
		if o.Shuffle > 0 {
			random := rand.New(rand.NewPCG(o.Seed, 0))
			for i := range msgs {
				msgs[i].Received = msgs[i].Received.Add(time.Duration(random.Int64N(int64(o.Shuffle))))
			}
			slices.SortStableFunc(msgs, earlier)
		}
		for _, msg := range msgs {
			if !yield(msg, nil) {
				return
			}
		}
	}
}

// repeated delivers each message several times.
func repeated(all iter.Seq2[ingest.Message, error], times int) iter.Seq2[ingest.Message, error] {
	return func(yield func(ingest.Message, error) bool) {
		for msg, err := range all {
			for i := range times {
				again := msg
				if i > 0 {
					if err != nil {
						break
					}
					again.Payload = slices.Clone(msg.Payload) // each receiver owns its payload
				}
				if !yield(again, err) {
					return
				}
			}
		}
	}
}
