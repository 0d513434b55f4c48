package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// asker publishes the decoder's requests to devices. A request that cannot be sent is dropped: what made it necessary will come
// again, and ask again.
type asker struct {
	requests chan alerts.Signal
	publish  func(context.Context, []alerts.Signal) error
	log      *slog.Logger
}

// newAsker makes an asker; Run sends.
func newAsker(log *slog.Logger) *asker {
	return &asker{requests: make(chan alerts.Signal, 64), log: log.With("component", "requests")}
}

// ask takes a request and does not block; when too many wait it is dropped.
func (a *asker) ask(topic string, payload []byte) {
	select {
	case a.requests <- alerts.Signal{Topic: topic, Payload: payload}:
	default:
	}
}

// run sends requests until ctx ends.
func (a *asker) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case request := <-a.requests:
			sending, cancel := context.WithTimeout(ctx, 10*time.Second)
			err := a.publish(sending, []alerts.Signal{request})
			cancel()
			if err != nil && ctx.Err() == nil {
				a.log.Warn("a device could not be asked for its names; its readings wait until it tells them", "topic", request.Topic, "err", err)
			}
		}
	}
}
