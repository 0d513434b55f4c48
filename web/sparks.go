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
	// sparkAge is how old a drawing may be: a day has one value a minute.
	sparkAge = time.Minute
	// maxSparks bounds the drawings that are kept.
	maxSparks = 2000
	sparkW    = 1000
	sparkH    = 100
)

// spark is a small drawing of a zone's day, in a box of sparkW × sparkH.
type spark struct {
	Line, Band string // path data
	Limit      string // path data; empty: none
	Caption    string
}

// sparks draws the day of a zone and keeps its minutes for a minute, so that many watchers cost one query. It is safe for
// concurrent use.
type sparks struct {
	rollups Rollups

	mu   sync.Mutex
	kept map[[2]string]keptDay
}

type keptDay struct {
	at time.Time
	day
}

func newSparks(r Rollups) *sparks {
	return &sparks{rollups: r, kept: make(map[[2]string]keptDay)}
}

// of is the drawing of today up to now; nil where nobody knew anything or the history cannot be read: a live page does not fail
// for want of a decoration.
func (s *sparks) of(sc *scene, site, zone string) *spark {
	k, err := s.today(sc, site, zone)
	if err != nil {
		return nil
	}
	k.end = telemetry.InstantOf(sc.now)
	return drawSpark(sc, &k.day)
}

func (s *sparks) today(sc *scene, site, zone string) (keptDay, error) {
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
	now := telemetry.InstantOf(sc.now)
	samples, err := s.rollups.Occupancy(ctx, site, zone, from, now)
	if err != nil {
		// Keep what there was and ask again in a minute, not at every change.
		k.at = sc.now
		s.keep(key, k)
		return k, fmt.Errorf("reading the day of %s/%s: %w", site, zone, err)
	}
	k = keptDay{at: sc.now, day: dayOf(samples, from, now)}
	s.keep(key, k)
	return k, nil
}

func (s *sparks) keep(key [2]string, k keptDay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxSparks {
		clear(s.kept)
	}
	s.kept[key] = k
}

// drawSpark scales from when there is something to see to the end, and to the limit. The line is made of steps: a number holds
// until the next one.
func drawSpark(sc *scene, d *day) *spark {
	first, ok := d.begins()
	if !ok {
		return nil
	}
	span := max(float64(d.end.Sub(first)), float64(2*time.Hour))
	runs := d.runs(first)
	top := 1.0
	for _, r := range runs {
		for i := range r.samples {
			top = max(top, r.samples[i].High, r.samples[i].Persons)
		}
	}
	steps := d.limits(first)
	for i := range steps {
		top = max(top, steps[i].Limit)
	}
	top *= 1.1
	x := func(at telemetry.Instant) int { return int(math.Round(sparkW * float64(at.Sub(first)) / span)) }
	y := func(v float64) int { return int(math.Round(sparkH * (1 - min(1, max(0, v/top))))) }

	var line, band, limit strings.Builder
	for i, p := range steps {
		if p.HasLimit {
			stepTo(&limit, i == 0 || !steps[i-1].HasLimit, x(p.At), y(p.Limit))
		} else if i > 0 {
			fmt.Fprintf(&limit, "H%d", x(p.At))
		}
	}
	if n := len(steps); n > 0 && steps[n-1].HasLimit {
		fmt.Fprintf(&limit, "H%d", x(d.end))
	}
	for _, r := range runs {
		steps := thin(r.samples)
		end := max(x(r.end), x(steps[0].At)+1) // what was known for a moment is seen too
		for i, p := range steps {
			stepTo(&line, i == 0, x(p.At), y(p.Persons))
			stepTo(&band, i == 0, x(p.At), y(p.High))
		}
		fmt.Fprintf(&line, "H%d", end)
		fmt.Fprintf(&band, "H%d", end)
		for _, p := range slices.Backward(steps) {
			fmt.Fprintf(&band, "V%dH%d", y(p.Low), x(p.At))
		}
		band.WriteByte('Z')
	}
	s := &spark{Line: line.String(), Band: band.String(), Limit: limit.String()}
	s.Caption = sc.T("zone.peak", "Persons", sc.Number(math.Round(d.peak.Persons), 0), "When", sc.when(d.peak.At), "From", sc.when(first))
	return s
}

// stepTo goes on to x at the height that was, and to y there.
func stepTo(to *strings.Builder, first bool, x, y int) {
	if first {
		fmt.Fprintf(to, "M%d %d", x, y)
		return
	}
	fmt.Fprintf(to, "H%dV%d", x, y)
}

// thin keeps at most about 180 steps of a run, the highest of each part of it: a peak must not vanish from the picture. Parts
// are of equal time, and a step begins where its part does.
func thin(all []rules.Sample) []rules.Sample {
	if len(all) <= 180 {
		return all
	}
	part := all[len(all)-1].At.Sub(all[0].At)/180 + 1
	var out []rules.Sample
	until := telemetry.Instant(0)
	for _, p := range all {
		if len(out) == 0 || p.At >= until {
			out, until = append(out, p), p.At.Add(part)
			continue
		}
		if best := &out[len(out)-1]; p.Persons > best.Persons {
			at := best.At
			*best = p
			best.At = at
		}
	}
	return out
}
