package mqtt

import (
	"context"
	"fmt"
	"slices"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// Follow asks for filters beside Options.Topics: topics that are not known before devices name them. They replace those of the
// call before; what Topics cover is left alone. Where there is a connection it returns when the broker has answered, else they
// are asked for at the next connect, as at every one. A filter that the broker refuses is no matter of Health, for whoever
// named it may have named anything; an error means that the caller should try again. Follow is for one goroutine.
func (s *Subscriber) Follow(ctx context.Context, filters []string) error {
	wanted := slices.DeleteFunc(slices.Clone(filters), func(f string) bool {
		return f == "" || slices.ContainsFunc(s.filters, func(have string) bool { return access.Covers(have, f) })
	})
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	s.mu.Lock()
	before := s.followed
	s.followed = wanted
	in, connected := s.current.Load(), s.state.connected
	s.mu.Unlock()
	if in == nil || !connected {
		return nil
	}
	if err := in.follow(missingFrom(before, wanted)); err != nil {
		s.mu.Lock()
		s.followed = before // so that the next call asks again
		s.mu.Unlock()
		return err
	}
	in.leave(ctx, missingFrom(wanted, before))
	return nil
}

// missingFrom are the elements of all that have does not have; both are sorted.
func missingFrom(have, all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(f string) bool {
		_, found := slices.BinarySearch(have, f)
		return found
	})
}

// resume asks for what is followed, after a connect.
func (in *session) resume() {
	in.mu.Lock()
	followed := in.followed
	in.mu.Unlock()
	if err := in.follow(followed); err != nil && in.ctx.Err() == nil {
		in.log.Warn("topics that devices have named could not be subscribed to; they are with the next connect", "err", err)
		in.giveUp("subscribing gets no answer")
	}
}

// follow subscribes to filters. The broker may refuse any of them.
func (in *session) follow(filters []string) error {
	if len(filters) == 0 {
		return nil
	}
	granted, err := in.subscribe(filters)
	if err != nil {
		return fmt.Errorf("subscribing to %d topics that devices have named: %w", len(filters), err)
	}
	if refused := shortfall(granted); refused != "" {
		in.metrics.refusals.Inc()
		in.log.Warn("the broker does not grant topics that devices have named", "reason", refused)
	}
	return nil
}

// leave takes filters back that nobody names any more. What still comes is rejected like anything unknown.
func (in *session) leave(ctx context.Context, filters []string) {
	if len(filters) == 0 {
		return
	}
	token := in.client.Unsubscribe(filters...)
	timeout := time.NewTimer(in.options.ConnectTimeout)
	defer timeout.Stop()
	select {
	case <-token.Done():
	case <-timeout.C:
	case <-in.ctx.Done():
	case <-ctx.Done():
	}
	if _, ok := token.(*paho.UnsubscribeToken); ok && token.Error() != nil {
		in.log.Warn("topics that no device names any more could not be left", "count", len(filters), "err", token.Error())
	}
}
