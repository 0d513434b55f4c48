package decode

import (
	"reflect"
	"regexp"
	"strings"
	"unicode"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
)

// newLexicon gathers the words of models and sites.
func newLexicon(models map[string]*ready, sites []facility.Site) *redact.Lexicon {
	l := redact.NewLexicon()
	for _, m := range models {
		learnModel(l, &m.Model)
		for name := range m.Words {
			l.LearnMember(name)
		}
	}
	for i := range sites {
		s := &sites[i]
		l.Chosen(s.ID)
		for j := range s.Devices {
			l.Chosen(s.Devices[j].ID)
			l.Chosen(s.Devices[j].Address)
		}
		for j := range s.Tasks {
			l.Chosen(s.Tasks[j].ID)
		}
	}
	return l
}

// prose are the members of a model that are written for people, and its samples: of them only the names of members are words.
var prose = map[string]bool{"Title": true, "Description": true, "Why": true, "Samples": true, "Source": true}

// memberName is a member of JSON or an element of XML.
var memberName = regexp.MustCompile(`"([A-Za-z_][A-Za-z0-9_.-]{0,39})"\s*:|<([A-Za-z_][A-Za-z0-9_.-]{0,39})[\s/>]`)

// learnModel takes in the words of a model's definition.
func learnModel(l *redact.Lexicon, m *model.Model) {
	l.LearnFrom(reflect.ValueOf(m).Elem(), prose)
	for _, f := range m.AllFields() {
		steps := strings.FieldsFunc(f.Path, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-", r)
		})
		if len(steps) > 0 {
			l.LearnMeasured(steps[len(steps)-1])
		}
		for _, name := range f.Names {
			l.LearnMeasured(strings.ReplaceAll(f.Path, "{}", name))
		}
	}
	for i := range m.Samples {
		for _, found := range memberName.FindAllStringSubmatch(m.Samples[i].Payload, -1) {
			l.LearnName(found[1] + found[2])
		}
	}
}
