package decode

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
)

// A better way is forgotten where it was not seen for wayLost, and noted again every wayNoted: between the two a device that is
// set up anew is read in the old way only, which loses people but never counts one twice.
const (
	wayLost  = 7 * 24 * time.Hour
	wayNoted = 24 * time.Hour
)

// ways says in which of its ways a message is read, by the places in Prefer.
type ways struct {
	read int // AnyWay: the message has none
	// shown is the best way of another form, for people who look at the message.
	shown int
	// zeros: the message has lesser ways alone. Of those only zeros are read: a count of nobody adds nothing and says that the
	// device is alive.
	zeros bool
}

// choose decides in which way the people who pass are read: the best of those that the message has and the device has shown.
func (e *extraction) choose(b *binding) {
	m := e.model
	e.ways, e.w.form = ways{read: model.AnyWay, shown: model.AnyWay}, ""
	if len(m.Prefer) == 0 {
		return
	}
	has := e.told()
	best := slices.Index(has, true)
	if best < 0 {
		return
	}
	e.ways.read, e.w.form = best, m.Forms[best]
	if !b.stranger && !e.w.all {
		e.ways.read = e.remembered(b, best)
		e.ways.zeros = e.ways.read != best
	}
	for i, told := range has {
		if told && m.Forms[i] != e.w.form {
			e.ways.shown = i
			break
		}
	}
}

// told is in which ways the message tells people.
func (e *extraction) told() []bool {
	m, has := e.model, make([]bool, len(e.model.Prefer))
	look := func(list []model.ReadField, from document.Found) {
		for i := range list {
			if fd := &list[i]; fd.Way >= 0 && !has[fd.Way] && e.tells(fd, from) {
				has[fd.Way] = true
			}
		}
	}
	look(m.Reads, document.Found{})
	if m.EachAt.Text != "" {
		m.EachAt.Each(e.doc, document.Found{}, func(item document.Found) bool {
			from := item.Inside()
			if process, ignore := m.EachWhen.Refusing(e.doc, from); process < 0 && ignore < 0 {
				look(m.EachReads, from)
			}
			return true
		})
	}
	if m.PastAt.Text != "" {
		m.PastAt.Each(e.doc, document.Found{}, func(item document.Found) bool {
			look(m.PastReads, item.Inside())
			return true
		})
	}
	return has
}

// tells reports whether a field has a value.
func (e *extraction) tells(fd *model.ReadField, from document.Found) bool {
	tells := false
	fd.Path.Each(e.doc, from, func(v document.Found) bool {
		n := &e.doc.Nodes[v.At]
		tells = n.Kind != 'n' && !document.IsAny(fd.Invalid, n)
		for i := range fd.When {
			tells = tells && fd.When[i].Holds(e.doc, v)
		}
		return !tells
	})
	return tells
}

// remembered is the best way that the device has shown so far, has included, and notes it. The first period of a device of which
// a lesser way was read is in none: whom it counts was counted already.
func (e *extraction) remembered(b *binding, has int) int {
	memory, prefer := e.w.shared.memory, e.model.Prefer
	key := "way/" + b.key
	noted, _ := memory.Get(key)
	known, seen, first := parseWay(prefer, noted)
	now := int64(e.msg.Received) / int64(time.Hour)
	fresh := now-seen < int64(wayLost/time.Hour)
	if known < has && fresh {
		return known
	}
	this := ""
	began := known > has && known < len(prefer) && fresh && prefer[has] == string(model.CountPeriod)
	if began || first != "" {
		this = strconv.FormatUint(xxhash.Sum64(e.msg.Payload), 36)
	}
	if began {
		first = this
	}
	if known != has || now-seen >= int64(wayNoted/time.Hour) {
		_ = memory.Put(key, strings.TrimSpace(prefer[has]+" "+strconv.FormatInt(now, 10)+" "+first)) // what cannot be noted is learned again
	}
	if began || known == has && first != "" && first == this { // or that first period once more
		return len(prefer)
	}
	return has
}

// parseWay reads what was noted: the way, the hour when it was seen, and the hash of the first period that was not read. What is
// no way or hour was never noted.
func parseWay(prefer []string, noted string) (way int, seen int64, first string) {
	name, rest, _ := strings.Cut(noted, " ")
	hour, first, _ := strings.Cut(rest, " ")
	if way = slices.Index(prefer, name); way < 0 {
		way = len(prefer)
	}
	seen, _ = strconv.ParseInt(hour, 10, 64)
	return way, seen, first
}

// lesser reports whether a field tells people in another way than the one that is read.
func (e *extraction) lesser(fd *model.ReadField) bool {
	return e.ways.read != model.AnyWay && fd.Way >= 0 && fd.Way != e.ways.read
}

// reads reports whether a field is looked at.
func (e *extraction) reads(fd *model.ReadField) bool {
	return !e.lesser(fd) || e.ways.zeros || e.w.all && fd.Way == e.ways.shown
}
