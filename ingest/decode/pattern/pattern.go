// Package pattern is about the topics of models: patterns of them, and what belongs to the patterns that a topic fits.
package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// The topics that no model may have: Own begins those of the gateway itself, Push those that the HTTP door makes up,
// push/{model}, push/{model}/{device} and push/{model}/{site}/{device}.
const (
	Own  = "gerbang/v1/"
	Push = "push/"
)

// Pattern is a topic pattern of a model: literal levels, the captures {site}, {device} and others, the wildcards + and #.
type Pattern struct {
	Text   string
	Levels []string
	Site   int // level of {site}; -1: none
	Device int // level of {device}; -1: none
	// Deep: the device is {device...}, one level or several. Levels behind it are counted from the end of a topic.
	Deep  bool
	Named []Named
}

// Deep is the capture of an address that may have several levels.
const Deep = "{device...}"

// fieldName is the capture that names the one value of a topic, in formats of bare values.
const fieldName = "field"

// Named is a level that a pattern gives a name to, beside {site} and {device}.
type Named struct {
	Level int
	Name  string
}

// Parse reads a pattern of a model, and reports all that is wrong with it.
func Parse(text string) (Pattern, error) {
	p := Pattern{Text: text, Levels: strings.Split(text, "/"), Site: -1, Device: -1}
	var errs []error
	for i, level := range p.Levels {
		switch {
		case level == "":
			errs = append(errs, fmt.Errorf("level %d is empty", i+1))
		case level == "#" && i < len(p.Levels)-1:
			errs = append(errs, errors.New("# must be the last level"))
		case level == "+", level == "#":
		case level == "{site}" && p.Site < 0:
			p.Site = i
		case (level == "{device}" || level == Deep) && p.Device < 0:
			p.Device, p.Deep = i, level == Deep
		case level == "{site}", level == "{device}", level == Deep:
			errs = append(errs, fmt.Errorf("%s occurs twice", level))
		case IsNamed(level):
			p.Named = append(p.Named, Named{i, level[1 : len(level)-1]})
		case strings.ContainsAny(level, "+#{}"):
			errs = append(errs, fmt.Errorf("level %q: want text, +, #, {site}, {device}, {device...} or another {name} as a whole level", level))
		case i == 0 && strings.HasPrefix(level, "$"):
			errs = append(errs, fmt.Errorf("level %q: topics that begin with $ belong to the broker", level))
		}
	}
	if p.Deep && p.Levels[len(p.Levels)-1] == "#" {
		errs = append(errs, fmt.Errorf("%s and # leave open where the device ends", Deep))
	}
	if strings.HasPrefix(text, Own) || strings.HasPrefix(text, Push) {
		errs = append(errs, fmt.Errorf("topics below %s and %s are taken", Own, Push))
	}
	return p, errors.Join(errs...)
}

// Wild reports whether the pattern has wildcards, so that a device's topic cannot be told in advance.
func (p *Pattern) Wild() bool {
	for _, level := range p.Levels {
		if level == "+" || level == "#" {
			return true
		}
	}
	return len(p.Named) > 0
}

// IsNamed reports whether a level is a name in braces.
func IsNamed(level string) bool {
	return len(level) > 2 && level[0] == '{' && level[len(level)-1] == '}' && written.Plain([]byte(level[1:len(level)-1]), "_-")
}

// Matches reports whether topic fits the pattern.
func (p *Pattern) Matches(topic string) bool {
	head, tail := p.Levels, []string(nil)
	if p.Deep {
		head, tail = p.Levels[:p.Device], p.Levels[p.Device+1:]
	}
	for i, level := range head {
		if level == "#" {
			return true
		}
		have, rest, more := strings.Cut(topic, "/")
		last := !p.Deep && i == len(head)-1
		if more == last && !(i == len(head)-2 && head[i+1] == "#") {
			return false
		}
		if !fits(level, have) {
			return false
		}
		topic = rest
	}
	for _, level := range slices.Backward(tail) {
		cut := strings.LastIndexByte(topic, '/')
		if cut < 0 || !fits(level, topic[cut+1:]) {
			return false
		}
		topic = topic[:cut]
	}
	return true
}

