package decode

import "github.com/gerbang-iot/gerbang/ingest/decode/model"

// What whoever configures and asks a decoder speaks of.
type (
	// Model describes a kind of device as data.
	Model = model.Model
	// Field is one quantity in a payload.
	Field = model.Field
	// Sample is a message and what it must mean.
	Sample = model.Sample
	// FieldError is a problem with one field of a model.
	FieldError = model.FieldError
)
