package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Counter counts the points in InfluxDB that come from readings of a time: from on and before to, Unix ms.
type Counter func(ctx context.Context, from, to int64) (int64, error)

// Run publishes the load and waits for what comes of it. count is nil if arrivals are not counted. An error means that the load was not
// published as asked; what was lost behind the broker is no error but stands in the result.
func Run(ctx context.Context, o Options, count Counter) (Result, error) {
	if err := o.validate(); err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	f := newFleet(o, time.Now().UnixMilli())
	var alerts *alertTimer
	if o.Alerts != "" {
		var err error
		if alerts, err = timeAlerts(o.Broker, o.Alerts, o.total()); err != nil {
			return Result{}, err
		}
		defer alerts.close()
	}
	begun, result, err := publish(ctx, f, alerts)
	if err != nil {
		return result, fmt.Errorf("publishing to %s: %w", o.Broker, err)
	}
	result.Arrived = -1
	if count != nil {
		from, to := f.span()
		arrived, last, err := awaitPoints(ctx, int64(result.Acked), func(ctx context.Context) (int64, error) { return count(ctx, from, to) })
		if err != nil {
			return result, err
		}
		result.Arrived, result.EndSeconds = int(arrived), last.Sub(begun).Seconds()
	}
	if alerts != nil {
		alerts.wait(o.Devices)
		ms, twice := alerts.close()
		result.Alerts = &AlertsResult{Expected: o.Devices, Came: len(ms), Twice: twice, MS: latenciesOf(ms)}
	}
	return result, ctx.Err()
}

// publish lets all connections publish and returns when they began.
func publish(ctx context.Context, f *fleet, alerts *alertTimer) (time.Time, Result, error) {
	var publishers []*publisher
	for c := range f.Connections {
		p, err := newPublisher(f, c)
		if err != nil {
			for _, p := range publishers {
				p.conn.Close()
			}
			return time.Time{}, Result{}, err
		}
		publishers = append(publishers, p)
	}
	begun := time.Now()
	if alerts != nil {
		alerts.begin(begun)
	}
	errs := make([]error, f.Connections)
	var all sync.WaitGroup
	for c, p := range publishers {
		p.begun, p.deadline = begun, begun.Add(f.Limit)
		if alerts != nil {
			p.sentAt = alerts.sentAt
		}
		all.Go(func() {
			if err := p.run(ctx); err != nil {
				errs[c] = fmt.Errorf("connection %d: %w", c+1, err)
			}
		})
	}
	all.Wait()
	result := Result{PublishSeconds: time.Since(begun).Seconds()}
	var latencies []float64
	for _, p := range publishers {
		result.Sent += p.sent
		result.Acked += int(p.acked.Load())
		latencies = append(latencies, p.latencies...)
	}
	result.PubackMS = latenciesOf(latencies)
	return begun, result, errors.Join(errs...)
}

// awaitPoints counts until all points are there or no more come, and returns how many there are and when the last were seen. Counts
// that fail are tried again like counts that do not grow, for InfluxDB may be busy; the error is that of the last.
func awaitPoints(ctx context.Context, want int64, count func(context.Context) (int64, error)) (arrived int64, last time.Time, err error) {
	last = time.Now()
	for {
		n, err := count(ctx)
		now := time.Now()
		if err == nil && n > arrived {
			arrived, last = n, now
		}
		if arrived >= want || now.Sub(last) > settle {
			return arrived, last, err
		}
		select {
		case <-ctx.Done():
			return arrived, last, ctx.Err()
		case <-time.After(countEvery):
		}
	}
}
