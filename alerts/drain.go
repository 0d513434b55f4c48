package alerts

import (
	"context"
	"log/slog"
	"sync"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/notify"
)

// drain lets notifications that are under way finish before the dispatcher stops: one that is abandoned between the
// receiver's answer and our note of it is made again by the next run.
type drain struct {
	stage notify.Stage
	mu    sync.RWMutex // held for reading by every notification under way
}

var _ notify.Stage = (*drain)(nil)

// Exec notifies, or waits for the end of stop if that has begun; its context is then over.
func (d *drain) Exec(ctx context.Context, l *slog.Logger, alerts ...*amalert.Alert) (context.Context, []*amalert.Alert, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.stage.Exec(ctx, l, alerts...)
}

// stop holds back new notifications, waits at most patience for those under way, and calls cancel, which ends the rest.
func (d *drain) stop(patience time.Duration, cancel func()) {
	idle := make(chan struct{})
	go func() {
		d.mu.Lock()
		close(idle)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
	cancel()
	<-idle
	d.mu.Unlock()
}
