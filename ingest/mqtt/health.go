package mqtt

import (
	"fmt"
	"maps"
	"time"
)

// Health is the state of a Subscriber.
type Health struct {
	Connected      bool
	Since          time.Time       // of being connected, or not
	SessionPresent bool            // the broker had our session at the last connect
	Connects       int             // since the start
	Granted        map[string]byte // QoS by filter; 0x80 is a refusal
	Heard          time.Time       // the last message, canaries included; zero if none
	CanaryHeard    time.Time       // the last canary; zero if none
	Unacked        int             // messages handed over and not yet on disk
	OldestUnacked  time.Duration   // how long the oldest of them has waited
	Takeover       bool            // another client probably uses our id
	Unstable       string          // that the connection breaks again and again, for the broker is restarted, or the network away; empty if not
	Reason         string          // why it is not healthy; empty if it is
}

// stuck is how long a commit may take before the subscriber is no longer healthy.
const stuck = 30 * time.Second

// Health returns the state. It is cheap and safe for concurrent use.
func (s *Subscriber) Health() Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	now := time.Now()
	h := Health{
		Connected:      st.connected,
		Since:          st.since,
		SessionPresent: st.present,
		Connects:       st.total,
		Granted:        maps.Clone(st.granted),
		CanaryHeard:    st.canaryHeard,
		Unacked:        s.backlog.Len(),
		OldestUnacked:  s.backlog.Oldest(s.now()),
	}
	if heard := s.heard.Load(); heard > 0 {
		h.Heard = s.epoch.Add(time.Duration(heard))
	}
	recent, kicked := count(st.connects, now)
	if recent > unstableAfter && kicked < takeoverAfter {
		h.Unstable = fmt.Sprintf("Connected %d times in a minute.", recent)
	}
	switch {
	case !st.running:
		h.Reason = "not running"
	case !st.connected && st.lost == "":
		h.Reason = "connecting"
	case !st.connected:
		h.Reason = "not connected: " + st.lost
	case kicked >= takeoverAfter:
		h.Takeover = true
		h.Reason = fmt.Sprintf("put out %d times in a minute while the broker was there: another client probably uses the id %q", kicked, s.options.ClientID)
	case st.refused != "":
		h.Reason = "subscription: " + st.refused
	case st.granted == nil:
		h.Reason = "subscribing"
	case h.OldestUnacked > stuck:
		h.Reason = fmt.Sprintf("the oldest message has waited %s for its commit", h.OldestUnacked.Round(time.Second))
	case st.canaryFault != "":
		h.Reason = "the canary could not be published: " + st.canaryFault
	case st.unheard() > s.options.CanaryInterval:
		h.Reason = fmt.Sprintf("the canary was not heard for %s: the broker delivers nothing, or filters", st.unheard().Round(time.Millisecond))
	}
	return h
}
