package configs

import (
	"errors"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/ingest/decode"
)

// modelFile is a device model with where its values stand.
type modelFile struct {
	doc    decode.Model
	places *strict.Places
}

func modelIDs(models map[string]*modelFile) []string {
	ids := slices.Collect(maps.Keys(models))
	if !slices.Contains(ids, decode.NativeModel) {
		ids = append(ids, decode.NativeModel)
	}
	slices.Sort(ids)
	return ids
}

// shippedModels reads the models that come with the gateway. They are part of the program: they are read and judged once, and
// all configurations share them, so nobody may change what is in them.
var shippedModels = sync.OnceValue(func() *loader {
	l := newLoader(folder{embedded: true})
	l.problems = append(l.problems, shippedFrames().problems...)
	l.shipped("models", l.addModel)
	for _, m := range l.models {
		m.places = nil // of a file that is judged; they hold its whole tree
	}
	return l
})

// readModels takes the shipped models and reads the user's.
func (l *loader) readModels(c *Config) {
	shipped := shippedModels()
	maps.Copy(l.models, shipped.models)
	l.problems = append(l.problems, shipped.problems...)
	l.unread = l.unread || shipped.unread
	l.own("models", c.ModelFiles, l.addModel)
}

// addModel reads a model, which the decoder itself judges.
func (l *loader) addModel(f folder, file string, own map[string]string) {
	m := &modelFile{}
	before := len(l.problems)
	if !l.document(f, file, &m.doc, &m.places) {
		return
	}
	id := m.doc.ID
	if other, twice := own[id]; twice && id != "" {
		l.problems.Add(m.places.At("id"), "model %q is in %s already, want every id once", id, other)
		return
	}
	own[id] = file
	switch path.Ext(m.doc.Codec) {
	case ".js":
		if text, ok := l.readCodec(f, file, m); ok {
			m.doc.Script = string(text)
		}
	case ".yaml", ".yml":
		l.readFrames(f, file, m)
	default:
		m.doc.Layout = shippedFrames().descriptions[m.doc.Codec]
		l.checkCodec(m)
	}
	if len(l.problems) == before { // a field that was not read would be judged as empty
		l.checkModel(m)
	}
	l.models[id] = m
}

// readCodec reads the file that reads the device's frames, which lies beside the model's file.
func (l *loader) readCodec(f folder, file string, m *modelFile) (text []byte, ok bool) {
	name := filepath.ToSlash(m.doc.Codec)
	if path.IsAbs(name) || !filepath.IsLocal(m.doc.Codec) {
		l.problems.Add(m.places.At("codec"), "codec: %q, want a file beside the model's or in a folder below", m.doc.Codec)
		return nil, false
	}
	text, err := f.read(filepath.Join(filepath.Dir(file), m.doc.Codec))
	if err != nil {
		l.problems.Add(m.places.At("codec"), "codec: file %s cannot be read (%v), want the maker's decoder, or a description of the frames, beside %s", m.doc.Codec, err, filepath.Base(file))
		return nil, false
	}
	return text, true
}

func (l *loader) checkModel(m *modelFile) {
	for _, err := range flatten(decode.Validate(&m.doc)) {
		if field, ok := errors.AsType[*decode.FieldError](err); ok {
			l.problems.Add(m.places.At(field.Field), "%s: %v", field.Field, field.Err)
		} else {
			l.problems.Add(m.places.At(""), "%v", err)
		}
	}
}
