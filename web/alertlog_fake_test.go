package web

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

var _ AlertLog = (*fleet)(nil)

func (f *fleet) Alert(_ context.Context, id string) (alerts.Alert, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range slices.Concat(f.open, f.past) {
		if a.ID == id {
			return a, true, f.fail
		}
	}
	return alerts.Alert{}, false, f.fail
}

func (f *fleet) AlertsDuring(_ context.Context, site string, from, until telemetry.Instant, limit int) ([]alerts.Alert, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.DeleteFunc(slices.Concat(f.open, f.past), func(a alerts.Alert) bool {
		return site != "" && a.Site != site || a.Opened >= until || !a.Open() && a.Resolved < from
	})
	slices.SortStableFunc(all, func(a, b alerts.Alert) int { return -cmp.Compare(a.Opened, b.Opened) })
	return all[:min(len(all), limit)], f.fail
}

// AlertChanges tells what people did since the test began, behind what is known of each alert.
func (f *fleet) AlertChanges(_ context.Context, id string, _ int) ([]alerts.Change, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []alerts.Change
	for _, a := range slices.Concat(f.open, f.past) {
		if a.ID != id {
			continue
		}
		raised := a
		raised.Assigned, raised.Silenced = nil, nil
		all = append(all, alerts.Change{Alert: raised, What: alerts.Opened, At: a.Opened})
		if a.Accepted != 0 {
			all = append(all, alerts.Change{Alert: a, What: alerts.Taken, At: a.Accepted})
		}
		for i := range a.Handled {
			taken := a
			taken.Ack = &a.Handled[i]
			all = append(all, alerts.Change{Alert: taken, What: alerts.Acknowledged, At: a.Handled[i].At})
		}
	}
	for _, c := range f.changes {
		if c.Alert.ID == id {
			all = append(all, c)
		}
	}
	for _, a := range f.past {
		if a.ID == id {
			all = append(all, alerts.Change{Alert: a, What: alerts.Resolved, At: a.Resolved})
		}
	}
	return all, f.fail
}

func (f *fleet) EntriesAbout(_ context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []telemetry.Record
	for _, rec := range slices.Backward(f.entries) {
		if rec.Site == site && rec.Entry.Kind == kind && rec.Entry.Subject == subject && len(out) < limit {
			out = append(out, rec)
		}
	}
	return out, f.fail
}

// applied lets the real book do what an entry says. The lock is held.
func (f *fleet) applied(rec *telemetry.Record) {
	b := alerts.NewBook(f.open, nil)
	f.changes = append(f.changes, b.Entry(rec, nil)...)
	now := b.Open()
	for i := range f.open {
		for k := range now {
			if now[k].ID == f.open[i].ID {
				f.open[i] = now[k]
			}
		}
	}
}

// answered is an alert of last Wednesday with a whole story.
func answered() alerts.Alert {
	a := pastAlerts()[1]
	a.ID, a.Rule = "pstory", "kapasitas-2"
	a.Opened = telemetry.InstantOf(time.Date(2025, 12, 31, 3, 15, 0, 0, time.UTC))
	at := func(d time.Duration) telemetry.Instant { return a.Opened.Add(d) }
	a.Resolved, a.Accepted, a.Told = at(27*time.Minute), at(2*time.Second), []string{"satpam", "kepala-mpp"}
	a.Raised, a.Worst = a.Explanation, a.Explanation
	a.Worst.Value, a.Explanation.Value = 33, 23
	a.Handled = []alerts.Acknowledgement{{By: "Siti, satpam pagi", Reason: "entrance_held", At: at(3 * time.Minute), Until: at(33 * time.Minute)}}
	a.Assigned = &alerts.Assignment{To: "Budi", By: "Siti, satpam pagi", Reason: "pintu samping", At: at(5 * time.Minute)}
	a.SubjectName = "Loket layanan"
	return a
}

var _ Hours = (*fleet)(nil)

// Hours are those of the plausible mornings, on working days since July; one week of October nobody listened.
func (f *fleet) Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Hour, error) {
	if zone == "" {
		zone = "ruang-tunggu"
	}
	v, ok := f.View(site)
	if !ok {
		return nil, nil
	}
	loc, err := time.LoadLocation(v.Zone)
	if err != nil {
		return nil, err
	}
	var samples []rules.Sample
	begin := max(from, telemetry.InstantOf(time.Date(2025, 7, 1, 0, 0, 0, 0, loc)))
	for d := facility.DateOf(begin.In(loc)); telemetry.InstantOf(d.In(loc)) < until; d = d.AddDays(1) {
		day := telemetry.InstantOf(d.In(loc))
		if blind := d.Month == time.October && d.Day >= 6 && d.Day < 13; blind || d.Weekday() == time.Sunday {
			samples = append(samples, rules.Sample{Site: site, Zone: zone, At: day, Known: !blind, Verdict: rules.Unknown})
			continue
		}
		all, err := f.Occupancy(ctx, site, zone, day, day.Add(24*time.Hour))
		if err != nil {
			return nil, err
		}
		scale := .7 + .06*float64((d.Day*7+int(d.Month)*3)%11)
		for i := range all {
			all[i].Persons = math.Round(all[i].Persons * scale)
			all[i].Low, all[i].High = max(0, all[i].Persons-2), all[i].Persons+2
			if all[i].HasLimit && all[i].Low > all[i].Limit {
				all[i].Verdict = rules.Breached
			}
		}
		samples = append(samples, all...)
		if n := len(all); n > 0 {
			samples = append(samples, rules.Sample{Site: site, Zone: zone, At: all[n-1].At.Add(time.Minute), Known: true, Limit: all[n-1].Limit, HasLimit: true, Verdict: rules.Within})
		}
	}
	return rules.FoldHours(samples, from, until), nil
}
