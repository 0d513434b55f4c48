// Package shared keeps what is the same for all sites and costs much to make: sites are governed by the same protocols, and what is
// compiled of an expression is a thousand times larger than its text. What an engine decides does not depend on it.
package shared

import "sync"

// Table makes each value once. Its methods are safe for concurrent use. It is empty at first.
type Table[K comparable, V any] struct {
	// Most bounds how many values are kept: a process that is configured anew again and again begins afresh when they are reached.
	Most int

	mu  sync.Mutex
	all map[K]V
}

// Get gives the value for a key, which was made before or is made now. What fails is not kept.
func (t *Table[K, V]) Get(key K, create func() (V, error)) (V, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v, ok := t.all[key]; ok {
		return v, nil
	}
	v, err := create()
	if err != nil {
		return v, err
	}
	if t.all == nil || len(t.all) >= t.Most {
		t.all = make(map[K]V)
	}
	t.all[key] = v
	return v, nil
}
