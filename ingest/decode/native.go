package decode

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "native", Title: "Gerbang's own JSON", decode: decodeNative, admit: admitNative, check: checkNative,
		builtin: &model.Model{ID: NativeModel, Title: "Native format", Format: "native"}})
}

// NativeModel is the id of the built-in model: the format of gerbang/v1/{site}/{device}.
const NativeModel = "native"

// nativePattern is the topic of every device of the format.
const nativePattern = pattern.Own + "{site}/{device}"

// admitNative checks how a device is called: its topic names it.
func admitNative(id, address string) error {
	switch {
	case address != id:
		return fmt.Errorf("address %q: a device of the native format is named by its id in the topic", address)
	case id == "out":
		return errors.New(`the id "out" is taken by the gateway's own topics`)
	}
	return nil
}

// checkNative: the format reads its quantities by name; Readings of its model only document it.
func checkNative(c *model.Compiler) any {
	m := c.M
	if len(m.Match) > 0 && !slices.Equal(m.Match, []string{nativePattern}) {
		c.Fail("match", fmt.Errorf("the native format has topic %s", nativePattern))
	}
	m.Match = []string{nativePattern}
	m.Patterns = []pattern.Pattern{pattern.Must(nativePattern)}
	if m.Device != "" || m.Time != nil || m.History != nil || m.Swap || m.Count != "" || len(m.Prefer) > 0 {
		c.Fail("format", errors.New("the native format has no device, time, history, swap or count of its own"))
	}
	for i, f := range m.Readings {
		if f.Path != f.Quantity.String() || f.Unit != "" && f.Unit != f.Quantity.Unit() {
			c.Fail(fmt.Sprintf("readings[%d]", i), fmt.Errorf("the native format has %s in %s", f.Quantity, f.Quantity.Unit()))
		}
	}
	return nil
}

// maxAuthor bounds how a native message names who did a task, in bytes.
const maxAuthor = 100

// decodeNative reads the native format: one JSON object whose members are quantities by name, with optional at, boot and
// seq, or a task log. Members it does not know are firmware's own business and are passed over, unless they are nearly a name that
// it knows: that is told beside the readings. A message in which it knows none is rejected.
func decodeNative(w *worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	if f := w.parse(msg); f != nil {
		return dst, f
	}
	doc := w.document
	if root := &doc.Nodes[0]; root.Kind != '{' {
		return dst, fault.New(telemetry.ReasonField, "the payload is %s, want a JSON object", document.KindName(root.Kind))
	}
	dst, rec := w.observation(b, msg, dst)
	n := native{w: w, b: b, obs: &rec.Observation}
	w.readings = w.readings[:0]
	for i := int32(1); i < int32(len(doc.Nodes)); i = doc.Nodes[i].End {
		if f := n.member(&doc.Nodes[i]); f != nil {
			if f = f.In(string(doc.Nodes[i].Name)); !f.Field {
				return dst, f
			}
			w.refused.add(b, f, "")
		}
	}
	w.withoutZeros(b)
	if f := n.finish(doc); f != nil {
		return dst, f
	}
	rec.Observation.Readings = w.arena.keep(w.readings)
	w.shared.clock.judge(rec, n.time)
	rec.Identity = w.identify(b, rec, n.time, msg.Payload, 0)
	return dst, nil
}

// native is the reading of one native message.
type native struct {
	w    *worker
	b    *binding
	obs  *telemetry.Observation
	time deviceTime
	log  telemetry.TaskLog
	// hasTask and hasDone: the member is there; detailed: some member of a task log is.
	hasTask, hasDone, detailed bool
	nulls                      bool   // some quantity was null
	released                   bool   // a button told no press
	meant                      string // the name that the first misspelt one is meant to be
}

