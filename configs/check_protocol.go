package configs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/rules"
)

// maxRuleTitle bounds the title of a rule: it is the head of a notification.
const maxRuleTitle = 60

// checkProtocols checks the protocols by themselves, and the subjects of their rules against the sites.
func (l *loader) checkProtocols() {
	for id, p := range l.protocols {
		at := func(path, format string, args ...any) {
			l.problems.Add(p.places.At(path), format, args...)
		}
		d := &p.doc
		if !d.From.IsZero() && !d.Until.IsZero() && !d.From.Before(d.Until) {
			at("until", "until %v is not after from %v, want the first day on which the protocol is not valid any more", d.Until, d.From)
		}
		for _, r := range d.Rules {
			l.checkRule(p, &r.Value, r.ID)
			for i, subject := range r.Value.common.Subjects {
				if known, used := l.subjects(id); used && !slices.Contains(known, subject) {
					at(item(rulePath(r.ID, "subjects"), i), "subject %q is in no site with protocol %q, %s", subject, id, strict.Suggestion(subject, known))
				}
			}
			if x, ok := r.Value.params.(*rules.Expression); ok && x.Of != "" && !slices.Contains(rules.OfWords(), x.Of) {
				words := append(rules.OfWords(), l.devices(id)...)
				if used := len(words) > len(rules.OfWords()); used && !slices.Contains(words, x.Of) {
					at(rulePath(r.ID, "of"), "of is %q, %s", x.Of, strict.Suggestion(x.Of, words))
				}
			}
			for lang := range r.Value.common.Advice {
				if lang != "id" && lang != "en" {
					at(rulePath(r.ID, "advice")+"."+lang, "advice in language %q, want id or en", lang)
				}
			}
			for lang, title := range r.Value.common.Title {
				switch {
				case lang != "id" && lang != "en":
					at(rulePath(r.ID, "title")+"."+lang, "title in language %q, want id or en", lang)
				case title == "" || utf8.RuneCountInString(title) > maxRuleTitle:
					at(rulePath(r.ID, "title")+"."+lang, "title has %d characters, want 1 to %d", utf8.RuneCountInString(title), maxRuleTitle)
				}
			}
		}
	}
}

// checkRule lets the kind judge its own parameters.
func (l *loader) checkRule(p *protocolFile, r *ruleDoc, id string) {
	if r.params == nil {
		return
	}
	for _, err := range flatten(r.params.Validate()) {
		if field, ok := errors.AsType[*rules.FieldError](err); ok {
			l.problems.Add(p.places.At(rulePath(id, field.Field)), "%s: %v", field.Field, field.Err)
		} else {
			l.problems.Add(p.places.At(rulePath(id, "")), "rule %q: %v", id, err)
		}
	}
}

// subjects lists the ids a rule of a protocol may name, over all sites that use it.
func (l *loader) subjects(protocol string) (ids []string, used bool) {
	for _, s := range l.sites {
		if !slices.Contains(s.doc.Protocols, protocol) {
			continue
		}
		used = true
		ids = append(ids, s.doc.ID)
		ids = append(ids, s.doc.Zones.ids()...)
		ids = append(ids, s.doc.Doors.ids()...)
		ids = append(ids, s.doc.Devices.ids()...)
		ids = append(ids, s.doc.Tasks.ids()...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), used
}

// devices lists the ids of the devices of all sites that use a protocol.
func (l *loader) devices(protocol string) (ids []string) {
	for _, s := range l.sites {
		if slices.Contains(s.doc.Protocols, protocol) {
			ids = append(ids, s.doc.Devices.ids()...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}

// compile lets the rules judge every site's definition as they will judge it in the engine.
func (l *loader) compile(definitions []rules.Definition) {
	for i := range definitions {
		site, d := l.sites[i], &definitions[i]
		for _, err := range rules.Problems(rules.Compile(d)) {
			p := l.protocols[err.Protocol]
			if p == nil {
				site.at(err.Field, "%s: %v", lastKey(err.Field), err.Err)
				continue
			}
			path := err.Field
			if err.Rule != "" {
				path = rulePath(err.Rule, l.original(p, d, err))
			}
			l.problems.Add(p.places.At(path), "%s: %v (site %q)", lastKey(path), err.Err, d.Site.ID)
		}
	}
}

// original is a field's path as it is in the file: the parameters stand beside the other keys, and a site's list of
// subjects is shorter than the protocol's.
func (l *loader) original(p *protocolFile, d *rules.Definition, err *rules.Problem) string {
	var i int
	if n, _ := fmt.Sscanf(err.Field, "subjects[%d]", &i); n != 1 {
		return strings.TrimPrefix(err.Field, "params.")
	}
	for _, protocol := range d.Protocols {
		for _, r := range protocol.Rules {
			if protocol.ID != err.Protocol || r.ID != err.Rule || i >= len(r.Subjects) {
				continue
			}
			for _, row := range p.doc.Rules {
				if row.ID == r.ID {
					return item("subjects", slices.Index(row.Value.common.Subjects, r.Subjects[i]))
				}
			}
		}
	}
	return err.Field
}
