package decode

import (
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a format keeps of announcements is bounded, for anybody who may publish can announce: a device has at most maxPerOwner
// entries of maxOwnerBytes, and devices that are not configured have at most maxForeign of maxForeignAll together. They are kept too, since a device may be
// configured long after it announced itself.
const (
	maxPerOwner   = 256
	maxForeign    = 4096
	maxAnnounced  = 32 << 10 // bytes of one entry
	maxOwnerBytes = 256 << 10
	maxForeignAll = 1 << 20 // bytes
	maxAnnouncing = 64      // bytes of a name, unit or other word in an entry
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
	entries map[string]holding // by key without prefix
	owners  map[string]share
	foreign share // of owners that are not configured
}

// holding is an entry that is kept for somebody.
type holding struct {
	owner string
	size  int
}

// share is how much is kept for somebody.
type share struct{ entries, bytes int }

func newAnnounced(m Memory, format string, configured func(owner string) bool) *announced {
	return &announced{memory: m, prefix: format + " ", configured: configured, entries: make(map[string]holding), owners: make(map[string]share)}
}

// recall calls yield for every entry that is remembered, to be told its owner; one without an owner is not counted.
func (a *announced) recall(yield func(key, value string) (owner string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.memory.Each(a.prefix, func(key, value string) bool {
		key = strings.TrimPrefix(key, a.prefix)
		if owner := yield(key, value); owner != "" {
			a.count(key, holding{owner, len(value)}, 1)
		}
		return true
	})
}

func (a *announced) get(key string) (string, bool) { return a.memory.Get(a.prefix + key) }

// keep remembers an entry of owner; an empty value forgets it. It reports whether anything has changed. The caller holds mu.
func (a *announced) keep(owner, key, value string) (changed bool, f *fault.Fault) {
	old, have := a.get(key)
	held, counted := a.entries[key]
	switch {
	case value == "" && !have || have && old == value && counted && held.owner == owner:
		return false, nil
	case len(value) > maxAnnounced || len(key) > written.MaxTopic:
		return false, fault.New(telemetry.ReasonTooLarge, "an announcement of %d bytes: want at most %d", len(value), maxAnnounced)
	}
	if counted {
		a.count(key, held, -1)
	}
	if value != "" {
		f = a.room(owner, len(value))
	}
	if f == nil {
		if err := a.memory.Put(a.prefix+key, value); err != nil {
			f = fault.New(telemetry.ReasonFault, "the announcement cannot be kept: %v", err)
		}
	}
	switch {
	case f == nil && value != "":
		a.count(key, holding{owner, len(value)}, 1)
	case f != nil && counted:
		a.count(key, held, 1)
	}
	return f == nil, f
}

// room reports a fault where owner may not have another entry of so many bytes.
func (a *announced) room(owner string, size int) *fault.Fault {
	own := a.owners[owner]
	switch {
	case own.entries >= maxPerOwner || own.bytes+size > maxOwnerBytes:
		return fault.New(telemetry.ReasonTooLarge, "device %s announces more than %d things or %d bytes", fault.Quoted(owner), maxPerOwner, maxOwnerBytes)
	case !a.configured(owner) && (a.foreign.entries >= maxForeign || a.foreign.bytes+size > maxForeignAll):
		return fault.New(telemetry.ReasonTooLarge, "devices that are not configured have announced %d things in %d bytes already: want %s configured first",
			a.foreign.entries, a.foreign.bytes, fault.Quoted(owner))
	}
	return nil
}

// forget forgets all entries of owner whose keys begin with prefix, except those to be kept. The caller holds mu.
func (a *announced) forget(owner, prefix string, except map[string]bool) *fault.Fault {
	for key, held := range a.entries {
		if held.owner != owner || !strings.HasPrefix(key, prefix) || except[key] {
			continue
		}
		if _, f := a.keep(owner, key, ""); f != nil {
			return f
		}
	}
	return nil
}

// count adds an entry (by 1) or takes it away (by -1).
func (a *announced) count(key string, h holding, by int) {
	delete(a.entries, key)
	if by > 0 {
		a.entries[key] = h
	}
	own := a.owners[h.owner].plus(by, by*h.size)
	a.owners[h.owner] = own
	if own == (share{}) {
		delete(a.owners, h.owner)
	}
	if !a.configured(h.owner) {
		a.foreign = a.foreign.plus(by, by*h.size)
	}
}

func (s share) plus(entries, bytes int) share { return share{s.entries + entries, s.bytes + bytes} }
