package reading

import "github.com/gerbang-iot/gerbang/telemetry"

// Facts are what an envelope says about the message as a whole, beside what the model finds in its object.
type Facts struct {
	Time     DeviceTime
	Sequence uint64
	Numbered bool
	Boot     string
	// Radio: the sequence is a LoRaWAN frame counter; content is a hash of the frame.
	Radio   bool
	Content uint64
	// Direct are readings that the envelope itself carries, such as a battery level; the object is then not read.
	Direct []telemetry.Reading
}
