// Package route finds whose message it is, by topic and payload, and what its device is there to measure.
package route

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
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ownPattern is the topic of every device below the gateway's own.
const ownPattern = pattern.Own + "{site}/{device}"

// Router finds the device that a message is about.
type Router struct {
	// exact holds every topic that can be told in advance: one look-up, whatever the number of devices.
	exact  map[string]*reading.Binding
	tree   pattern.Tree[*route] // for topics with wildcards, and to say what is wrong with the others
	routes map[string]*route
	sites  map[string]map[string]*reading.Binding // site, device
	// restricted: some device is there for some of what its model reads.
	restricted bool
}

// route is one topic pattern with the devices that may speak on it.
type route struct {
	pattern pattern.Pattern
	title   string // the model's id, for messages
	// quiet is the model on whose behalf the pattern is silent, for the devices that are configured where it names one; nil: it
	// is not.
	quiet *reading.Ready
	// models name the device in the payload, where the topic does not or names none that is configured: one for each way of doing so.
	models []*reading.Ready
	// learners take what a device says about itself, whether it is configured or not.
	learners []*reading.Ready
	depths   map[int]bool // how many levels {device...} has
	// devices are by lower-case address, with "site/" before it where the topic names the site. A nil binding is an
	// address that several sites have.
	devices map[string]*reading.Binding
}

// Build makes the routes of all devices of sites, and reports all that is wrong with them at once.
func (r *Router) Build(sites []facility.Site, models map[string]*reading.Ready) error {
	*r = Router{exact: make(map[string]*reading.Binding), routes: make(map[string]*route), sites: make(map[string]map[string]*reading.Binding, len(sites))}
	var errs []error
	for i := range sites {
		errs = append(errs, r.addSite(&sites[i], models))
	}
	for _, text := range slices.Sorted(maps.Keys(r.routes)) {
		r.tree.Add(&r.routes[text].pattern, r.routes[text])
	}
	return errors.Join(errs...)
}

func (r *Router) addSite(s *facility.Site, models map[string]*reading.Ready) error {
	if r.sites[s.ID] != nil {
		return fmt.Errorf("site %q is configured twice", s.ID)
	}
	if s.Location.Location == nil {
		return fmt.Errorf("site %q has no time zone", s.ID)
	}
	devices := make(map[string]*reading.Binding, len(s.Devices))
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
		b := &reading.Binding{Site: s.ID, Device: dev.ID, Address: cmp.Or(dev.Address, dev.ID), Key: s.ID + "/" + dev.ID, Model: m, Zone: s.Location.Location, Tasks: tasks, Author: s.KeepTaskAuthor, Measures: measuresOf(dev)}
		devices[dev.ID] = b
		r.restricted = r.restricted || b.Measures != 0
		if err := r.addDevice(b, dev); err != nil {
			errs = append(errs, &DeviceError{s.ID, dev.ID, err})
		}
	}
	return errors.Join(errs...)
}

func (r *Router) addDevice(b *reading.Binding, dev *facility.Device) error {
	address := b.Address
	if admit := b.Model.Written.Admit; admit != nil {
		if err := admit(dev.ID, address); err != nil {
			return err
		}
	}
	if err := validAddress(address, b.Model.NamesDevice() || slices.ContainsFunc(b.Model.Patterns, func(p pattern.Pattern) bool { return p.Deep })); err != nil {
		return err
	}
	b.Model.Bind(b, address)
	for _, p := range b.Model.Patterns {
		rt := r.at(p, b.Model)
		if other, taken := rt.add(b, address); taken {
			return fmt.Errorf("address %q on topic %s is also that of device %s", address, p.Text, other)
		}
		if !p.Wild() && p.Device >= 0 {
			r.exact[p.Topic(b.Site, address)] = b
		}
	}
	for _, p := range b.Model.Quiets {
		key := "silent " + p.Text
		if r.routes[key] == nil {
			r.routes[key] = &route{pattern: p, title: b.Model.ID, quiet: b.Model, devices: make(map[string]*reading.Binding)}
		}
		r.routes[key].add(b, address) // two models, or sites, may be silent on one topic
	}
	for _, text := range b.Model.PushPatterns() {
		p := pattern.Must(text)
		rt := r.at(p, b.Model)
		if _, taken := rt.add(b, address); taken {
			rt.devices[rt.keyOf(b.Site, address)] = nil
		}
	}
	return nil
}

