package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// deviceForm is what somebody typed of a device: one that is new, or the hardware that takes another's place.
type deviceForm struct {
	ID                   string // of the entry
	Device               string // its id at the site
	Name, Model, Address string
	Place                string // such as door:utama
	Measures, Interval   string
	Channels             []channelForm
	Reason, Author       string
	Version              string // of the file whose change was seen; empty: none was
}

type channelForm struct{ Name, Place string }

const (
	// mostChannels is how many channels a form has rows for; a device with more is written into the file.
	mostChannels = 8
	maxDeviceID  = 64
	maxAddress   = 200
)

func (s *Server) deviceFormOf(r *http.Request) *deviceForm {
	get := func(key string, most int) string { return cleanText(r.PostForm.Get(key), most) }
	f := &deviceForm{
		ID: strings.ToLower(get("id", 36)), Device: get("device", maxDeviceID), Name: get("name", maxName), Model: get("model", maxName), Address: get("address", maxAddress),
		Place: get("place", 2*maxName), Measures: get("measures", maxReason), Interval: get("interval", 20), Reason: get("reason", maxReason),
		Author: cmp.Or(get("author", maxName), nameOf(r)), Version: get("version", 64),
	}
	if c := callerOf(r.Context()); c != nil && !c.Claimed {
		f.Author = c.Name
	}
	names, places := r.PostForm["channel"], r.PostForm["channel_place"]
	for i := range min(len(names), len(places), mostChannels) {
		if c := (channelForm{cleanText(names[i], maxDeviceID), cleanText(places[i], 2*maxName)}); c.Name != "" {
			f.Channels = append(f.Channels, c)
		}
	}
	return f
}

// added is what a new device makes of a site's file.
func (f *deviceForm) added() []revise.Change {
	d := revise.Map{}
	set := func(key, value string) {
		if value != "" {
			d = append(d, revise.Entry{Key: key, Value: value})
		}
	}
	set("name", f.Name)
	set("model", f.Model)
	if f.Address != f.Device {
		set("address", f.Address)
	}
	d = append(d, placed(f.Place)...)
	if measures := strings.FieldsFunc(f.Measures, func(r rune) bool { return r == ',' || r == ' ' || r == ';' }); len(measures) > 0 {
		d = append(d, revise.Entry{Key: "measures", Value: measures})
	}
	set("interval", f.Interval)
	channels := revise.Map{}
	for _, c := range f.Channels {
		channels = append(channels, revise.Entry{Key: c.Name, Value: placed(c.Place)})
	}
	if len(channels) > 0 {
		d = append(d, revise.Entry{Key: "channels", Value: channels})
	}
	return []revise.Change{{Path: []string{"devices", f.Device}, Value: d}}
}

// placed is where something hangs, as a site's file says it.
func placed(place string) revise.Map {
	kind, id, _ := strings.Cut(place, ":")
	if !slices.Contains([]string{"zone", "door", "task"}, kind) || id == "" {
		return revise.Map{}
	}
	return revise.Map{{Key: kind, Value: id}}
}

// replaced is what other hardware in a device's place makes of a site's file: all else of it stays.
func (f *deviceForm) replaced(was *facility.Device) []revise.Change {
	var all []revise.Change
	if f.Model != was.Model {
		all = append(all, revise.Change{Path: []string{"devices", f.Device, "model"}, Value: f.Model})
	}
	switch f.Address {
	case cmp.Or(was.Address, was.ID):
	case "", was.ID:
		all = append(all, revise.Change{Path: []string{"devices", f.Device, "address"}})
	default:
		all = append(all, revise.Change{Path: []string{"devices", f.Device, "address"}, Value: f.Address})
	}
	return all
}

// devicePage is where a device is added, or its hardware replaced. First it shows what would become of the site's file and what check says
// of it; that changes nothing. It works without scripts.
type devicePage struct {
	frame
	Site, SiteName string
	Replaces       bool
	Action         string
	Form           *deviceForm
	Rows           []channelForm // of the form: channels, and some empty ones
	Models         []ModelName
	Places         []upkeepGroup
	Sites          []siteChoice // where it may be added; the site is chosen first
	Asked          url.Values   // what goes on with the choice
	Old            *deviceOld
	Draft          *draftView
	Trouble        string
	YAML           string // to be written by hand, where the file is none that a page can change
	Named          bool
}

type siteChoice struct{ ID, Name string }

// deviceOld is the hardware that is replaced.
type deviceOld struct{ Name, Model, Address string }

// draftView is a site's file as it would be, for the eye.
type draftView struct {
	File               string
	Same               bool // it says so already
	Lines              []draftLine
	Problems, Warnings []FileProblem
	Ready              bool // it can be put in force
	ReadOnly           bool // it may not be written here
}