func (n *native) member(m *document.Node) *fault.Fault {
	// null is as if it were not there, except that a message of nothing else is told so.
	null := m.Kind == 'n'
	switch string(m.Name) {
	case "at":
		if !null {
			return n.at(m)
		}
	case "boot":
		if !null {
			return n.boot(m)
		}
	case "seq":
		if !null {
			return n.sequence(m)
		}
	case "site":
		if !null {
			return same(m, n.b.site)
		}
	case "device":
		if !null {
			return same(m, n.b.device)
		}
	case "task", "done", "agent", "item", "by":
		if !null {
			return n.logged(m)
		}
	default:
		q, ok := telemetry.QuantityOf(m.Name)
		if ok && null {
			n.nulls = true
		} else if ok {
			return n.quantity(q, m)
		} else if null {
			return nil
		} else if meant := misspelt(n.w, m.Name); meant != "" {
			if n.meant == "" {
				n.meant = meant
			}
			return fault.New(telemetry.ReasonField, "no known name, is %s meant?", meant).Alone()
		}
	}
	return nil
}

func (n *native) quantity(q telemetry.Quantity, m *document.Node) *fault.Fault {
	r := telemetry.Reading{Quantity: q}
	switch {
	case q == telemetry.Button:
		if m.Kind != '"' || !written.PlainName(m.Raw) {
			return fault.New(telemetry.ReasonField, "%s, want the kind of press, a word such as single, double or long", document.KindName(m.Kind))
		}
		if !meaning.Press(string(m.Raw), true) {
			n.released = true
			return nil
		}
		r.Value, r.Text = 1, meaning.PressKind(m.Raw)
	case m.Kind == 't' || m.Kind == 'f':
		if q.Definition().Form != telemetry.Flag {
			return fault.New(telemetry.ReasonField, "a boolean, want a number (%s)", q.Unit())
		}
		if m.Kind == 't' {
			r.Value = 1
		}
	case m.Kind == '0':
		v, _ := m.Number()
		v, f := model.Checked(q, v)
		if f != nil {
			return f
		}
		r.Value = v
	case q.Definition().Form == telemetry.Flag:
		return fault.New(telemetry.ReasonField, "%s, want true or false", document.KindName(m.Kind))
	default:
		return fault.New(telemetry.ReasonField, "%s, want a number (%s)", document.KindName(m.Kind), q.Unit())
	}
	n.w.readings = append(n.w.readings, r)
	return nil
}

// at takes a written time or an epoch. What is no time falls under the clock rule: the reading counts, at its receipt.
func (n *native) at(m *document.Node) *fault.Fault {
	n.time = deviceTime{given: true, text: m.Raw}
	switch m.Kind {
	case '0':
		n.time.at = written.Epoch(m.Raw)
	case '"':
		n.time.at, n.time.again = written.Times(m.Raw, n.b.zone)
	default:
		return fault.New(telemetry.ReasonField, "%s, want RFC 3339 text or an epoch", document.KindName(m.Kind))
	}
	return nil
}

func (n *native) boot(m *document.Node) *fault.Fault {
	if m.Kind != '"' && m.Kind != '0' || len(m.Raw) > written.MaxBoot || !written.PlainWord(m.Raw) && !printable(m.Raw) {
		return fault.New(telemetry.ReasonField, "%s, want text of at most %d printable ASCII characters", document.KindName(m.Kind), written.MaxBoot)
	}
	if n.obs.Boot = string(m.Raw); !written.Plain(m.Raw, "_-.:/+") {
		n.obs.Boot = strconv.FormatUint(xxhash.Sum64(m.Raw), 36) // words may be anybody's, and tell starts apart as well by their sum
	}
	return nil
}

func (n *native) sequence(m *document.Node) *fault.Fault {
	v, ok := written.Whole(m.Raw)
	if m.Kind != '0' || !ok {
		return fault.New(telemetry.ReasonField, "%s, want a whole number from 0 to 2^64-1", document.KindName(m.Kind))
	}
	n.obs.Sequence, n.obs.HasSequence = v, true
	return nil
}

