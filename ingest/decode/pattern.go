package decode

import (
	"errors"
	"fmt"
	"strings"
)

// pattern is a topic pattern of a model: literal levels, the captures {site} and {device}, the wildcards + and #.
type pattern struct {
	text   string
	levels []string
	site   int // level of {site}; -1: none
	device int // level of {device}; -1: none
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
		case strings.ContainsAny(level, "+#{}"):
			errs = append(errs, fmt.Errorf("level %q: want text, +, #, {site} or {device} as a whole level", level))
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
	return false
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
	return strings.NewReplacer("{site}", "+", "{device}", "+").Replace(p.text)
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
	for i, level := range r.pattern.levels {
		switch {
		case level == "#":
			at.rest = append(at.rest, r)
			return
		case level == "+" || i == r.pattern.site || i == r.pattern.device:
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
