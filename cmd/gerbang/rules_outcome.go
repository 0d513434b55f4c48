package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/gerbang-iot/gerbang/rehearse"
)

// outcomeJSON is an outcome as JSON: times are hours.
type outcomeJSON struct {
	*rehearse.Outcome
	Measures []measureJSON `json:"measures"`
	Was      sideJSON      `json:"was"`
	Would    sideJSON      `json:"would"`
}

type sideJSON struct {
	Over   float64              `json:"over_hours"`
	Near   float64              `json:"near_hours"`
	Alerts []rehearse.AlertTime `json:"alerts"`
}

type measureJSON struct {
	rehearse.Measure
	Was     sumsJSON `json:"was"`
	Would   sumsJSON `json:"would"`
	Differs float64  `json:"differs_hours"`
}

type sumsJSON struct {
	Open     float64 `json:"open_hours"`
	Within   float64 `json:"within_hours"`
	Over     float64 `json:"over_hours"`
	Near     float64 `json:"near_hours"`
	Unknown  float64 `json:"unknown_hours"`
	Idle     float64 `json:"idle_hours"`
	OverShut float64 `json:"over_while_closed_hours"`
	Changes  int     `json:"changes"`
	Alerts   int     `json:"alerts"`
}

func sumsOf(s *rehearse.Sums) sumsJSON {
	return sumsJSON{
		Open: hours(s.Open), Within: hours(s.Within), Over: hours(s.Breached), Near: hours(s.Near), Unknown: hours(s.Unknown), Idle: hours(s.Idle),
		OverShut: hours(s.After), Changes: s.Changes, Alerts: s.Alerts,
	}
}

// hours is a duration in hours, to the second.
func hours(d time.Duration) float64 { return math.Round(d.Seconds()) / 3600 }

func outcomesJSON(all []*rehearse.Outcome) []outcomeJSON {
	out := make([]outcomeJSON, len(all))
	for i, o := range all {
		out[i] = outcomeJSON{
			Outcome: o, Measures: []measureJSON{},
			Was:   sideJSON{hours(o.Was.Over), hours(o.Was.Near), o.Was.Alerts},
			Would: sideJSON{hours(o.Would.Over), hours(o.Would.Near), o.Would.Alerts},
		}
		for _, m := range o.Measures {
			out[i].Measures = append(out[i].Measures, measureJSON{m, sumsOf(&m.Was), sumsOf(&m.Would), hours(m.Differs)})
		}
	}
	return out
}

