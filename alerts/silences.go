package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Silences lists the silences that are active or will be, the one that ends first first.
func (e *Embedded) Silences(ctx context.Context) ([]Silence, error) {
	all, _, err := e.silences.Query(ctx, silence.QState(silence.SilenceStateActive, silence.SilenceStatePending))
	if err != nil {
		return nil, fmt.Errorf("listing silences: %w", err)
	}
	out := make([]Silence, 0, len(all))
	for _, s := range all {
		out = append(out, fromProto(s))
	}
	slices.SortFunc(out, func(x, y Silence) int { return x.Ends.Compare(y.Ends) })
	return out, nil
}

// SetSilence creates or replaces a silence. One that cannot be is ErrRefused.
func (e *Embedded) SetSilence(ctx context.Context, s Silence) (string, error) {
	p := toProto(s)
	err := e.silences.Set(ctx, p)
	if errors.Is(err, silence.ErrNotFound) {
		p.Id = ""
		err = e.silences.Set(ctx, p)
	}
	if err != nil {
		return "", fmt.Errorf("%w: setting a silence: %w", ErrRefused, err)
	}
	return p.Id, nil
}

// ExpireSilence ends a silence now.
func (e *Embedded) ExpireSilence(ctx context.Context, id string) error {
	s, err := e.silences.QueryOne(ctx, silence.QIDs(id))
	if errors.Is(err, silence.ErrNotFound) || err == nil && !s.EndsAt.AsTime().After(time.Now()) {
		return nil
	}
	if err == nil {
		err = e.silences.Expire(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("ending silence %q: %w", id, err)
	}
	return nil
}

func toProto(s Silence) *silencepb.Silence {
	set := &silencepb.MatcherSet{}
	for _, m := range s.Matchers {
		set.Matchers = append(set.Matchers, &silencepb.Matcher{Name: m.Name, Pattern: m.Value, Type: matcherType(m)})
	}
	p := &silencepb.Silence{Id: s.ID, EndsAt: timestamppb.New(s.Ends), CreatedBy: s.By, Comment: s.Comment,
		MatcherSets: []*silencepb.MatcherSet{set}}
	if !s.Starts.IsZero() {
		p.StartsAt = timestamppb.New(s.Starts)
	}
	return p
}

func fromProto(p *silencepb.Silence) Silence {
	s := Silence{ID: p.Id, Starts: p.StartsAt.AsTime(), Ends: p.EndsAt.AsTime(), By: p.CreatedBy, Comment: p.Comment,
		Pending: p.StartsAt.AsTime().After(time.Now())}
	for _, set := range p.MatcherSets {
		for _, m := range set.Matchers {
			s.Matchers = append(s.Matchers, Matcher{Name: m.Name, Value: m.Pattern,
				Regex: m.Type == silencepb.Matcher_REGEXP || m.Type == silencepb.Matcher_NOT_REGEXP,
				Not:   m.Type == silencepb.Matcher_NOT_EQUAL || m.Type == silencepb.Matcher_NOT_REGEXP})
		}
	}
	return s
}

func matcherType(m Matcher) silencepb.Matcher_Type {
	switch {
	case m.Regex && m.Not:
		return silencepb.Matcher_NOT_REGEXP
	case m.Regex:
		return silencepb.Matcher_REGEXP
	case m.Not:
		return silencepb.Matcher_NOT_EQUAL
	}
	return silencepb.Matcher_EQUAL
}
