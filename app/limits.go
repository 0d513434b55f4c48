package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/web"
)

// limitDesk changes numbers in the files of the configuration, one at a time. It is safe for concurrent use.
type limitDesk struct {
	files  *siteFiles
	trials *Rehearsals
	now    func() time.Time
}

var _ web.Limits = (*limitDesk)(nil)

// Limits lists the numbers of a site as its files say them now.
func (d *limitDesk) Limits(_ context.Context, site string) ([]web.Limit, error) {
	cfg := d.files.reload.inForce.Load()
	numbers, err := d.numbers(cfg, site)
	if err != nil {
		return nil, err
	}
	all := make([]web.Limit, 0, len(numbers))
	differs := map[string]bool{}
	for i := range numbers {
		l, file := limitOf(cfg, &numbers[i]), numbers[i].At.File
		if _, known := differs[file]; !known && l.Fixed != string(configs.FixedBuiltIn) {
			text, err := revise.Read(filepath.FromSlash(file))
			differs[file] = err != nil || revise.Version(text) != l.Version
		}
		l.Differs = differs[file]
		all = append(all, l)
	}
	return all, nil
}

// numbers are those of a site.
func (d *limitDesk) numbers(cfg *configs.Config, site string) ([]configs.Number, error) {
	i := slices.IndexFunc(cfg.AllSites(), func(s facility.Site) bool { return s.ID == site })
	if i < 0 {
		return nil, web.ErrNotFound
	}
	numbers, err := cfg.Numbers(site, facility.DateOf(d.now().In(cfg.AllSites()[i].Location.Location)))
	switch problems, is := errors.AsType[configs.Problems](err); {
	case errors.Is(err, configs.ErrBuiltIn):
		return nil, web.ErrNoFiles
	case is:
		return nil, mistakes(cfg, problems)
	case errors.Is(err, configs.ErrNotReloaded):
		return nil, &web.FilesDiffer{Files: []string{site}}
	}
	return numbers, err
}

func limitOf(cfg *configs.Config, n *configs.Number) web.Limit {
	return web.Limit{
		ID: n.ID, Part: n.Part, Of: n.Of, Key: n.Key, Name: n.Name, Kind: n.Kind, Value: n.Value, Unit: n.Unit, File: shown(cfg, n.At.File), Line: n.At.Line,
		Protocol: n.Protocol, Title: n.Title, Shared: n.Shared, Fixed: string(n.Fixed), Version: cfg.Version(n.At.File),
	}
}

// shown is a file as people name it: from the folder of the configuration on.
func shown(cfg *configs.Config, file string) string {
	if rel, err := filepath.Rel(filepath.Dir(cfg.File), filepath.FromSlash(file)); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return file
}

// mistakes are problems as people read them, in the words of gerbang check.
func mistakes(cfg *configs.Config, problems configs.Problems) error {
	m := &web.LimitMistakes{}
	for _, p := range problems {
		p.File = shown(cfg, p.File)
		m.Problems = append(m.Problems, p.String())
	}
	return m
}

// prepared is a change that can be made.
type prepared struct {
	cfg         *configs.Config // that it was prepared against
	file        string
	version     string // of the file before
	text, after []byte
	draft       web.LimitDraft
}

// Draft says what a change would be, and changes nothing.
func (d *limitDesk) Draft(_ context.Context, site string, c web.LimitChange) (web.LimitDraft, error) {
	p, err := d.prepare(site, c)
	if err != nil {
		return web.LimitDraft{}, err
	}
	return p.draft, nil
}

// prepare makes a change of what is on disk, and has the whole configuration checked with it.
func (d *limitDesk) prepare(site string, c web.LimitChange) (*prepared, error) {
	cfg := d.files.reload.inForce.Load()
	numbers, err := d.numbers(cfg, site)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(numbers, func(n configs.Number) bool { return n.ID == c.Limit })
	if i < 0 {
		return nil, web.ErrNotFound
	}
	n := &numbers[i]
	if n.Fixed != "" {
		return nil, web.ErrFixed
	}
	p := &prepared{cfg: cfg, file: n.At.File}
	if p.text, err = revise.Read(filepath.FromSlash(p.file)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.file, err)
	}
	p.version = revise.Version(p.text)
	if p.version != cfg.Version(p.file) {
		return nil, &web.FilesDiffer{Files: []string{shown(cfg, p.file)}}
	}
	if c.Version != "" && c.Version != p.version {
		return nil, web.ErrMeanwhile
	}
	edits, err := n.Edits(c.Value)
	if two, is := errors.AsType[*configs.AmbiguousError](err); is {
		return nil, &web.LimitAmbiguous{Typed: two.Typed, Large: two.Large, Small: two.Small}
	}
	if err == nil {
		p.after, err = revise.Apply(p.text, edits...)
	}
	switch {
	case errors.Is(err, configs.ErrNeeded):
		return nil, web.ErrNeeded
	case errors.Is(err, revise.ErrByHand):
		return nil, web.ErrFixed
	case err != nil:
		return nil, fmt.Errorf("changing %s: %w", p.file, err)
	case slices.Equal(p.after, p.text):
		return nil, web.ErrSame
	}
	next, broken, err := configs.LoadChanged(cfg.File, filepath.FromSlash(p.file), p.after)
	if problems, is := errors.AsType[configs.Problems](err); is {
		broken = append(broken, problems...)
	} else if err != nil {
		return nil, err
	}
	// What is wrong with another site is of no concern here; with this one's file, or with all, it is.
	if next == nil || slices.ContainsFunc(broken, func(b configs.Problem) bool { return b.File == p.file }) {
		return nil, mistakes(cfg, broken)
	}
	if files := slices.DeleteFunc(cfg.Differ(next), func(f string) bool { return f == p.file }); len(files) > 0 {
		for i := range files {
			files[i] = shown(cfg, files[i])
		}
		return nil, &web.FilesDiffer{Files: files}
	}
	if err := needsRestart(cfg, next); err != nil {
		return nil, err
	}
	will := cfg.NumberIn(p.after, n, site)
	p.draft = web.LimitDraft{Limit: limitOf(cfg, n), After: will, Diff: revise.Diff(p.text, p.after), Version: p.version}
	for _, w := range newWarnings(cfg, next, filepath.FromSlash(p.file), p.text) {
		w.File = shown(cfg, w.File)
		p.draft.Warnings = append(p.draft.Warnings, w.String())
	}
	if reform := reformOf(next, n, site); reform != nil && d.trials != nil {
		name := n.ID + " = " + will
		p.draft.Try = func() (web.Rehearsal, error) { return d.trials.try(site, name, reform) }
	}
	return p, nil
}

