package decode

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// nativePrefix begins every topic of the native format; pushPrefix those that the HTTP door makes up:
// push/{model}, push/{model}/{device} and push/{model}/{site}/{device}.
const (
	nativePrefix  = "gerbang/v1/"
	nativePattern = nativePrefix + "{site}/{device}"
	pushPrefix    = "push/"
)

// binding is what a topic leads to: a configured device.
type binding struct {
	site   string
	device string
	// address is how messages name the device; empty: not known.
	address string
	key     string // "site/device", as in a Sender
	model   *model
	zone    *time.Location
	tasks   map[string]facility.Task // of the site; nil: any task is taken (no site is configured)
	author  bool                     // keep a task log's "by"
	// measures are the quantities that the device is there for, as bits; 0: whatever its model reads.
	measures uint64
	// stranger: no site has the device; somebody only looks at its message.
	stranger bool
}

// unbound is the binding of a message that leads nowhere.
var unbound = &binding{}

// router finds the device that a message is about.
type router struct {
	// exact holds every topic that can be told in advance: one look-up, whatever the number of devices.
	exact  map[string]*binding
	tree   tree // for topics with wildcards, and to say what is wrong with the others
	routes map[string]*route
	sites  map[string]map[string]*binding // site, device
	// restricted: some device is there for some of what its model reads.
	restricted bool
}

// route is one topic pattern with the devices that may speak on it.
type route struct {
	pattern pattern
	title   string // the model's id, for messages
	// quiet is the model on whose behalf the pattern is silent, for the devices that are configured where it names one; nil: it
	// is not.
	quiet *model
	// models name the device in the payload, where the topic does not or names none that is configured: one for each way of doing so.
	models []*model
	// learners take what a device says about itself, whether it is configured or not.
	learners []*model
	depths   map[int]bool // how many levels {device...} has
	// devices are by lower-case address, with "site/" before it where the topic names the site. A nil binding is an
	// address that several sites have.
	devices map[string]*binding
}

func (r *router) build(sites []facility.Site, models map[string]*model) error {
	*r = router{exact: make(map[string]*binding), routes: make(map[string]*route), sites: make(map[string]map[string]*binding, len(sites))}
	var errs []error
	for i := range sites {
		errs = append(errs, r.addSite(&sites[i], models))
	}
	for _, text := range slices.Sorted(maps.Keys(r.routes)) {
		r.tree.add(r.routes[text])
	}
	return errors.Join(errs...)
}

func (r *router) addSite(s *facility.Site, models map[string]*model) error {
	if r.sites[s.ID] != nil {
		return fmt.Errorf("site %q is configured twice", s.ID)
	}
	if s.Location.Location == nil {
		return fmt.Errorf("site %q has no time zone", s.ID)
	}
	devices := make(map[string]*binding, len(s.Devices))
	r.sites[s.ID] = devices
	tasks := make(map[string]facility.Task, len(s.Tasks))
	for _, t := range s.Tasks {
		tasks[t.ID] = t
	}
	var errs []error
	for i := range s.Devices {
		dev := &s.Devices[i]
		m := models[dev.Model]
		switch {
		case devices[dev.ID] != nil:
			errs = append(errs, fmt.Errorf("site %q, device %q is configured twice", s.ID, dev.ID))
			continue
		case m == nil:
			errs = append(errs, fmt.Errorf("site %q, device %q: unknown model %q, want one of %s",
				s.ID, dev.ID, dev.Model, strings.Join(slices.Sorted(maps.Keys(models)), ", ")))
			continue
		}
		b := &binding{site: s.ID, device: dev.ID, address: cmp.Or(dev.Address, dev.ID), key: s.ID + "/" + dev.ID, model: m, zone: s.Location.Location, tasks: tasks, author: s.KeepTaskAuthor, measures: measuresOf(dev)}
		devices[dev.ID] = b
		r.restricted = r.restricted || b.measures != 0
		if err := r.addDevice(b, dev); err != nil {
			errs = append(errs, &DeviceError{s.ID, dev.ID, err})
		}
	}
	return errors.Join(errs...)
}

func (r *router) addDevice(b *binding, dev *facility.Device) error {
	address := b.address
	if b.model.native() {
		switch {
		case address != dev.ID:
			return fmt.Errorf("address %q: a device of the native format is named by its id in the topic", address)
		case dev.ID == "out":
			return errors.New(`the id "out" is taken by the gateway's own topics`)
		}
	}
	if err := validAddress(address, b.model.namesDevice() || slices.ContainsFunc(b.model.patterns, func(p pattern) bool { return p.deep })); err != nil {
		return err
	}
	b.model.bind(b, address)
	for _, p := range b.model.patterns {
		rt := r.route(p, b.model)
		if other, taken := rt.add(b, address); taken {
			return fmt.Errorf("address %q on topic %s is also that of device %s", address, p.text, other)
		}
		if !p.wild() && p.device >= 0 {
			r.exact[p.topic(b.site, address)] = b
		}
	}
	for _, p := range b.model.silent {
		key := "silent " + p.text
		if r.routes[key] == nil {
			r.routes[key] = &route{pattern: p, title: b.model.ID, quiet: b.model, devices: make(map[string]*binding)}
		}
		r.routes[key].add(b, address) // two models, or sites, may be silent on one topic
	}
	for _, text := range b.model.pushPatterns() {
		p := mustPattern(text)
		rt := r.route(p, b.model)
		if _, taken := rt.add(b, address); taken {
			rt.devices[rt.keyOf(b.site, address)] = nil
		}
	}
	return nil
}

