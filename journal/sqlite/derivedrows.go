package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/rules"
)

// DerivedSamples calls fn with every sample up to a record, in the order of the records that brought them.
func (j *Journal) DerivedSamples(ctx context.Context, upTo uint64, fn func(*rules.Sample) error) error {
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var id int64
		var s rules.Sample
		if err := scanSample(rows, &id, &s); err != nil {
			return err
		}
		return fn(&s)
	}, sampleColumns+` WHERE record <= ? ORDER BY record, id`, int64(upTo))
	if err != nil {
		return fmt.Errorf("reading the samples: %w", err)
	}
	return nil
}

// DerivedFlows calls fn with every flow up to a record, in the order of the records that brought them.
func (j *Journal) DerivedFlows(ctx context.Context, upTo uint64, fn func(*rules.Flow) error) error {
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var f rules.Flow
		if err := rows.Scan(&f.Record, &f.Site, &f.Device, &f.Channel, &f.At, &f.In, &f.Out); err != nil {
			return err
		}
		return fn(&f)
	}, `SELECT record, site, device, channel, at, people_in, people_out FROM flows WHERE record <= ? ORDER BY record, id`, int64(upTo))
	if err != nil {
		return fmt.Errorf("reading the flows: %w", err)
	}
	return nil
}
