package decode

import "sync"

// Memory keeps what devices announce about themselves once and do not repeat with every message: the unit of a property, the
// name behind an alias, the topic of a value. Keys begin with the format's name. Implementations are safe for concurrent
// use; Put has kept value durably, as far as the implementation is durable, when it returns.
type Memory interface {
	Get(key string) (value string, ok bool)
	// Put keeps value; empty: forgets the key. An error says why it could not, and nothing has changed.
	Put(key, value string) error
	// Each calls yield for every key that begins with prefix, in no order, until it says false.
	Each(prefix string, yield func(key, value string) bool)
}

// volatile is a Memory that ends with the process.
type volatile struct {
	mu    sync.RWMutex
	facts map[string]string
}

var _ Memory = (*volatile)(nil)

func (v *volatile) Get(key string) (string, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	value, ok := v.facts[key]
	return value, ok
}

func (v *volatile) Put(key, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if value == "" {
		delete(v.facts, key)
		return nil
	}
	if v.facts == nil {
		v.facts = make(map[string]string)
	}
	v.facts[key] = value
	return nil
}

func (v *volatile) Each(prefix string, yield func(key, value string) bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for key, value := range v.facts {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix && !yield(key, value) {
			return
		}
	}
}
