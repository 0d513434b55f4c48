package web

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	sparkPatience = 2 * time.Second
	// sparkAge is how old a drawing may be: rollups have one value a minute.
	sparkAge = time.Minute
	// sparkGap is the hole between samples beyond which the line breaks: what was not observed is not drawn.
	sparkGap = 3 * time.Minute
	// maxSparks bounds the drawings that are kept.
	maxSparks = 2000
	sparkW    = 1000
	sparkH    = 100
)

// spark is a small drawing of a zone's day, in a box of sparkW × sparkH.
type spark struct {
	Line, Band string // path data
	Limit      string // y of the limit; empty: none
	Caption    string
}

// sparks draws the day of a zone and keeps the samples for a minute, so that many watchers cost one query. It is safe for
// concurrent use.
type sparks struct {
	rollups Rollups

	mu   sync.Mutex
	kept map[[2]string]keptSamples
}

type keptSamples struct {
	at      time.Time
	from    telemetry.Instant
	samples []rules.Sample
}

func newSparks(r Rollups) *sparks {
	return &sparks{rollups: r, kept: make(map[[2]string]keptSamples)}
}

// of is the drawing of today; nil where there is nothing to draw or the history cannot be read: a live page does not fail
// for want of a decoration.
func (s *sparks) of(sc *scene, site, zone string) *spark {
	k, err := s.today(sc, site, zone)
	if err != nil || len(k.samples) < 2 {
		return nil
	}
	return drawSpark(sc, k.samples)
}

func (s *sparks) today(sc *scene, site, zone string) (keptSamples, error) {
	from := telemetry.InstantOf(facility.DateOf(sc.now.In(sc.loc)).In(sc.loc))
	key := [2]string{site, zone}
	s.mu.Lock()
	k, ok := s.kept[key]
	s.mu.Unlock()
	if ok && k.from == from && sc.now.Sub(k.at) < sparkAge {
		return k, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), sparkPatience)
	defer cancel()
	samples, err := s.rollups.Occupancy(ctx, site, zone, from, telemetry.InstantOf(sc.now))
	if err != nil {
		// Keep what there was and ask again in a minute, not at every change.
		k.at = sc.now
		s.keep(key, k)
		return k, fmt.Errorf("reading the day of %s/%s: %w", site, zone, err)
	}
	k = keptSamples{at: sc.now, from: from, samples: samples}
	s.keep(key, k)
	return k, nil
}

func (s *sparks) keep(key [2]string, k keptSamples) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxSparks {
		clear(s.kept)
	}
	s.kept[key] = k
}

// drawSpark scales to the samples' own span of time and to the limit.
func drawSpark(sc *scene, samples []rules.Sample) *spark {
	first, last := samples[0].At, samples[len(samples)-1].At
	span := max(float64(last.Sub(first)), float64(2*time.Hour))
	top, limit := 1.0, 0.0
	peak := samples[0]
	for _, p := range samples {
		top = max(top, p.High)
		limit = max(limit, p.Limit)
		if p.Persons > peak.Persons {
			peak = p
		}
	}
	top = max(top, limit) * 1.1
	x := func(p rules.Sample) int { return int(math.Round(sparkW * float64(p.At.Sub(first)) / span)) }
	y := func(v float64) int { return int(math.Round(sparkH * (1 - min(1, max(0, v/top))))) }

	var line, band strings.Builder
	for start := 0; start < len(samples); {
		end := start + 1
		for end < len(samples) && samples[end].At.Sub(samples[end-1].At) <= sparkGap {
			end++
		}
		run := thin(samples[start:end])
		for i, p := range run {
			fmt.Fprintf(&line, "%c%d %d", "ML"[min(i, 1)], x(p), y(p.Persons))
			fmt.Fprintf(&band, "%c%d %d", "ML"[min(i, 1)], x(p), y(p.High))
		}
		for _, r := range slices.Backward(run) {
			fmt.Fprintf(&band, "L%d %d", x(r), y(r.Low))
		}
		band.WriteByte('Z')
		start = end
	}
	s := &spark{Line: line.String(), Band: band.String()}
	if limit > 0 {
		s.Limit = fmt.Sprint(y(limit))
	}
	s.Caption = sc.T("zone.peak", "Persons", sc.Number(math.Round(peak.Persons), 0), "When", sc.when(peak.At), "From", sc.when(first))
	return s
}

// thin keeps at most about 180 points of a run, the highest of each step: a peak must not vanish from the picture.
func thin(run []rules.Sample) []rules.Sample {
	step := (len(run) + 179) / 180
	if step <= 1 {
		return run
	}
	var out []rules.Sample
	for i := 0; i < len(run); i += step {
		best := run[i]
		for _, p := range run[i:min(i+step, len(run))] {
			if p.Persons > best.Persons {
				best = p
			}
		}
		out = append(out, best)
	}
	return out
}