// newWarnings are those of a configuration with one file changed that there are not with the text that the file has now. What is in force
// does not know all of its own: serving asks for fewer.
func newWarnings(cfg, next *configs.Config, file string, now []byte) configs.Problems {
	unknown := func(known configs.Problems) configs.Problems {
		return slices.DeleteFunc(slices.Clone(next.Warnings), func(w configs.Problem) bool {
			return slices.ContainsFunc(known, func(had configs.Problem) bool { return had.File == w.File && had.Text == w.Text })
		})
	}
	all := unknown(cfg.Warnings)
	if len(all) == 0 {
		return nil
	}
	if before, _, err := configs.LoadChanged(cfg.File, file, now); err == nil {
		return unknown(before.Warnings)
	}
	return all
}

// reformOf is the change as the past is judged by it; nil: nobody can tell.
func reformOf(next *configs.Config, n *configs.Number, site string) *rehearse.Reform {
	r := &rehearse.Reform{Narrow: configs.Narrow}
	if n.Protocol != "" {
		i := slices.IndexFunc(next.Protocols, func(p rules.Protocol) bool { return p.ID == n.Protocol })
		if i < 0 {
			return nil
		}
		r.Protocols = []rules.Protocol{next.Protocols[i]}
		return r
	}
	i := slices.IndexFunc(next.Sites, func(s facility.Site) bool { return s.ID == site })
	if i < 0 {
		return nil
	}
	will := next.Sites[i]
	r.Amend = func(s *facility.Site) bool {
		if n.Part == "site" {
			s.Quota = will.Quota
			return true
		}
		k := slices.IndexFunc(s.Zones, func(z facility.Zone) bool { return z.ID == n.Of })
		j := slices.IndexFunc(will.Zones, func(z facility.Zone) bool { return z.ID == n.Of })
		if k < 0 || j < 0 {
			return false
		}
		was, is := &s.Zones[k], &will.Zones[j]
		switch n.Key {
		case "capacity":
			was.Capacity = is.Capacity
		case "area":
			was.Area = is.Area
		case "fixtures":
			was.Fixtures = is.Fixtures
		case "height":
			was.Height = is.Height
		case "seats", "pitch": // one without the other is none, and a map of seats gives both
			was.Seats, was.SeatPitch = is.Seats, is.SeatPitch
		}
		return true
	}
	return r
}

// PutInForce writes a change into its file and has the configuration reloaded. Where that is refused the file is as it was before.
func (d *limitDesk) PutInForce(ctx context.Context, site string, c web.LimitChange, by string) (web.LimitDraft, error) {
	d.files.one.Lock()
	defer d.files.one.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putPatience)
	defer cancel()
	p, err := d.prepare(site, c)
	if err != nil {
		return web.LimitDraft{}, err
	}
	switch err := d.files.put(ctx, filepath.FromSlash(p.file), p.text, p.after, by); {
	case errors.Is(err, revise.ErrChanged):
		return web.LimitDraft{}, web.ErrMeanwhile
	case errors.Is(err, revise.ErrReadOnly):
		d.files.log.Warn("a limit cannot be changed: its file may not be written", "file", p.file, "err", err)
		return web.LimitDraft{}, web.ErrReadOnly
	case err != nil:
		if problems, is := errors.AsType[configs.Problems](err); is {
			return web.LimitDraft{}, mistakes(p.cfg, problems)
		}
		return web.LimitDraft{}, err
	}
	d.files.log.Info("a limit was changed", "site", site, "limit", c.Limit, "before", p.draft.Limit.Value, "after", p.draft.After, "by", by)
	return p.draft, nil
}
