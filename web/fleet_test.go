package web

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fleetNow is the moment of the fake fleet: a Monday, 14:05 on Java, 15:05 further east.
var fleetNow = time.Date(2026, 1, 5, 7, 5, 12, 0, time.UTC)

func ago(d time.Duration) telemetry.Instant { return telemetry.InstantOf(fleetNow.Add(-d)) }
func in(d time.Duration) telemetry.Instant  { return telemetry.InstantOf(fleetNow.Add(d)) }

// fleet is a gateway that exists in memory: ten public service malls in different states. It implements every port.
type fleet struct {
	mu      sync.Mutex
	views   map[string]*rules.View
	open    []alerts.Alert
	past    []alerts.Alert
	reject  []telemetry.Record
	status  Status
	acks    []acked
	watch   map[chan struct{}]bool
	fail    error // what every port that can fail answers
	queries int   // of Occupancy
	entries []telemetry.Record
	changes []alerts.Change
	clock   func() time.Time // nil: it stands at fleetNow
}

type acked struct {
	alert, author, reason string
	until                 telemetry.Instant
}

var (
	_ Live       = (*fleet)(nil)
	_ Alerts     = (*fleet)(nil)
	_ Entries    = (*fleet)(nil)
	_ Rejections = (*fleet)(nil)
	_ Rollups    = (*fleet)(nil)
	_ Health     = (*fleet)(nil)
)

func (f *fleet) Views() []rules.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]rules.View, 0, len(f.views))
	for _, v := range f.views {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b rules.View) int {
		if a.Site < b.Site {
			return -1
		}
		return 1
	})
	return all
}

func (f *fleet) View(site string) (*rules.View, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.views[site]
	return v, ok
}

func (f *fleet) Outline(site string) (*rules.View, bool) { return f.View(site) }

func (f *fleet) Subscribe() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watch[ch] = true
	return ch, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watch, ch)
	}
}

// change replaces a site's view by a changed copy and tells the watchers.
func (f *fleet) change(site string, edit func(*rules.View)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := *f.views[site]
	v.Zones = slices.Clone(v.Zones)
	for i := range v.Zones {
		v.Zones[i].Readings = slices.Clone(v.Zones[i].Readings)
	}
	v.Devices = slices.Clone(v.Devices)
	v.Verdicts = slices.Clone(v.Verdicts)
	edit(&v)
	f.views[site] = &v
	for ch := range f.watch {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

func (f *fleet) Open() []alerts.Alert {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.open)
}

func (f *fleet) History(_ context.Context, site string, limit int) ([]alerts.Alert, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []alerts.Alert
	for _, a := range f.past {
		if (site == "" || a.Site == site) && len(out) < limit {
			out = append(out, a)
		}
	}
	return out, f.fail
}

func (f *fleet) Acknowledge(_ context.Context, alert, author string, claimed bool, reason string, until telemetry.Instant) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	for i := range f.open {
		if f.open[i].ID == alert {
			f.open[i].Ack = &alerts.Acknowledgement{By: author, Proven: !claimed, Reason: reason, At: telemetry.InstantOf(fleetNow), Until: until}
			f.acks = append(f.acks, acked{alert, author, reason, until})
			return nil
		}
	}
	return ErrNotFound
}

