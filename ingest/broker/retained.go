package broker

import (
	"strings"
	"sync"
)

// retainers knows whose each retained message of a device is.
type retainers struct {
	mu      sync.Mutex
	byTopic map[string]retainer
	bytes   int64 // of all
}

type retainer struct {
	owner *owner
	size  int64
}

// keep reports whether a message may be retained for its topic, in place of one that is there. An empty one ends that.
func (r *retainers) keep(b *Broker, p *parcel) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, topic := p.owner, p.topic
	had, there := r.byTopic[topic]
	if len(p.payload) == 0 {
		r.release(topic)
		return true
	}
	levels := strings.Count(topic, "/") + 1
	size := p.size() + int64(len(topic)) // which is a key too
	topics, own, all := o.topics.Load(), o.retained.Load(), r.bytes
	if there {
		all -= had.size
		if had.owner == o {
			topics, own = topics-1, own-had.size
		}
	}
	switch {
	case len(topic) > maxTopic, levels > maxLevels,
		topics >= int64(b.options.Limits.RetainedTopics), own+size > b.options.Limits.Retained,
		!there && len(r.byTopic) >= b.options.MaxRetained, all+size > retainedOfAll:
		return false
	}
	r.release(topic)
	r.byTopic[topic] = retainer{o, size}
	r.bytes += size
	o.topics.Add(1)
	o.retained.Add(size)
	return true
}

// expired says that a retained message is there no more.
func (r *retainers) expired(topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release(topic)
}

// release forgets a topic. The caller holds the lock.
func (r *retainers) release(topic string) {
	had, there := r.byTopic[topic]
	if !there {
		return
	}
	delete(r.byTopic, topic)
	r.bytes -= had.size
	had.owner.topics.Add(-1)
	had.owner.retained.Add(-had.size)
}
