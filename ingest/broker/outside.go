package broker

import (
	"errors"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// errOutside ends a connection for what it published.
var errOutside = errors.New("published what it may not")

// configuredRole is a role by the word that the configuration has for it: a reader that may read no more than the gateway's own
// signals is a display there.
func configuredRole(r access.Role, read []string) string {
	if r == access.Reader && len(read) == 0 {
		return "display"
	}
	return string(r)
}

// judge counts a message and decides what its topic means. What a device publishes outside its topics is taken like any other
// message: the decoder rejects it, and it is acknowledged, since many devices publish more than they should and would otherwise
// come back with it for ever. Only a flood of it ends the connection. A reader may not publish: what needs no answer is ignored,
// if it is little, as some clients announce themselves, and all else ends the connection.
func (b *Broker) judge(c *conn, m *message, reserved bool) (ignored bool, err error) {
	o, a := c.owner, c.account
	reader := a.Role == access.Reader
	if !reader && !reserved && (a.Sender.Devices == nil || !strings.HasPrefix(m.topic, access.Prefix) || a.MayRelay(m.topic)) {
		o.messages.Add(1)
		return false, nil
	}
	o.outside.Add(1)
	b.metrics.outside.Inc()
	o.mu.Lock()
	few := o.junk.Allow()
	o.mu.Unlock()
	switch {
	case reader && (m.will || m.qos == 0 && few):
		return true, nil
	case !reader && (m.will || few):
		o.messages.Add(1)
		return false, nil
	}
	b.refuse(o, causePublish)
	if o.penalized {
		o.penalize(time.Now())
	}
	b.notes.Warn("a connection was ended for what it published", a.Name, "credential", a.Name, "role", configuredRole(a.Role, a.Read))
	return false, errOutside
}
