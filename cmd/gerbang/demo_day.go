package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// demoFile keeps the demo's plan beside its journal: a later start shows the same buildings with the same hours.
const demoFile = "demo.json"

// demoPlan is what the demo changes in the shipped sites, so that whoever starts it, whenever and wherever, sees buildings at
// work: hours of their own on every day but one, each at another point of its day when the demo is first started; and, where it
// is night in Indonesia then, clocks that are set so that it is late in the morning. Nothing else is changed, and nothing in the
// gateway knows of it: to the engine these are the hours and time zones of the sites.
type demoPlan struct {
	Begun time.Time  `json:"begun"` // the first start
	Seed  uint64     `json:"seed"`
	Days  []demoDay  `json:"days"`
	Shift *demoShift `json:"shift,omitempty"` // nil: the sites keep the clocks of their cities
}

// demoDay is the day of one building.
type demoDay struct {
	Site     string             `json:"site"`
	Timezone string             `json:"timezone"`
	Open     facility.TimeOfDay `json:"open"`
	Close    facility.TimeOfDay `json:"close"`
	// Rest is the weekday on which it is closed.
	Rest time.Weekday `json:"rest"`
}

// demoShift is how the clocks of the demo differ from those of the cities.
type demoShift struct {
	Hours int `json:"hours"` // of the sites in Western Indonesian Time, from UTC
}

// demoPoint is where in its day a building is when the demo is first started: a share of the opening, over 1 when it has closed.
type demoPoint struct {
	site  string
	share float64
	peak  float64 // people inside at the busiest time of its day
}

// demoPoints are the buildings of the demo, from the one that opened last.
var demoPoints = []demoPoint{
	{"mpp-magetan", 0.07, 24},
	{"mpp-tabalong", 0.15, 18},
	{"mpp-gresik", 0.24, 100},
	{"mpp-sumenep", 0.30, 18},
	{"mpp-pamekasan", 0.36, 17},
	{"mpp-banjar", 0.45, 20},
	{"mpp-bojonegoro", 0.57, 34},
	{"mpp-kab-probolinggo", 0.70, 24},
	{"mpp-kota-probolinggo", 0.86, 24},
	{"mpp-belu", 1.17, 11},
}

// words say where in its day a building is.
func (p demoPoint) words() string {
	switch s := p.share; {
	case s < 0.1:
		return "has just opened"
	case s < 0.2:
		return "early in its day"
	case s < 0.4:
		return "in its busy morning"
	case s < 0.5:
		return "after its busy morning"
	case s < 0.65:
		return "at lunch"
	case s < 0.8:
		return "in the afternoon"
	case s < 1:
		return "about to close"
	}
	return "closed for today"
}

// The demo's clocks. Between these times in Western Indonesia every building can be at its point of a day that begins after
// earliest and ends before latest, and the clocks stay as they are; else they are set to lateMorning.
const (
	clocksFrom  = 9*time.Hour + 30*time.Minute
	clocksUntil = 14*time.Hour + 30*time.Minute
	lateMorning = 11 * time.Hour
	earliest    = 6 * time.Hour
	latest      = 21 * time.Hour
	longestDay  = 7 * time.Hour
	quarter     = 15 * time.Minute
)

// westernIndonesia is UTC+7, the time of most of the sites; the others are an hour ahead.
const westernIndonesia = 7

