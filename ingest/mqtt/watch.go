package mqtt

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// watch publishes the canary and gives the connection up when nothing is heard for two intervals, not even the canary:
// that finds what keep-alive cannot, a broker that answers pings and delivers nothing.
func (s *Subscriber) watch(ctx context.Context) {
	if s.options.CanaryVia == nil {
		return // silence means nothing then
	}
	tick := time.NewTicker(s.options.CanaryInterval)
	defer tick.Stop()
	again := time.NewTimer(s.options.CanaryInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.granted: // do not wait for the first proof
		case <-again.C:
		case <-tick.C:
		}
		if !s.sing(ctx) {
			again.Reset(canaryRetry)
		}
		if s.deaf() {
			s.giveUp(fmt.Sprintf("nothing heard for %s", 2*s.options.CanaryInterval))
			s.heard.Store(s.now()) // the next client has its own two intervals
		}
	}
}

// canary is one that was published and not yet heard.
type canary struct {
	number uint64
	sent   time.Time
}

// maxCanaries bounds those remembered while there is no connection.
const maxCanaries = 100

// unheard is how long the oldest canary has been on its way.
func (st *state) unheard() time.Duration {
	if len(st.canaries) == 0 {
		return 0
	}
	return time.Since(st.canaries[0].sent)
}

// canaryRetry is how soon a canary that could not be published is followed by another: at the start the publisher may
// connect a moment after the subscriber.
const canaryRetry = 200 * time.Millisecond

// sing publishes a canary and reports whether that worked.
func (s *Subscriber) sing(ctx context.Context) bool {
	var number uint64
	s.change(func(st *state) { // before it is published: it may be heard before Publish returns
		st.canaryNo++
		number = st.canaryNo
		if len(st.canaries) < maxCanaries {
			st.canaries = append(st.canaries, canary{number, time.Now()})
		}
	})
	timed, cancel := context.WithTimeout(ctx, s.options.CanaryInterval)
	defer cancel()
	err := s.options.CanaryVia.Publish(timed, s.options.CanaryTopic, strconv.AppendUint(nil, number, 10), false)
	if err == nil {
		s.metrics.canarySent.Inc()
		s.change(func(st *state) { st.canaryFault = "" })
		return true
	}
	if ctx.Err() != nil {
		return true
	}
	changed := false
	s.change(func(st *state) {
		st.canaries = slices.DeleteFunc(st.canaries, func(c canary) bool { return c.number == number })
		changed = st.canaryFault != err.Error()
		st.canaryFault = err.Error()
	})
	if changed {
		s.log.Warn("the canary could not be published", "err", err)
	}
	return false
}

// hear takes a canary: with it, all that were sent before it have had their chance.
func (s *Subscriber) hear(payload []byte) {
	number, err := strconv.ParseUint(string(payload), 10, 64)
	if err != nil {
		return
	}
	s.metrics.canaryHeard.Inc()
	s.change(func(st *state) {
		st.canaryHeard = time.Now()
		st.canaries = slices.DeleteFunc(st.canaries, func(c canary) bool { return c.number <= number })
	})
}

// deaf reports whether a canary went out and nothing at all came in for two intervals. A handler that waits for the
// intake hears nothing either, which is not the broker's fault.
func (s *Subscriber) deaf() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := 2 * s.options.CanaryInterval
	return s.state.connected && s.state.unheard() >= limit && time.Duration(s.now()-s.heard.Load()) >= limit && !s.full.Load()
}
