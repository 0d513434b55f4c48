package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// siteFiles change the files of sites and have them come into force as any reload does. It is safe for concurrent use.
type siteFiles struct {
	reload  *reloader
	intents intents
	entries web.Entries // set before anybody asks
	log     *slog.Logger
	crash   func(step string) error // in tests: an error leaves everything as a crash would; nil: none

	one    sync.Mutex    // one change at a time, and its entry
	behind chan struct{} // wakes run: an entry could not be made
}

func newSiteFiles(r *reloader, folder string, log *slog.Logger) *siteFiles {
	return &siteFiles{reload: r, intents: intents{folder}, log: log, behind: make(chan struct{}, 1)}
}

var _ web.SiteFiles = (*siteFiles)(nil)

const (
	// putPatience bounds how long a change may take once it is being written: whoever asked may have gone, and what was begun is ended.
	putPatience = 2 * time.Minute
	// notedEvery is how often it is tried to make an entry that could not be made.
	notedEvery = 10 * time.Second
)

// Devices are those of the configuration in force.
func (f *siteFiles) Devices(site string) []facility.Device {
	for _, s := range f.reload.inForce.Load().AllSites() {
		if s.ID == site {
			return s.Devices
		}
	}
	return nil
}

// prepared is a change of a file against what is in force.
type prepared struct {
	cfg           *configs.Config // that it was prepared against
	next          *configs.Config // what would be in force; nil: there are problems
	file          string
	version       string // of the file before
	before, after []byte
	diff          []revise.Line // nothing: it is so already
	problems      configs.Problems
}

// prepare makes a change of a file that a site is judged or heard by, and has the whole configuration checked with it. It changes nothing.
// seen is the version that somebody saw; empty: any. Where files on disk are not those in force the error is a *web.FilesDiffer: somebody is
// working on them, and they would come into force with it. Other errors are revise.ErrChanged, ErrReadOnly and ErrTooLarge, and those of edit.
func (f *siteFiles) prepare(site, file, seen string, edit func(before []byte) ([]byte, error)) (*prepared, error) {
	p := &prepared{cfg: f.reload.inForce.Load(), file: file}
	name := filepath.ToSlash(file)
	var err error
	switch p.before, err = revise.Read(file); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, f.differ(p.cfg, name)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if p.version = revise.Version(p.before); p.version != p.cfg.Version(name) {
		return nil, f.differ(p.cfg, name)
	}
	if seen != "" && seen != p.version {
		return nil, revise.ErrChanged
	}
	if p.after, err = edit(p.before); err != nil {
		return nil, fmt.Errorf("changing %s: %w", file, err)
	}
	if p.diff = revise.Diff(p.before, p.after); p.diff == nil {
		return p, nil
	}
	next, broken, err := configs.LoadChanged(p.cfg.File, file, p.after)
	if problems, is := errors.AsType[configs.Problems](err); is {
		broken = append(broken, problems...)
	} else if err != nil {
		return nil, err
	}
	var differ []string
	for _, b := range broken {
		switch {
		case p.cfg.WasLeftOut(b.File) && b.File != name: // as before: of no concern here
		case b.File != name && f.differs(p.cfg, b.File):
			differ = append(differ, b.File)
		default: // also in the file of another site: two may not have one address
			p.problems = append(p.problems, b)
		}
	}
	if next != nil {
		differ = append(differ, slices.DeleteFunc(p.cfg.Differ(next), func(f string) bool { return f == name || p.has(f) })...)
	}
	if len(differ) > 0 {
		return nil, f.differ(p.cfg, differ...)
	}
	switch {
	case len(p.problems) > 0:
	case next == nil:
		p.problems = broken
	case !slices.ContainsFunc(next.Sites, func(s facility.Site) bool { return s.ID == site }):
		p.problems.Add(configs.Position{File: name}, "site %q would be gone", site)
	default:
		p.next = next
	}
	return p, nil
}

// has reports whether a file has problems because of the change.
func (p *prepared) has(file string) bool {
	return slices.ContainsFunc(p.problems, func(b configs.Problem) bool { return b.File == file })
}

// differ says that files are not those in force.
func (f *siteFiles) differ(cfg *configs.Config, files ...string) error {
	slices.Sort(files)
	d := &web.FilesDiffer{}
	for _, name := range slices.Compact(files) {
		d.Files = append(d.Files, shown(cfg, name))
	}
	return d
}

// differs reports whether a file on disk is not the one in force.
func (f *siteFiles) differs(cfg *configs.Config, name string) bool {
	text, err := revise.Read(filepath.FromSlash(name))
	return !errors.Is(err, revise.ErrTooLarge) && (err != nil || revise.Version(text) != cfg.Version(name))
}

