package alerts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// wireSilence is a silence in Alertmanager's API v2.
type wireSilence struct {
	ID        string        `json:"id,omitempty"`
	Matchers  []wireMatcher `json:"matchers"`
	StartsAt  time.Time     `json:"startsAt"`
	EndsAt    time.Time     `json:"endsAt"`
	CreatedBy string        `json:"createdBy"`
	Comment   string        `json:"comment"`
	Status    *wireStatus   `json:"status,omitempty"`
}

type wireMatcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual,omitempty"` // missing: true
}

type wireStatus struct {
	State string `json:"state"` // active, pending, expired
}

// Silences lists the silences that are active or will be, the one that ends first first.
func (e *External) Silences(ctx context.Context) ([]Silence, error) {
	var all []wireSilence
	if err := e.any(ctx, http.MethodGet, "/api/v2/silences", nil, &all); err != nil {
		return nil, err
	}
	var out []Silence
	for _, w := range all {
		if w.Status != nil && w.Status.State == "expired" {
			continue
		}
		s := Silence{ID: w.ID, Starts: w.StartsAt, Ends: w.EndsAt, By: w.CreatedBy, Comment: w.Comment,
			Pending: w.Status != nil && w.Status.State == "pending"}
		for _, m := range w.Matchers {
			s.Matchers = append(s.Matchers, Matcher{Name: m.Name, Value: m.Value, Regex: m.IsRegex, Not: m.IsEqual != nil && !*m.IsEqual})
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y Silence) int { return x.Ends.Compare(y.Ends) })
	return out, nil
}

// SetSilence creates or replaces a silence.
func (e *External) SetSilence(ctx context.Context, s Silence) (string, error) {
	w := wireSilence{ID: s.ID, StartsAt: s.Starts, EndsAt: s.Ends, CreatedBy: s.By, Comment: s.Comment}
	if w.StartsAt.IsZero() {
		w.StartsAt = time.Now()
	}
	for _, m := range s.Matchers {
		w.Matchers = append(w.Matchers, wireMatcher{Name: m.Name, Value: m.Value, IsRegex: m.Regex, IsEqual: new(!m.Not)})
	}
	var answer struct {
		SilenceID string `json:"silenceID"`
	}
	err := e.any(ctx, http.MethodPost, "/api/v2/silences", &w, &answer)
	if status, ok := errors.AsType[*statusError](err); ok && status.code == http.StatusNotFound && w.ID != "" {
		// It was lost over there: make it anew.
		w.ID = ""
		err = e.any(ctx, http.MethodPost, "/api/v2/silences", &w, &answer)
	}
	if err != nil {
		return "", fmt.Errorf("setting a silence: %w", err)
	}
	return answer.SilenceID, nil
}

// ExpireSilence ends a silence now.
func (e *External) ExpireSilence(ctx context.Context, id string) error {
	err := e.any(ctx, http.MethodDelete, "/api/v2/silence/"+url.PathEscape(id), nil, nil)
	if status, ok := errors.AsType[*statusError](err); ok && (status.code == http.StatusNotFound || overAlready(status)) {
		return nil
	}
	return err
}

// overAlready recognises what older versions answer for a silence that has ended or is unknown.
func overAlready(s *statusError) bool {
	return s.code == http.StatusInternalServerError &&
		(strings.Contains(s.text, "already expired") || strings.Contains(s.text, "not found"))
}

// any asks the members one after the other until one gives an answer that means something; silences spread by themselves.
func (e *External) any(ctx context.Context, method, path string, in, out any) error {
	var errs error
	for _, t := range e.targets {
		err := e.do(ctx, t, method, path, in, out)
		if err == nil || errors.Is(err, ErrRefused) {
			return err
		}
		errs = errors.Join(errs, err)
	}
	return errs
}
