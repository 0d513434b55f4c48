package load

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/docs/bench/mqtt"
)

const (
	seqKey    = `"seq":`        // stands before the number of the reading in an alert
	alertWait = 3 * time.Second // how long the last alerts may stay away
)

// alertTimer matches alerts to the readings that raised them.
type alertTimer struct {
	conn   *mqtt.Conn
	sentAt []int64 // by seq: ns after begun, atomic
	ended  chan struct{}

	mu        sync.Mutex
	begun     time.Time
	seen      map[int]bool
	latencies []float64 // ms
	twice     int
}

// timeAlerts subscribes to alerts. begin has to be called before the first reading is sent, close at the end.
func timeAlerts(broker, filter string, messages int) (*alertTimer, error) {
	conn, err := mqtt.Dial(broker, fmt.Sprintf("bench-%d-alerts", os.Getpid()))
	if err != nil {
		return nil, err
	}
	if err := conn.Subscribe(filter); err != nil {
		conn.Close()
		return nil, err
	}
	t := &alertTimer{conn: conn, sentAt: make([]int64, messages), seen: make(map[int]bool), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		_ = conn.Consume(func(_, payload []byte) { t.alert(payload, time.Now()) }) // alerts that do not come are missing in the result
	}()
	return t, nil
}

func (t *alertTimer) begin(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = at
}

// alert takes one alert. What names no reading of this load is not counted; the second about a reading counts as twice.
func (t *alertTimer) alert(payload []byte, now time.Time) {
	seq, ok := seqOf(payload)
	if !ok || seq >= len(t.sentAt) {
		return
	}
	sent := atomic.LoadInt64(&t.sentAt[seq])
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.begun.IsZero() || sent == 0: // an alert of an earlier load with the number of a reading that was not sent yet
	case t.seen[seq]:
		t.twice++
	default:
		t.seen[seq] = true
		t.latencies = append(t.latencies, milliseconds(now.Sub(t.begun).Nanoseconds()-sent))
	}
}

// wait returns when so many alerts came, or none more for a while.
func (t *alertTimer) wait(want int) {
	last, since := -1, time.Now()
	for time.Since(since) < alertWait {
		t.mu.Lock()
		n := len(t.latencies)
		t.mu.Unlock()
		if n >= want {
			return
		}
		if n != last {
			last, since = n, time.Now()
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// close ends the connection and returns the latencies in ms, unsorted, and how many alerts came a second time.
func (t *alertTimer) close() (latencies []float64, twice int) {
	t.conn.Close()
	<-t.ended
	return t.latencies, t.twice
}

// seqOf is the number of the reading that an alert names.
func seqOf(payload []byte) (int, bool) {
	_, rest, ok := bytes.Cut(payload, []byte(seqKey))
	if !ok {
		return 0, false
	}
	n, digits := 0, 0
	for _, c := range bytes.TrimLeft(rest, " ") {
		if c < '0' || c > '9' {
			break
		}
		if digits++; digits > 9 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, digits > 0
}
