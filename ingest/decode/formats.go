package decode

import (
	"github.com/gerbang-iot/gerbang/ingest/decode/formats"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
)

// known are the formats that models may name.
var known = reading.NewFormats(formats.All())

// Formats lists all formats by name.
func Formats() []reading.Format { return known.List() }

// Validate reports all problems of a model at once, each a *FieldError (errors.Join).
func Validate(m *model.Model) error {
	_, err := known.Prepare(m)
	return err
}

// TopicsOf are the topic patterns of a model: its own, or where it has none those of the format.
func TopicsOf(m *model.Model) []string {
	if f, err := known.Find(m.Format); m.Match == nil && err == nil {
		return f.Topics
	}
	return m.Match
}
