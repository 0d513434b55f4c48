package influx

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// deliver sees to it that the lines [from, to) of the batch are each stored or rejected, in order, however long that
// takes. It returns an error only when ctx has ended or, while stopping, at the first failure. What it sent before may
// then be stored or not; sending it again does no harm.
func (w *Writer) deliver(ctx context.Context, b *batch, from, to int) error {
	body := b.body(from, to)
	for {
		err := w.post(ctx, body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c := classify(err)
		w.metrics.requests[c].Inc()
		switch c {
		case written:
			w.stored(to-from, len(body))
			return nil
		case tooLarge, invalid:
			a, _ := errors.AsType[*answer](err)
			if to-from == 1 || c == invalid && a.allBeyondRetention(to-from) {
				w.reject(b, from, to, a.text)
				return nil
			}
			half := from + (to-from)/2
			if err := w.deliver(ctx, b, from, half); err != nil {
				return err
			}
			return w.deliver(ctx, b, half, to)
		}
		if err := w.failure(ctx, c, err); err != nil {
			return err
		}
	}
}

// post makes one attempt.
func (w *Writer) post(ctx context.Context, body string) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	begin := time.Now()
	err := w.api.WriteRecord(ctx, body)
	took := time.Since(begin)
	w.metrics.latency.Observe(took.Seconds())
	switch {
	case err != nil && ctx.Err() != nil:
		// A server that needs longer for every request would never store anything: give it more time.
		w.timeout = min(2*w.timeout, 4*w.baseTimeout)
	case err == nil && took < w.baseTimeout/2:
		w.timeout = w.baseTimeout
	}
	return err
}

// stored notes a success.
func (w *Writer) stored(lines, bytes int) {
	if w.failures > 0 {
		w.log.Info("InfluxDB stores again", "failures", w.failures, "after", time.Since(w.failingSince).Round(time.Second))
	}
	w.failures, w.failingSince = 0, time.Time{}
	w.metrics.points.Add(float64(lines))
	w.metrics.bytes.Add(float64(bytes))
	w.health.stored(lines)
	w.recovered()
}

// reject sets lines aside that InfluxDB will never accept. They become durable together with the position.
func (w *Writer) reject(b *batch, from, to int, reason string) {
	for i := from; i < to; i++ {
		b.reject(i, reason)
	}
	w.metrics.rejected.Add(float64(to - from))
	w.health.refused(to - from)
	w.lastRejected = time.Now()
	first := &b.rejected[len(b.rejected)-(to-from)]
	w.faults.fire(FaultRejected, invalid, fmt.Sprintf(
		"InfluxDB refuses points of site %q, device %q for good (%s). They are kept among the rejections; the others are stored.",
		first.Site, first.Device, reason))
}

// failure notes an unsuccessful attempt and waits until the next one is due. It returns an error when there must be none.
func (w *Writer) failure(ctx context.Context, c class, err error) error {
	w.failures++
	if w.failures == 1 {
		w.failingSince = time.Now()
	}
	state := Retrying
	switch c {
	case forbidden, absent, certificate:
		state = Blocked
	}
	if w.failures == 1 || w.lastClass != c {
		w.log.Warn("InfluxDB does not store", "class", string(c), "err", w.safe(err))
	}
	w.lastClass = c
	w.health.is(state, w.safe(err))
	w.failed(c, err, w.failingSince)
	if w.stopping {
		return err
	}
	w.quiet()
	return sleep(ctx, delay(c, err, w.failures))
}

// safe is an error's text without secrets, on one line.
func (w *Writer) safe(err error) string { return safeText(err.Error(), w.server.Token) }

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
