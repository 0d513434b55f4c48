package app

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
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
	states := map[string]fileState{}
	for i := range numbers {
		l, file := limitOf(cfg, &numbers[i]), numbers[i].At.File
		if l.Fixed != string(configs.FixedBuiltIn) {
			state, known := states[file]
			if !known {
				state = stateOf(cfg, file)
				states[file] = state
			}
			l.Differs, l.ReadOnly = state.differs, state.readOnly
			if state.large {
				l.Fixed = "large"
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// fileState is what can be done with a file.
type fileState struct{ differs, readOnly, large bool }

func stateOf(cfg *configs.Config, file string) (s fileState) {
	name := filepath.FromSlash(file)
	text, err := revise.Read(name)
	s.large = errors.Is(err, revise.ErrTooLarge)
	s.readOnly = errors.Is(err, revise.ErrReadOnly) || errors.Is(revise.Writable(name), revise.ErrReadOnly)
	s.differs = !s.large && !errors.Is(err, revise.ErrReadOnly) && (err != nil || revise.Version(text) != cfg.Version(file))
	return s
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

// Draft says what a change would be, and changes nothing.
func (d *limitDesk) Draft(_ context.Context, site string, c web.LimitChange) (web.LimitDraft, error) {
	n, p, err := d.prepare(site, c)
	if err != nil {
		return web.LimitDraft{}, limitError(err)
	}
	draft := web.LimitDraft{
		Limit: limitOf(p.cfg, n), After: p.cfg.NumberIn(p.after, n, site), Diff: p.diff, Version: p.version,
		ReadOnly: errors.Is(revise.Writable(p.file), revise.ErrReadOnly),
	}
	for _, w := range p.warnings() {
		w.File = shown(p.cfg, w.File)
		draft.Warnings = append(draft.Warnings, w.String())
	}
	if reform := reformOf(p.next, n, site); reform != nil && d.trials != nil {
		name := n.ID + " = " + draft.After
		draft.Try = func() (web.Rehearsal, error) { return d.trials.try(site, name, reform) }
	}
	return draft, nil
}

// prepare finds a number and prepares the change of its file.
func (d *limitDesk) prepare(site string, c web.LimitChange) (*configs.Number, *prepared, error) {
	cfg := d.files.reload.inForce.Load()
	numbers, err := d.numbers(cfg, site)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(numbers, func(n configs.Number) bool { return n.ID == c.Limit })
	if i < 0 {
		return nil, nil, web.ErrNotFound
	}
	n := &numbers[i]
	if n.Fixed != "" {
		return nil, nil, web.ErrFixed
	}
	p, err := d.files.prepare(site, filepath.FromSlash(n.At.File), c.Version, func(before []byte) ([]byte, error) {
		edits, err := n.Edits(c.Value)
		if err != nil {
			return nil, err
		}
		return revise.Apply(before, edits...)
	})
	switch {
	case err != nil:
		return nil, nil, err
	case p.diff == nil:
		return nil, nil, web.ErrSame
	case len(p.problems) > 0:
		return nil, nil, mistakes(p.cfg, p.problems)
	}
	return n, p, nil
}

// limitError is an error as web.Limits knows it.
func limitError(err error) error {
	if two, is := errors.AsType[*configs.AmbiguousError](err); is {
		return &web.LimitAmbiguous{Typed: two.Typed, Large: two.Large, Small: two.Small}
	}
	for is, as := range map[error]error{
		configs.ErrNeeded: web.ErrNeeded, revise.ErrByHand: web.ErrFixed, revise.ErrTooLarge: web.ErrFixed, revise.ErrChanged: web.ErrMeanwhile, revise.ErrReadOnly: web.ErrReadOnly,
	} {
		if errors.Is(err, is) {
			return as
		}
	}
	return err
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

// PutInForce writes a change into its file, has the configuration reloaded and makes the entry.
func (d *limitDesk) PutInForce(ctx context.Context, site string, c web.LimitChange, e telemetry.Entry) (telemetry.Record, error) {
	d.files.one.Lock()
	defer d.files.one.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putPatience)
	defer cancel()
	if rec, done, err := d.files.done(ctx, site, &e); err != nil || done {
		return rec, err
	}
	n, p, err := d.prepare(site, c)
	if err != nil {
		return telemetry.Record{}, limitError(err)
	}
	e.Subject, e.Item, e.Text, e.Before, e.After = n.Part+":"+n.Of, n.Key, n.ID, n.Value, p.cfg.NumberIn(p.after, n, site)
	rec, err := d.files.put(ctx, site, p, e)
	if _, late := errors.AsType[*web.NotInForceError](err); err != nil && !late {
		if errors.Is(err, revise.ErrReadOnly) {
			d.files.log.Warn("a limit cannot be changed: its file may not be written", "file", p.file, "err", err)
		}
		return rec, limitError(err)
	}
	return rec, err
}