// newDemoPlan makes the plan of a demo that is first started now.
func newDemoPlan(sites []facility.Site, seed uint64, now time.Time) (demoPlan, error) {
	p := demoPlan{Begun: now.UTC().Truncate(time.Millisecond), Seed: seed}
	utc := sinceMidnight(p.Begun)
	offset := westernIndonesia
	if local := (utc + westernIndonesia*time.Hour) % (24 * time.Hour); local < clocksFrom || local >= clocksUntil {
		offset = int(lateMorning/time.Hour) - int(utc/time.Hour)
		p.Shift = &demoShift{offset}
	}
	for _, point := range demoPoints {
		i := slices.IndexFunc(sites, func(s facility.Site) bool { return s.ID == point.site })
		if i < 0 {
			return p, fmt.Errorf("the demo wants the site %q, and it is not among the built-in ones", point.site)
		}
		zone := sites[i].Location
		if p.Shift != nil {
			_, city := p.Begun.In(zone.Location).Zone()
			var err error
			// The names of these zones count westwards: Etc/GMT-7 is UTC+7.
			if zone, err = facility.LoadLocation(fmt.Sprintf("Etc/GMT%+d", -(city/3600 - westernIndonesia + offset))); err != nil {
				return p, err
			}
		}
		local := p.Begun.In(zone.Location)
		d := demoDay{Site: point.site, Timezone: zone.String(), Rest: (local.Weekday() + 3) % 7}
		d.Open, d.Close = point.hours(sinceMidnight(local))
		p.Days = append(p.Days, d)
	}
	return p, nil
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// hours are those of a day that has come to its point at a local time: seven hours, or fewer where the day would begin too
// early or end too late, in whole quarters.
func (p demoPoint) hours(at time.Duration) (opens, closes facility.TimeOfDay) {
	length := min(longestDay, time.Duration(float64(at-earliest)/p.share))
	if p.share < 1 {
		length = min(length, time.Duration(float64(latest-at)/(1-p.share)))
	}
	begin := (at - time.Duration(p.share*float64(length))).Round(quarter)
	return facility.TimeOfDay(begin), facility.TimeOfDay((begin + length).Round(quarter))
}

// apply gives the sites the plan's hours and clocks.
func (p *demoPlan) apply(sites []facility.Site) error {
	for i := range sites {
		s := &sites[i]
		d, ok := p.day(s.ID)
		if !ok {
			continue
		}
		zone, err := facility.LoadLocation(d.Timezone)
		if err != nil {
			return fmt.Errorf("the demo's plan for %s: %w", s.ID, err)
		}
		s.Location = zone
		s.Hours.Exceptions = nil
		for w := range s.Hours.Weekly {
			s.Hours.Weekly[w] = nil
			if time.Weekday(w) != d.Rest {
				s.Hours.Weekly[w] = []facility.Span{{Open: d.Open, Close: d.Close}}
			}
		}
		s.Note = demoNote(p, s)
	}
	return nil
}

func (p *demoPlan) day(site string) (demoDay, bool) {
	i := slices.IndexFunc(p.Days, func(d demoDay) bool { return d.Site == site })
	if i < 0 {
		return demoDay{}, false
	}
	return p.Days[i], true
}

// historyFrom is when a history of so many days before today begins: at night, when every building is empty.
func (p *demoPlan) historyFrom(days int) time.Time {
	local := p.Begun.Add(time.Duration(p.offset()) * time.Hour)
	midnight := p.Begun.Add(-sinceMidnight(local)).Truncate(time.Minute)
	return midnight.AddDate(0, 0, -days).Add(90 * time.Minute)
}

// offset is that of the demo's Western Indonesian Time, in hours from UTC.
func (p *demoPlan) offset() int {
	if p.Shift != nil {
		return p.Shift.Hours
	}
	return westernIndonesia
}

// loadDemoPlan reads the plan of an earlier start. It reports false where there is none.
func loadDemoPlan(dir string) (demoPlan, bool, error) {
	var p demoPlan
	text, err := os.ReadFile(filepath.Join(dir, demoFile))
	if errors.Is(err, os.ErrNotExist) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, false, hinted{fmt.Errorf("reading the plan of an earlier demo: %w", err), "remove the folder " + dir + ", or name another: --data DIR"}
	}
	return p, true, nil
}

func (p *demoPlan) save(dir string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = cmp.Or(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, demoFile), append(text, '\n'), 0o600))
	}
	if err != nil {
		return fmt.Errorf("keeping the demo's plan: %w", err)
	}
	return nil
}
