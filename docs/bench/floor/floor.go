// Package floor is the smallest consumer that does the whole job honestly: QoS 1 in, JSON decoded, batches of line protocol to
// InfluxDB, PUBACK only after InfluxDB accepted them. It has no rules, no journal and no configuration: it is what a gateway is compared
// with, not a product.
package floor

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/gerbang-iot/gerbang/docs/bench/influx"
)

const (
	filter     = "site/+/zone/+/occupancy/+"
	batch      = 5000                   // messages to InfluxDB at once
	linger     = 200 * time.Millisecond // how long a batch that is not full waits at most
	queued     = 16384                  // messages between MQTT and InfluxDB; paho waits when it is full
	retryAfter = 200 * time.Millisecond
)

// Run consumes until ctx ends. It subscribes in a session that the broker keeps, and does not connect again when the broker is gone.
func Run(ctx context.Context, broker string, db *influx.DB, logger *slog.Logger) error {
	messages := make(chan paho.Message, queued)
	options := paho.NewClientOptions().AddBroker(broker).SetClientID("floor").SetCleanSession(false).SetAutoAckDisabled(true)
	client := paho.NewClient(options)
	if t := client.Connect(); t.Wait() && t.Error() != nil {
		return fmt.Errorf("floor: connecting to %s: %w", broker, t.Error())
	}
	defer client.Disconnect(0)
	if t := client.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) { messages <- m }); t.Wait() && t.Error() != nil {
		return fmt.Errorf("floor: subscribing to %s: %w", filter, t.Error())
	}
	w := writer{db: db, logger: logger, heads: make(map[string]string)}
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-messages:
			if w.waiting = append(w.waiting, m); len(w.waiting) >= batch {
				w.flush(ctx)
			}
		case <-tick.C:
			w.flush(ctx)
		}
	}
}

// writer belongs to the goroutine of Run.
type writer struct {
	db      *influx.DB
	logger  *slog.Logger
	waiting []paho.Message
	lines   []byte
	heads   map[string]string // by topic: what a line of line protocol begins with
}

// flush writes what waits, as often as InfluxDB needs, and acknowledges it then. What is no reading is acknowledged and dropped.
func (w *writer) flush(ctx context.Context) {
	if len(w.waiting) == 0 {
		return
	}
	w.lines = w.lines[:0]
	for _, m := range w.waiting {
		w.lines = w.appendLine(w.lines, m.Topic(), m.Payload())
	}
	for {
		err := w.db.Write(ctx, w.lines)
		if err == nil {
			break
		}
		w.logger.Warn("writing again", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryAfter):
		}
	}
	for _, m := range w.waiting {
		m.Ack()
	}
	w.waiting = w.waiting[:0]
}

// appendLine appends the line of a message, nothing if it is no reading.
func (w *writer) appendLine(b []byte, topic string, payload []byte) []byte {
	var r struct {
		TS  int64 `json:"ts"` // Unix ms
		In  int64 `json:"in"`
		Out int64 `json:"out"`
		Seq int64 `json:"seq"`
	}
	if err := json.Unmarshal(payload, &r); err != nil {
		return b
	}
	head, ok := w.heads[topic]
	if !ok {
		levels := strings.Split(topic, "/")
		if len(levels) != 6 {
			return b
		}
		head = "occupancy,site=" + levels[1] + ",zone=" + levels[3] + ",device=" + levels[5]
		w.heads[topic] = head
	}
	b = append(b, head...)
	b = strconv.AppendInt(append(b, " in="...), r.In, 10)
	b = strconv.AppendInt(append(b, "i,out="...), r.Out, 10)
	b = strconv.AppendInt(append(b, "i,seq="...), r.Seq, 10)
	b = strconv.AppendInt(append(b, "i "...), r.TS, 10)
	return append(b, '\n')
}