func (r *Router) at(p pattern.Pattern, m *reading.Ready) *route {
	rt := r.routes[p.Text]
	if rt == nil {
		rt = &route{pattern: p, title: m.ID, devices: make(map[string]*reading.Binding), depths: map[int]bool{1: true}}
		r.routes[p.Text] = rt
	}
	if m.NamesDevice() && !slices.ContainsFunc(rt.models, m.NamesAlike) {
		rt.models = append(rt.models, m)
	}
	if m.Written.Announces != nil && !slices.Contains(rt.learners, m) {
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

func (rt *route) add(b *reading.Binding, address string) (other string, taken bool) {
	key := rt.keyOf(b.Site, address)
	if have, ok := rt.devices[key]; ok {
		if have != nil {
			other = have.Key
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

// Filters are the MQTT filters of all routes.
func (r *Router) Filters() []string {
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

// Route finds whose message it is.
func (r *Router) Route(w *reading.Worker, msg *ingest.Message) (*reading.Binding, *fault.Fault) {
	if b := r.exact[msg.Topic]; b != nil {
		return b, nil
	}
	return r.find(w, msg)
}

// find handles the topics that exact does not know.
func (r *Router) find(w *reading.Worker, msg *ingest.Message) (*reading.Binding, *fault.Fault) {
	if rest, ok := strings.CutPrefix(msg.Topic, pattern.Own); ok {
		return r.findOwn(rest)
	}
	var space [8]*route
	matched := r.tree.Match(msg.Topic, space[:0])
	if len(matched) == 0 {
		return reading.Unbound, fault.New(telemetry.ReasonUnknownTopic, "no device or model uses topic %s", fault.Topic(msg.Topic))
	}
	var nothing *reading.Binding
	var unknown *fault.Fault
	for _, rt := range matched {
		if rt.quiet != nil && rt.pattern.Device < 0 {
			return &rt.quiet.Nobody, fault.NotReading
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
			return &rt.quiet.Nobody, fault.NotReading
		case b != nil:
			return b, nil
		}
		for _, m := range rt.learners {
			if m.Written.Announces(&rt.pattern, msg.Topic) {
				return &m.Nobody, nil
			}
		}
		if unknown == nil {
			unknown = f
		}
	}
	if nothing != nil {
		return nothing, fault.NotReading
	}
	return reading.Unbound, unknown
}

// find looks the device of msg up among those of the route. A message that is not a reading for some model is nobody's: the
// binding names the model alone.
func (rt *route) find(w *reading.Worker, msg *ingest.Message) (*reading.Binding, *fault.Fault) {
	site := rt.pattern.Value(msg.Topic, rt.pattern.Site)
	var missing *fault.Fault
	if rt.pattern.Device >= 0 {
		var b *reading.Binding
		if b, missing = rt.lookup(w, site, rt.pattern.Value(msg.Topic, rt.pattern.Device)); b != nil || len(rt.models) == 0 {
			return b, missing
		}
	}
	var nothing *reading.Binding
	for _, m := range rt.models {
		addresses, f := m.Names(w, msg)
		switch {
		case f == fault.NotReading:
			nothing = &m.Nobody
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

func (rt *route) lookup(w *reading.Worker, site, address string) (*reading.Binding, *fault.Fault) {
	key := w.Key[:0]
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
	w.Key = key
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
func (r *Router) findOwn(rest string) (*reading.Binding, *fault.Fault) {
	siteID, rest, _ := strings.Cut(rest, "/")
	devices, known := r.sites[siteID]
	if device, _, _ := strings.Cut(rest, "/"); device == "out" {
		b := reading.Unbound
		if known {
			b = &reading.Binding{Site: siteID}
		}
		return b, fault.New(telemetry.ReasonForeign, "%s{site}/out/… is where the gateway itself publishes", pattern.Own)
	}
	switch {
	case !written.IsID(siteID) || !written.IsID(rest):
		return reading.Unbound, fault.New(telemetry.ReasonUnknownTopic, "topic does not name a site and a device: want %s", ownPattern)
	case !known:
		return reading.Unbound, fault.New(telemetry.ReasonUnknownDevice, "site %s is not configured", fault.Quoted(siteID)).About("", rest)
	case devices[rest] == nil:
		return &reading.Binding{Site: siteID, Device: rest}, fault.New(telemetry.ReasonUnknownDevice, "device %s of site %q is not configured", fault.Address(rest), siteID).About("", rest)
	}
	m := devices[rest].Model
	return devices[rest], fault.New(telemetry.ReasonUnknownTopic, "device %q of site %q is of model %s and does not use the native format: want %s",
		rest, siteID, m.ID, strings.Join(m.Match, " or "))
}
