package mqtt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	subscribeTries = 5 // answers that did not come before the client is replaced
	takeoverAfter  = 3 // times in a minute that we were put out and let in again: two clients have one id
	unstableAfter  = 3 // connects in a minute that are more than a restart
)

// together is how far apart both connections are lost where one cause has ended them.
const together = 250 * time.Millisecond

// kickedWithin is how soon two clients with one id, who both come back at once, put each other out.
const kickedWithin = 10 * time.Second

// connect is one of the last connects.
type connect struct {
	at     time.Time
	kicked bool // the broker was there all the time, and had put us out
}

// kicked reports whether the connection that was lost before the present one was ended by the broker for our sake. Then the broker takes
// us back at the first attempt and still has our session, and our other connection was not lost at the same moment: a broker that is restarted, or a
// network that breaks, ends both. Where there is no other, it is told by two clients putting each other out as soon as they come. The caller
// holds mu.
func (in *session) kicked() bool {
	st := &in.state
	if st.lived == 0 || st.refusing || !st.present {
		return false
	}
	if w, ok := in.options.CanaryVia.(interface{ Health() PublisherHealth }); ok {
		return w.Health().Lost.Sub(st.since).Abs() > together
	}
	return st.lived < kickedWithin
}

// count is how many connects of the last minute there are, and how many of them after we were put out.
func count(connects []connect, now time.Time) (all, kicked int) {
	for _, c := range connects {
		if now.Sub(c.at) > time.Minute {
			continue
		}
		all++
		if c.kicked {
			kicked++
		}
	}
	return all, kicked
}

// connected runs after each connect, in a goroutine of its own. It subscribes every time, for the broker may have lost
// the session, and verifies what was granted.
func (in *session) connected() {
	in.mu.Lock()
	if in.ctx.Err() != nil {
		in.mu.Unlock()
		return
	}
	in.tasks.Add(1) // under the lock: before abandon or end wait
	defer in.tasks.Done()
	now := time.Now()
	st := &in.state
	kicked, again := in.kicked(), st.lived != 0
	st.connected, st.since, st.lost, st.granted, st.total, st.refusing = true, now, "", nil, st.total+1, false
	st.connects = append(slices.DeleteFunc(st.connects, func(c connect) bool { return now.Sub(c.at) > time.Minute }), connect{now, kicked})
	_, many := count(st.connects, now)
	present := st.present
	in.mu.Unlock()
	in.metrics.connects.Inc()
	in.heard.Store(in.now())
	switch {
	case !again:
		in.log.Info("connected", "broker", in.broker.Redacted(), "session", present)
	case kicked:
		in.log.Warn("connected again: the broker had ended this connection alone", "broker", in.broker.Redacted(), "session", present)
	default:
		in.log.Info("connected again: the broker was restarted, or the network away", "broker", in.broker.Redacted(), "session", present)
	}
	if kicked && many == takeoverAfter {
		in.log.Error("put out again and again: another client uses the same id", "client", in.options.ClientID, "per_minute", many)
	}

	c := in.conn.Load()
	wait := min(time.Second, in.options.RetryInterval)
	for failures := 0; ; {
		granted, err := in.subscribe(in.filters)
		if in.ctx.Err() != nil || in.conn.Load() != c {
			return // the next connect has its own turn
		}
		refused := ""
		if err != nil {
			refused = err.Error()
			failures++
		}
		if refused == "" {
			refused = shortfall(granted)
		}
		changed := false
		in.change(func(st *state) {
			changed = st.refused != refused
			st.granted, st.refused = granted, refused
		})
		if refused == "" {
			select {
			case in.granted <- struct{}{}:
			default:
			}
			in.resume()
			return
		}
		in.metrics.refusals.Inc()
		if changed {
			in.log.Error("subscription failed", "reason", refused)
		}
		if failures == subscribeTries {
			in.giveUp("subscribing gets no answer")
			return
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, in.options.MaxRetry)
		case <-in.ctx.Done():
			return
		}
	}
}

// subscribe asks for filters and returns what each was granted.
func (in *session) subscribe(filters []string) (map[string]byte, error) {
	in.asking.Lock()
	defer in.asking.Unlock()
	in.asked.Store(int64(len(filters)))
	want := make(map[string]byte, len(filters))
	for _, f := range filters {
		want[f] = 1
	}
	token := in.client.SubscribeMultiple(want, nil)
	timeout := time.NewTimer(in.options.ConnectTimeout)
	defer timeout.Stop()
	select {
	case <-token.Done():
	case <-timeout.C:
		return nil, fmt.Errorf("no answer to the subscription within %s", in.options.ConnectTimeout)
	case <-in.ctx.Done():
		return nil, in.ctx.Err()
	}
	t, ok := token.(*paho.SubscribeToken)
	if !ok {
		return nil, errors.New("the library returned an unknown token")
	}
	// A refusal is an error of the token too, but the result says which.
	if result := t.Result(); len(result) == len(want) {
		return result, nil
	}
	return nil, token.Error()
}

// shortfall says what is missing in a grant; empty if nothing is.
func shortfall(granted map[string]byte) string {
	var missing []string
	for filter, qos := range granted {
		switch qos {
		case 1, 2:
		case 0:
			missing = append(missing, fmt.Sprintf("%q is granted with QoS 0 only", filter))
		default:
			missing = append(missing, fmt.Sprintf("%q is refused (%#x)", filter, qos))
		}
	}
	slices.Sort(missing)
	return strings.Join(missing, "; ")
}
