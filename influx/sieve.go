package influx

import (
	"context"
	"errors"
	"strings"
	"time"
)

const (
	// liveTries is how many answers of refusal the present sorts out for one batch. What needs more is handed to the past.
	liveTries = 16
	// pastTries likewise, before the past rests for sievePause.
	pastTries  = 64
	sievePause = time.Second
)

// errHandOver says that a batch needs longer than the present has: the past goes on with it.
var errHandOver = errors.New("handed over to the past")

// sieve sorts out what InfluxDB refuses of the pieces, by what it says. settled is false where it says nothing about them.
func (l *lane) sieve(ctx context.Context, pieces []piece, cause error) (settled bool, err error) {
	a, ok := errors.AsType[*answer](cause)
	if !ok {
		return false, nil
	}
	switch r := a.refusal(); r.kind {
	case beyondRetention:
		if r.dropped == len(pieces) {
			l.refuse(pieces, a.text)
			return true, nil
		}
		// The server drops by time alone. Each part is asked for on its own: the refusal of the old ones names their number.
		if old, rest, ok := oldest(pieces, r.dropped); ok {
			if err := l.settle(ctx, old); err != nil {
				return false, err
			}
			return true, l.settle(ctx, rest)
		}
	case fieldConflict:
		return l.conflict(ctx, pieces, r, a)
	case unparsable:
		var bad, rest []piece
		for _, p := range pieces {
			if strings.Contains(a.whole, quotes+p.line+"'") {
				bad = append(bad, p)
			} else {
				rest = append(rest, p)
			}
		}
		if len(bad) == 0 {
			return false, nil
		}
		l.refuse(bad, a.text)
		return true, l.settle(ctx, rest)
	}
	if len(pieces) == 1 {
		l.doubtful = append(l.doubtful, doubt{pieces[0], a.text})
		return true, nil
	}
	return true, l.halves(ctx, pieces)
}

// conflict takes a field off the points that have it, where all of them are refused for it; what else they hold is sent again.
func (l *lane) conflict(ctx context.Context, pieces []piece, r refusal, a *answer) (settled bool, err error) {
	having := 0
	for _, p := range pieces {
		if p.has(r.measurement, r.field) {
			having++
		}
	}
	switch {
	case having == 0:
		return false, nil
	case having != r.dropped && len(pieces) > 1: // in another shard the field may have the right type
		return true, l.halves(ctx, pieces)
	}
	var rest, bad []piece
	for _, p := range pieces {
		if p.has(r.measurement, r.field) {
			alone, left := p.without(r.field)
			bad = append(bad, alone)
			if p = left; p.line == "" {
				continue
			}
		}
		rest = append(rest, p)
	}
	l.refuse(bad, a.text)
	return true, l.settle(ctx, rest)
}

// halves settles one half after the other.
func (l *lane) halves(ctx context.Context, pieces []piece) error {
	half := len(pieces) / 2
	if err := l.settle(ctx, pieces[:half]); err != nil {
		return err
	}
	return l.settle(ctx, pieces[half:])
}

// doubt is a point that is refused in words that nobody knows.
type doubt struct {
	piece
	said string
}

// resolve settles what is doubtful. A point is refused where InfluxDB, by its own headers, refuses it alone, and takes another one
// right after it. Until then it waits.
func (l *lane) resolve(ctx context.Context) error {
	for len(l.doubtful) > 0 {
		d := l.doubtful[0]
		c, err := l.post(ctx, d.line+"\n", 1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if a, ok := errors.AsType[*answer](err); ok && c == invalid {
			if err := l.spend(ctx); err != nil {
				return err
			}
			d.said = a.text
			if good := l.w.good.Load(); a.named && good != nil && l.send(ctx, *good) == nil {
				l.refuse([]piece{d.piece}, d.said)
				c = written
			}
		}
		if c == written {
			l.doubtful = l.doubtful[1:]
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := l.failure(ctx, c, err); err != nil {
			return err
		}
	}
	return nil
}

// spend counts an answer of refusal against the bound of the batch.
func (l *lane) spend(ctx context.Context) error {
	l.spent++
	switch {
	case !l.past && l.spent > liveTries && !l.w.stopping.Load():
		return errHandOver
	case l.past && l.spent%pastTries == 0:
		return sleep(ctx, sievePause, nil)
	}
	return nil
}

// shrink remembers that a request of so many bytes is too large.
func (l *lane) shrink(size int) { l.bytesMax = max(1, size/2) }

// grow lets requests become larger again, little by little.
func (l *lane) grow(size int) {
	if size > l.bytesMax/2 {
		l.bytesMax = min(l.w.batchBytes, l.bytesMax+l.bytesMax/8+1)
	}
}
