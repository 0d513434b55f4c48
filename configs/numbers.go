package configs

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/rules"
)

// Number is a number by which a site is judged, as the files on disk say it.
type Number struct {
	// ID tells it apart from the others of the site: zone:lobby:capacity, rule:ours:air:limit, level:ours:half, site:quota.
	ID string
	// Part is what has the number: "site", "zone", "rule" or "level"; Of is its id, and Key the number's own.
	Part, Of, Key string
	Name          map[string]string // of the zone, rule or level, by language; under an empty one the same in all
	Kind          string            // of the rule
	// Value is the number with its unit, as a file has it: "60", "140 m²", "4h", "50%"; empty: it is not said.
	Value string
	Unit  string // that a plain number is in; empty: none
	At    Position
	// Protocol is the id of the protocol that says it; empty: the site's own file does. Shared are the other sites that have it.
	Protocol string
	Title    map[string]string // of the protocol
	Shared   []string
	// Fixed says why it cannot be changed for this site alone; empty: it can.
	Fixed Fixed

	path []string
	expr string // of a limit: the expression that has the number as well
}

// Position is a place in a file.
type Position = strict.Position

// Fixed is why a number cannot be changed for one site alone.
type Fixed string

// The reasons.
const (
	FixedBuiltIn Fixed = "built_in" // its protocol came with the gateway
	FixedShared  Fixed = "shared"   // its protocol is that of other sites, too
	FixedWritten Fixed = "written"  // an expression says it in words of its own
)

// ErrBuiltIn says that a configuration is built into the program: there are no files.
var ErrBuiltIn = errors.New("the configuration is built into the program")

// zoneNumbers are the keys of a zone that limits are reckoned from.
var zoneNumbers = []string{"capacity", "area", "fixtures", "seats", "pitch", "height"}

// rarely are keys of a zone that few have: those are listed where they are said.
var rarely = []string{"height"}

// Numbers reads the numbers by which a site is judged from the files of a configuration, as they are on disk now; today is the day whose
// protocols are meant, with those that come. The error is ErrBuiltIn, or of type Problems.
func (c *Config) Numbers(site string, today facility.Date) ([]Number, error) {
	name, ok := c.siteFiles[site]
	if c.File == "" || !ok {
		return nil, ErrBuiltIn
	}
	l := newLoader(folder{base: filepath.Dir(c.File)})
	top := &Config{}
	if l.document(l.folder, c.File, top, &l.places) {
		l.readProtocols(top)
	}
	s := &siteFile{name: filepath.ToSlash(name)}
	var problems Problems
	s.places, problems = l.decode(l.folder, name, &s.doc)
	l.take(s.places, problems)
	if err := l.all().Err(); err != nil {
		return nil, err
	}
	if s.doc.ID != site {
		return nil, Problems{{Position: s.places.At("id"), Text: fmt.Sprintf("id is %q, and was %q: a site keeps its id", s.doc.ID, site)}}
	}
	all := s.numbers()
	held := map[string]*protocolFile{} // by rule: the protocol that has the last word today
	var used []*protocolFile
	for _, id := range s.doc.Protocols {
		p := l.protocols[id]
		if p == nil || !p.doc.Until.IsZero() && p.doc.Until.Date.Before(today) {
			continue
		}
		used = append(used, p)
		for _, r := range p.doc.Rules {
			if h := held[r.ID]; !today.Before(p.doc.From.Date) && (h == nil || h.doc.From.Before(p.doc.From)) {
				held[r.ID] = p
			}
		}
	}
	for _, p := range used {
		shared := c.others(p.doc.ID, site)
		fixed := Fixed("")
		switch {
		case p.builtIn:
			fixed = FixedBuiltIn
		case len(shared) > 0:
			fixed = FixedShared
		}
		for _, n := range p.numbers(c, site, func(rule string) bool { return held[rule] == nil || held[rule] == p }) {
			n.Protocol, n.Title, n.Shared = p.doc.ID, p.doc.Title, shared
			if n.Fixed == "" || fixed != "" {
				n.Fixed = fixed
			}
			all = append(all, n)
		}
	}
	return all, nil
}

