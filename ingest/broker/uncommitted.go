package broker

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
)

// await waits until there is room for another large message of a credential before the journal, and notes it. Its sender waits
// meanwhile, as it does for a full intake.
func (b *Broker) await(o *owner, m *ingest.Message) error {
	size := int64(len(m.Payload))
	if size < large {
		return nil
	}
	for o.uncommitted.Load() > 0 && o.uncommitted.Load()+size > uncommitted {
		select {
		case <-time.After(time.Millisecond):
		case <-b.stopping:
			<-b.stopped
			return errStopping
		}
	}
	o.uncommitted.Add(size)
	ack := m.Ack
	m.Ack = func() {
		o.uncommitted.Add(-size)
		ack()
	}
	return nil
}
