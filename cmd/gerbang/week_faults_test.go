package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/testengine"
)

// moment is a local time of the week; the day 0 is its Monday.
type moment struct{ day, hour, minute int }

func (m moment) at(s *facility.Site) time.Time {
	return monday.AddDays(m.day).In(s.Location.Location).Add(time.Duration(m.hour)*time.Hour + time.Duration(m.minute)*time.Minute)
}

// weekFault is something that is made wrong at a site, and the alerts that are to name it: these and no others.
type weekFault struct {
	name, site  string
	what        simulate.FaultKind
	of          []string
	from, until moment
	alerts      []weekAlert
}

// weekAlert is an alert that is raised between two times, is over by another, and comes to these receivers.
type weekAlert struct {
	rule, subject                 string
	earliest, latest, resolvedNot moment // not before the earliest, not after the latest; still open before the third
	receivers                     string
	names                         string // the device that its explanation names, where that is not the subject; empty: none is asked for
}

// weekFaults are worked out by hand: a counter of five minutes is silent after a quarter of an hour and the time for which its network is
// given, and so on. resolvedNot is the end of the fault.
var weekFaults = []weekFault{
	{
		"a dead counter", "mpp-kota-probolinggo", simulate.Silent, []string{"pintu-parkir-hitung"}, moment{1, 10, 0}, moment{3, 8, 0},
		[]weekAlert{{"perangkat-senyap", "pintu-parkir-hitung", moment{1, 10, 10}, moment{1, 10, 20}, moment{3, 8, 0}, "technician", ""}},
	},
	{
		"a counter with a covered lens", "mpp-kab-probolinggo", simulate.Covered, []string{"pintu-adminduk-hitung"}, moment{2, 0, 0}, moment{2, 23, 0},
		[]weekAlert{{"penghitung-mati", "pintu-adminduk-hitung", moment{2, 9, 30}, moment{2, 11, 0}, moment{2, 15, 30}, "technician", ""}},
	},
	{
		// That it is not credible is told; that it is stuck is found as well, and adds nothing.
		"a stuck thermometer", "mpp-magetan", simulate.Stuck, []string{"pintu-utama-suhu"}, moment{2, 0, 0}, moment{2, 23, 0},
		[]weekAlert{
			{"termometer-dipercaya", "pintu-utama-suhu", moment{2, 8, 30}, moment{2, 11, 0}, moment{2, 14, 30}, "technician", ""},
			{"termometer-macet", "pintu-utama-suhu", moment{2, 11, 0}, moment{2, 11, 30}, moment{2, 14, 30}, "", ""},
		},
	},
	{
		// Whoever is told turns it round at half past nine. Left as it is, rooms would seem full in the afternoon.
		"a swapped door", "mpp-bojonegoro", simulate.Swapped, []string{"pintu-utama-hitung"}, moment{1, 0, 0}, moment{1, 9, 30},
		[]weekAlert{{rule: "arah-penghitung", subject: "mpp-bojonegoro", earliest: moment{1, 8, 15}, latest: moment{1, 9, 15}, resolvedNot: moment{1, 9, 30}, receivers: "technician", names: "pintu-utama-hitung"}},
	},
	{
		"a missed spraying", "mpp-tabalong", simulate.Missed, []string{"semprot-ruang"}, moment{2, 0, 0}, moment{2, 23, 0},
		[]weekAlert{{"disinfeksi", "semprot-ruang", moment{2, 8, 15}, moment{2, 8, 16}, moment{2, 18, 0}, "manager", ""}},
	},
	{
		"copied logs", "mpp-sumenep", simulate.Copied, []string{"gagang-pintu"}, moment{2, 0, 0}, moment{3, 23, 0},
		[]weekAlert{{"disinfeksi", "gagang-pintu", moment{2, 7, 45}, moment{2, 7, 46}, moment{3, 23, 0}, "manager", ""}},
	},
	{
		// The stuffy hours come with what it kept, and call nobody.
		"late history in bulk", "mpp-pamekasan", simulate.Withheld, []string{"tunggu-co2"}, moment{2, 9, 0}, moment{2, 17, 0},
		[]weekAlert{{"perangkat-senyap", "tunggu-co2", moment{2, 9, 20}, moment{2, 9, 45}, moment{2, 17, 0}, "technician", ""}},
	},
	{"", "mpp-pamekasan", simulate.Stuffy, []string{"tunggu-co2"}, moment{2, 10, 0}, moment{2, 13, 0}, nil},
	{
		"a switch that fails", "mpp-gresik", simulate.Silent,
		[]string{"pintu-timur-hitung", "pintu-timur-suhu", "bermain-hitung", "bermain-co2", "perpustakaan-co2", "kantin-co2"}, moment{2, 10, 0}, moment{2, 12, 0},
		[]weekAlert{{"jaringan-putus", "switch-timur", moment{2, 10, 10}, moment{2, 10, 40}, moment{2, 12, 0}, "manager technician", ""}},
	},
	{
		"a switch of a whole building that fails", "mpp-bojonegoro", simulate.Silent,
		[]string{
			"pintu-utama-hitung", "pintu-utama-suhu", "pintu-utama-cuci", "lift-hitung", "lift-suhu", "lift-cuci", "pintu-tunggu-hitung", "lobi-co2", "tunggu-co2",
			"loket-co2", "bermain-co2", "bermain-hadir",
		}, moment{3, 9, 0}, moment{3, 20, 0},
		[]weekAlert{{"jaringan-putus", "switch-utama", moment{3, 9, 10}, moment{3, 9, 40}, moment{3, 20, 0}, "manager technician", ""}},
	},
}

