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
	takeoverAfter  = 3 // connects in a minute that look like two clients with one id
)

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
	st.connected, st.since, st.lost, st.granted, st.total = true, now, "", nil, st.total+1
	st.connects = append(slices.DeleteFunc(st.connects, func(t time.Time) bool { return now.Sub(t) > time.Minute }), now)
	many, present := len(st.connects), st.present
	in.mu.Unlock()
	in.metrics.connects.Inc()
	in.heard.Store(in.now())
	in.log.Info("connected", "broker", in.broker.Redacted(), "session", present)
	if many == takeoverAfter+1 {
		in.log.Error("connected too often: another client probably uses the same id", "client", in.options.ClientID, "per_minute", many)
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
