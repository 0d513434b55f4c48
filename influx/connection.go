package influx

import (
	"context"
	"net/http"
	"sync"

	"github.com/influxdata/influxdb-client-go/v2/api"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// connection is one lane's way to the server.
type connection struct {
	doer *doer
	api  api.WriteAPIBlocking
}

// connections are those of both lanes. They are replaced together when the server's address or secret changes.
type connections struct {
	server        Server
	present, past connection
	again         connection    // of what was refused before
	replaced      chan struct{} // closed when these are no longer in use
}

func (w *Writer) connect(s Server) (*connections, error) {
	setDefault(&s.Timeout, defaultTimeout)
	if err := s.Validate(); err != nil {
		return nil, err
	}
	rt := w.override
	if rt == nil {
		t, err := s.transport()
		if err != nil {
			return nil, err
		}
		rt = t
	}
	c := &connections{server: s, replaced: make(chan struct{})}
	for _, lane := range []*connection{&c.present, &c.past, &c.again} {
		lane.doer = newDoer(rt, http.StatusNoContent, s.compress(), s.Token)
		lane.api = s.client(lane.doer).WriteAPIBlocking(s.Org, s.Bucket)
	}
	return c, nil
}

func (c *connections) close() {
	c.present.doer.client.CloseIdleConnections()
	c.past.doer.client.CloseIdleConnections()
	c.again.doer.client.CloseIdleConnections()
}

// Renew prepares to write to s from now on, with the secrets and certificates of now. swap puts it in force and cannot fail; a pause
// before the next attempt ends then.
func (w *Writer) Renew(s Server) (swap func(), err error) {
	c, err := w.connect(s)
	if err != nil {
		return nil, err
	}
	return func() {
		old := w.connections.Swap(c)
		close(old.replaced)
		old.close()
	}, nil
}

// conn is the lane's way to the server now.
func (l *lane) conn() *connection {
	c := l.w.connections.Load()
	switch {
	case l.again:
		return &c.again
	case l.past:
		return &c.past
	}
	return &c.present
}

// shared lets two lanes use a Source.
type shared struct {
	mu     sync.Mutex
	source journal.Source
}

var _ journal.Source = (*shared)(nil)

// Records implements Source.
func (s *shared) Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Records(ctx, after, limit, dst)
}

// Transitions implements Source.
func (s *shared) Transitions(ctx context.Context, after int64, limit int, dst []journal.Transition) ([]journal.Transition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Transitions(ctx, after, limit, dst)
}

// Samples implements Source.
func (s *shared) Samples(ctx context.Context, after int64, limit int, dst []journal.Sample) ([]journal.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Samples(ctx, after, limit, dst)
}

// Flows implements Source.
func (s *shared) Flows(ctx context.Context, after int64, limit int, dst []journal.Flow) ([]journal.Flow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Flows(ctx, after, limit, dst)
}

// Configured implements Source.
func (s *shared) Configured(ctx context.Context, seq uint64) ([]telemetry.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Configured(ctx, seq)
}

// Position implements Source.
func (s *shared) Position(ctx context.Context) (journal.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Position(ctx)
}

// Advance implements Source.
func (s *shared) Advance(ctx context.Context, to journal.Position, rejected []journal.Rejected) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Advance(ctx, to, rejected)
}
