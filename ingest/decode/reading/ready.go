package reading

import (
	"strings"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// decoding reads the payload of one message from b and appends records to dst. It returns NotReading for a message that is
// understood and carries no reading.
type decoding func(w *Worker, b *Binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault)

// Ready is a model made ready for the messages of a decoder.
type Ready struct {
	model.Mapping
	Written *Format
	Decode  decoding
	// State is what the decoder keeps for the format; nil: nothing.
	State any
	// Devices are those of all sites by lower-case address; nil where several sites have it.
	Devices map[string]*Binding
	// Nobody is the binding of messages of the family that are no device's.
	Nobody  Binding
	Ignored atomic.Uint64
}

// Configured reports whether one of models has a device of the address, and only one.
func Configured(models []*Ready, address string) bool {
	address = strings.ToLower(address)
	for _, m := range models {
		if m.Devices[address] != nil {
			return true
		}
	}
	return false
}
