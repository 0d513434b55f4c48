package influx

import (
	"context"
	"slices"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// bounded is the part of a Source that ends somewhere.
type bounded struct {
	journal.Source
	end func() journal.Position
}

// Records implements Source.
func (s bounded) Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	end, from := s.end().Record, len(dst)
	if after >= end {
		return dst, nil
	}
	dst, err := s.Source.Records(ctx, after, limit, dst)
	return until(dst, from, func(r *telemetry.Record) bool { return r.Seq > end }), err
}

// Transitions implements Source.
func (s bounded) Transitions(ctx context.Context, after int64, limit int, dst []journal.Transition) ([]journal.Transition, error) {
	end, from := s.end().Transition, len(dst)
	dst, err := s.Source.Transitions(ctx, after, limit, dst)
	return until(dst, from, func(t *journal.Transition) bool { return t.ID > end }), err
}

// Samples implements Source.
func (s bounded) Samples(ctx context.Context, after int64, limit int, dst []journal.Sample) ([]journal.Sample, error) {
	end, from := s.end().Sample, len(dst)
	dst, err := s.Source.Samples(ctx, after, limit, dst)
	return until(dst, from, func(v *journal.Sample) bool { return v.ID > end }), err
}

// Flows implements Source.
func (s bounded) Flows(ctx context.Context, after int64, limit int, dst []journal.Flow) ([]journal.Flow, error) {
	end, from := s.end().Flow, len(dst)
	dst, err := s.Source.Flows(ctx, after, limit, dst)
	return until(dst, from, func(f *journal.Flow) bool { return f.ID > end }), err
}

// until cuts what was read, from an index on, where it is beyond the end.
func until[T any](read []T, from int, beyond func(*T) bool) []T {
	i := slices.IndexFunc(read[from:], func(v T) bool { return beyond(&v) })
	if i < 0 {
		return read
	}
	return read[:from+i]
}