type draftLine struct {
	Class, Sign, Text string
	Number            int
}

func draftViewOf(d *SiteDraft) *draftView {
	if d == nil {
		return nil
	}
	v := &draftView{File: d.File, Same: len(d.Diff) == 0, Problems: d.Problems, Warnings: d.Warnings, ReadOnly: d.ReadOnly}
	v.Ready = !v.Same && len(d.Problems) == 0 && !d.ReadOnly
	for _, l := range d.Diff {
		line := draftLine{Class: "stays", Sign: " ", Text: l.Text, Number: l.Number}
		switch l.Sign {
		case '+':
			line.Class, line.Sign = "comes", "+"
		case '-':
			line.Class, line.Sign = "goes", "−"
		case '@':
			line = draftLine{Class: "cut", Sign: "…"}
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// addPath is where a device is added.
func addPath(site, model, address, topic string) string {
	q := url.Values{}
	for key, value := range map[string]string{"site": site, "model": model, "address": address, "topic": topic} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return "/devices/add?" + q.Encode()
}

// devicePageOf is the page at the site that the address names; one that names none is for choosing it.
func (s *Server) devicePageOf(r *http.Request, title string) (*devicePage, *scene, error) {
	if s.opts.SiteFiles == nil {
		return nil, nil, errNoPage
	}
	lang, site := s.tongues.choose(r), r.URL.Query().Get("site")
	p := &devicePage{Site: site, Action: r.URL.Path, Named: nameOf(r) != "", Form: &deviceForm{ID: newUUID(), Author: nameOf(r)}}
	p.frame = s.frame(r, lang, lang.T(title))
	p.Typing = true
	if s.opts.Trials != nil {
		p.Models = s.opts.Trials.Models()
	}
	if site == "" {
		for _, v := range s.viewsFor(r.Context(), accounts.Operate) {
			p.Sites = append(p.Sites, siteChoice{v.Site, v.Name})
		}
		return p, s.scene(lang, nil), nil
	}
	v, ok := s.opts.Live.Outline(site)
	if !ok {
		return nil, nil, errNoPage
	}
	sc := s.scene(lang, v)
	p.SiteName = v.Name
	p.Action += "?site=" + url.QueryEscape(site)
	return p, sc, nil
}

// placesOf are the places of a site at which something can hang, in groups.
func placesOf(sc *scene) []upkeepGroup {
	group := func(word string) upkeepGroup { return upkeepGroup{Word: sc.T(word)} }
	zones, doors, tasks := group("maintenance.zones"), group("maintenance.doors"), group("install.tasks")
	for i := range sc.view.Zones {
		zones.Parts = append(zones.Parts, upkeepPart{Value: "zone:" + sc.view.Zones[i].ID, Name: sc.view.Zones[i].Name})
	}
	for i := range sc.view.Doors {
		doors.Parts = append(doors.Parts, upkeepPart{Value: "door:" + sc.view.Doors[i].ID, Name: sc.view.Doors[i].Name})
	}
	for i := range sc.view.Tasks {
		tasks.Parts = append(tasks.Parts, upkeepPart{Value: "task:" + sc.view.Tasks[i].ID, Name: sc.view.Tasks[i].Name})
	}
	return slices.DeleteFunc([]upkeepGroup{zones, doors, tasks}, func(g upkeepGroup) bool { return len(g.Parts) == 0 })
}

// rows are the channels of the form, with room for more.
func (p *devicePage) rows() {
	p.Rows = slices.Clone(p.Form.Channels)
	for range min(2, mostChannels-len(p.Rows)) {
		p.Rows = append(p.Rows, channelForm{})
	}
}

// addDevice shows the form, filled in with what is known of one that is heard.
func (s *Server) addDevice(w http.ResponseWriter, r *http.Request) error {
	p, sc, err := s.devicePageOf(r, "install.add")
	if err != nil {
		return err
	}
	q := r.URL.Query()
	p.Asked = url.Values{}
	for _, key := range []string{"model", "address", "topic"} {
		if v := cleanText(q.Get(key), maxAddress); v != "" {
			p.Asked.Set(key, v)
		}
	}
	p.Form.Model, p.Form.Address = p.Asked.Get("model"), p.Asked.Get("address")
	if strings.HasPrefix(p.Form.Address, "…") { // it is not shown, and nobody can guess it
		p.Form.Address = ""
	}
	p.Form.Device = idFrom(p.Form.Address)
	for _, x := range s.listStrangers() {
		for i := range x.Guesses {
			if g := &x.Guesses[i]; g.Model == p.Form.Model && g.Address == p.Form.Address && g.Address != "" {
				p.Form.Measures = strings.Join(g.Quantities, ", ")
			}
		}
	}
	if p.Site != "" {
		p.Places = placesOf(sc)
	}
	p.rows()
	return s.render(w, http.StatusOK, sc.tongue, "device-form", p)
}

// idFrom makes the id of a device of its address.
func idFrom(address string) string {
	id := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, address), "-_")
	return id[:min(len(id), maxDeviceID)]
}

// replaceDevice shows the form for other hardware in a device's place.
func (s *Server) replaceDevice(w http.ResponseWriter, r *http.Request) error {
	p, sc, was, err := s.replacePageOf(r, r.URL.Query().Get("device"))
	if err != nil {
		return err
	}
	p.Form.Model, p.Form.Address = was.Model, cmp.Or(was.Address, was.ID) // where only one of them is another, the other stays
	return s.render(w, http.StatusOK, sc.tongue, "device-form", p)
}

func (s *Server) replacePageOf(r *http.Request, device string) (*devicePage, *scene, *facility.Device, error) {
	p, sc, err := s.devicePageOf(r, "install.replace")
	if err != nil {
		return nil, nil, nil, err
	}
	if sc.view == nil {
		return nil, nil, nil, errNoPage
	}
	all := s.opts.SiteFiles.Devices(p.Site)
	i := slices.IndexFunc(all, func(d facility.Device) bool { return d.ID == device })
	if i < 0 {
		return nil, nil, nil, errNoPage
	}
	p.Replaces, p.Form.Device = true, device
	p.Old = &deviceOld{Name: cmp.Or(all[i].Name, device), Model: all[i].Model, Address: cmp.Or(all[i].Address, device)}
	return p, sc, &all[i], nil
}

// installDevice takes the form of a new device, and replaceBy that of other hardware.
func (s *Server) installDevice(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, sc, err := s.devicePageOf(r, "install.add")
	if err != nil {
		return err
	}
	if p.Site == "" {
		return errNoPage
	}
	p.Form, p.Places = s.deviceFormOf(r), placesOf(sc)
	p.rows()
	switch devices := s.opts.SiteFiles.Devices(p.Site); {
	case p.Form.Device == "" || strings.HasPrefix(p.Form.Device, "."):
		p.Trouble = sc.T("install.no_id")
	case slices.ContainsFunc(devices, func(d facility.Device) bool { return d.ID == p.Form.Device }):
		p.Trouble = sc.T("install.there")
	}
	return s.change(w, r, p, sc, p.Form.added())
}

func (s *Server) replaceBy(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	form := s.deviceFormOf(r)
	p, sc, was, err := s.replacePageOf(r, form.Device)
	if err != nil {
		return err
	}
	p.Form = form
	changes := form.replaced(was)
	if len(changes) == 0 {
		p.Trouble = sc.T("install.same")
	}
	return s.change(w, r, p, sc, changes)
}

// asked is the hash of what a form asks for.
func (f *deviceForm) asked(replaces bool) string {
	parts := []string{strconv.FormatBool(replaces), f.Device, f.Name, f.Model, f.Address, f.Place, f.Measures, f.Interval}
	for _, c := range f.Channels {
		parts = append(parts, c.Name, c.Place)
	}
	return askedOf(append([]string{"device"}, parts...)...)
}

// deviceEntry is what becomes a record of the site where a form is put in force.
func deviceEntry(c *accounts.Caller, f *deviceForm, replaces bool) telemetry.Entry {
	e := telemetry.Entry{ID: strings.ToLower(f.ID), Kind: telemetry.EntryFile, Author: f.Author, Claimed: true, Reason: f.Reason, Subject: "device:" + f.Device, Asked: f.asked(replaces)}
	if c != nil {
		e.Claimed = c.Claimed
		if !c.Claimed {
			e.Author = c.Name
		}
	}
	return e
}

// install puts a form in force, or answers with what became of it when it was sent before. wrong is what is wrong with it otherwise: whoever
// sends again what is done by now is told that it is.
func (s *Server) install(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry, wrong bool) (telemetry.Record, *SiteDraft, error) {
	rec, there, err := s.opts.Entries.Entered(ctx, site, e.ID)
	switch {
	case err != nil:
		return rec, nil, err
	case there && rec.Entry != nil && SameChange(rec.Entry, &e):
		return rec, nil, nil
	case there:
		return rec, nil, ErrUsedOtherwise
	case wrong:
		return rec, nil, errNothingToPut
	}
	return s.opts.SiteFiles.Put(ctx, site, version, changes, e)
}

// errNothingToPut says that the page has said already what is wrong.
var errNothingToPut = errors.New("there is nothing that can be put in force")

// change shows what changes make of the site's file and, once that was seen, puts it in force.
func (s *Server) change(w http.ResponseWriter, r *http.Request, p *devicePage, sc *scene, changes []revise.Change) error {
	p.Form.Author = cmp.Or(p.Form.Author, s.access.author(r))
	seen, wrong := p.Form.Version != "", p.Trouble != ""
	var d *SiteDraft
	var err error
	status := http.StatusOK
	switch {
	case seen && !isUUID(p.Form.ID):
		return errBadForm
	case seen && (wrong || p.Form.Reason != ""):
		var rec telemetry.Record
		rec, d, err = s.install(r.Context(), p.Site, p.Form.Version, changes, deviceEntry(callerOf(r.Context()), p.Form, p.Replaces), wrong)
		if err == nil {
			s.untilShown(r.Context(), p.Site, rec.Seq)
			http.Redirect(w, r, "/site/"+p.Site+"/devices?saved=file", http.StatusSeeOther)
			return nil
		}
	case wrong:
		err = errNothingToPut
	default:
		if seen {
			p.Trouble, status = sc.T("install.no_reason"), http.StatusUnprocessableEntity
		}
		d, err = s.opts.SiteFiles.Draft(p.Site, changes)
	}
	if err != nil {
		changed := errors.Is(err, revise.ErrChanged)
		if status, err = p.explain(sc, err, changes, s); err != nil {
			return err
		}
		if changed {
			d, _ = s.opts.SiteFiles.Draft(p.Site, changes) // as it is now; where that cannot be made the page has said why
		}
	}
	if d != nil && !wrong {
		p.Draft, p.Form.Version, p.Form.ID = draftViewOf(d), d.Version, newUUID() // what is shown now is what this id is for
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, sc.tongue, "device-form", p)
}

// explain tells the person why a file was not changed; what is nothing that he can mend is returned.
func (p *devicePage) explain(sc *scene, err error, changes []revise.Change, s *Server) (status int, rest error) {
	var late *NotInForceError
	var unnoted *NotNotedError
	var differ *FilesDiffer
	byHand := func(key string) {
		p.Trouble, p.YAML = sc.T(key), revise.Snippet(changes...)
	}
	switch {
	case errors.Is(err, errNothingToPut):
	case errors.Is(err, ErrUsedOtherwise):
		p.Trouble = sc.T("limits.used")
		p.Form.ID, p.Form.Version = newUUID(), ""
		return http.StatusConflict, nil
	case errors.As(err, &late):
		s.opts.Log.Error("a change of a site's file could not be put in force", "site", p.Site, "err", err)
		p.Trouble = sc.T("limits.not_in_force")
		if late.Back != nil {
			p.Trouble = sc.T("limits.not_back")
		}
		return http.StatusConflict, nil
	case errors.As(err, &unnoted):
		s.opts.Log.Error("who changed a site's file, which is in force, is not noted yet", "site", p.Site, "err", err)
		p.Trouble = sc.T("limits.not_noted")
		return http.StatusServiceUnavailable, nil
	case errors.As(err, &differ):
		p.Trouble = sc.T("limits.differ", "Files", strings.Join(differ.Files, ", "))
		return http.StatusConflict, nil
	case errors.Is(err, ErrNoFile):
		byHand("install.no_file")
	case errors.Is(err, revise.ErrByHand):
		byHand("install.by_hand")
	case errors.Is(err, revise.ErrTooLarge):
		byHand("install.too_large")
	case errors.Is(err, revise.ErrReadOnly):
		byHand("install.read_only")
	case errors.Is(err, ErrSame):
		p.Trouble = sc.T("install.same")
	case errors.Is(err, revise.ErrChanged):
		p.Trouble = sc.T("install.changed")
		return http.StatusConflict, nil
	case errors.Is(err, ErrProblems):
		p.Trouble = sc.T("install.problems")
	default:
		return 0, fmt.Errorf("changing a site's file: %w", err)
	}
	return http.StatusUnprocessableEntity, nil
}

// installedAt are the entries about a site's file as people read them.
func installedAt(sc *scene, records []telemetry.Record) []installed {
	var all []installed
	for i := range records {
		e := records[i].Entry
		all = append(all, installed{
			When: sc.when(records[i].At), What: sc.partName(e.Subject), By: sc.claims(e.Author, e.Claimed), Why: e.Reason, Before: e.Before, After: e.After,
		})
	}
	return all
}

// installed is a change of a site's file.
type installed struct{ When, What, By, Why, Before, After string }

// channelPlaces says of each channel of a device where it measures.
func channelPlaces(sc *scene, d *facility.Device) []string {
	var all []string
	for _, c := range d.Channels {
		where := sc.T("install.nowhere")
		if c.Place.ID != "" {
			where = sc.place(c.Place)
		}
		all = append(all, c.Name+" → "+where)
	}
	return all
}