func (f *fleet) Enter(_ context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return telemetry.Record{}, f.fail
	}
	for _, rec := range f.entries {
		if rec.Site == site && rec.Entry.ID == e.ID {
			return rec, nil
		}
	}
	seq := uint64(1_900_000 + len(f.entries))
	if v := f.views[site]; v != nil {
		seq = v.Record + 1
	}
	now := telemetry.InstantOf(fleetNow)
	if f.clock != nil {
		now = telemetry.InstantOf(f.clock())
	}
	rec := telemetry.Record{Seq: seq, Kind: telemetry.KindEntry, Site: site, At: now, Received: now, Entry: &e}
	if at != 0 {
		rec.At = min(at, rec.Received)
	}
	f.entries = append(f.entries, rec)
	f.applied(&rec)
	if f.views[site] == nil {
		return rec, nil
	}
	v := *f.views[site]
	v.Zones, v.Record = slices.Clone(v.Zones), rec.Seq
	for i := range v.Zones {
		if z := &v.Zones[i]; z.ID == e.Subject && e.Kind == telemetry.EntryCount {
			z.Persons, z.CountAsked = estimate(e.Value, 0), 0
		}
	}
	if e.Kind == telemetry.EntryMaintenance {
		v.Maintenance = slices.DeleteFunc(slices.Clone(v.Maintenance), func(m rules.MaintenanceView) bool { return m.Entry == e.Ends })
		if scope, ok := rules.ScopeOf(e.Subject); ok && e.Ends == "" {
			v.Maintenance = append(v.Maintenance, rules.MaintenanceView{Entry: e.ID, Scope: scope, From: max(rec.At, e.From), Until: e.Until, By: e.Author, Reason: e.Reason})
		}
	}
	if e.Kind == telemetry.EntryLevel {
		v.Chosen = slices.DeleteFunc(slices.Clone(v.Chosen), func(c rules.ChosenLevel) bool { return c.Entry == e.Ends })
		if v.Level = "2"; e.Ends == "" {
			v.Chosen = append(v.Chosen, rules.ChosenLevel{Entry: e.ID, Level: e.Text, From: max(rec.At, e.From), Until: e.Until})
		}
		for _, c := range v.Chosen {
			if c.From <= rec.At {
				v.Level = c.Level
			}
		}
	}
	f.views[site] = &v
	return rec, nil
}

func (f *fleet) Entered(_ context.Context, site, id string) (telemetry.Record, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rec := range f.entries {
		if rec.Site == site && rec.Entry.ID == id {
			return rec, true, f.fail
		}
	}
	return telemetry.Record{}, false, f.fail
}

func (f *fleet) Counts(_ context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []telemetry.Record
	for _, rec := range slices.Backward(f.entries) {
		counts := rec.Entry.Kind == telemetry.EntryCount || rec.Entry.Kind == telemetry.EntryCorrection
		if rec.Site == site && counts && rec.Entry.Subject == zone && len(out) < limit {
			out = append(out, rec)
		}
	}
	return out, f.fail
}

func (f *fleet) Entries(_ context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []telemetry.Record
	for _, rec := range slices.Backward(f.entries) {
		if rec.Site == site && rec.Entry.Kind == kind && len(out) < limit {
			out = append(out, rec)
		}
	}
	return out, f.fail
}

func (f *fleet) EntriesDuring(_ context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []telemetry.Record
	for _, rec := range slices.Backward(f.entries) {
		if rec.Site == site && rec.Entry.Kind == kind && rec.At >= from && rec.At < until && len(out) < limit {
			out = append(out, rec)
		}
	}
	return out, f.fail
}

