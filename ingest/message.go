// Package ingest holds what the front doors share: a message as it arrived and where it is put. The doors themselves are
// the sub-packages mqtt (subscriber), broker (embedded) and push (HTTP); decode turns payloads into readings.
package ingest

import "github.com/gerbang-iot/gerbang/telemetry"

// Message is one message as it reached a front door.
type Message struct {
	Topic   string
	Payload []byte // owned by the receiver of the Message
	// Retained: delivered because of a subscription, not because it was just published.
	Retained bool
	QoS      byte
	Received telemetry.Instant
	// Session and Packet name the delivery of a QoS 1 or 2 message: a hash of the MQTT session, the same across reconnects and
	// restarts, and the packet identifier in it. Repeated: the sender says that it sends it again (DUP), and nothing that the
	// door remembers speaks against it. Session 0: the door has none.
	Session  uint64
	Packet   uint16
	Repeated bool
	// Sender is the credential that published it, where the door knows it (embedded broker, HTTP push); nil behind an
	// external broker, whose own ACL has decided.
	Sender *Sender
	// Ack is called exactly once, from one goroutine, after the message's records are on disk. It must not block. nil:
	// nobody waits. A message that is never acknowledged will be sent again.
	Ack func()
}

// Sender is a credential of the embedded broker or of the HTTP door.
type Sender struct {
	Name string
	// Bridge may publish for the devices of Devices in any format; a device's own credential only on its own topics.
	Bridge  bool
	Devices map[string]bool // "site/device"; nil for a bridge means all
}

// Intake takes messages from the front doors. Put blocks while the bounded queue behind it is full, and returns an error
// only when the gateway is stopping: the message was then not taken and must not be acknowledged.
type Intake interface {
	Put(Message) error
}
