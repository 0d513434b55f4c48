package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// pattern is a topic pattern of a model: literal levels, the captures {site}, {device} and others, the wildcards + and #.
type pattern struct {
	text   string
	levels []string
	site   int // level of {site}; -1: none
	device int // level of {device}; -1: none
	// deep: the device is {device...}, one level or several. Levels behind it are counted from the end of a topic.
	deep  bool
	named []named
}

// deepDevice is the capture of an address that may have several levels.
const deepDevice = "{device...}"

// fieldName is the capture that names the one value of a topic; see openValue.
const fieldName = "field"

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
		case (level == "{device}" || level == deepDevice) && p.device < 0:
			p.device, p.deep = i, level == deepDevice
		case level == "{site}", level == "{device}", level == deepDevice:
			errs = append(errs, fmt.Errorf("%s occurs twice", level))
		case isNamed(level):
			p.named = append(p.named, named{i, level[1 : len(level)-1]})
		case strings.ContainsAny(level, "+#{}"):
			errs = append(errs, fmt.Errorf("level %q: want text, +, #, {site}, {device}, {device...} or another {name} as a whole level", level))
		case i == 0 && strings.HasPrefix(level, "$"):
			errs = append(errs, fmt.Errorf("level %q: topics that begin with $ belong to the broker", level))
		}
	}
	if p.deep && p.levels[len(p.levels)-1] == "#" {
		errs = append(errs, fmt.Errorf("%s and # leave open where the device ends", deepDevice))
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
	return len(level) > 2 && level[0] == '{' && level[len(level)-1] == '}' && written.Plain([]byte(level[1:len(level)-1]), "_-")
}

// matches reports whether topic fits the pattern.
func (p *pattern) matches(topic string) bool {
	head, tail := p.levels, []string(nil)
	if p.deep {
		head, tail = p.levels[:p.device], p.levels[p.device+1:]
	}
	for i, level := range head {
		if level == "#" {
			return true
		}
		have, rest, more := strings.Cut(topic, "/")
		last := !p.deep && i == len(head)-1
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

func fits(level, have string) bool { return level == have || level == "+" || isNamed(level) }

// value is what stands at level i of a topic that matches; empty if i is negative.
func (p *pattern) value(topic string, i int) string {
	if !p.deep || i < p.device {
		return level(topic, i)
	}
	for range len(p.levels) - 1 - i {
		topic = topic[:max(strings.LastIndexByte(topic, '/'), 0)]
	}
	if i > p.device {
		return topic[strings.LastIndexByte(topic, '/')+1:]
	}
	for range p.device {
		_, topic, _ = strings.Cut(topic, "/")
	}
	return topic
}

// field is the level of {field}; -1: none.
func (p *pattern) field() int {
	for _, n := range p.named {
		if n.name == fieldName {
			return n.level
		}
	}
	return -1
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

// filter is the MQTT filter that covers the pattern, where {device...} has depth levels.
func (p *pattern) filter(depth int) string {
	levels := slices.Clone(p.levels)
	for i, level := range levels {
		switch {
		case level == deepDevice:
			levels[i] = strings.Repeat("+/", depth-1) + "+"
		case isNamed(level):
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// tree finds the patterns that a topic matches in time that does not depend on how many there are.
type tree struct {
	literal map[string]*tree
	any     *tree    // +, {site}, {device}
	deep    *tree    // {device...}
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
		case level == deepDevice:
			if at.deep == nil {
				at.deep = &tree{}
			}
			at = at.deep
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
	if t.deep != nil {
		// Only one level of a pattern is deep, so that the work grows with the levels of the topic and no faster.
		for ; more; _, rest, more = strings.Cut(rest, "/") {
			found = t.deep.match(rest, found)
		}
		found = append(found, t.deep.here...)
	}
	return append(found, t.rest...)
}
