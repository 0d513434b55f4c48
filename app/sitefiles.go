package app

import (
	"context"
	"errors"
	"fmt"
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

// siteFiles change the files of sites and have them come into force as any reload does.
type siteFiles struct {
	reload *reloader
	enter  func(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error)
	log    *slog.Logger

	one sync.Mutex // one change at a time: between writing and putting back nobody else writes
}

var _ web.SiteFiles = (*siteFiles)(nil)

// putPatience bounds how long a change may take once it is being written: whoever asked may have gone, and what was begun is ended.
const putPatience = 2 * time.Minute

// Devices are those of the configuration in force.
func (f *siteFiles) Devices(site string) []facility.Device {
	for _, s := range f.reload.inForce.Load().AllSites() {
		if s.ID == site {
			return s.Devices
		}
	}
	return nil
}

// Draft reads the site's file and checks it with the changes.
func (f *siteFiles) Draft(site string, changes []revise.Change) (*web.SiteDraft, error) {
	d, _, _, err := f.draft(site, changes)
	return d, err
}

func (f *siteFiles) draft(site string, changes []revise.Change) (d *web.SiteDraft, before, after []byte, err error) {
	cfg := f.reload.inForce.Load()
	name, ok := cfg.SiteFile(site)
	if !ok {
		return nil, nil, nil, web.ErrNoFile
	}
	if before, err = revise.Read(name); err != nil {
		return nil, nil, nil, fmt.Errorf("reading the site's file: %w", err)
	}
	if after, err = revise.Apply(before, changes...); err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	d = &web.SiteDraft{File: name, Version: revise.Version(before), Diff: revise.Diff(before, after)}
	if d.Diff == nil {
		return d, before, after, nil
	}
	next, problems, err := configs.LoadChanged(cfg.File, name, after)
	if err != nil {
		var ok bool
		if problems, ok = errors.AsType[configs.Problems](err); !ok {
			return nil, nil, nil, err
		}
	}
	// Those of the files of other sites keep these out, and not this one.
	if ours := slices.DeleteFunc(slices.Clone(problems), func(p configs.Problem) bool { return p.File != filepath.ToSlash(name) }); err == nil || len(ours) > 0 {
		problems = ours
	}
	if err == nil {
		if len(problems) == 0 && !slices.ContainsFunc(next.Sites, func(s facility.Site) bool { return s.ID == site }) {
			problems.Add(configs.Problem{}.Position, "site %q would be gone", site)
		}
		for _, w := range next.Warnings {
			known := func(p configs.Problem) bool { return p.File == w.File && p.Text == w.Text }
			if w.File == filepath.ToSlash(name) && !slices.ContainsFunc(cfg.Warnings, known) {
				d.Warnings = append(d.Warnings, fileProblem(w))
			}
		}
	}
	for _, p := range problems {
		d.Problems = append(d.Problems, fileProblem(p))
	}
	return d, before, after, nil
}

func fileProblem(p configs.Problem) web.FileProblem {
	return web.FileProblem{File: path.Base(p.File), Line: p.Line, Col: p.Col, Text: p.Text}
}

// Put writes the changes and brings them into force.
func (f *siteFiles) Put(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry) (*web.SiteDraft, error) {
	f.one.Lock()
	defer f.one.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putPatience)
	defer cancel()
	d, before, after, err := f.draft(site, changes)
	switch {
	case err != nil:
		return nil, err
	case d.Version != version:
		return d, revise.ErrChanged
	case len(d.Problems) > 0:
		return d, web.ErrProblems
	case d.Diff == nil:
		return d, nil
	}
	if err := f.put(ctx, d.File, before, after, e.Author); err != nil {
		return d, err
	}
	f.log.Info("the file of a site was changed from a page", "site", site, "file", d.File, "about", e.Subject, "by", e.Author)
	if _, err := f.enter(ctx, site, e, 0); err != nil {
		return d, fmt.Errorf("noting who changed %s, which is in force: %w", d.File, err)
	}
	return d, nil
}

// put writes a file that still is as it was before, and brings it into force as from an author. Where that is refused the file is put back.
func (f *siteFiles) put(ctx context.Context, file string, before, after []byte, author string) error {
	if err := revise.Write(file, revise.Version(before), after); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	err := f.reload.ask(ctx, author)
	if some, is := errors.AsType[someSites](err); is && !slices.ContainsFunc(some.Problems, func(p configs.Problem) bool { return p.File == filepath.ToSlash(file) }) {
		err = nil // files of other sites have problems, as before
	}
	if err == nil {
		return nil
	}
	back := revise.Write(file, revise.Version(after), before)
	if back == nil {
		_ = f.reload.ask(ctx, "reload") // what is on disk is what is in force again, or was refused before
	}
	return errors.Join(&web.NotInForceError{Err: err}, back)
}
