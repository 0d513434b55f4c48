package app

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode"
)

// announcer is what hearing asks of a decoder.
type announcer interface {
	Announced() []string
	TopicsChanged() <-chan struct{}
}

var _ announcer = (*decode.Decoder)(nil)

// hearing keeps the subscriber at the topics that devices have announced.
type hearing struct {
	first announcer
	next  chan announcer // after a reload; holds one
	retry time.Duration
}

func newHearing(d announcer) *hearing {
	return &hearing{first: d, next: make(chan announcer, 1), retry: 10 * time.Second}
}

// swap brings a reloaded decoder into force. One goroutine may call it.
func (h *hearing) swap(d announcer) {
	select {
	case <-h.next: // an older one that nobody has taken yet
	default:
	}
	h.next <- d
}

// run follows what is announced until ctx ends.
func (h *hearing) run(follow func(context.Context, []string) error, log *slog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		for d := h.first; ; {
			var again <-chan time.Time
			if err := follow(ctx, d.Announced()); err != nil && ctx.Err() == nil {
				log.Warn("topics that devices have announced are not heard yet; it is tried again", "component", "announcements", "err", err)
				again = time.After(h.retry)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-again:
			case <-d.TopicsChanged():
			case d = <-h.next:
			}
		}
	}
}

// modelTopics are the topics of a decoder's models, without what devices have announced.
func modelTopics(d *decode.Decoder) []string {
	announced := d.Announced()
	return slices.DeleteFunc(d.Topics(), func(topic string) bool {
		_, found := slices.BinarySearch(announced, topic)
		return found
	})
}
