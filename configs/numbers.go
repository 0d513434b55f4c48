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
	expr *rules.Expression // of a limit: the expression that has the number as well
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

var (
	// ErrBuiltIn says that a configuration is built into the program: there are no files.
	ErrBuiltIn = errors.New("the configuration is built into the program")
	// ErrNotReloaded says that the file of a site had mistakes when it was read, and has none now: it is not in force.
	ErrNotReloaded = errors.New("the site's file was put right and is not in force yet")
	// ErrNeeded is what Edits returns where a number is to be taken out without which there is nothing to judge by.
	ErrNeeded = errors.New("the number cannot be left out")
)

// zoneNumbers are the keys of a zone that limits are reckoned from.
var zoneNumbers = []string{"capacity", "area", "fixtures", "seats", "pitch", "height"}

// rarely are keys of a zone that few have: those are listed where they are said.
var rarely = []string{"height"}

// Numbers reads the numbers by which a site is judged from the files of a configuration, as they are on disk now; today is the day whose
// protocols are meant, with those that come. The error is ErrBuiltIn, ErrNotReloaded, or of type Problems.
func (c *Config) Numbers(site string, today facility.Date) ([]Number, error) {
	if c.File == "" {
		return nil, ErrBuiltIn
	}
	name, ok := c.siteFiles[site]
	if !ok {
		return nil, c.whyLeftOut(site)
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
	strays := l.strays(c)
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
		for _, s := range strays {
			if s.may(p.doc.ID) && s.id != site && !slices.Contains(shared, s.id) {
				shared = append(shared, s.id)
			}
		}
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

// stray is a site whose file has mistakes: nobody knows for certain what it will be judged by when it is put right.
type stray struct {
	id        string
	protocols []string
	unread    bool // it cannot be read at all
}

// may reports whether the site may have a protocol, as far as its file can be read.
func (s stray) may(protocol string) bool { return s.unread || slices.Contains(s.protocols, protocol) }

// strays are the sites that a configuration left out.
func (l *loader) strays(c *Config) []stray {
	var all []stray
	for _, name := range c.leftOutFiles {
		s := &siteFile{}
		s.places, _ = l.decode(l.folder, filepath.FromSlash(name), &s.doc)
		id := s.doc.ID
		if id == "" {
			id = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		}
		all = append(all, stray{id, s.doc.Protocols, !s.places.Read || len(s.doc.Protocols) == 0})
	}
	return all
}

// whyLeftOut says why a site is not read from a file.
func (c *Config) whyLeftOut(site string) error {
	next, broken, err := LoadServing(c.File)
	if problems, is := errors.AsType[Problems](err); is {
		return problems
	}
	if err != nil {
		return err
	}
	if _, well := next.siteFiles[site]; well {
		return ErrNotReloaded
	}
	return broken
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
				if _, alone := x.WithLimit(x.Limit); alone {
					n.expr = x
				} else {
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

// AmbiguousError says that a number as a person typed it can be read in two ways: 1.000 is a thousand in Jakarta, and one in London.
type AmbiguousError struct {
	Typed string
	Large string // how to write the one, with a point
	Small string // how to write the other
}

// Error says how to write it.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%s can be read in two ways: want %s or %s", e.Typed, e.Large, e.Small)
}

var (
	// twoWays are numbers whose last three digits are a fraction to some, and thousands to others.
	twoWays = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}([.,]\d{3})+$`)
	// oneWay are numbers with both signs, of which the last must be the decimal one.
	oneWay = regexp.MustCompile(`^[+-]?\d{1,3}(?:(?:\.\d{3})+(,)\d+|(?:,\d{3})+(\.)\d+)$`)
	// spacedOut are numbers with spaces between thousands.
	spacedOut = regexp.MustCompile(`^[+-]?\d{1,3}(?:[ \x{a0}\x{202f}]\d{3})+(?:[.,]\d+)?$`)
	// leading is the number at the beginning of what somebody typed.
	leading = regexp.MustCompile(`^[+-]?\d[\d.,]*(?:[ \x{a0}\x{202f}]\d[\d.,]*)*`)
)

// plainNumber is a number that a person typed, with a decimal point. was is the present one: to leave it as it is is never in doubt.
func plainNumber(typed, was string) (string, error) {
	signs := strings.NewReplacer(".", "", ",", "", " ", "", "\u00a0", "", "\u202f", "")
	point := strings.Replace(typed, ",", ".", 1)
	switch {
	case point == was:
		return point, nil
	case twoWays.MatchString(typed):
		last := strings.LastIndexAny(typed, ".,")
		return "", &AmbiguousError{typed, signs.Replace(typed), signs.Replace(typed[:last]) + "." + typed[last+1:] + "0"}
	case oneWay.MatchString(typed), spacedOut.MatchString(typed):
		if last := strings.LastIndexAny(typed, ".,"); last >= 0 {
			return signs.Replace(typed[:last]) + "." + typed[last+1:], nil
		}
		return signs.Replace(typed), nil
	}
	return point, nil
}

// Edits are the changes of its file that give a number another value, as a person typed it: with or without its unit, with a decimal
// comma or point; an empty one takes it out. Whether it is a value is said by checking the configuration with it. The error is ErrNeeded, an
// *AmbiguousError, or revise.ErrByHand.
func (n *Number) Edits(typed string) ([]revise.Change, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		if n.Part == "level" || n.expr != nil { // a level is its share; and an expression goes on judging by its number
			return nil, ErrNeeded
		}
		return []revise.Change{{Path: n.path}}, nil
	}
	was := leading.FindString(n.Value)
	count := leading.FindString(typed)
	rest := strings.TrimSpace(typed[len(count):])
	if count != "" {
		var err error
		if count, err = plainNumber(count, was); err != nil {
			return nil, err
		}
	}
	if n.Part == "level" && rest == "" {
		rest = "%"
	}
	if rest == strings.ReplaceAll(n.Unit, "²", "2") { // no keyboard has it
		rest = n.Unit
	}
	f, err := strconv.ParseFloat(count, 64)
	plain := err == nil && decimal.MatchString(count)
	switch {
	case !plain:
		return []revise.Change{{Path: n.path, Value: typed}}, nil
	case n.Part == "level" && rest == "%":
		return []revise.Change{{Path: n.path, Value: strings.TrimPrefix(count, "+") + "%"}}, nil
	case rest != "" && rest != n.Unit: // a time, or what check has a word about
		return []revise.Change{{Path: n.path, Value: count + typedUnit(typed, rest)}}, nil
	case n.expr != nil:
		next, ok := n.expr.WithLimit(f)
		if !ok {
			return nil, revise.ErrByHand
		}
		return []revise.Change{number(n.path, f), {Path: append(slices.Clone(n.path[:len(n.path)-1]), "expr"), Value: next}}, nil
	case n.Unit != "" && strings.HasSuffix(cmp.Or(n.Value, n.Unit), n.Unit):
		return []revise.Change{{Path: n.path, Value: strings.TrimPrefix(count, "+") + " " + n.Unit}}, nil
	default:
		return []revise.Change{number(n.path, f)}, nil
	}
}

// typedUnit is what stands behind a number, with the space before it.
func typedUnit(typed, rest string) string {
	if strings.HasSuffix(typed, " "+rest) {
		return " " + rest
	}
	return rest
}

var decimal = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)

func number(path []string, f float64) revise.Change {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return revise.Change{Path: path, Value: int(f)}
	}
	return revise.Change{Path: path, Value: f}
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
