package configs

import (
	"cmp"
	"errors"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Problem is one thing that is wrong, with its place.
type Problem = strict.Problem

// Problems is everything that is wrong, one line each: "file:line:col: what, and what was expected".
type Problems = strict.Problems

// Load reads the configuration file and all files it names. The error is of type Problems and lists everything that is
// wrong; then there is no Config. Load keeps nothing and changes nothing, so a reload is a second Load.
func Load(file string) (*Config, error) {
	c, problems := LoadHere(file)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// LoadHere is Load that tells what is written wrong from what is wrong with this machine. Where all problems are of this machine (see
// Problem.Machine), it returns the Config beside them, though it may not run here.
func LoadHere(file string) (*Config, Problems) {
	l := newLoader(folder{base: filepath.Dir(file), texts: &texts{of: map[string]string{}}})
	c := l.load(file)
	if c != nil {
		c.File = file
		c.texts = l.folder.texts.of
	}
	return c, l.all()
}

// Problem is what is wrong with a value of the configuration file, at its place.
func (c *Config) Problem(path string, err error) Problem {
	at := strict.Position{File: "(built in) gerbang.yaml"}
	if c.places != nil {
		at = c.places.At(path)
	}
	return Problem{Position: at, Text: err.Error()}
}

// all are all problems, in order.
func (l *loader) all() Problems {
	all := append(slices.Clone(l.problems), l.machine...)
	all.Sort()
	return all
}

// Check lists what is wrong with the configuration file and all files it names.
func Check(file string) Problems {
	_, err := Load(file)
	problems, _ := err.(Problems) //nolint:errorlint // Load gives no other type and wraps nothing
	return problems
}

// LoadModel reads one file of a device model, with the script beside it if it names one. The error is of type Problems.
func LoadModel(file string) (decode.Model, error) {
	l := newLoader(folder{})
	l.addModel(l.folder, file, map[string]string{})
	if err := l.problems.Err(); err != nil {
		return decode.Model{}, err
	}
	for _, m := range l.models {
		return m.doc, nil
	}
	return decode.Model{}, nil
}

// LoadDefault is the shipped example: it runs without any file. Data is the folder "data" where the gateway was started.
func LoadDefault() (*Config, error) {
	l := newLoader(folder{embedded: true})
	c := l.load("gerbang.yaml")
	if err := l.all().Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Demo is everything that a demonstration needs, with its data in dir: ten public service malls, the embedded broker on
// this machine for anyone, and no InfluxDB. The caller may change addresses before using it.
func Demo(dir string) (*Config, error) {
	c, err := LoadDefault()
	if err != nil {
		return nil, err
	}
	c.Data = dir
	c.Influx = nil
	c.MQTT.Broker = nil
	c.MQTT.Embedded = &EmbeddedBroker{}
	c.MQTT.Embedded.SetDefaults()
	c.MQTT.Embedded.Anonymous = "allow"
	return c, nil
}

// loader is one run of Load.
type loader struct {
	folder      folder
	problems    Problems
	machine     Problems       // what is wrong on this machine with what is written right
	places      *strict.Places // of the configuration file
	unread      bool           // a document could not be read: what refers to it is not a problem of its own
	sites       []*siteFile
	protocols   map[string]*protocolFile
	models      map[string]*modelFile
	calendars   map[string]facility.Calendar
	protocolsAt []string        // what the configuration says protocols of one's own are read from
	siteFiles   []string        // names of all of them
	leftOut     map[string]bool // names of those that are not read
	serving     bool            // nobody reads warnings
	receivers   []string        // of the Alertmanager inside; nil: not known
	escalated   []string        // those that a step of an escalation reaches
}

func newLoader(f folder) *loader {
	return &loader{folder: f, protocols: map[string]*protocolFile{}, models: map[string]*modelFile{}, calendars: map[string]facility.Calendar{}}
}

func (l *loader) load(file string) *Config {
	c := &Config{}
	if !l.document(l.folder, file, c, &l.places) {
		return nil
	}
	l.readModels(c)
	l.readProtocols(c)
	l.readCalendars(c)
	l.readSites(c)
	l.checkComponents(c)
	l.checkOIDC(c)
	l.checkReach(c)
	l.checkProtocols()
	l.checkSites()
	l.checkEscalations(c)
	l.readPlans()
	l.checkCredentials(c)
	l.problems.Sort()
	if len(l.problems) > 0 {
		return nil
	}
	l.assemble(c)
	definitions := c.Definitions()
	l.compile(definitions)
	l.hearable(c)
	l.warnPresence(c)
	l.warnIntervals(c)
	l.takePlans(c)
	if !l.serving && len(l.problems) == 0 {
		l.warnProtocols(c, definitions)
	}
	c.Warnings.Sort()
	l.problems.Sort()
	if len(l.problems) > 0 {
		return nil
	}
	c.places = l.places
	return c
}

// hearable has the decoder say what is wrong with devices: it owns the rules of addresses.
func (l *loader) hearable(c *Config) {
	_, err := decode.New(decode.Options{Sites: c.Sites, Models: c.Models})
	for _, err := range flatten(err) {
		of, ok := errors.AsType[*decode.DeviceError](err)
		i := slices.IndexFunc(c.Sites, func(s facility.Site) bool { return ok && s.ID == of.Site })
		if i < 0 {
			l.at("", "%v", err)
			continue
		}
		l.sites[i].at("devices."+of.Device+".address", "%v", of.Err)
	}
}

// document reads one file into v. It reports false if nothing could be read at all.
func (l *loader) document(f folder, file string, v any, places **strict.Places) bool {
	var problems Problems
	*places, problems = l.decode(f, file, v)
	return l.take(*places, problems)
}

// decode reads one file into v and changes nothing else: files may be read at the same time.
func (l *loader) decode(f folder, file string, v any) (places *strict.Places, problems Problems) {
	name := filepath.ToSlash(file)
	if f.embedded && !l.folder.embedded {
		name = "(built in) " + name
	}
	data, err := f.read(file)
	if err != nil {
		problems.Add(strict.Position{File: name}, "cannot be read (%v)", err)
		return &strict.Places{}, problems
	}
	return strict.Decode(name, data, v, quantityNames())
}

// take notes what reading a file has found. It reports false if nothing could be read at all.
func (l *loader) take(places *strict.Places, problems Problems) bool {
	l.problems = append(l.problems, problems...)
	l.unread = l.unread || !places.Read
	return places.Read
}

// quantityNames lets a problem suggest the right quantity.
func quantityNames() strict.Vocabulary {
	v := strict.Vocabulary{Type: reflect.TypeFor[telemetry.Quantity]()}
	for _, q := range telemetry.Quantities() {
		v.Words = append(v.Words, q.String())
	}
	return v
}

// endingsOf are the endings of a kind of file; none: those of YAML.
func endingsOf(key string) []string {
	if key == "calendars" {
		return []string{"*.yaml", "*.yml", "*.ics"}
	}
	return nil
}

// expand lists the files of a list of patterns, each file once.
func (l *loader) expand(key string, patterns []string) []string {
	var files []string
	for i, pattern := range patterns {
		found, err := l.folder.expand(pattern, endingsOf(key)...)
		if err != nil {
			l.problems.Add(l.places.At(item(key, i)), "%s: %v", key, err)
			l.unread = true
			continue
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func (l *loader) readProtocols(c *Config) {
	add := func(f folder, file string, own map[string]string) {
		p := &protocolFile{builtIn: f.embedded}
		if !l.document(f, file, &p.doc, &p.places) || p.doc.ID == "" {
			return
		}
		if other, twice := own[p.doc.ID]; twice {
			l.problems.Add(p.places.At("id"), "protocol %q is in %s already, want every id once: a later version gets an id of its own, and a from", p.doc.ID, other)
			return
		}
		own[p.doc.ID] = file
		l.protocols[p.doc.ID] = p
	}
	l.protocolsAt = c.ProtocolFiles
	l.shippedAndOwn("protocols", c.ProtocolFiles, add)
}

// shippedAndOwn reads the embedded files of a kind, then the user's, which may replace them.
func (l *loader) shippedAndOwn(key string, patterns []string, add addFile) {
	l.shipped(key, add)
	l.own(key, patterns, add)
}

// addFile reads one file of a kind. own has the files of the same origin so far, by what they define.
type addFile func(f folder, file string, own map[string]string)

func (l *loader) shipped(key string, add addFile) {
	f := folder{embedded: true}
	names, err := f.expand(key, endingsOf(key)...)
	if err != nil {
		return
	}
	own := map[string]string{}
	for _, file := range names {
		add(f, file, own)
	}
}

func (l *loader) own(key string, patterns []string, add addFile) {
	if l.folder.embedded {
		return
	}
	own := map[string]string{}
	for _, file := range l.expand(key, patterns) {
		add(l.folder, file, own)
	}
}

func (l *loader) readSites(c *Config) {
	own := map[string]string{}
	files := l.expand("sites", c.SiteFiles)
	read := l.decodeSites(files)
	for i, file := range files {
		s, problems := read[i].site, read[i].problems
		l.siteFiles = append(l.siteFiles, s.name)
		if l.leftOut[s.name] {
			l.unread = true
			continue
		}
		before := len(l.problems)
		if !l.take(s.places, problems) {
			continue
		}
		if other, twice := own[s.doc.ID]; twice && s.doc.ID != "" {
			l.problems.Add(s.places.At("id"), "site %q is in %s already, want every id once", s.doc.ID, other)
		}
		own[s.doc.ID] = file
		s.sound = len(l.problems) == before
		l.sites = append(l.sites, s)
	}
}

// decodedSite is one site's file as it was read.
type decodedSite struct {
	site     *siteFile
	problems Problems
}

// decodeSites reads the files of all sites that are not left out, in order, by all processors: there may be thousands.
func (l *loader) decodeSites(files []string) []decodedSite {
	all := make([]decodedSite, len(files))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				s := &siteFile{name: filepath.ToSlash(files[i])}
				all[i].site = s
				if !l.leftOut[s.name] {
					s.places, all[i].problems = l.decode(l.folder, files[i], &s.doc)
				}
			}
		})
	}
	wg.Wait()
	return all
}

// assemble makes the plain values of documents without problems.
func (l *loader) assemble(c *Config) {
	sortBy(l.sites, func(s *siteFile) string { return s.doc.ID })
	c.siteFiles = map[string]string{}
	for _, s := range l.sites {
		c.siteFiles[s.doc.ID] = filepath.FromSlash(s.name)
		site := s.doc.site()
		site.Hours.Calendars, site.Maintenance = l.calendarsOf(&s.doc), l.maintenanceOf(&s.doc)
		c.Sites = append(c.Sites, site)
	}
	for _, p := range l.protocols {
		c.Protocols = append(c.Protocols, p.doc.protocol())
	}
	sortBy(c.Protocols, func(p rules.Protocol) string { return p.ID })
	for _, m := range l.models {
		c.Models = append(c.Models, m.doc)
	}
	sortBy(c.Models, func(m decode.Model) string { return m.ID })
	c.Data = l.folder.resolve(c.Data)
}

func sortBy[T any, K cmp.Ordered](all []T, key func(T) K) {
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

func list(words []string) string { return strings.Join(words, ", ") }
