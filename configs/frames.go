package configs

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
)

// frameFolder holds the shipped descriptions of radio frames, each named as its id.
const frameFolder = "models/frames"

// frameSet are the shipped descriptions.
type frameSet struct {
	descriptions map[string]*frame.Description
	problems     strict.Problems
}

// shippedFrames reads the descriptions of frames that come with the gateway. Like the models they are part of the program: read
// once and shared, so nobody may change what is in them.
var shippedFrames = sync.OnceValue(func() *frameSet {
	set := &frameSet{descriptions: make(map[string]*frame.Description)}
	files, err := examples.ReadDir(frameFolder)
	if err != nil {
		panic(fmt.Sprintf("reading the shipped frames: %v", err)) // they are part of the program
	}
	for _, entry := range files {
		name := path.Join(frameFolder, entry.Name())
		text, err := examples.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("reading the shipped frames: %v", err))
		}
		d, problems := parseFrames(name, text)
		set.problems = append(set.problems, problems...)
		if d != nil {
			set.descriptions[d.ID] = d
		}
	}
	return set
})

// Frames are the shipped descriptions of radio frames, by id. They must not be changed.
func Frames() []*frame.Description {
	all := make([]*frame.Description, 0, len(shippedFrames().descriptions))
	for _, d := range shippedFrames().descriptions {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *frame.Description) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// parseFrames reads a description; nil where something is wrong with it.
func parseFrames(file string, text []byte) (*frame.Description, strict.Problems) {
	d := &frame.Description{}
	places, problems := strict.Decode(file, text, d)
	if len(problems) > 0 { // a field that was not read would be judged as empty
		return nil, problems
	}
	if _, err := frame.Compile(d); err != nil {
		for _, err := range flatten(err) {
			if field, ok := errors.AsType[*frame.FieldError](err); ok {
				problems.Add(places.At(field.Field), "%s: %v", field.Field, field.Err)
			} else {
				problems.Add(places.At(""), "%v", err)
			}
		}
		return nil, problems
	}
	if want := strings.TrimSuffix(path.Base(filepath.ToSlash(file)), path.Ext(file)); d.ID != want {
		problems.Add(places.At("id"), "id: %q, want %q as the file is named", d.ID, want)
		return nil, problems
	}
	return d, nil
}

// readFrames reads the description of frames beside a model's file.
func (l *loader) readFrames(f folder, file string, m *modelFile) {
	text, ok := l.readCodec(f, file, m)
	if !ok {
		return
	}
	d, problems := parseFrames(filepath.Join(filepath.Dir(file), m.doc.Codec), text)
	l.problems = append(l.problems, problems...)
	m.doc.Layout = d
}

// checkCodec says which codecs there are where a model names none of them.
func (l *loader) checkCodec(m *modelFile) {
	name := m.doc.Codec
	if name == "" || m.doc.Layout != nil {
		return
	}
	if _, err := codec.Find(name); err == nil {
		return
	}
	known := codec.Names()
	for _, d := range Frames() {
		known = append(known, d.ID)
	}
	slices.Sort(known)
	l.problems.Add(m.places.At("codec"), "codec: unknown codec %q, want the path of a .yaml or .js file or one of %v", name, known)
}
