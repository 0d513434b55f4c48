package decode

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "native", Title: "Gerbang's own JSON", decode: decodeNative})
}

// NativeModel is the id of the built-in model: the format of gerbang/v1/{site}/{device}.
const NativeModel = "native"

// maxAuthor bounds how a native message names who did a task, in bytes.
const maxAuthor = 100

// decodeNative reads the native format: one JSON object whose members are quantities by name, with optional at, boot and
// seq, or a task log. Members it does not know are firmware's own business and are passed over, unless they are nearly a name that
// it knows: that is told beside the readings. A message in which it knows none is rejected.
func decodeNative(w *Worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	if f := w.parse(msg); f != nil {
		return dst, f
	}
	doc := w.document
	if root := &doc.nodes[0]; root.kind != '{' {
		return dst, fault.New(telemetry.ReasonField, "the payload is %s, want a JSON object", kindName(root.kind))
	}
	dst, rec := w.observation(b, msg, dst)
	n := native{w: w, b: b, obs: &rec.Observation}
	w.readings = w.readings[:0]
	for i := int32(1); i < int32(len(doc.nodes)); i = doc.nodes[i].end {
		if f := n.member(&doc.nodes[i]); f != nil {
			if f = f.In(string(doc.nodes[i].name)); !f.Field {
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
	w.d.clock.judge(rec, n.time)
	rec.Identity = w.identify(b, rec, n.time, msg.Payload, 0)
	return dst, nil
}

// native is the reading of one native message.
type native struct {
	w    *Worker
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

func (n *native) member(m *node) *fault.Fault {
	// null is as if it were not there, except that a message of nothing else is told so.
	null := m.kind == 'n'
	switch string(m.name) {
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
		q, ok := telemetry.QuantityOf(m.name)
		if ok && null {
			n.nulls = true
		} else if ok {
			return n.quantity(q, m)
		} else if null {
			return nil
		} else if meant := n.w.misspelt(m.name); meant != "" {
			if n.meant == "" {
				n.meant = meant
			}
			return fault.New(telemetry.ReasonField, "no known name, is %s meant?", meant).Alone()
		}
	}
	return nil
}

func (n *native) quantity(q telemetry.Quantity, m *node) *fault.Fault {
	r := telemetry.Reading{Quantity: q}
	switch {
	case q == telemetry.Button:
		if m.kind != '"' || !written.PlainName(m.raw) {
			return fault.New(telemetry.ReasonField, "%s, want the kind of press, a word such as single, double or long", kindName(m.kind))
		}
		if !meaning.Press(string(m.raw), true) {
			n.released = true
			return nil
		}
		r.Value, r.Text = 1, meaning.PressKind(m.raw)
	case m.kind == 't' || m.kind == 'f':
		if q.Definition().Form != telemetry.Flag {
			return fault.New(telemetry.ReasonField, "a boolean, want a number (%s)", q.Unit())
		}
		if m.kind == 't' {
			r.Value = 1
		}
	case m.kind == '0':
		v, _ := m.number()
		v, f := checked(q, v)
		if f != nil {
			return f
		}
		r.Value = v
	case q.Definition().Form == telemetry.Flag:
		return fault.New(telemetry.ReasonField, "%s, want true or false", kindName(m.kind))
	default:
		return fault.New(telemetry.ReasonField, "%s, want a number (%s)", kindName(m.kind), q.Unit())
	}
	n.w.readings = append(n.w.readings, r)
	return nil
}

// at takes a written time or an epoch. What is no time falls under the clock rule: the reading counts, at its receipt.
func (n *native) at(m *node) *fault.Fault {
	n.time = deviceTime{given: true, text: m.raw}
	switch m.kind {
	case '0':
		n.time.at = written.Epoch(m.raw)
	case '"':
		n.time.at, n.time.again = written.Times(m.raw, n.b.zone)
	default:
		return fault.New(telemetry.ReasonField, "%s, want RFC 3339 text or an epoch", kindName(m.kind))
	}
	return nil
}

func (n *native) boot(m *node) *fault.Fault {
	if m.kind != '"' && m.kind != '0' || len(m.raw) > written.MaxBoot || !written.PlainWord(m.raw) && !printable(m.raw) {
		return fault.New(telemetry.ReasonField, "%s, want text of at most %d printable ASCII characters", kindName(m.kind), written.MaxBoot)
	}
	if n.obs.Boot = string(m.raw); !written.Plain(m.raw, "_-.:/+") {
		n.obs.Boot = strconv.FormatUint(xxhash.Sum64(m.raw), 36) // words may be anybody's, and tell starts apart as well by their sum
	}
	return nil
}

func (n *native) sequence(m *node) *fault.Fault {
	v, ok := written.Whole(m.raw)
	if m.kind != '0' || !ok {
		return fault.New(telemetry.ReasonField, "%s, want a whole number from 0 to 2^64-1", kindName(m.kind))
	}
	n.obs.Sequence, n.obs.HasSequence = v, true
	return nil
}

// logged takes a member of a task log.
func (n *native) logged(m *node) *fault.Fault {
	n.detailed = true
	switch string(m.name) {
	case "task":
		n.hasTask = true
		return word(m, &n.log.Task)
	case "agent":
		return word(m, &n.log.Agent)
	case "item":
		if m.kind != '"' {
			return fault.New(telemetry.ReasonField, "%s, want text", kindName(m.kind))
		}
		n.log.Item = string(m.raw)
		if len(m.raw) == 0 {
			return nil
		}
		if err := facility.CheckItem(n.log.Item); err != nil {
			return fault.New(telemetry.ReasonField, "%v", err)
		}
		return nil
	case "by":
		if m.kind != '"' {
			return fault.New(telemetry.ReasonField, "%s, want text", kindName(m.kind))
		}
		if n.b.author {
			n.log.By = written.Bounded(strings.Map(dropControl, string(m.raw)), maxAuthor)
		}
		return nil
	}
	if m.kind != 't' && m.kind != 'f' {
		return fault.New(telemetry.ReasonField, "%s, want true or false", kindName(m.kind))
	}
	n.log.Done, n.hasDone = m.kind == 't', true
	return nil
}

// word takes a short text of a task log.
func word(m *node, to *string) *fault.Fault {
	if m.kind != '"' || len(m.raw) > written.MaxText || !written.Plain(m.raw, " _-.,()%/+") {
		return fault.New(telemetry.ReasonField, "%s, want at most %d letters, digits, spaces or _-.,()%%/+", kindName(m.kind), written.MaxText)
	}
	*to = string(m.raw)
	return nil
}

// finish checks the message as a whole.
func (n *native) finish(doc *document) *fault.Fault {
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
		return fault.New(telemetry.ReasonField, "no known quantity among %s; is %s meant?", namesIn(doc), n.meant)
	case n.w.refused.first != nil:
		return n.w.refused.first
	case n.released:
		return fault.NotReading
	case n.nulls:
		return fault.New(telemetry.ReasonField, "every quantity is null")
	}
	return fault.New(telemetry.ReasonField, "no known quantity among %s; want people_in, temperature, co2 or another of the list", namesIn(doc))
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
		return word(&node{kind: '"', raw: []byte(log.Item)}, &log.Item)
	}
	return fault.New(telemetry.ReasonTask, "item: no item of task %q, want one of %s", log.Task, strings.Join(task.Items, ", "))
}

// same checks a member that repeats what the topic says.
func same(m *node, want string) *fault.Fault {
	if m.kind == '"' && string(m.raw) == want {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "differs from the topic, want %q or nothing", want)
}

// maxNamed bounds how many member names a rejection lists.
const maxNamed = 12

// namesIn lists the names of the root's members, as far as a program may have chosen them.
func namesIn(doc *document) fault.Foreign {
	var names []string
	for i := range doc.children(0) {
		if len(names) == maxNamed {
			names = append(names, "…")
			break
		}
		if name := doc.nodes[i].name; written.PlainName(name) {
			names = append(names, string(name))
		} else {
			names = append(names, "?")
		}
	}
	if len(names) == 0 {
		return fault.Names("")
	}
	return fault.Names(strings.Join(names, ", "))
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