// weekEdits are what the sites need beside the shipped configuration: one looks for copied logs, one hangs on a switch as a whole.
var weekEdits = []weekEdit{
	{"sites/mpp-sumenep.yaml", "tingkat-gedung]", "tingkat-gedung, kebersihan]"},
	{"protocols/kebersihan.yaml", "", `id: kebersihan
title: {id: Kebersihan gedung, en: Cleaning of the building}
authority: {id: Pengelola gedung, en: The building's operator}
legal: Ketetapan pengelola gedung
from: 2024-01-01
rules:
  disinfeksi: {kind: disinfection, before_opening: 2h, after_closing: 2h, every: 4h, grace: 15m, pace: 5s, walk: 30s, backdate: 2h, copies: true}
`},
	{"sites/mpp-bojonegoro.yaml", ", interval: ", ", parent: switch-utama, interval: "},
	{"sites/mpp-bojonegoro.yaml", "\ndevices:\n", "\nuplinks:\n  switch-utama: {name: Switch utama}\n\ndevices:\n"},
}

// TestFinding9AWeekOfTenSites: issue 9. Ten sites live for a week, and nine things go wrong: each is named by its alert, in time, to those
// whom it concerns, and nothing else is: ordinary life calls nobody.
func TestFinding9AWeekOfTenSites(t *testing.T) {
	t.Parallel()
	l := listenAsReceivers(t)
	o := &weekOptions{seed: 1, days: 7, edits: append(l.edits(), weekEdits...), faults: map[string][]simulate.Fault{}}
	if testengine.Racing {
		o.sites, o.days = []string{"mpp-pamekasan"}, 3
	}
	sites := map[string]*facility.Site{}
	w := loadWeek(t, o)
	for i := range w.cfg.Sites {
		sites[w.cfg.Sites[i].ID] = &w.cfg.Sites[i]
	}
	for _, f := range weekFaults {
		for _, of := range f.of {
			if s := sites[f.site]; s != nil {
				o.faults[f.site] = append(o.faults[f.site], simulate.Fault{What: f.what, Of: of, From: f.from.at(s), Until: f.until.at(s)})
			}
		}
	}
	w.live(o)
	told := w.tell(l)

	named := map[string]bool{}
	for _, f := range weekFaults {
		s := sites[f.site]
		if s == nil {
			continue
		}
		for _, want := range f.alerts {
			named[strings.Join([]string{f.site, want.rule, want.subject}, " ")] = true
			w.checkAlert(&f, &want, s, told)
		}
	}
	for _, c := range w.changes {
		if what := strings.Join([]string{c.Alert.Site, c.Alert.Rule, c.Alert.Subject.ID}, " "); c.What == alerts.Opened && !named[what] {
			t.Errorf("%s: there is the alert %s, and nobody made anything wrong: %+v", c.At.Time(), what, c.Alert.Explanation)
		}
	}
	for _, a := range w.past.gateway.Open() {
		t.Errorf("at the end of the week an alert is open: %s %s %s", a.Site, a.Rule, a.Subject.ID)
	}
	w.checkLateHistory(sites["mpp-pamekasan"])
}

// checkAlert holds an alert and who was told of it against what is wanted.
func (w *ordinaryWeek) checkAlert(f *weekFault, want *weekAlert, s *facility.Site, told []told) {
	w.t.Helper()
	var opened []time.Time
	var resolved time.Time
	for _, c := range w.changes {
		if a := &c.Alert; a.Site == f.site && a.Rule == want.rule && a.Subject.ID == want.subject {
			switch c.What {
			case alerts.Opened:
				opened = append(opened, c.At.Time())
				if x := &a.Explanation; want.names != "" && (x.Detail != want.names || x.Constraint != "door") {
					w.t.Errorf("%s: alert %s names %s %q, want the door of %s: %+v", f.name, want.rule, x.Constraint, x.Detail, want.names, x)
				}
			case alerts.Resolved:
				resolved = c.At.Time()
			}
		}
	}
	if len(opened) != 1 || opened[0].Before(want.earliest.at(s)) || opened[0].After(want.latest.at(s)) {
		w.t.Errorf("%s: alert %s about %s was raised at %v, want once, between %s and %s", f.name, want.rule, want.subject, opened, want.earliest.at(s), want.latest.at(s))
	}
	if !resolved.IsZero() && resolved.Before(want.resolvedNot.at(s)) {
		w.t.Errorf("%s: alert %s about %s ended at %s, want it open until %s", f.name, want.rule, want.subject, resolved, want.resolvedNot.at(s))
	}
	if got := receivers(told, f.site, want.rule, want.subject); got != want.receivers {
		w.t.Errorf("%s: of the alert %s about %s were told: %q, want %q", f.name, want.rule, want.subject, got, want.receivers)
	}
}

// checkLateHistory wants the stuffy hours in the record, though they came after closing.
func (w *ordinaryWeek) checkLateHistory(s *facility.Site) {
	w.t.Helper()
	from, until := moment{2, 10, 0}.at(s), moment{2, 13, 0}.at(s)
	if !slices.ContainsFunc(w.late, func(at time.Time) bool { return !at.Before(from) && at.Before(until.Add(time.Hour)) }) {
		w.t.Errorf("the stuffy hours that came in bulk are not in the record of %s: breaches that came late are at %v", s.ID, w.late)
	}
}