// mustPattern is for the patterns that this package makes itself.
func mustPattern(text string) pattern {
	p := pattern{text: text, levels: strings.Split(text, "/"), site: -1, device: -1}
	p.site, p.device = slices.Index(p.levels, "{site}"), slices.Index(p.levels, "{device}")
	return p
}

func (r *router) route(p pattern, m *model) *route {
	rt := r.routes[p.text]
	if rt == nil {
		rt = &route{pattern: p, title: m.ID, devices: make(map[string]*binding), depths: map[int]bool{1: true}}
		r.routes[p.text] = rt
	}
	if m.namesDevice() && !slices.ContainsFunc(rt.models, m.namesAlike) {
		rt.models = append(rt.models, m)
	}
	if m.format.announces != nil && !slices.Contains(rt.learners, m) {
		rt.learners = append(rt.learners, m)
	}
	return rt
}

// bind notes a device of the model by its address.
func (m *model) bind(b *binding, address string) {
	key := strings.ToLower(address)
	if _, taken := m.devices[key]; taken {
		b = nil
	}
	m.devices[key] = b
}

// namesAlike reports whether messages of both models name their device at the same place.
func (m *model) namesAlike(other *model) bool {
	return m.format.addresses != nil && m.format == other.format ||
		m.format == other.format && m.Device == other.Device && m.Each == nil && other.Each == nil && reflect.DeepEqual(m.When, other.When)
}

// names are how a message names its device, the most exact first; notReading where it is for nobody.
func (m *model) names(w *Worker, msg *ingest.Message) ([]string, *fault) {
	if m.format.addresses != nil {
		return m.format.addresses(w, msg)
	}
	// Whoever is named explains; looking for the name does not.
	trace := w.trace
	w.trace = nil
	defer func() { w.trace = trace }()
	w.facts, w.fit = facts{}, m.fitting(msg, "")
	if f := m.format.open(w, m, msg); f != nil {
		return nil, f
	}
	w.capture(msg.Topic)
	var named []string
	for i := range m.addresses {
		if name, ok := m.addresses[i].read(w.tree, found{}); ok {
			named = append(named, name)
		}
	}
	if f := w.unwrap(m); f != nil {
		return nil, f
	}
	if len(w.tree.captures) == 0 { // it is another tree
		w.capture(msg.Topic)
	}
	if !m.wanted(w, w.tree) {
		return nil, notReading
	}
	if len(m.eachDevice) == 0 {
		return named, nil
	}
	m.each.each(w.tree, found{}, func(item found) bool {
		for i := range m.eachDevice {
			if name, ok := m.eachDevice[i].read(w.tree, item.inside()); ok {
				named = append(named, name)
			}
		}
		return len(named) < maxReadings
	})
	return named, nil
}

func (rt *route) keyOf(site, address string) string {
	if rt.pattern.site >= 0 {
		return strings.ToLower(site + "/" + address)
	}
	return strings.ToLower(address)
}

func (rt *route) add(b *binding, address string) (other string, taken bool) {
	key := rt.keyOf(b.site, address)
	if have, ok := rt.devices[key]; ok {
		if have != nil {
			other = have.key
		}
		return other, true
	}
	rt.devices[key] = b
	if rt.pattern.deep && rt.depths != nil {
		rt.depths[1+strings.Count(address, "/")] = true
	}
	return "", false
}

// validAddress checks how a device is named in topics, or also in payloads, where a / may be part of it.
func validAddress(address string, payload bool) error {
	if len(address) > maxAddress || strings.ContainsAny(address, "+#") || strings.TrimSpace(address) != address ||
		strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("address %s: want at most %d bytes without control characters, + or #", quote(address), maxAddress)
	}
	if !payload && strings.Contains(address, "/") {
		return fmt.Errorf("address %s: want one level of a topic, without /", quote(address))
	}
	return nil
}

