package transcode

import (
	"fmt"
	"maps"
	"sync"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Bounds of what is remembered of one edge node: devices, metrics of all of them, and bytes of their names.
const (
	maxBornDevices = 256
	maxBornMetrics = 16_384
	maxBornBytes   = 1 << 20
)

// Aliases are the metric names and types that one Sparkplug edge node and its devices have announced in their birth
// certificates, so that data which only gives numbers can be read. A birth is sent once, so the caller keeps them over a restart
// with MarshalBinary whenever LearnBirth or Forget reports a change. The zero Aliases is empty and ready. Safe for concurrent use;
// that births and data come in the order in which they were sent is the caller's business.
type Aliases struct {
	mu sync.RWMutex
	// session is the bdSeq of the node's birth: a death certificate with another one is that of an earlier connection.
	session optional
	devices map[string]*Names // by device; "" is the edge node itself
}

// Metric is what a birth certificate says of a metric.
type Metric struct {
	Name string
	Type DataType
}

// Names are the metrics of one birth certificate. They do not change; nil has none.
type Names struct {
	aliases map[uint64]string   // names of the metrics that have one
	types   map[string]DataType // by name, of all metrics
}

// Resolve finds the metric with an alias.
func (n *Names) Resolve(alias uint64) (Metric, bool) {
	if n == nil {
		return Metric{}, false
	}
	name, ok := n.aliases[alias]
	return Metric{name, n.types[name]}, ok
}

// Named finds the metric with a name.
func (n *Names) Named(name string) (Metric, bool) {
	if n == nil {
		return Metric{}, false
	}
	t, ok := n.types[name]
	return Metric{name, t}, ok
}

func newNames() *Names { return &Names{aliases: map[uint64]string{}, types: map[string]DataType{}} }

func (n *Names) bytes() (total int) {
	for name := range n.types {
		total += len(name)
	}
	return total
}

// Names gives what is known of a device, or of the edge node itself with "": nil if its birth was not seen.
func (a *Aliases) Names(device string) *Names {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.devices[device]
}

// Resolve finds the metric with an alias on a device, or on the edge node itself with "".
func (a *Aliases) Resolve(device string, alias uint64) (Metric, bool) {
	return a.Names(device).Resolve(alias)
}

// LearnBirth takes over a birth certificate and reports whether anything is new. That of a node ends all its devices, which have
// to be born again; that of a device replaces what was known of it. An error changes nothing.
func (a *Aliases) LearnBirth(t SparkplugTopic, payload []byte) (changed bool, err error) {
	if !t.IsBirth() || (t.Kind == DeviceBirth) != (t.Device != "") {
		return false, fmt.Errorf("learning from a Sparkplug message of kind %q: want a birth certificate", t.Kind)
	}
	names, session, err := readBirth(payload)
	a.mu.Lock()
	defer a.mu.Unlock()
	devices := make(map[string]*Names, len(a.devices)+1)
	if t.Kind == DeviceBirth {
		maps.Copy(devices, a.devices)
	}
	old := a.devices[t.Device]
	if err == nil {
		if old != nil && names.equal(old) {
			names = old
		}
		devices[t.Device] = names
		err = bounded(devices)
	}
	if err != nil {
		names = nil
		delete(devices, t.Device)
	}
	changed = names != old || len(devices) != len(a.devices)
	if t.Kind == NodeBirth {
		changed = changed || session != a.session
		a.session = session
	}
	a.devices = devices
	return changed, err
}

// Forget takes a death certificate and reports whether anything was forgotten: after it nothing is known of the device, or of the
// node and all its devices, until the next birth. The death of an earlier connection of the node changes nothing.
func (a *Aliases) Forget(t SparkplugTopic, payload []byte) (changed bool, err error) {
	if !t.IsDeath() {
		return false, fmt.Errorf("forgetting for a Sparkplug message of kind %q: want a death certificate", t.Kind)
	}
	var session optional
	if t.Kind == NodeDeath {
		if session, err = readSession(payload); err != nil {
			return false, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.Kind == DeviceDeath {
		_, changed = a.devices[t.Device]
		if changed {
			a.devices = maps.Clone(a.devices)
			delete(a.devices, t.Device)
		}
		return changed, nil
	}
	if session.given && a.session.given && session != a.session {
		return false, nil
	}
	changed = len(a.devices) > 0 || a.session.given
	a.devices, a.session = nil, optional{}
	return changed, nil
}

// optional is a number that may not have been sent.
type optional struct {
	value uint64
	given bool
}

func (n *Names) equal(other *Names) bool {
	return maps.Equal(n.aliases, other.aliases) && maps.Equal(n.types, other.types)
}

// readBirth reads the names of a birth certificate.
func readBirth(payload []byte) (*Names, optional, error) {
	n := newNames()
	var session optional
	err := eachMetric(payload, func(i int, m *metric) error {
		if len(m.name) == 0 {
			return errorf(telemetry.ReasonField, "metric %s of a birth certificate has no name", ordinal(i))
		}
		session.take(m)
		return n.add(Metric{string(m.name), m.datatype}, optional{m.alias, m.hasAlias})
	})
	return n, session, err
}

// add takes one metric.
func (n *Names) add(m Metric, alias optional) error {
	if alias.given {
		if other, taken := n.aliases[alias.value]; taken && other != m.Name {
			return errorf(telemetry.ReasonField, "two metrics of a birth certificate have the alias %d", alias.value)
		}
		n.aliases[alias.value] = m.Name
	}
	n.types[m.Name] = m.Type
	if len(n.types) > maxBornMetrics || len(n.aliases) > maxBornMetrics {
		return errorf(telemetry.ReasonTooLarge, "more than %d metrics in a birth certificate", maxBornMetrics)
	}
	return nil
}

func readSession(payload []byte) (session optional, err error) {
	err = eachMetric(payload, func(_ int, m *metric) error {
		session.take(m)
		return nil
	})
	return session, err
}

// take keeps the value of the metric that numbers the node's connections.
func (o *optional) take(m *metric) {
	if string(m.name) != "bdSeq" || m.value.field != metricInt && m.value.field != metricLong {
		return
	}
	o.value, o.given = m.value.bits, true
}

func bounded(devices map[string]*Names) error {
	metrics, size := 0, 0
	for device, n := range devices {
		metrics += max(len(n.types), len(n.aliases))
		size += len(device) + n.bytes()
	}
	switch {
	case len(devices) > maxBornDevices:
		return errorf(telemetry.ReasonTooLarge, "more than %d devices behind one edge node", maxBornDevices)
	case metrics > maxBornMetrics, size > maxBornBytes:
		return errorf(telemetry.ReasonTooLarge, "more than %d metrics or %d bytes of names behind one edge node", maxBornMetrics, maxBornBytes)
	}
	return nil
}
