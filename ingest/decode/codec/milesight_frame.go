package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

// msFrame collects what a frame says before it is written: a value that comes twice (first by itself, then with an alarm) is one
// member, the later one, as in the maker's decoders; elements of an array may lie apart in the frame; and a frame that turns
// out to be unreadable writes nothing.
type msFrame struct {
	members []msMember // of the object itself
	grouped []msMember // of groups, each a run
	groups  []msGroup
	inGroup bool // values go into the last group
}

// msMember is a member of an object: a word if text is not empty, else null or a number.
type msMember struct {
	name, text string
	number     float64
	null       bool
}

// msGroup is an object called name, or with array an element of the array called so. Its members are grouped[from:to].
type msGroup struct {
	name     string
	array    bool
	from, to int
}

func (f *msFrame) reset() {
	f.members, f.grouped, f.groups, f.inGroup = f.members[:0], f.grouped[:0], f.groups[:0], false
}

// begin says where the values that follow go: into a new group, or without a name into the object itself.
func (f *msFrame) begin(group string, array bool) {
	f.inGroup = group != ""
	if f.inGroup {
		n := len(f.grouped)
		f.groups = append(f.groups, msGroup{group, array, n, n})
	}
}

func (f *msFrame) number(name string, v float64) { f.put(msMember{name: name, number: v}) }
func (f *msFrame) text(name, word string)        { f.put(msMember{name: name, text: word}) }
func (f *msFrame) null(name string)              { f.put(msMember{name: name, null: true}) }

func (f *msFrame) put(m msMember) {
	if f.inGroup {
		f.grouped = append(f.grouped, m)
		f.groups[len(f.groups)-1].to = len(f.grouped)
		return
	}
	for i := range f.members {
		if f.members[i].name == m.name {
			f.members[i] = m
			return
		}
	}
	f.members = append(f.members, m)
}

// write writes all members, then the groups in the order in which their names first came.
func (f *msFrame) write(out *object.Writer) {
	msWrite(out, f.members)
	for i, g := range f.groups {
		if f.written(i) {
			continue
		}
		if g.array {
			out.Array(g.name)
		}
		last := g
		for _, same := range f.groups[i:] {
			if same.name != g.name {
				continue
			}
			last = same
			if g.array {
				out.Object("")
				msWrite(out, f.grouped[same.from:same.to])
				out.End()
			}
		}
		if !g.array {
			out.Object(g.name)
			msWrite(out, f.grouped[last.from:last.to])
		}
		out.End()
	}
}

// written reports whether an earlier group has the name of group i, which then was written with it.
func (f *msFrame) written(i int) bool {
	for _, earlier := range f.groups[:i] {
		if earlier.name == f.groups[i].name {
			return true
		}
	}
	return false
}

func msWrite(out *object.Writer, members []msMember) {
	for _, m := range members {
		switch {
		case m.null:
			out.Null(m.name)
		case m.text != "":
			out.Text(m.name, m.text)
		default:
			out.Number(m.name, m.number)
		}
	}
}