// others are the other sites that have a protocol.
func (c *Config) others(protocol, but string) (ids []string) {
	for _, s := range c.AllSites() {
		if s.ID != but && slices.Contains(s.Protocols, protocol) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// numbers are those of the site's own file.
func (s *siteFile) numbers() []Number {
	var all []Number
	if s.doc.Quota > 0 {
		all = append(all, Number{ID: "site:quota", Part: "site", Of: s.doc.ID, Key: "quota", Name: words{"": s.doc.Name}, Value: strconv.Itoa(s.doc.Quota), At: s.places.At("quota"), path: []string{"quota"}})
	}
	for _, r := range s.doc.Zones {
		v := reflect.ValueOf(r.Value)
		for _, f := range strict.Fields(v.Type()) {
			if !slices.Contains(zoneNumbers, f.Name) {
				continue
			}
			value := writtenAs(v.FieldByIndex(f.Index), f.Tag.Get("unit"))
			if value == "" && slices.Contains(rarely, f.Name) {
				continue
			}
			path := []string{"zones", r.ID, f.Name}
			all = append(all, Number{
				ID: "zone:" + r.ID + ":" + f.Name, Part: "zone", Of: r.ID, Key: f.Name, Name: words{"": r.Value.Name}, Value: value, Unit: f.Tag.Get("unit"),
				At: s.places.At(strings.Join(path, ".")), path: path,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Number) int {
		if a.Of != b.Of {
			return 0
		}
		return slices.Index(zoneNumbers, a.Key) - slices.Index(zoneNumbers, b.Key)
	})
	return all
}

// numbers are those that a protocol says and that its rules at a site are judged by; holds tells which rules have the last word.
func (p *protocolFile) numbers(c *Config, site string, holds func(rule string) bool) []Number {
	var all []Number
	for _, l := range p.doc.Levels {
		path := []string{"levels", l.ID}
		if p.places.Has("levels." + l.ID + ".share") {
			path = append(path, "share")
		}
		all = append(all, Number{
			ID: "level:" + p.doc.ID + ":" + l.ID, Part: "level", Of: l.ID, Key: "share", Name: l.Value.Name,
			Value: strconv.FormatFloat(100*float64(l.Value.Share), 'g', 6, 64) + "%", At: p.places.At(strings.Join(path, ".")), path: path,
		})
	}
	here := c.rulesAt(p.doc.ID, site)
	for _, r := range p.doc.Rules {
		if r.Value.params == nil || !holds(r.ID) || here != nil && !here[r.ID] {
			continue
		}
		v := reflect.ValueOf(r.Value.params).Elem()
		for _, f := range strict.Fields(v.Type()) {
			path := []string{"rules", r.ID, f.Name}
			if !p.places.Has(strings.Join(path, ".")) {
				continue // what a kind takes where nothing is said is no decision of this protocol
			}
			value := writtenAs(v.FieldByIndex(f.Index), f.Tag.Get("unit"))
			if value == "" && f.Type.Kind() != reflect.Int && f.Type.Kind() != reflect.Float64 {
				continue
			}
			n := Number{
				ID: "rule:" + p.doc.ID + ":" + r.ID + ":" + f.Name, Part: "rule", Of: r.ID, Key: f.Name, Kind: r.Value.common.Kind, Name: r.Value.common.Title,
				Value: value, Unit: f.Tag.Get("unit"), At: p.places.At(strings.Join(path, ".")), path: path,
			}
			if n.Value == "" {
				n.Value = "0"
			}
			if x, ok := r.Value.params.(*rules.Expression); ok && f.Name == "limit" {
				n.Unit = x.Unit
				if n.expr = x.Expr; strings.Count(spaced(x.Expr), literal(x.Limit)) != 1 {
					n.Fixed = FixedWritten
				}
			}
			all = append(all, n)
		}
	}
	return all
}

// rulesAt are the rules of a protocol that a site's definition has; nil: it is not known.
func (c *Config) rulesAt(protocol, site string) map[string]bool {
	i := slices.IndexFunc(c.Sites, func(s facility.Site) bool { return s.ID == site })
	k := slices.IndexFunc(c.Protocols, func(p rules.Protocol) bool { return p.ID == protocol })
	if i < 0 || k < 0 {
		return nil
	}
	known, apart := measures(&c.Sites[i], c.fitted())
	here := map[string]bool{}
	for _, r := range narrowed(c.Protocols[k], instruments{&c.Sites[i], known, apart}).Rules {
		here[r.ID] = true
	}
	return here
}

// writtenAs is a number as a file has it; empty: it is zero, or none.
func writtenAs(v reflect.Value, unit string) string {
	var text string
	switch x := v.Interface().(type) {
	case time.Duration:
		if x == 0 {
			return ""
		}
		return strict.FormatDuration(x)
	case int:
		text = strconv.Itoa(x)
	case float64:
		text = strconv.FormatFloat(x, 'f', -1, 64)
	}
	switch {
	case text == "" || text == "0":
		return ""
	case unit != "":
		return text + " " + unit
	}
	return text
}

// literal is a number as an expression has it, with spaces around; spaced is an expression in which every word has some.
func literal(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return " " + text + " "
}

func spaced(expr string) string {
	for _, sign := range []string{"(", ")"} {
		expr = strings.ReplaceAll(expr, sign, " "+sign+" ")
	}
	return " " + strings.Join(strings.Fields(expr), "  ") + " "
}

// Edits are the changes of its file that give a number another value, as a person typed it: with or without its unit, with a decimal
// comma or point; an empty one takes it out. Whether it is a value is said by checking the configuration with it.
func (n *Number) Edits(typed string) []revise.Change {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return []revise.Change{{Path: n.path}}
	}
	bare := strings.TrimSpace(strings.TrimSuffix(typed, n.Unit))
	if strings.Count(bare, ",") == 1 && !strings.Contains(bare, ".") {
		bare = strings.Replace(bare, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(bare, 64)
	plain := err == nil && decimal.MatchString(bare)
	switch {
	case !plain && n.Part == "level":
		return []revise.Change{{Path: n.path, Value: strings.Replace(typed, ",", ".", 1)}}
	case !plain:
		return []revise.Change{{Path: n.path, Value: typed}}
	case n.Part == "level":
		return []revise.Change{{Path: n.path, Value: bare + "%"}}
	case n.expr != "":
		return []revise.Change{number(n.path, f), revise.Change{Path: append(slices.Clone(n.path[:len(n.path)-1]), "expr"), Value: rewritten(n.expr, n.Value, f)}}
	case n.Unit != "" && strings.HasSuffix(cmp.Or(n.Value, n.Unit), n.Unit):
		return []revise.Change{{Path: n.path, Value: bare + " " + n.Unit}}
	default:
		return []revise.Change{number(n.path, f)}
	}
}

var decimal = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)

func number(path []string, f float64) revise.Change {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return revise.Change{Path: path, Value: int(f)}
	}
	return revise.Change{Path: path, Value: f}
}

// rewritten is an expression with another number in the place of one.
func rewritten(expr, was string, f float64) string {
	old, err := strconv.ParseFloat(was, 64)
	if err != nil {
		return expr
	}
	from, to := strings.TrimSpace(literal(old)), strings.TrimSpace(literal(f))
	i := regexp.MustCompile(`(^|[^\w.])` + regexp.QuoteMeta(from) + `($|[^\w.])`).FindStringIndex(expr)
	if i == nil {
		return expr
	}
	at := i[0] + strings.Index(expr[i[0]:], from)
	return expr[:at] + to + expr[at+len(from):]
}

// Version is that of a file as it was when the configuration was read; empty: it was not read, or is built in.
func (c *Config) Version(file string) string { return c.texts[file] }

// Differ lists the files that a later reading of the configuration found to be others than this one did: changed, new or gone.
func (c *Config) Differ(later *Config) []string {
	var files []string
	for name, version := range c.texts {
		if later.texts[name] != version {
			files = append(files, name)
		}
	}
	for name := range later.texts {
		if _, had := c.texts[name]; !had {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files
}

// NumberIn is the value of a number of a site in another text of its file; empty: it is not said there, or the text cannot be read.
func (c *Config) NumberIn(text []byte, n *Number, site string) string {
	var all []Number
	if n.Protocol == "" {
		s := &siteFile{}
		s.places, _ = strict.Decode(n.At.File, text, &s.doc, quantityNames())
		all = s.numbers()
	} else {
		p := &protocolFile{}
		p.places, _ = strict.Decode(n.At.File, text, &p.doc, quantityNames())
		all = p.numbers(c, site, func(string) bool { return true })
	}
	if i := slices.IndexFunc(all, func(o Number) bool { return o.ID == n.ID }); i >= 0 {
		return all[i].Value
	}
	return ""
}