// warnings are what gerbang check would say with the change and does not say now. What is in force does not know all that it would be warned
// of: serving asks for fewer.
func (p *prepared) warnings() configs.Problems {
	if p.next == nil {
		return nil
	}
	but := func(known configs.Problems) configs.Problems {
		return slices.DeleteFunc(slices.Clone(p.next.Warnings), func(w configs.Problem) bool {
			return slices.ContainsFunc(known, func(had configs.Problem) bool { return had.File == w.File && had.Text == w.Text })
		})
	}
	all := but(p.cfg.Warnings)
	if len(all) == 0 {
		return nil
	}
	if now, _, err := configs.LoadChanged(p.cfg.File, p.file, p.before); err == nil {
		return but(now.Warnings)
	}
	return all
}

// meant says why what was read after the file was written is not what was prepared; nil: it is.
func (p *prepared) meant(next *configs.Config, broken configs.Problems) error {
	var wrong configs.Problems
	for _, b := range broken {
		if !p.cfg.WasLeftOut(b.File) {
			wrong = append(wrong, b)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	if files := p.next.Differ(next); len(files) > 0 {
		d := &web.FilesDiffer{}
		for _, name := range files {
			d.Files = append(d.Files, shown(p.cfg, name))
		}
		return d
	}
	return nil
}

// put brings what was prepared into force and makes the entry. f.one is held. See web.Limits.PutInForce about errors.
func (f *siteFiles) put(ctx context.Context, site string, p *prepared, e telemetry.Entry) (telemetry.Record, error) {
	it := &intent{Site: site, File: p.file, Before: p.version, After: revise.Version(p.after), Entry: e, At: telemetry.InstantOf(time.Now())}
	if err := f.intents.keep(it); err != nil {
		return telemetry.Record{}, fmt.Errorf("keeping what is about to be changed: %w", err)
	}
	if err := f.at("kept"); err != nil {
		return telemetry.Record{}, err
	}
	err := f.reload.change(ctx, e.Author, &fileChange{file: p.file, before: p.before, after: p.after, check: p.meant})
	if err != nil {
		late, _ := errors.AsType[*web.NotInForceError](err)
		if torn, _ := errors.AsType[*revise.NotBackError](err); torn != nil {
			late = &web.NotInForceError{Err: torn.Err, Back: torn.Back}
			err = late
		}
		if late == nil || late.Back == nil { // else nobody knows whether it comes into force one day
			err = errors.Join(err, f.intents.drop(it))
		}
		return telemetry.Record{}, err
	}
	f.log.Info("a file was changed from a page", "site", site, "file", p.file, "about", e.Subject, "by", e.Author)
	if err := f.at("in force"); err != nil {
		return telemetry.Record{}, err
	}
	rec, err := f.note(ctx, it, 0)
	if err != nil {
		select {
		case f.behind <- struct{}{}:
		default:
		}
		return telemetry.Record{}, &web.NotNotedError{Err: err}
	}
	return rec, nil
}

func (f *siteFiles) at(step string) error {
	if f.crash == nil {
		return nil
	}
	return f.crash(step)
}

// note makes the entry of a change that is in force, and forgets the intent.
func (f *siteFiles) note(ctx context.Context, it *intent, at telemetry.Instant) (telemetry.Record, error) {
	rec, err := f.entries.Enter(ctx, it.Site, it.Entry, at)
	if err == nil {
		err = f.at("noted")
	}
	if err != nil {
		return telemetry.Record{}, fmt.Errorf("noting who changed %s, which is in force: %w", it.File, err)
	}
	if err := f.intents.drop(it); err != nil {
		f.log.Warn("what was to be changed and is noted cannot be forgotten", "err", err) // it is noted once all the same
	}
	return rec, nil
}

// done finds what became of an earlier request of the same id: its record, or ErrUsedOtherwise where that was for another change. False:
// there was none, or it changed nothing. f.one is held.
func (f *siteFiles) done(ctx context.Context, site string, e *telemetry.Entry) (telemetry.Record, bool, error) {
	rec, there, err := f.entries.Entered(ctx, site, e.ID)
	if err != nil {
		return rec, false, err
	}
	if !there {
		all, err := f.intents.all()
		if err != nil {
			f.log.Warn("what was to be changed cannot be read", "err", err)
		}
		i := slices.IndexFunc(all, func(it intent) bool { return it.Site == site && it.Entry.ID == e.ID })
		if i < 0 {
			return rec, false, nil
		}
		if !web.SameChange(&all[i].Entry, e) {
			return rec, false, web.ErrUsedOtherwise
		}
		if rec, there, err = f.finish(ctx, &all[i]); err != nil || !there {
			return rec, false, err
		}
	}
	if rec.Entry == nil || !web.SameChange(rec.Entry, e) {
		return rec, false, web.ErrUsedOtherwise
	}
	return rec, true, nil
}

// finish sees to an intent that was left behind. True: it is in force, and its record is made. f.one is held.
func (f *siteFiles) finish(ctx context.Context, it *intent) (telemetry.Record, bool, error) {
	inForce := f.reload.inForce.Load().Version(filepath.ToSlash(it.File))
	if inForce == it.After {
		rec, err := f.note(ctx, it, it.At)
		return rec, err == nil, err
	}
	text, err := revise.Read(it.File)
	switch {
	case err == nil && revise.Version(text) == it.After: // it comes into force with the next reload
		return telemetry.Record{}, false, nil
	case err == nil && revise.Version(text) == it.Before:
		f.log.Info("a change of a file was begun and not made", "site", it.Site, "file", it.File, "about", it.Entry.Subject, "by", it.Entry.Author)
	default:
		f.log.Error("a change of a file was begun, and somebody has changed the file since: nobody knows whether it was ever in force, and it is not noted",
			"site", it.Site, "file", it.File, "about", it.Entry.Subject, "by", it.Entry.Author, "why", it.Entry.Reason, "before", it.Entry.Before, "after", it.Entry.After, "err", err)
	}
	return telemetry.Record{}, false, f.intents.drop(it)
}

// run makes the entries of changes that were left behind, by a crash or because the journal did not take them.
func (f *siteFiles) run(ctx context.Context) error {
	again := time.NewTicker(notedEvery)
	defer again.Stop()
	for {
		if left := f.catchUp(ctx); left {
			select {
			case <-ctx.Done():
				return nil
			case <-again.C:
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.behind:
		}
	}
}

// catchUp reports whether anything is left.
func (f *siteFiles) catchUp(ctx context.Context) bool {
	f.one.Lock()
	defer f.one.Unlock()
	all, err := f.intents.all()
	if err != nil {
		f.log.Error("what was to be changed cannot be read", "err", err)
	}
	for i := range all {
		if _, _, err := f.finish(ctx, &all[i]); err != nil && ctx.Err() == nil {
			f.log.Error("who changed a file, which is in force, cannot be noted yet", "site", all[i].Site, "file", all[i].File, "by", all[i].Entry.Author, "err", err)
		}
	}
	all, _ = f.intents.all() // what cannot be read was told
	return len(all) > 0
}

// Draft reads the site's file and checks it with the changes.
func (f *siteFiles) Draft(site string, changes []revise.Change) (*web.SiteDraft, error) {
	p, err := f.prepareSite(site, "", changes)
	if err != nil {
		return nil, err
	}
	return p.siteDraft(), nil
}

func (f *siteFiles) prepareSite(site, seen string, changes []revise.Change) (*prepared, error) {
	name, ok := f.reload.inForce.Load().SiteFile(site)
	if !ok {
		return nil, web.ErrNoFile
	}
	return f.prepare(site, name, seen, func(before []byte) ([]byte, error) { return revise.Apply(before, changes...) })
}

func (p *prepared) siteDraft() *web.SiteDraft {
	d := &web.SiteDraft{File: shown(p.cfg, filepath.ToSlash(p.file)), Version: p.version, Diff: p.diff, ReadOnly: errors.Is(revise.Writable(p.file), revise.ErrReadOnly)}
	for _, b := range p.problems {
		d.Problems = append(d.Problems, fileProblem(b))
	}
	for _, w := range p.warnings() {
		d.Warnings = append(d.Warnings, fileProblem(w))
	}
	return d
}

func fileProblem(p configs.Problem) web.FileProblem {
	return web.FileProblem{File: path.Base(p.File), Line: p.Line, Col: p.Col, Text: p.Text}
}

// Put writes the changes and brings them into force.
func (f *siteFiles) Put(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry) (telemetry.Record, *web.SiteDraft, error) {
	f.one.Lock()
	defer f.one.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putPatience)
	defer cancel()
	if rec, done, err := f.done(ctx, site, &e); err != nil || done {
		return rec, nil, err
	}
	p, err := f.prepareSite(site, version, changes)
	if err != nil {
		return telemetry.Record{}, nil, err
	}
	d := p.siteDraft()
	switch {
	case len(d.Problems) > 0:
		return telemetry.Record{}, d, web.ErrProblems
	case d.Diff == nil:
		return telemetry.Record{}, d, web.ErrSame
	}
	e.Before, e.After = d.Said()
	rec, err := f.put(ctx, site, p, e)
	return rec, d, err
}
