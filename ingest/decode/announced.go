package decode

import (
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a format keeps of announcements is bounded, for anybody who may publish can announce: a device has at most maxPerOwner
// entries, and devices that are not configured have at most maxForeign together. They are kept too, since a device may be
// configured long after it announced itself.
const (
	maxPerOwner   = 256
	maxForeign    = 4096
	maxAnnounced  = 16 << 10 // bytes of one entry
	maxAnnouncing = 64       // bytes of a name, unit or other word in it
)

// announced is what the devices of one format have announced: entries of the decoder's Memory, counted by owner. An owner is
// how a device names itself. It is safe for concurrent use.
type announced struct {
	memory Memory
	prefix string // of keys: the format's name and a space
	// configured reports whether an owner is a device of ours.
	configured func(owner string) bool

	// mu is held while an announcement is taken: an entry is read, changed and written.
	mu      sync.Mutex
	owner   map[string]string // of each entry, by key without prefix
	count   map[string]int    // entries by owner
	foreign int               // entries of owners that are not configured
}

func newAnnounced(m Memory, format string, configured func(owner string) bool) *announced {
	return &announced{memory: m, prefix: format + " ", configured: configured, owner: make(map[string]string), count: make(map[string]int)}
}

// recall calls yield for every entry that is remembered, to be told its owner; one without an owner is not counted.
func (a *announced) recall(yield func(key, value string) (owner string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.memory.Each(a.prefix, func(key, value string) bool {
		key = strings.TrimPrefix(key, a.prefix)
		if owner := yield(key, value); owner != "" {
			a.own(owner, key)
		}
		return true
	})
}

func (a *announced) get(key string) (string, bool) { return a.memory.Get(a.prefix + key) }

// keep remembers an entry of owner; an empty value forgets it. It reports whether anything has changed. The caller holds mu.
func (a *announced) keep(owner, key, value string) (changed bool, f *fault) {
	old, have := a.get(key)
	switch {
	case value == "" && !have || have && old == value:
		return false, nil
	case len(value) > maxAnnounced || len(key) > maxTopic:
		return false, faultf(telemetry.ReasonTooLarge, "an announcement of %d bytes: want at most %d", len(value), maxAnnounced)
	}
	if _, counted := a.owner[key]; value != "" && !counted {
		if a.count[owner] >= maxPerOwner {
			return false, faultf(telemetry.ReasonTooLarge, "device %s announces more than %d things", quoted(owner), maxPerOwner)
		}
		if !a.configured(owner) && a.foreign >= maxForeign {
			return false, faultf(telemetry.ReasonTooLarge, "devices that are not configured have announced %d things already: want %s configured first",
				maxForeign, quoted(owner))
		}
	}
	if err := a.memory.Put(a.prefix+key, value); err != nil {
		return false, faultf(telemetry.ReasonFault, "the announcement cannot be kept: %v", err)
	}
	a.disown(key)
	if value != "" {
		a.own(owner, key)
	}
	return true, nil
}

// forget forgets all entries of owner whose keys begin with prefix, except those to be kept. The caller holds mu.
func (a *announced) forget(owner, prefix string, except map[string]bool) (changed bool, f *fault) {
	for key, whose := range a.owner {
		if whose != owner || !strings.HasPrefix(key, prefix) || except[key] {
			continue
		}
		done, f := a.keep(owner, key, "")
		if f != nil {
			return changed, f
		}
		changed = changed || done
	}
	return changed, nil
}

func (a *announced) own(owner, key string) {
	a.owner[key] = owner
	a.count[owner]++
	if !a.configured(owner) {
		a.foreign++
	}
}

func (a *announced) disown(key string) {
	owner, counted := a.owner[key]
	if !counted {
		return
	}
	delete(a.owner, key)
	if a.count[owner]--; a.count[owner] == 0 {
		delete(a.count, owner)
	}
	if !a.configured(owner) {
		a.foreign--
	}
}
