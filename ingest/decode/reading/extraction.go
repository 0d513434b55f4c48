package reading

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Extraction is the reading of one mapped message.
type Extraction struct {
	W         *Worker
	Doc       *document.Document
	model     *Ready
	msg       *ingest.Message
	of        *Binding // whose fields are read now
	stored    int      // records of elements so far
	total     int      // readings so far
	strangers int      // elements whose device is not configured
	unfitted  bool     // a value was there and means "none"
	units     *units   // nil: not looked yet
	ways      ways
}

// ways says in which of its ways a message is read, by the places in Prefer.
type ways struct {
	read int // AnyWay: the message has none
	// shown is the best way of another form, for people who look at the message.
	shown int
	// zeros: the message has lesser ways alone. Of those only zeros are read: a count of nobody adds nothing and says that the
	// device is alive.
	zeros bool
}

// units are the words for units that a message holds. They are found in one walk, however many members and values there are.
type units struct {
	parents []int32              // of every node; 0 behind the root
	said    map[int32]*saidUnits // by the object that holds them
	tags    map[int32]*saidUnits // by the object whose member tags holds them
}

// saidUnits are the words for units in one object, as nodes.
type saidUnits struct {
	whole int32            // what says unit and no more; 0: nothing does
	named map[string]int32 // by the words of what they are about; the first of each
	alike map[string]int32 // by the unit of the quantity that they are about; the first of each
}

// channel names the line, region or probe of a value.
func (e *Extraction) channel(fd *model.ReadField, v document.Found) string {
	named := ""
	for i := range fd.ChannelPath {
		c, ok := fd.ChannelPath[i].FirstFrom(e.Doc, v.Around())
		if !ok {
			continue
		}
		if n := &e.Doc.Nodes[c]; len(n.Raw) > 0 && n.Kind != 'n' {
			if named != "" {
				named += "."
			}
			named += written.Channel(n.Raw)
		}
	}
	switch {
	case named != "":
		return named
	case fd.Channel != "":
		return fd.Channel
	}
	return v.Label
}

// find is where the worker's readings have a quantity on a channel; -1: nowhere.
func (e *Extraction) find(q telemetry.Quantity, channel string) int {
	for i := range e.W.Readings {
		if have := &e.W.Readings[i]; have.Quantity == q && have.Channel == channel {
			return i
		}
	}
	return -1
}

func (e *Extraction) add(r telemetry.Reading) *fault.Fault {
	if e.total++; e.total > MaxReadings {
		return fault.New(telemetry.ReasonTooLarge, "more than %d readings in one message", MaxReadings)
	}
	e.W.Readings = append(e.W.Readings, r)
	return nil
}

// MaxReadings bounds the readings of one message, history included.
const MaxReadings = 1024

// note explains what became of a value.
func (e *Extraction) note(fd *model.ReadField, v document.Found, why string) {
	if e.W.Trace == nil {
		return
	}
	where := fd.Path.Text
	if name := e.Doc.Nodes[v.At].Name; fd.Path.Many() && len(name) > 0 && written.PlainName(name) {
		where += " (" + strings.Trim(v.Label+"."+string(name), ".") + ")"
	}
	e.W.Trace.read(v.At)
	if why != "" {
		e.W.Explain("field", where+": "+why)
		return
	}
	if !fd.Auto {
		for _, step := range fd.Path.Steps {
			if step.Kind == document.StepName {
				e.W.Trace.Named++
			}
		}
	}
	e.W.Explain("field", where+": read")
}
