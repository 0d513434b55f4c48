package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// acknowledger keeps a silence in the router for every alert that somebody works on or has silenced. It belongs to one goroutine.
type acknowledger struct {
	listed bool              // the router was asked for what an earlier run left
	ids    map[string]string // silence by alert
	ends   map[string]telemetry.Instant
}

// reconcile sets the silences of acknowledged alerts and ends the others that we made. It asks the router only when there
// is, or may be, something to do; every full round it also finds out what the router has lost.
func (k *acknowledger) reconcile(ctx context.Context, router Router, n *notices, open []Alert, full bool, timeout time.Duration) error {
	now := telemetry.InstantOf(time.Now())
	want, quiet := make(map[string]*Alert), make(map[string]*Acknowledgement)
	for i := range open {
		if h := hush(&open[i], now); h != nil {
			want[open[i].ID], quiet[open[i].ID] = &open[i], h
		}
	}
	if k.listed && len(want) == 0 && len(k.ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !k.listed || full {
		if err := k.list(ctx, router); err != nil {
			return err
		}
	}
	for id, silence := range k.ids {
		if want[id] != nil {
			continue
		}
		if err := router.ExpireSilence(ctx, silence); err != nil {
			return fmt.Errorf("ending the silence of alert %q: %w", id, err)
		}
		delete(k.ids, id)
		delete(k.ends, id)
	}
	for id, a := range want {
		// Routers keep times in milliseconds.
		if k.ids[id] != "" && k.ends[id].Sub(quiet[id].Until).Abs() < time.Second {
			continue
		}
		s := n.silence(a, quiet[id])
		s.ID = k.ids[id]
		silence, err := router.SetSilence(ctx, s)
		if errors.Is(err, ErrRefused) {
			continue // it is asked again with the next round, and stays loud meanwhile
		}
		if err != nil {
			return fmt.Errorf("silencing alert %q: %w", id, err)
		}
		k.ids[id], k.ends[id] = silence, quiet[id].Until
	}
	return nil
}

// list learns which of our silences the router has.
func (k *acknowledger) list(ctx context.Context, router Router) error {
	all, err := router.Silences(ctx)
	if err != nil {
		return fmt.Errorf("listing silences: %w", err)
	}
	k.listed, k.ids, k.ends = true, make(map[string]string), make(map[string]telemetry.Instant)
	for _, s := range all {
		if id, ok := silencedAlert(s.Comment); ok {
			k.ids[id], k.ends[id] = s.ID, telemetry.InstantOf(s.Ends)
		}
	}
	return nil
}

// The comment of a silence that we made begins with one of these; the alert's id follows.
const (
	acknowledgedMark = "gerbang acknowledgement "
	silencedMark     = "gerbang silence "
)

// silenceComment says why nobody is notified of an alert: what hush gave.
func silenceComment(a *Alert, why *Acknowledgement) string {
	c := acknowledgedMark + a.ID
	if why != a.Ack {
		c = silencedMark + a.ID
	}
	if why.Reason != "" {
		c += ": " + why.Reason
	}
	return c
}

// silencedAlert finds the alert in a comment that silenceComment made.
func silencedAlert(comment string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(comment, acknowledgedMark)
	if !ok {
		rest, ok = strings.CutPrefix(comment, silencedMark)
	}
	id, _, _ = strings.Cut(rest, ":")
	return id, ok && id != ""
}