// filters are the MQTT filters of all routes.
func (r *router) filters() []string {
	all := map[string]bool{nativePrefix + "+/+": true}
	for text, rt := range r.routes {
		if strings.HasPrefix(text, pushPrefix) || rt.quiet != nil {
			continue
		}
		for depth := range rt.depths {
			all[rt.pattern.filter(depth)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// find handles the topics that exact does not know.
func (r *router) find(w *Worker, msg *ingest.Message) (*binding, *fault) {
	if rest, ok := strings.CutPrefix(msg.Topic, nativePrefix); ok {
		return r.findNative(rest)
	}
	var space [8]*route
	matched := r.tree.match(msg.Topic, space[:0])
	if len(matched) == 0 {
		return unbound, faultf(telemetry.ReasonUnknownTopic, "no device or model uses topic %s", quotedTopic(msg.Topic))
	}
	var nothing *binding
	var unknown *fault
	for _, rt := range matched {
		if rt.quiet != nil && rt.pattern.device < 0 {
			return &rt.quiet.nobody, notReading
		}
		b, f := rt.find(w, msg)
		switch {
		case f == notReading:
			// A wide pattern's model has no say about a device that a more literal one names.
			if nothing == nil && (unknown == nil || unknown.subject == "") {
				nothing = b
			}
			continue
		case b != nil && rt.quiet != nil:
			return &rt.quiet.nobody, notReading
		case b != nil:
			return b, nil
		}
		for _, m := range rt.learners {
			if m.format.announces(&rt.pattern, msg.Topic) {
				return &m.nobody, nil
			}
		}
		if unknown == nil {
			unknown = f
		}
	}
	if nothing != nil {
		return nothing, notReading
	}
	return unbound, unknown
}

// find looks the device of msg up among those of the route. A message that is not a reading for some model is nobody's: the
// binding names the model alone.
func (rt *route) find(w *Worker, msg *ingest.Message) (*binding, *fault) {
	site := rt.pattern.value(msg.Topic, rt.pattern.site)
	var missing *fault
	if rt.pattern.device >= 0 {
		var b *binding
		if b, missing = rt.lookup(w, site, rt.pattern.value(msg.Topic, rt.pattern.device)); b != nil || len(rt.models) == 0 {
			return b, missing
		}
	}
	var nothing *binding
	for _, m := range rt.models {
		addresses, f := m.names(w, msg)
		switch {
		case f == notReading:
			nothing = &m.nobody
			continue
		case f != nil:
			if rt.pattern.device < 0 {
				missing = f
			}
			continue
		}
		for i, address := range addresses {
			b, f := rt.lookup(w, site, address)
			if b != nil {
				return b, nil
			}
			if i == 0 { // the most exact
				missing = f
			}
		}
	}
	switch {
	case nothing != nil:
		return nothing, notReading
	case missing == nil:
		missing = faultf(telemetry.ReasonUnknownDevice, "the payload names no device (model %s)", rt.title)
	}
	return nil, missing
}

func (rt *route) lookup(w *Worker, site, address string) (*binding, *fault) {
	key := w.key[:0]
	if rt.pattern.site >= 0 {
		key = append(append(key, site...), '/')
	}
	key = append(key, address...)
	for i, c := range key {
		switch {
		case 'A' <= c && c <= 'Z':
			key[i] = c + 'a' - 'A'
		case c >= utf8.RuneSelf:
			key = []byte(strings.ToLower(string(key)))
		}
	}
	w.key = key
	b, ok := rt.devices[string(key)]
	switch {
	case b != nil:
		return b, nil
	case ok:
		return nil, faultf(telemetry.ReasonUnknownDevice, "device %s exists in several sites: want %s", shownAddress(address), pushPrefix+rt.title+"/{site}/{device}")
	}
	return nil, faultf(telemetry.ReasonUnknownDevice, "device %s is not configured (model %s)", shownAddress(address), rt.title).
		about(rt.pattern.text+" "+bounded(site+"/"+address, maxAddress), address)
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

// findNative says what is wrong with a topic below gerbang/v1/ that is no configured device's.
func (r *router) findNative(rest string) (*binding, *fault) {
	siteID, rest, _ := strings.Cut(rest, "/")
	devices, known := r.sites[siteID]
	if device, _, _ := strings.Cut(rest, "/"); device == "out" {
		b := unbound
		if known {
			b = &binding{site: siteID}
		}
		return b, faultf(telemetry.ReasonForeign, "%s{site}/out/… is where the gateway itself publishes", nativePrefix)
	}
	switch {
	case !validID(siteID) || !validID(rest):
		return unbound, faultf(telemetry.ReasonUnknownTopic, "topic does not name a site and a device: want %s", nativePattern)
	case !known:
		return unbound, faultf(telemetry.ReasonUnknownDevice, "site %s is not configured", quoted(siteID)).about("", rest)
	case devices[rest] == nil:
		return &binding{site: siteID, device: rest}, faultf(telemetry.ReasonUnknownDevice, "device %s of site %q is not configured", shownAddress(rest), siteID).about("", rest)
	}
	m := devices[rest].model
	return devices[rest], faultf(telemetry.ReasonUnknownTopic, "device %q of site %q is of model %s and does not use the native format: want %s",
		rest, siteID, m.ID, strings.Join(m.Match, " or "))
}
