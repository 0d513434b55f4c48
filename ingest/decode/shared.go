package decode

import (
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
)

// shared is what the workers and formats of one decoder have in common. It does not change.
type shared struct {
	clock window
	// lexicon gathers the words that are known, when they are asked for first.
	lexicon func() *redact.Lexicon
	memory  Memory
	// maxPayload and maxDepth bound a message: its bytes, and the objects and arrays inside each other.
	maxPayload, maxDepth int
	// ask publishes a request to a device; nil: nobody is asked.
	ask func(topic string, payload []byte)
	// stranger is told of a message, or a part of one, whose device is not configured.
	stranger func(msg *ingest.Message, f *fault.Fault)
	// grown is told when a format wants to hear further topics.
	grown func()
}
