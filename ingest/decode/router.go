package decode

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ownPattern is the topic of every device below the gateway's own.
const ownPattern = pattern.Own + "{site}/{device}"

// router finds the device that a message is about.
type router struct {
	// exact holds every topic that can be told in advance: one look-up, whatever the number of devices.
	exact  map[string]*binding
	tree   pattern.Tree[*route] // for topics with wildcards, and to say what is wrong with the others
	routes map[string]*route
	sites  map[string]map[string]*binding // site, device
	// restricted: some device is there for some of what its model reads.
	restricted bool
}

// route is one topic pattern with the devices that may speak on it.
type route struct {
	pattern pattern.Pattern
	title   string // the model's id, for messages
	// quiet is the model on whose behalf the pattern is silent, for the devices that are configured where it names one; nil: it
	// is not.
	quiet *ready
	// models name the device in the payload, where the topic does not or names none that is configured: one for each way of doing so.
	models []*ready
	// learners take what a device says about itself, whether it is configured or not.
	learners []*ready
	depths   map[int]bool // how many levels {device...} has
	// devices are by lower-case address, with "site/" before it where the topic names the site. A nil binding is an
	// address that several sites have.
	devices map[string]*binding
}

func (r *router) build(sites []facility.Site, models map[string]*ready) error {
	*r = router{exact: make(map[string]*binding), routes: make(map[string]*route), sites: make(map[string]map[string]*binding, len(sites))}
	var errs []error
	for i := range sites {
		errs = append(errs, r.addSite(&sites[i], models))
	}
	for _, text := range slices.Sorted(maps.Keys(r.routes)) {
		r.tree.Add(&r.routes[text].pattern, r.routes[text])
	}
	return errors.Join(errs...)
}

