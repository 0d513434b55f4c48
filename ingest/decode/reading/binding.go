package reading

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Binding is what a topic leads to: a configured device.
type Binding struct {
	Site   string
	Device string
	// Address is how messages name the device; empty: not known.
	Address string
	Key     string // "site/device", as in a Sender
	Model   *Ready
	Zone    *time.Location
	Tasks   map[string]facility.Task // of the site; nil: any task is taken (no site is configured)
	Author  bool                     // keep a task log's "by"
	// Measures are the quantities that the device is there for, as bits; 0: whatever its model reads.
	Measures uint64
	// Stranger: no site has the device; somebody only looks at its message.
	Stranger bool
}

// Unbound is the binding of a message that leads nowhere.
var Unbound = &Binding{}

// Bind notes a device of the model by its address.
func (m *Ready) Bind(b *Binding, address string) {
	key := strings.ToLower(address)
	if _, taken := m.Devices[key]; taken {
		b = nil
	}
	m.Devices[key] = b
}

// Allowed checks the credential. Behind an external broker there is none: the broker's own ACL has decided.
func Allowed(s *ingest.Sender, b *Binding) *fault.Fault {
	if s == nil || s.Devices[b.Key] || s.Bridge && s.Devices == nil {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "credential %s may not publish for device %s", fault.Quoted(s.Name), b.Key)
}