func (f *fleet) Rejections(_ context.Context, site string, limit int) ([]telemetry.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []telemetry.Record
	for _, r := range f.reject {
		if (site == "" || r.Site == site) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, f.fail
}

// Occupancy draws a plausible morning with a gap of forty minutes.
func (f *fleet) Occupancy(_ context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries++
	if f.fail != nil {
		return nil, f.fail
	}
	v, ok := f.views[site]
	if !ok {
		return nil, nil
	}
	z, ok := zoneByID(v, zone)
	if !ok {
		return nil, nil
	}
	top := max(z.Persons.Persons, 4)
	var out []rules.Sample
	for m := range 24 * 60 {
		at := from.Add(time.Duration(m) * time.Minute)
		if at >= until || at > telemetry.InstantOf(fleetNow) || m < 8*60-5 || m > 15*60 || m > 10*60+21 && m < 11*60 {
			continue
		}
		x := float64(m-8*60+5) / (7 * 60)
		p := top * (1.15*math.Sin(math.Pi*min(1, x*1.05)) + .12*math.Sin(x*41) + .07*math.Sin(x*97))
		out = append(out, rules.Sample{Site: site, Zone: zone, At: at, Persons: max(0, math.Round(p)), Error: 1 + 3*x, Known: m != 10*60+21, Limit: z.Limit, HasLimit: z.HasLimit, Verdict: rules.Within})
	}
	return out, nil
}

func (f *fleet) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// newFleet builds the ten sites.
func newFleet() *fleet {
	f := &fleet{views: make(map[string]*rules.View), watch: make(map[chan struct{}]bool)}
	add := func(v rules.View) { f.views[v.Site] = &v }

	add(mall("mpp-kota-probolinggo", "MPP Kota Probolinggo", "Asia/Jakarta", 38, 2))
	add(mall("mpp-kab-probolinggo", "MPP Kabupaten Probolinggo", "Asia/Jakarta", 21, 1.4))
	magetan := mall("mpp-magetan", "MPP Kabupaten Magetan", "Asia/Jakarta", 12, .8)
	magetan.Maintenance = []rules.MaintenanceView{
		{Entry: "m1", Scope: facility.Scope{Kind: facility.OfZone, ID: "loket"}, From: ago(time.Hour), Until: in(2 * time.Hour), By: "PT Teknik Sejuk", Reason: "servis AC"},
		{Scope: facility.Scope{Kind: facility.OfDevice, ID: "udara-2"}, Until: in(time.Hour), Reason: "kalibrasi"},
	}
	magetan.Day = "Maulid Nabi Muhammad SAW"
	add(magetan)
	bojonegoro := mall("mpp-bojonegoro", "MPP Kabupaten Bojonegoro", "Asia/Jakarta", 29, 2)
	pending(&bojonegoro)
	add(bojonegoro)
	sumenep := mall("mpp-sumenep", "MPP Kabupaten Sumenep", "Asia/Jakarta", 17, 1.1)
	seated(&sumenep)
	add(sumenep)

	gresik := mall("mpp-gresik", "MPP Kabupaten Gresik", "Asia/Jakarta", 58, 3)
	breach(&gresik)
	add(gresik)
	tabalong := mall("mpp-tabalong", "MPP Kabupaten Tabalong", "Asia/Makassar", 0, 0)
	blind(&tabalong)
	add(tabalong)
	banjar := mall("mpp-banjar", "MPP Kabupaten Banjar", "Asia/Makassar", 24, 1.7)
	overdue(&banjar)
	feverish(&banjar)
	unbalanced(&banjar)
	add(banjar)
	pamekasan := mall("mpp-pamekasan", "MPP Kabupaten Pamekasan", "Asia/Jakarta", 47, 4)
	straddle(&pamekasan)
	add(pamekasan)
	belu := mall("mpp-belu", "MPP Kabupaten Belu", "Asia/Makassar", 0, 0)
	closed(&belu)
	add(belu)

	f.open = openAlerts(&gresik, &banjar, &tabalong)
	f.past = pastAlerts()
	f.reject = rejectedMessages()
	f.status = Status{
		Version: "0.1.0", Started: fleetNow.Add(-26 * time.Hour),
		Journal:  JournalStatus{Writable: true, Records: 1_842_336, Bytes: 612 << 20},
		Broker:   BrokerStatus{Heard: true, Last: fleetNow.Add(-2 * time.Second)},
		Counters: Counters{Received: 1_904_518, Stored: 1_842_331, Duplicate: 61_902, Rejected: 281, Ignored: 4},
		Lags: []Lag{
			{"intake", 4, 3 * time.Millisecond}, {"journal", 0, 0}, {"rules", 0, 0},
			{"influx", 18_240, 11 * time.Minute}, {"outbox", 0, 0}, {"alerts", 0, 0},
		},
		Services: []Service{
			{"influx", ServiceWaiting, "http://10.20.0.5:8086 refuses the connection", fleetNow.Add(-11 * time.Minute)},
			{"router", ServiceOK, "", fleetNow.Add(-26 * time.Hour)}, {"signals", ServiceOK, "", time.Time{}},
		},
	}
	return f
}

func openAlerts(gresik, banjar, tabalong *rules.View) []alerts.Alert {
	full, late := verdictOf(gresik, rules.SubjectZone, "ruang-tunggu"), verdictOf(banjar, rules.SubjectTask, "lap-gagang")
	dead := verdictOf(tabalong, rules.SubjectDevice, "hitung-utama")
	of := func(id string, v *rules.View, w *rules.VerdictView, opened time.Duration, zone string) alerts.Alert {
		return alerts.Alert{ID: id, Site: v.Site, Rule: w.Rule, Kind: w.Kind, Class: w.Class, Severity: w.Severity, Subject: w.Subject,
			Opened: ago(opened), Updated: ago(opened / 2), Explanation: w.Explanation,
			Description: alerts.Description{SiteName: v.Name, Timezone: v.Zone, SubjectName: w.SubjectName, ZoneName: zone}}
	}
	open := []alerts.Alert{
		of("a1", gresik, full, 12*time.Minute, "Ruang tunggu"), of("a2", banjar, late, 70*time.Minute, "Ruang tunggu"),
		of("a3", tabalong, dead, 22*time.Minute, "Ruang tunggu"),
		{ID: "a4", Rule: string(alerts.FaultInfluxDown), Kind: alerts.KindService, Class: rules.ClassService, Severity: rules.Warning, Opened: ago(10 * time.Minute), Explanation: rules.Explanation{Detail: "http://10.20.0.5:8086"}},
	}
	open[1].Ack = &alerts.Acknowledgement{By: "satpam pagi", Reason: "being_done", At: ago(5 * time.Minute), Until: in(25 * time.Minute)}
	return open
}

func pastAlerts() []alerts.Alert {
	var past []alerts.Alert
	fever := rules.Explanation{Value: 38.1, Error: .3, Limit: 37.3, HasValue: true, HasLimit: true, Unit: "Cel", Constraint: "threshold"}
	worst, last := fever, fever
	worst.Value, last.Value = 38.6, 36.4
	past = append(past, alerts.Alert{ID: "pfever", Site: "mpp-magetan", Rule: "suhu-tubuh", Kind: "temperature", Class: rules.ClassBreach, Severity: rules.Critical,
		Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "suhu-utama"}, Opened: ago(3 * time.Hour), Resolved: ago(179 * time.Minute), Explanation: last, Raised: fever, Worst: worst,
		Description: alerts.Description{SubjectName: "Termometer pintu utama", SiteName: "MPP Kabupaten Magetan", Timezone: "Asia/Jakarta"}})
	for i, site := range []string{"mpp-gresik", "mpp-magetan", "mpp-banjar"} {
		past = append(past, alerts.Alert{ID: "p" + site, Site: site, Rule: "kapasitas", Kind: "capacity", Class: rules.ClassBreach, Severity: rules.Critical,
			Subject: rules.Subject{Kind: rules.SubjectZone, ID: "loket"}, Opened: ago(time.Duration(28+i) * time.Hour), Resolved: ago(time.Duration(27+i) * time.Hour),
			Explanation: rules.Explanation{Value: 29, Error: 2, Limit: 24, HasValue: true, HasLimit: true, Unit: "1", Constraint: "area", Share: .5},
			Description: alerts.Description{SubjectName: "Loket layanan", SiteName: site}})
	}
	return past
}