// logged takes a member of a task log.
func (n *native) logged(m *document.Node) *fault.Fault {
	n.detailed = true
	switch string(m.Name) {
	case "task":
		n.hasTask = true
		return word(m, &n.log.Task)
	case "agent":
		return word(m, &n.log.Agent)
	case "item":
		if m.Kind != '"' {
			return fault.New(telemetry.ReasonField, "%s, want text", document.KindName(m.Kind))
		}
		n.log.Item = string(m.Raw)
		if len(m.Raw) == 0 {
			return nil
		}
		if err := facility.CheckItem(n.log.Item); err != nil {
			return fault.New(telemetry.ReasonField, "%v", err)
		}
		return nil
	case "by":
		if m.Kind != '"' {
			return fault.New(telemetry.ReasonField, "%s, want text", document.KindName(m.Kind))
		}
		if n.b.author {
			n.log.By = written.Bounded(strings.Map(dropControl, string(m.Raw)), maxAuthor)
		}
		return nil
	}
	if m.Kind != 't' && m.Kind != 'f' {
		return fault.New(telemetry.ReasonField, "%s, want true or false", document.KindName(m.Kind))
	}
	n.log.Done, n.hasDone = m.Kind == 't', true
	return nil
}

// word takes a short text of a task log.
func word(m *document.Node, to *string) *fault.Fault {
	if m.Kind != '"' || len(m.Raw) > written.MaxText || !written.Plain(m.Raw, " _-.,()%/+") {
		return fault.New(telemetry.ReasonField, "%s, want at most %d letters, digits, spaces or _-.,()%%/+", document.KindName(m.Kind), written.MaxText)
	}
	*to = string(m.Raw)
	return nil
}

// finish checks the message as a whole.
func (n *native) finish(doc *document.Document) *fault.Fault {
	if n.hasTask {
		if !n.hasDone {
			n.log.Done = true // a log of a duty is a log of its being done, unless it says otherwise
		}
		if f := checkTask(n.b.tasks, &n.log); f != nil {
			return f
		}
		log := n.log
		n.obs.Task = &log
		return nil
	}
	switch {
	case len(n.w.readings) > 0:
		return nil
	case n.detailed:
		return fault.New(telemetry.ReasonField, "task: missing, want the id of a task beside done, by, agent or item")
	case n.meant != "":
		return fault.New(telemetry.ReasonField, "no known quantity among %s; is %s meant?", document.NamesIn(doc), n.meant)
	case n.w.refused.first != nil:
		return n.w.refused.first
	case n.released:
		return fault.NotReading
	case n.nulls:
		return fault.New(telemetry.ReasonField, "every quantity is null")
	}
	return fault.New(telemetry.ReasonField, "no known quantity among %s; want people_in, temperature, co2 or another of the list", document.NamesIn(doc))
}

// checkTask checks a log against the tasks of the site.
func checkTask(tasks map[string]facility.Task, log *telemetry.TaskLog) *fault.Fault {
	if !written.IsID(log.Task) {
		return fault.New(telemetry.ReasonTask, "task: not an id, want a-z, 0-9, _ and -, at most 64")
	}
	if tasks == nil {
		return nil
	}
	task, ok := tasks[log.Task]
	if !ok {
		return fault.New(telemetry.ReasonTask, "task: %s is no task of the site", fault.Quoted(log.Task))
	}
	switch {
	case log.Item == "", slices.Contains(task.Items, log.Item):
		return nil
	case len(task.Items) == 0: // what nobody has configured may be anything, a person's name too
		return word(&document.Node{Kind: '"', Raw: []byte(log.Item)}, &log.Item)
	}
	return fault.New(telemetry.ReasonTask, "item: no item of task %q, want one of %s", log.Task, strings.Join(task.Items, ", "))
}

// same checks a member that repeats what the topic says.
func same(m *document.Node, want string) *fault.Fault {
	if m.Kind == '"' && string(m.Raw) == want {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "differs from the topic, want %q or nothing", want)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func dropControl(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff {
		return -1
	}
	return r
}
