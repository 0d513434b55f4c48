package sqlite

import (
	"context"

	"github.com/gerbang-iot/gerbang/journal"
)

// Commit makes the batch durable as one transaction; see journal.Journal.
func (j *Journal) Commit(ctx context.Context, b *journal.Batch) error {
	w, err := j.resume(ctx)
	if err != nil {
		return err
	}
	if err := j.watch.lookAgain(); err != nil {
		return err
	}
	if err := w.takeFor(b); err != nil {
		return err
	}
	if err := w.within(func() error { return w.write(b) }); err != nil {
		return err
	}
	if err := j.watch.look(true); err != nil {
		return err
	}
	j.advance(b)
	if len(b.Records) > 0 {
		j.anchors.committed(w.head.Record, w.sum)
	}
	j.tail.push(b.Records)
	j.wake.all()
	return nil
}

// advance moves the heads of the streams behind a committed batch.
func (j *Journal) advance(b *journal.Batch) {
	head := &j.writer.head
	if n := len(b.Records); n > 0 {
		head.Record, j.writer.sum = b.Records[n-1].Seq, j.writer.linked
	}
	head.Transition += int64(len(b.Transitions))
	head.Sample += int64(len(b.Samples))
	head.Flow += int64(len(b.Flows))
}

// Head is the last element of each stream. It is for the goroutine that commits.
func (j *Journal) Head() journal.Position {
	w, err := j.working()
	if err != nil {
		return journal.Position{}
	}
	return w.head
}
