package reading

import (
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
)

// Shared is what the workers and formats of one decoder have in common. It does not change.
type Shared struct {
	Clock Window
	// Lexicon gathers the words that are known, when they are asked for first.
	Lexicon func() *redact.Lexicon
	Memory  Memory
	// MaxPayload and MaxDepth bound a message: its bytes, and the objects and arrays inside each other.
	MaxPayload, MaxDepth int
	// Ask publishes a request to a device; nil: nobody is asked.
	Ask func(topic string, payload []byte)
	// Stranger is told of a message, or a part of one, whose device is not configured.
	Stranger func(msg *ingest.Message, f *fault.Fault)
	// Grown is told when a format wants to hear further topics.
	Grown func()
}