func fits(level, have string) bool { return level == have || level == "+" || IsNamed(level) }

// Value is what stands at level i of a topic that matches; empty if i is negative.
func (p *Pattern) Value(topic string, i int) string {
	if !p.Deep || i < p.Device {
		return level(topic, i)
	}
	for range len(p.Levels) - 1 - i {
		topic = topic[:max(strings.LastIndexByte(topic, '/'), 0)]
	}
	if i > p.Device {
		return topic[strings.LastIndexByte(topic, '/')+1:]
	}
	for range p.Device {
		_, topic, _ = strings.Cut(topic, "/")
	}
	return topic
}

// Field is the level of {field}; -1: none.
func (p *Pattern) Field() int {
	for _, n := range p.Named {
		if n.Name == fieldName {
			return n.Level
		}
	}
	return -1
}

// Topic is the topic of one device.
func (p *Pattern) Topic(site, address string) string {
	levels := make([]string, len(p.Levels))
	for i, level := range p.Levels {
		switch i {
		case p.Site:
			level = site
		case p.Device:
			level = address
		}
		levels[i] = level
	}
	return strings.Join(levels, "/")
}

// Filter is the MQTT filter that covers the pattern, where {device...} has depth levels.
func (p *Pattern) Filter(depth int) string {
	levels := slices.Clone(p.Levels)
	for i, level := range levels {
		switch {
		case level == Deep:
			levels[i] = strings.Repeat("+/", depth-1) + "+"
		case IsNamed(level):
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// Tree finds what belongs to the patterns that a topic matches, in time that does not depend on how many there are.
type Tree[T any] struct {
	literal map[string]*Tree[T]
	any     *Tree[T] // +, {site}, {device}
	deep    *Tree[T] // {device...}
	here    []T      // of patterns that end here
	rest    []T      // of patterns that end in # behind here
}

// Add takes in what belongs to a pattern.
func (t *Tree[T]) Add(p *Pattern, r T) {
	at := t
	for _, level := range p.Levels {
		switch {
		case level == "#":
			at.rest = append(at.rest, r)
			return
		case level == Deep:
			if at.deep == nil {
				at.deep = &Tree[T]{}
			}
			at = at.deep
		case level == "+" || IsNamed(level):
			if at.any == nil {
				at.any = &Tree[T]{}
			}
			at = at.any
		default:
			if at.literal == nil {
				at.literal = make(map[string]*Tree[T])
			}
			if at.literal[level] == nil {
				at.literal[level] = &Tree[T]{}
			}
			at = at.literal[level]
		}
	}
	at.here = append(at.here, r)
}

// Match appends what belongs to the patterns that fit topic, the most literal first.
func (t *Tree[T]) Match(topic string, found []T) []T {
	level, rest, more := strings.Cut(topic, "/")
	for _, next := range [...]*Tree[T]{t.literal[level], t.any} {
		switch {
		case next == nil:
		case more:
			found = next.Match(rest, found)
		default:
			found = append(append(found, next.here...), next.rest...) // a/# covers a
		}
	}
	if t.deep != nil {
		// Only one level of a pattern is deep, so that the work grows with the levels of the topic and no faster.
		for ; more; _, rest, more = strings.Cut(rest, "/") {
			found = t.deep.Match(rest, found)
		}
		found = append(found, t.deep.here...)
	}
	return append(found, t.rest...)
}

// Must is for the patterns that are ours and known to be right.
func Must(text string) Pattern {
	p := Pattern{Text: text, Levels: strings.Split(text, "/"), Site: -1, Device: -1}
	p.Site, p.Device = slices.Index(p.Levels, "{site}"), slices.Index(p.Levels, "{device}")
	return p
}

// level is the i-th level of topic; empty if i is negative.
func level(topic string, i int) string {
	if i < 0 {
		return ""
	}
	var l string
	for range i + 1 {
		l, topic, _ = strings.Cut(topic, "/")
	}
	return l
}
