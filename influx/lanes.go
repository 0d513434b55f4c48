package influx

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// The past never delays the present. Where the Writer is behind by more than a batch and pastAge (after an outage, or a long time
// off), or meets a batch that needs many requests, the present goes on at the end of it, and what it left behind becomes the past:
// one range of the journal, which a lane of its own writes from its beginning on. The durable position is where the past has come to,
// so that a restart, which knows of one position only, begins there again; what the present had written is then written twice.
//
// Points of states (occupancy, the flow of running totals) replace earlier ones of the same time. Those that the present writes about a time
// before the split may meet older ones that the past writes later. They are remembered, and sent again when the past has reached its end.

const (
	pastAge = time.Minute // what waits longer, and is more than a batch, is the past
	lateMax = 50_000      // lines that are remembered; beyond, they are read again from the journal
)

// lanes is what the two lanes share.
type lanes struct {
	mu   sync.Mutex
	live journal.Position // the present is done up to here
	past *past            // nil: there is none
}

// past is a range of the journal that is still to be written.
type past struct {
	done, end journal.Position
	split     time.Time // when the present left it
	reached   bool      // all of it is written
	late      []string  // lines of states that the present wrote meanwhile
	tooMany   bool      // late is not all
}

// begin sets the present's position at the start.
func (s *lanes) begin(at journal.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = at
}

// pastEnd is where the past ends.
func (s *lanes) pastEnd() journal.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past == nil {
		return journal.Position{}
	}
	return s.past.end
}

// reached reports whether the past is written, and the lanes can become one.
func (s *lanes) reached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past != nil && s.past.reached
}

// unwritten is where the past goes on; false: there is none, or all of it is written.
func (s *lanes) unwritten() (from journal.Position, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past == nil || s.past.reached {
		return journal.Position{}, false
	}
	return s.past.done, true
}

// reach notes that all up to end is written, and reports whether that is all of the past.
func (s *lanes) reach(end journal.Position) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past.end != end {
		return false
	}
	s.past.done, s.past.reached = end, true
	return true
}

// split leaves what lies between the present's position and end to the past.
func (w *Writer) split(end journal.Position) {
	s := &w.lanes
	s.mu.Lock()
	if s.past == nil {
		s.past = &past{done: s.live}
	}
	p := s.past
	p.end, p.split, p.reached, p.late, p.tooMany = end, time.Now(), false, nil, false
	s.live = end
	done := p.done
	s.mu.Unlock()
	w.health.split(done, end)
	w.log.Info("older readings are left to a lane of their own, so that new ones do not wait for them", "records", end.Record-done.Record)
	select {
	case w.begun <- struct{}{}:
	default:
	}
}

// present is the present's turn.
func (w *Writer) present(ctx context.Context, l *lane) (behind bool, err error) {
	if l.batch.elements == 0 {
		if w.lanes.reached() {
			if err := w.join(ctx, l); err != nil {
				return true, err
			}
		}
		if head, yes := w.health.behind(uint64(w.batchLines)); yes {
			w.split(head)
			if err := l.attempt(ctx, "finding the configuration", func() error { return l.beginAt(ctx, head) }); err != nil {
				return false, err
			}
		}
	}
	behind, err = l.turn(ctx)
	if errors.Is(err, errHandOver) {
		to := l.batch.to
		w.split(to)
		l.batch.reset(to)
		w.health.advanced(false, to, l.oldest(ctx))
		return behind, nil
	}
	return behind, err
}

// advance makes the lane's batch done, and durable what both lanes have done.
func (w *Writer) advance(ctx context.Context, l *lane) error {
	s, b := &w.lanes, &l.batch
	s.mu.Lock()
	defer s.mu.Unlock()
	durable := b.to
	switch {
	case l.past:
	case s.past != nil:
		durable = s.past.done
		if len(b.rejected) == 0 {
			s.live = b.to
			s.past.remember(b)
			return nil
		}
	}
	if err := w.source.Advance(ctx, durable, b.rejected); err != nil {
		return err
	}
	if l.past {
		s.past.done = b.to
		return nil
	}
	s.live = b.to
	if s.past != nil {
		s.past.remember(b)
	}
	return nil
}

// remember keeps the states of a batch of the present that are about a time before the split.
func (p *past) remember(b *batch) {
	for i := range b.sources {
		s := &b.sources[i]
		if s.stream != journal.StreamSamples && s.stream != journal.StreamFlows || s.at.Time().After(p.split) {
			continue
		}
		if len(p.late) == lateMax {
			p.late, p.tooMany = nil, true
		}
		if p.tooMany {
			return
		}
		p.late = append(p.late, string(b.text[b.start(i):s.end]))
	}
}

// join makes one of two lanes, when the past has reached its end.
func (w *Writer) join(ctx context.Context, l *lane) error {
	s := &w.lanes
	s.mu.Lock()
	p := s.past
	again, late := p.tooMany, p.late
	s.mu.Unlock()
	if again {
		s.mu.Lock()
		live := s.live
		p.done, s.live = p.end, p.end // nothing but what split looks at
		s.mu.Unlock()
		w.split(live)
		return nil
	}
	for len(late) > 0 {
		n := min(len(late), w.batchLines)
		body := strings.Join(late[:n], "")
		for {
			c, err := l.post(ctx, body, n)
			if c == written || c == invalid || c == tooLarge { // what is refused of it was refused before
				break
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := l.failure(ctx, c, err); err != nil && !errors.Is(err, errHandOver) {
				return err
			}
		}
		late = late[n:]
	}
	err := l.attempt(ctx, "saving the position", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := w.source.Advance(ctx, s.live, nil); err != nil {
			return err
		}
		s.past = nil
		return nil
	})
	if err != nil {
		return err
	}
	w.health.joined()
	w.health.hold("")
	w.faults.clear(FaultHeld)
	w.log.Info("the older readings are in InfluxDB too")
	return nil
}

// runPast writes the past whenever there is one, at low priority: it rests as long as it works, and does not try while the present
// fails.
func (w *Writer) runPast(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.begun:
		}
		from, is := w.lanes.unwritten()
		if !is {
			continue
		}
		l := newLane(w, true)
		if err := l.attempt(ctx, "finding the configuration", func() error { return l.beginAt(ctx, from) }); err != nil {
			return
		}
		for w.pastTurn(ctx, l) {
		}
	}
}

// pastTurn writes one batch of the past, and reports whether there may be more.
func (w *Writer) pastTurn(ctx context.Context, l *lane) bool {
	for w.health.struggling() {
		if sleep(ctx, time.Second, nil) != nil {
			return false
		}
	}
	begin, end := time.Now(), w.lanes.pastEnd()
	_, err := l.turn(ctx)
	if ctx.Err() != nil {
		return false
	}
	if err == nil && l.idle && w.lanes.reach(end) {
		w.Committed(journal.Position{}) // wakes the present
		return false
	}
	return sleep(ctx, min(time.Since(begin), time.Second), nil) == nil
}
