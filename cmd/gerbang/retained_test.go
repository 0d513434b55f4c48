package main

import (
	"fmt"
	"sync"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// board is what a display that listens to a broker shows: the newest message of every topic.
type board struct {
	mu    sync.Mutex
	shown map[string]string
	heard map[string]int
}

// watchTopics subscribes to a filter; what is retained arrives at once.
func watchTopics(t *testing.T, c paho.Client, filter string) *board {
	t.Helper()
	b := &board{shown: map[string]string{}, heard: map[string]int{}}
	token := c.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.shown[m.Topic()] = string(m.Payload())
		b.heard[m.Topic()]++
	})
	if token.Wait(); token.Error() != nil {
		t.Fatalf("subscribing to %s: %v", filter, token.Error())
	}
	return b
}

// payload is the newest message of a topic.
func (b *board) payload(topic string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.shown[topic]
	if !ok {
		return "", fmt.Errorf("nothing on %s, only %v", topic, b.heard)
	}
	return p, nil
}
