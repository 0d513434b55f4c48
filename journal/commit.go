package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/influx"
)

// Commit makes the batch durable as one transaction; see gateway.Journal.
func (j *Journal) Commit(_ context.Context, b *gateway.Batch) error {
	if err := j.writer.transaction(func() error { return j.writer.write(b) }); err != nil {
		return err
	}
	j.advance(b)
	j.tail.push(b.Records)
	j.wake.all()
	return nil
}

// advance moves the heads of the streams behind a committed batch.
func (j *Journal) advance(b *gateway.Batch) {
	head := &j.writer.head
	if n := len(b.Records); n > 0 {
		head.Record = b.Records[n-1].Seq
	}
	head.Transition += int64(len(b.Transitions))
	head.Sample += int64(len(b.Samples))
	head.Flow += int64(len(b.Flows))
}

// Head is the last element of each stream. It is for the goroutine that commits.
func (j *Journal) Head() influx.Position { return j.writer.head }