func rejectedMessages() []telemetry.Record {
	return []telemetry.Record{
		{Seq: 1_842_301, Kind: telemetry.KindRejection, At: ago(2 * time.Minute), Received: ago(2 * time.Minute),
			Rejection: &telemetry.Rejection{Topic: "zigbee2mqtt/…5", Reason: telemetry.ReasonUnknownTopic, Detail: "more of them", More: 24_317}},
		{Seq: 1_842_290, Kind: telemetry.KindRejection, Site: "mpp-magetan", At: ago(4 * time.Minute), Received: ago(4 * time.Minute),
			Rejection: &telemetry.Rejection{Topic: "gerbang/v1/mpp-magetan/udara-1", Device: "udara-1", Reason: telemetry.ReasonSyntax,
				Detail: "line 1, column 8: want a number, got nan", Size: 31, Raw: []byte(`{"co2":nan,"temperature":26.4}` + "\x00")}},
		{Seq: 1_842_201, Kind: telemetry.KindRejection, At: ago(18 * time.Minute), Received: ago(18 * time.Minute),
			Rejection: &telemetry.Rejection{Topic: "zigbee2mqtt/lampu", Reason: telemetry.ReasonUnknownTopic, Detail: "no device listens to this topic", Size: 2048, Raw: []byte(`{"state":"ON","brightness":254,"color_mode":"color_temp"`)}},
		{Seq: 1_841_007, Kind: telemetry.KindRejection, Site: "mpp-banjar", At: ago(3 * time.Hour), Received: ago(3 * time.Hour),
			Rejection: &telemetry.Rejection{Topic: "gerbang/v1/mpp-banjar/suhu-utama", Device: "suhu-utama", Reason: telemetry.ReasonRange,
				Detail: "body_temperature -999: want 0 to 60 Cel", Size: 58, Raw: []byte(`{"at":"2026-01-05T04:05:10Z","body_temperature":-999}`)}},
	}
}