// writeOutcomes writes a line a measure, for a spreadsheet.
func writeOutcomes(w io.Writer, all []*rehearse.Outcome) error {
	out := csv.NewWriter(w)
	head := []string{"site", "rule", "kind", "subject", "subject_name", "touched", "open_hours", "differs_hours"}
	for _, side := range []string{"was", "would"} {
		for _, what := range []string{"over_hours", "near_hours", "unknown_hours", "within_hours", "idle_hours", "changes", "alerts"} {
			head = append(head, side+"_"+what)
		}
	}
	if err := out.Write(append(head, "not_compared")); err != nil {
		return err
	}
	number := func(d time.Duration) string { return strconv.FormatFloat(hours(d), 'f', 4, 64) }
	for _, o := range all {
		if o.Unfit != "" {
			row := make([]string, len(head)+1)
			row[0], row[len(head)] = o.Site, o.Unfit
			if err := out.Write(row); err != nil {
				return err
			}
		}
		for _, m := range o.Measures {
			row := []string{o.Site, m.Rule, m.Kind, m.Subject, m.SubjectName, strconv.FormatBool(m.Touched), number(max(m.Was.Open, m.Would.Open)), number(m.Differs)}
			for _, s := range []*rehearse.Sums{&m.Was, &m.Would} {
				row = append(row, number(s.Breached), number(s.Near), number(s.Unknown), number(s.Within), number(s.Idle), strconv.Itoa(s.Changes), strconv.Itoa(s.Alerts))
			}
			if err := out.Write(append(row, "")); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// clock writes a duration as hours and minutes.
func clock(d time.Duration) string {
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

// arrow writes what was and what would have been; once where it is the same.
func arrow(was, would string) string {
	if was == would {
		return was
	}
	return was + " → " + would
}

func arrowClock(was, would time.Duration) string { return arrow(clock(was), clock(would)) }

func arrowCount(was, would int) string { return arrow(strconv.Itoa(was), strconv.Itoa(would)) }

// printMeasures prints what differs, a line a rule and subject.
func (f *trialFlags) printMeasures(report *printer, all []*rehearse.Outcome) error {
	w := tabwriter.NewWriter(report.w, 0, 0, 2, ' ', 0)
	same, total := 0, rehearse.Measure{}
	lines := 0
	for _, o := range all {
		for i := range o.Measures {
			m := &o.Measures[i]
			if m.Same() {
				same++
			}
			if m.Same() && !f.all {
				continue
			}
			if lines++; lines == 1 {
				_, _ = fmt.Fprintln(w, "SITE\tRULE\tSUBJECT\tOVER h:mm\tNEAR\tUNKNOWN\tDIFFERS\tCHANGES\tALERTS")
			}
			writeMeasure(w, o.Site, m)
			add(&total.Was, &m.Was)
			add(&total.Would, &m.Would)
			total.Differs += m.Differs
		}
	}
	if lines > 1 {
		total.Rule, total.Subject = "all of these", "–"
		writeMeasure(w, "", &total)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	f.notCompared(report, all)
	if lines == 0 {
		report.line("nothing would have been judged otherwise")
	}
	if same > 0 && !f.all {
		report.line("%s the same under the change (--all prints them)", is(same, "verdict"))
	}
	return report.err
}

func is(n int, word string) string {
	if n == 1 {
		return "1 " + word + " is"
	}
	return fmt.Sprintf("%d %ss are", n, word)
}

func add(to, s *rehearse.Sums) {
	to.Times = to.Plus(s.Times)
	to.Changes += s.Changes
	to.Alerts += s.Alerts
}

func writeMeasure(w io.Writer, site string, m *rehearse.Measure) {
	_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", site, m.Rule, m.Subject, arrowClock(m.Was.Breached, m.Would.Breached), arrowClock(m.Was.Near, m.Would.Near),
		arrowClock(m.Was.Unknown, m.Would.Unknown), clock(m.Differs), arrowCount(m.Was.Changes, m.Would.Changes), arrowCount(m.Was.Alerts, m.Would.Alerts))
}

// printSites prints a line a site, the worst first.
func (f *trialFlags) printSites(report *printer, all []*rehearse.Outcome) error {
	fit := slices.DeleteFunc(slices.Clone(all), func(o *rehearse.Outcome) bool { return o.Unfit != "" })
	slices.SortStableFunc(fit, func(a, b *rehearse.Outcome) int { return int(b.Would.Over - a.Would.Over) })
	w := tabwriter.NewWriter(report.w, 0, 0, 2, ' ', 0)
	if len(fit) > 0 {
		_, _ = fmt.Fprintln(w, "SITE\tOPEN h:mm\tOVER\tNEAR\tALERTS\tWORST")
	}
	var open, wasOver, over, wasNear, near time.Duration
	sites, wasSites, wasAlerts, alerts := 0, 0, 0, 0
	for _, o := range fit {
		was, would, opened := 0, 0, time.Duration(0)
		worst, most := "–", time.Duration(0)
		for i := range o.Measures {
			m := &o.Measures[i]
			opened = max(opened, m.Was.Open, m.Would.Open)
			if !m.Touched {
				continue
			}
			was, would = was+m.Was.Alerts, would+m.Would.Alerts
			if m.Would.Breached > most {
				worst, most = fmt.Sprintf("%s %s: %s", m.Rule, m.Subject, clock(m.Would.Breached)), m.Would.Breached
			}
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", o.Site, clock(opened), arrowClock(o.Was.Over, o.Would.Over), arrowClock(o.Was.Near, o.Would.Near), arrowCount(was, would), worst)
		open, wasOver, over, wasNear, near = open+opened, wasOver+o.Was.Over, over+o.Would.Over, wasNear+o.Was.Near, near+o.Would.Near
		wasAlerts, alerts = wasAlerts+was, alerts+would
		if o.Would.Over > 0 {
			sites++
		}
		if o.Was.Over > 0 {
			wasSites++
		}
	}
	if len(fit) > 0 {
		_, _ = fmt.Fprintf(w, "%s over\t%s\t%s\t%s\t%s\t\n", arrow(strconv.Itoa(wasSites), plural(sites, "site")), clock(open), arrowClock(wasOver, over), arrowClock(wasNear, near), arrowCount(wasAlerts, alerts))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	f.notCompared(report, all)
	return report.err
}

// notCompared names the sites for which the change is none.
func (f *trialFlags) notCompared(report *printer, all []*rehearse.Outcome) {
	for _, o := range all {
		if o.Unfit != "" {
			report.line("%s: not compared: %s", o.Site, o.Unfit)
		}
	}
}
