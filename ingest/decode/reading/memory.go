package reading

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

// Volatile is a Memory that ends with the process.
type Volatile struct {
	mu    sync.RWMutex
	Facts map[string]string
}

var _ Memory = (*Volatile)(nil)

// Get implements Memory.
func (v *Volatile) Get(key string) (string, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	value, ok := v.Facts[key]
	return value, ok
}

// Put implements Memory.
func (v *Volatile) Put(key, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if value == "" {
		delete(v.Facts, key)
		return nil
	}
	if v.Facts == nil {
		v.Facts = make(map[string]string)
	}
	v.Facts[key] = value
	return nil
}

// Each implements Memory.
func (v *Volatile) Each(prefix string, yield func(key, value string) bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for key, value := range v.Facts {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix && !yield(key, value) {
			return
		}
	}
}
