package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// pattern is a topic pattern of a model: literal levels, the captures {site}, {device} and others, the wildcards + and #.
type pattern struct {
	text   string
	levels []string
	site   int // level of {site}; -1: none
	device int // level of {device}; -1: none
	named  []named
}

// named is a level that a pattern gives a name to, beside {site} and {device}.
type named struct {
	level int
	name  string
}

func parsePattern(text string) (pattern, error) {
	p := pattern{text: text, levels: strings.Split(text, "/"), site: -1, device: -1}
	var errs []error
	for i, level := range p.levels {
		switch {
		case level == "":
			errs = append(errs, fmt.Errorf("level %d is empty", i+1))
		case level == "#" && i < len(p.levels)-1:
			errs = append(errs, errors.New("# must be the last level"))
		case level == "+", level == "#":
		case level == "{site}" && p.site < 0:
			p.site = i
		case level == "{device}" && p.device < 0:
			p.device = i
		case level == "{site}", level == "{device}":
			errs = append(errs, fmt.Errorf("%s occurs twice", level))
		case isNamed(level):
			p.named = append(p.named, named{i, level[1 : len(level)-1]})
		case strings.ContainsAny(level, "+#{}"):
			errs = append(errs, fmt.Errorf("level %q: want text, +, #, {site}, {device} or another {name} as a whole level", level))
		case i == 0 && strings.HasPrefix(level, "$"):
			errs = append(errs, fmt.Errorf("level %q: topics that begin with $ belong to the broker", level))
		}
	}
	if strings.HasPrefix(text, nativePrefix) || strings.HasPrefix(text, pushPrefix) {
		errs = append(errs, fmt.Errorf("topics below %s and %s are taken", nativePrefix, pushPrefix))
	}
	return p, errors.Join(errs...)
}

// wild reports whether the pattern has wildcards, so that a device's topic cannot be told in advance.
func (p *pattern) wild() bool {
	for _, level := range p.levels {
		if level == "+" || level == "#" {
			return true
		}
	}
	return len(p.named) > 0
}

// isNamed reports whether a level is a name in braces.
func isNamed(level string) bool {
	return len(level) > 2 && level[0] == '{' && level[len(level)-1] == '}' && plainWord([]byte(level[1:len(level)-1]))
}

// matches reports whether topic fits the pattern.
func (p *pattern) matches(topic string) bool {
	for i, level := range p.levels {
		if level == "#" {
			return true
		}
		have, rest, more := strings.Cut(topic, "/")
		if more != (i < len(p.levels)-1) && !(i == len(p.levels)-2 && p.levels[i+1] == "#") {
			return false
		}
		if level != have && level != "+" && !isNamed(level) {
			return false
		}
		topic = rest
	}
	return true
}

// topic is the topic of one device.
func (p *pattern) topic(site, address string) string {
	levels := make([]string, len(p.levels))
	for i, level := range p.levels {
		switch i {
		case p.site:
			level = site
		case p.device:
			level = address
		}
		levels[i] = level
	}
	return strings.Join(levels, "/")
}

// filter is the MQTT filter that covers the pattern.
func (p *pattern) filter() string {
	levels := slices.Clone(p.levels)
	for i, level := range levels {
		if isNamed(level) {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// tree finds the patterns that a topic matches in time that does not depend on how many there are.
type tree struct {
	literal map[string]*tree
	any     *tree    // +, {site}, {device}
	here    []*route // patterns that end here
	rest    []*route // patterns that end in # behind here
}

func (t *tree) add(r *route) {
	at := t
	for _, level := range r.pattern.levels {
		switch {
		case level == "#":
			at.rest = append(at.rest, r)
			return
		case level == "+" || isNamed(level):
			if at.any == nil {
				at.any = &tree{}
			}
			at = at.any
		default:
			if at.literal == nil {
				at.literal = make(map[string]*tree)
			}
			if at.literal[level] == nil {
				at.literal[level] = &tree{}
			}
			at = at.literal[level]
		}
	}
	at.here = append(at.here, r)
}

// match appends the routes whose pattern fits topic, the most literal first.
func (t *tree) match(topic string, found []*route) []*route {
	level, rest, more := strings.Cut(topic, "/")
	for _, next := range [...]*tree{t.literal[level], t.any} {
		switch {
		case next == nil:
		case more:
			found = next.match(rest, found)
		default:
			found = append(append(found, next.here...), next.rest...) // a/# covers a
		}
	}
	return append(found, t.rest...)
}
