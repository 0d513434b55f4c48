package reading

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
)

// Format is a way of writing a payload.
type Format struct {
	Name  string
	Title string
	// Topics are the patterns of a model that names none: those that are the same for all devices of the format.
	Topics []string
	// Empty: a message without payload is one, by which a broker forgets what it retained.
	Empty bool
	// Usual: a model that names no format has this one.
	Usual bool
	// Frames: a payload may be a bare radio frame, where somebody looks at one.
	Frames bool
	// Builtin is the one model of the format, where it has one of its own; nil: models are written for it.
	Builtin *model.Model
	// Check checks what only models of the format have, and makes it ready (model.Mapping.Prepared); nil: nothing.
	Check func(c *model.Compiler) any
	// Admit checks how a device of the format is called; nil: any way is right.
	Admit func(id, address string) error
	// Start makes what a decoder keeps for its models of the format (Ready.State); nil: nothing. It may be an Announcer.
	Start func(s *Shared, models []*Ready) any
	// Announces reports whether a message on a topic that fits p is what a device says about itself. Such messages are taken
	// from devices that are not configured, too, and are no readings. nil: none is.
	Announces func(p *pattern.Pattern, topic string) bool
	// Decode reads a message in the format's own way, without a mapping.
	Decode decoding
	// Open makes one JSON object of a message in w.Tree, and of its envelope w.Facts. nil: the format has Decode.
	Open func(w *Worker, m *Ready, msg *ingest.Message) *fault.Fault
	// Addresses are how the envelope names its device, the most exact first; nil: topic or Model.Device names it.
	Addresses func(w *Worker, m *Ready, msg *ingest.Message) ([]string, *fault.Fault)
}

// Announcer is the state of a format whose devices announce where they publish.
type Announcer interface {
	// Route finds the configured device whose values come on a topic; nil: nobody has announced it.
	Route(topic string, s *ingest.Sender) *Binding
	// Hears reports whether any device, configured or not, has announced the topic.
	Hears(topic string) bool
	// Filters are the topics on which configured devices publish values.
	Filters() []string
}

// notation is what the compiler of models asks of a format.
func (f *Format) notation() model.Notation {
	n := model.Notation{Topics: f.Topics, Addressed: f.Addresses != nil, Alone: f.Decode != nil, Check: f.Check}
	if f.Builtin != nil {
		n.Only = f.Builtin.ID
	}
	return n
}

// Formats are formats by name.
type Formats map[string]*Format

// NewFormats gathers formats. A name that is taken is a mistake of the program.
func NewFormats(all []Format) Formats {
	byName := make(Formats, len(all))
	for _, f := range all {
		if byName[f.Name] != nil {
			panic("two formats have the name " + f.Name)
		}
		byName[f.Name] = &f
	}
	return byName
}

// List lists all formats by name.
func (fs Formats) List() []Format {
	all := make([]Format, 0, len(fs))
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		all = append(all, *fs[name])
	}
	return all
}

// Find finds a format by its name in a model.
func (fs Formats) Find(name string) (*Format, error) {
	for _, f := range fs {
		if f.Name == name || name == "" && f.Usual {
			return f, nil
		}
	}
	return nil, fmt.Errorf("unknown format %q, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(fs)), ", "))
}
