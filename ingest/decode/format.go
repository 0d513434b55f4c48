package decode

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Format is a way of writing a payload.
type Format struct {
	Name  string
	Title string
	// topics are the patterns of a model that names none: those that are the same for all devices of the format.
	topics []string
	// empty: a message without payload is one, by which a broker forgets what it retained.
	empty bool
	// builtin is the one model of the format, where it has one of its own; nil: models are written for it.
	builtin *model.Model
	// check checks what only models of the format have, and makes it ready (mapping.prepared); nil: nothing.
	check func(c *model.Compiler) any
	// admit checks how a device of the format is called; nil: any way is right.
	admit func(id, address string) error
	// start makes what a decoder keeps for its models of the format (ready.state); nil: nothing. It may be an announcer.
	start func(s *shared, models []*ready) any
	// announces reports whether a message on a topic that fits p is what a device says about itself. Such messages are taken
	// from devices that are not configured, too, and are no readings. nil: none is.
	announces func(p *pattern.Pattern, topic string) bool
	// decode reads a message in the format's own way, without a mapping.
	decode decoding
	// open makes one JSON object of a message in w.tree, and of its envelope w.facts. nil: the format has decode.
	open func(w *worker, m *ready, msg *ingest.Message) *fault.Fault
	// addresses are how the envelope names its device, the most exact first; nil: topic or Model.Device names it.
	addresses func(w *worker, m *ready, msg *ingest.Message) ([]string, *fault.Fault)
}

// announcer is the state of a format whose devices announce where they publish.
type announcer interface {
	// route finds the configured device whose values come on a topic; nil: nobody has announced it.
	route(topic string, s *ingest.Sender) *binding
	// hears reports whether any device, configured or not, has announced the topic.
	hears(topic string) bool
	// filters are the topics on which configured devices publish values.
	filters() []string
}

// notation is what the compiler of models asks of a format.
func (f *Format) notation() model.Notation {
	n := model.Notation{Topics: f.topics, Addressed: f.addresses != nil, Alone: f.decode != nil, Check: f.check}
	if f.builtin != nil {
		n.Only = f.builtin.ID
	}
	return n
}

// formats are all formats by name; each registers itself in the file that reads it.
var formats = make(map[string]*Format)

// register is for init functions: a name that is taken is a mistake of the program.
func register(f Format) {
	if formats[f.Name] != nil {
		panic("format " + f.Name + " is registered twice")
	}
	formats[f.Name] = &f
}

// Formats lists all formats by name.
func Formats() []Format {
	all := make([]Format, 0, len(formats))
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		all = append(all, *formats[name])
	}
	return all
}

// formatOf finds a format by its name in a model.
func formatOf(name string) (*Format, error) {
	if name == "" {
		name = "json"
	}
	if f := formats[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("unknown format %q, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
}

// facts are what an envelope says about the message as a whole, beside what the model finds in its object.
type facts struct {
	time     deviceTime
	sequence uint64
	numbered bool
	boot     string
	// radio: the sequence is a LoRaWAN frame counter; content is a hash of the frame.
	radio   bool
	content uint64
	// direct are readings that the envelope itself carries, such as a battery level; the object is then not read.
	direct []telemetry.Reading
}