func (r *router) addSite(s *facility.Site, models map[string]*ready) error {
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
			errs = append(errs, fmt.Errorf("site %q, device %q: %w", s.ID, dev.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (r *router) addDevice(b *binding, dev *facility.Device) error {
	address := b.address
	if admit := b.model.format.admit; admit != nil {
		if err := admit(dev.ID, address); err != nil {
			return err
		}
	}
	if err := validAddress(address, b.model.NamesDevice() || slices.ContainsFunc(b.model.Patterns, func(p pattern.Pattern) bool { return p.Deep })); err != nil {
		return err
	}
	b.model.bind(b, address)
	for _, p := range b.model.Patterns {
		rt := r.at(p, b.model)
		if other, taken := rt.add(b, address); taken {
			return fmt.Errorf("address %q on topic %s is also that of device %s", address, p.Text, other)
		}
		if !p.Wild() && p.Device >= 0 {
			r.exact[p.Topic(b.site, address)] = b
		}
	}
	for _, p := range b.model.Quiets {
		key := "silent " + p.Text
		if r.routes[key] == nil {
			r.routes[key] = &route{pattern: p, title: b.model.ID, quiet: b.model, devices: make(map[string]*binding)}
		}
		r.routes[key].add(b, address) // two models, or sites, may be silent on one topic
	}
	for _, text := range b.model.PushPatterns() {
		p := pattern.Must(text)
		rt := r.at(p, b.model)
		if _, taken := rt.add(b, address); taken {
			rt.devices[rt.keyOf(b.site, address)] = nil
		}
	}
	return nil
}

func (r *router) at(p pattern.Pattern, m *ready) *route {
	rt := r.routes[p.Text]
	if rt == nil {
		rt = &route{pattern: p, title: m.ID, devices: make(map[string]*binding), depths: map[int]bool{1: true}}
		r.routes[p.Text] = rt
	}
	if m.NamesDevice() && !slices.ContainsFunc(rt.models, m.namesAlike) {
		rt.models = append(rt.models, m)
	}
	if m.format.announces != nil && !slices.Contains(rt.learners, m) {
		rt.learners = append(rt.learners, m)
	}
	return rt
}

func (rt *route) keyOf(site, address string) string {
	if rt.pattern.Site >= 0 {
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
	if rt.pattern.Deep && rt.depths != nil {
		rt.depths[1+strings.Count(address, "/")] = true
	}
	return "", false
}

// validAddress checks how a device is named in topics, or also in payloads, where a / may be part of it.
func validAddress(address string, payload bool) error {
	if len(address) > written.MaxAddress || strings.ContainsAny(address, "+#") || strings.TrimSpace(address) != address ||
		strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("address %s: want at most %d bytes without control characters, + or #", redact.Quote(address), written.MaxAddress)
	}
	if !payload && strings.Contains(address, "/") {
		return fmt.Errorf("address %s: want one level of a topic, without /", redact.Quote(address))
	}
	return nil
}

// filters are the MQTT filters of all routes.
func (r *router) filters() []string {
	all := map[string]bool{pattern.Own + "+/+": true}
	for text, rt := range r.routes {
		if strings.HasPrefix(text, pattern.Push) || rt.quiet != nil {
			continue
		}
		for depth := range rt.depths {
			all[rt.pattern.Filter(depth)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// route finds whose message it is.
func (r *router) route(w *worker, msg *ingest.Message) (*binding, *fault.Fault) {
	if b := r.exact[msg.Topic]; b != nil {
		return b, nil
	}
	return r.find(w, msg)
}

// find handles the topics that exact does not know.
func (r *router) find(w *worker, msg *ingest.Message) (*binding, *fault.Fault) {
	if rest, ok := strings.CutPrefix(msg.Topic, pattern.Own); ok {
		return r.findOwn(rest)
	}
	var space [8]*route
	matched := r.tree.Match(msg.Topic, space[:0])
	if len(matched) == 0 {
		return unbound, fault.New(telemetry.ReasonUnknownTopic, "no device or model uses topic %s", fault.Topic(msg.Topic))
	}
	var nothing *binding
	var unknown *fault.Fault
	for _, rt := range matched {
		if rt.quiet != nil && rt.pattern.Device < 0 {
			return &rt.quiet.nobody, fault.NotReading
		}
		b, f := rt.find(w, msg)
		switch {
		case f == fault.NotReading:
			// A wide pattern's model has no say about a device that a more literal one names.
			if nothing == nil && (unknown == nil || unknown.Subject == "") {
				nothing = b
			}
			continue
		case b != nil && rt.quiet != nil:
			return &rt.quiet.nobody, fault.NotReading
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
		return nothing, fault.NotReading
	}
	return unbound, unknown
}

// find looks the device of msg up among those of the route. A message that is not a reading for some model is nobody's: the
// binding names the model alone.
func (rt *route) find(w *worker, msg *ingest.Message) (*binding, *fault.Fault) {
	site := rt.pattern.Value(msg.Topic, rt.pattern.Site)
	var missing *fault.Fault
	if rt.pattern.Device >= 0 {
		var b *binding
		if b, missing = rt.lookup(w, site, rt.pattern.Value(msg.Topic, rt.pattern.Device)); b != nil || len(rt.models) == 0 {
			return b, missing
		}
	}
	var nothing *binding
	for _, m := range rt.models {
		addresses, f := m.names(w, msg)
		switch {
		case f == fault.NotReading:
			nothing = &m.nobody
			continue
		case f != nil:
			if rt.pattern.Device < 0 {
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
		return nothing, fault.NotReading
	case missing == nil:
		missing = fault.New(telemetry.ReasonUnknownDevice, "the payload names no device (model %s)", rt.title)
	}
	return nil, missing
}

func (rt *route) lookup(w *worker, site, address string) (*binding, *fault.Fault) {
	key := w.key[:0]
	if rt.pattern.Site >= 0 {
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
		return nil, fault.New(telemetry.ReasonUnknownDevice, "device %s exists in several sites: want %s", fault.Address(address), pattern.Push+rt.title+"/{site}/{device}")
	}
	return nil, fault.New(telemetry.ReasonUnknownDevice, "device %s is not configured (model %s)", fault.Address(address), rt.title).
		About(rt.pattern.Text+" "+written.Bounded(site+"/"+address, written.MaxAddress), address)
}

// findOwn says what is wrong with a topic below gerbang/v1/ that is no configured device's.
func (r *router) findOwn(rest string) (*binding, *fault.Fault) {
	siteID, rest, _ := strings.Cut(rest, "/")
	devices, known := r.sites[siteID]
	if device, _, _ := strings.Cut(rest, "/"); device == "out" {
		b := unbound
		if known {
			b = &binding{site: siteID}
		}
		return b, fault.New(telemetry.ReasonForeign, "%s{site}/out/… is where the gateway itself publishes", pattern.Own)
	}
	switch {
	case !written.IsID(siteID) || !written.IsID(rest):
		return unbound, fault.New(telemetry.ReasonUnknownTopic, "topic does not name a site and a device: want %s", ownPattern)
	case !known:
		return unbound, fault.New(telemetry.ReasonUnknownDevice, "site %s is not configured", fault.Quoted(siteID)).About("", rest)
	case devices[rest] == nil:
		return &binding{site: siteID, device: rest}, fault.New(telemetry.ReasonUnknownDevice, "device %s of site %q is not configured", fault.Address(rest), siteID).About("", rest)
	}
	m := devices[rest].model
	return devices[rest], fault.New(telemetry.ReasonUnknownTopic, "device %q of site %q is of model %s and does not use the native format: want %s",
		rest, siteID, m.ID, strings.Join(m.Match, " or "))
}
