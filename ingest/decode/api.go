package decode

import (
	"github.com/gerbang-iot/gerbang/ingest/decode/formats"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/route"
	"github.com/gerbang-iot/gerbang/ingest/decode/strangers"
)

// The types that whoever configures and asks a decoder speaks of are those of the floors below, which know nothing of decoders.
type (
	// Model describes a kind of device as data.
	Model = model.Model
	// Field is one quantity in a payload.
	Field = model.Field
	// Sample is a message and what it must mean.
	Sample = model.Sample
	// FieldError is a problem with one field of a model.
	FieldError = model.FieldError
	// DeviceError is what is wrong with a configured device.
	DeviceError = route.DeviceError
	// Memory keeps what devices announce about themselves once.
	Memory = reading.Memory
	// Arena is memory for the readings of a batch of records.
	Arena = reading.Arena
	// Query is a message that somebody looks at.
	Query = reading.Query
	// Trace is how a message was read, step by step.
	Trace = reading.Trace
	// Candidate is a model that a message of an unknown device may be of.
	Candidate = strangers.Candidate
	// Sighting is a device, or a topic, that is heard and not configured.
	Sighting = strangers.Sighting
	// Sightings are all of them.
	Sightings = strangers.Sightings
)

// NativeModel is the id of the built-in model: the format of gerbang/v1/{site}/{device}.
const NativeModel = formats.NativeModel
