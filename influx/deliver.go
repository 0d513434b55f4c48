package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// deliver sees to it that the lines of the batch are each stored or refused, however long that takes. It returns errHandOver
// where the present has no more time for them, and any other error only when ctx has ended or, while stopping, at the first failure. What
// it sent before may then be stored or not; sending it again does no harm.
func (l *lane) deliver(ctx context.Context) error {
	l.spent, l.doubtful = 0, l.doubtful[:0]
	b := &l.batch
	b.rejected = b.rejected[:0]
	if b.lines() == 0 {
		return nil
	}
	// A copy: the transport may still read a body after the request has failed, while the batch moves on.
	if err := l.attempts(ctx, string(b.text), b.lines(), b.pieces); err != nil {
		return err
	}
	return l.resolve(ctx)
}

// settle sees to it that the pieces are each stored, refused or put aside as doubtful.
func (l *lane) settle(ctx context.Context, pieces []piece) error {
	if len(pieces) == 0 {
		return nil
	}
	return l.attempts(ctx, text(pieces), len(pieces), func() []piece { return pieces })
}

// attempts sends a body of n lines until it is stored, or sorts its pieces out, which are asked for then only.
func (l *lane) attempts(ctx context.Context, body string, n int, pieces func() []piece) error {
	for {
		c, err := l.post(ctx, body, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case c == written:
			good := body[strings.LastIndexByte(body[:len(body)-1], '\n')+1:]
			l.w.good.Store(&good)
			return nil
		case c == tooLarge && n > 1:
			l.shrink(len(body))
			return l.halves(ctx, pieces())
		case c == invalid:
			if err := l.spend(ctx); err != nil {
				return err
			}
			if settled, err := l.sieve(ctx, pieces(), err); settled || err != nil {
				return err
			}
		}
		if err := l.failure(ctx, c, err); err != nil {
			return err
		}
	}
}

// post makes one attempt, and notes what came of it. A success that is not signed is tried once more after a challenge.
func (l *lane) post(ctx context.Context, body string, lines int) (class, error) {
	err := l.send(ctx, body)
	if a, ok := errors.AsType[*answer](err); ok && a.bare {
		if err = l.challenge(ctx); err == nil {
			err = l.send(ctx, body)
		}
	}
	c := classify(err)
	if ctx.Err() == nil {
		l.w.metrics.requests[c].Inc()
	}
	if c == written {
		l.stored(lines, len(body))
	}
	return c, err
}

// send makes one request.
func (l *lane) send(ctx context.Context, body string) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	begin := time.Now()
	l.w.outage.begin(begin)
	err := l.conn().api.WriteRecord(ctx, body)
	took := time.Since(begin)
	l.w.metrics.latency.Observe(took.Seconds())
	switch {
	case err != nil && ctx.Err() != nil:
		// A server that needs longer for every request would never store anything: give it more time.
		l.timeout = min(2*l.timeout, 4*l.w.baseTimeout)
	case err == nil && took < l.w.baseTimeout/2:
		l.timeout = l.w.baseTimeout
	}
	return err
}

// stored notes a success.
func (l *lane) stored(lines, bytes int) {
	w := l.w
	if l.failures > 0 {
		w.log.Info("InfluxDB stores again", "lane", l.name(), "failures", l.failures, "after", time.Since(l.failingSince).Round(time.Second))
	}
	l.failures, l.failingSince = 0, time.Time{}
	l.grow(bytes)
	w.metrics.points.Add(float64(lines))
	w.metrics.bytes.Add(float64(bytes))
	w.health.stored(l.past, lines)
	w.recovered(l)
}

// refuse sets pieces aside that InfluxDB will never accept. They become durable together with the position.
func (l *lane) refuse(pieces []piece, reason string) {
	w := l.w
	for _, p := range pieces {
		l.batch.reject(p, reason)
	}
	if l.again {
		return
	}
	w.metrics.rejected.Add(float64(len(pieces)))
	w.health.refused(len(pieces))
	first := pieces[0].from
	w.faults.rejected(fmt.Sprintf(
		"InfluxDB refuses points of site %q, device %q for good (%s). They are listed among the rejections and can be sent again; the others are stored.",
		first.site, first.device, reason))
}

// failure notes an unsuccessful attempt and waits until the next one is due. It returns an error when there must be none.
func (l *lane) failure(ctx context.Context, c class, err error) error {
	w := l.w
	l.failures++
	if l.failures == 1 {
		l.failingSince = time.Now()
	}
	if l.failures == 1 || l.lastClass != c {
		w.log.Warn("InfluxDB does not store", "lane", l.name(), "class", string(c), "err", w.safe(err))
	}
	l.lastClass = c
	if !l.past {
		w.health.struggle()
	}
	w.failed(l, c, err)
	if w.stopping.Load() {
		return err
	}
	w.faults.quiet()
	if err := sleep(ctx, delay(c, err, l.failures), w.connections.Load().replaced); err != nil {
		return err
	}
	if l.aboutThese(c, err) && w.health.newer(l.batch.to) {
		return errHandOver
	}
	return nil
}

// patience is how often the present tries a batch that may be to blame itself for not being taken, while newer readings wait.
const patience = 3

// aboutThese reports whether a failure may be about what is in the batch, so that others might be taken: something in front of
// InfluxDB reads what passes, or InfluxDB takes no new series. The present does not wait for that to change.
func (l *lane) aboutThese(c class, err error) bool {
	if l.past || l.failures < patience {
		return false
	}
	switch c {
	case unexpected, limited, invalid, tooLarge:
		return true
	case failing: // a part of the database is being dropped
		a, ok := errors.AsType[*answer](err)
		return ok && a.status < http.StatusInternalServerError
	}
	return false
}

// safe is an error's text without secrets, on one line.
func (w *Writer) safe(err error) string {
	return safeText(err.Error(), w.connections.Load().server.Token)
}

// sleep waits, at most until enough is closed, or returns the context's error. A nil enough never ends it.
func sleep(ctx context.Context, d time.Duration, enough <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-enough:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
