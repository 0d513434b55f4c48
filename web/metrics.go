package web

import (
	"errors"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/rules"
)

// metrics are the server's own. A nil Registerer leaves them uncollected.
type metrics struct {
	logins  *prometheus.CounterVec
	open    prometheus.Gauge
	drops   *prometheus.CounterVec
	renders *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, live Live, a Alerts, now func() time.Time) (*metrics, error) {
	m := &metrics{
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gerbang_web_logins_total", Help: "Tokens presented, by result.",
		}, []string{"result"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gerbang_web_streams", Help: "Live pages that are connected.",
		}),
		drops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gerbang_web_streams_dropped_total", Help: "Live pages that were disconnected, by reason.",
		}, []string{"reason"}),
		renders: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gerbang_web_render_seconds", Help: "Time to compose a live page for all who watch it.",
			Buckets: []float64{.0005, .002, .01, .05, .2, 1},
		}, []string{"page"}),
	}
	for _, r := range []string{"admitted", "refused", "held"} {
		m.logins.WithLabelValues(r)
	}
	for _, r := range []string{"slow", "gone"} {
		m.drops.WithLabelValues(r)
	}
	for _, p := range []string{"overview", "site", "sign"} {
		m.renders.WithLabelValues(p)
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.logins, m.open, m.drops, m.renders, &building{live, a, now}} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) login(result string) { m.logins.WithLabelValues(result).Inc() }
func (m *metrics) streams(n float64)   { m.open.Add(n) }
func (m *metrics) rendered(page string, d time.Duration) {
	m.renders.WithLabelValues(page).Observe(d.Seconds())
}

// dropped counts a stream whose reader went or was too slow.
func (m *metrics) dropped(err error) {
	reason := "gone"
	if errors.Is(err, os.ErrDeadlineExceeded) {
		reason = "slow"
	}
	m.drops.WithLabelValues(reason).Inc()
}

// building shows the domain at scrape time: sites, zones and devices are configuration, so the label sets are closed.
type building struct {
	live   Live
	alerts Alerts
	now    func() time.Time
}

var (
	descPersons  = prometheus.NewDesc("gerbang_zone_persons", "People in a zone, best estimate. Absent while unknown.", []string{"site", "zone"}, nil)
	descError    = prometheus.NewDesc("gerbang_zone_persons_error", "Error bar of the estimate, people. Absent while unknown.", []string{"site", "zone"}, nil)
	descLimit    = prometheus.NewDesc("gerbang_zone_limit_persons", "People allowed in a zone. Absent where there is no limit.", []string{"site", "zone"}, nil)
	descSite     = prometheus.NewDesc("gerbang_site_persons", "People in a building, best estimate. Absent while unknown.", []string{"site"}, nil)
	descOpen     = prometheus.NewDesc("gerbang_site_open", "1 while the building is open.", []string{"site"}, nil)
	descVerdict  = prometheus.NewDesc("gerbang_site_verdict", "Worst verdict of a site: -1 unknown, 0 within, 1 breached.", []string{"site"}, nil)
	descVerdicts = prometheus.NewDesc("gerbang_verdicts", "Verdicts in force, by state. Near: unknown because people are near a limit.", []string{"site", "verdict"}, nil)
	descAlerts   = prometheus.NewDesc("gerbang_alerts_open", "Open alerts, by class; an empty site is the gateway itself.", []string{"site", "class"}, nil)
	descAge      = prometheus.NewDesc("gerbang_device_age_seconds", "Time since a device was heard last. Absent if it never was.", []string{"site", "device"}, nil)
)

// Describe implements prometheus.Collector.
func (b *building) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPersons, descError, descLimit, descSite, descOpen, descVerdict, descVerdicts, descAlerts, descAge} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *building) Collect(ch chan<- prometheus.Metric) {
	now := b.now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	type key struct {
		site  string
		class rules.Class
	}
	open := map[key]int{}
	for _, a := range b.alerts.Open() {
		if a.Drill == nil { // nothing is wrong
			open[key{a.Site, a.Class}]++
		}
	}
	gauge(descAlerts, float64(open[key{"", rules.ClassService}]), "", string(rules.ClassService))

	views := b.live.Views()
	for i := range views {
		v := &views[i]
		gauge(descVerdict, float64(v.Verdict), v.Site)
		isOpen := 0.0
		if v.Open {
			isOpen = 1
		}
		gauge(descOpen, isOpen, v.Site)
		if v.Persons.Known {
			gauge(descSite, v.Persons.Persons, v.Site)
		}
		for j := range v.Zones {
			z := &v.Zones[j]
			if z.Persons.Known {
				gauge(descPersons, z.Persons.Persons, v.Site, z.ID)
				gauge(descError, z.Persons.Error, v.Site, z.ID)
			}
			if z.HasLimit {
				gauge(descLimit, z.Limit, v.Site, z.ID)
			}
		}
		counts := v.Counts()
		gauge(descVerdicts, float64(counts.Within), v.Site, "within")
		gauge(descVerdicts, float64(counts.Breached), v.Site, "breached")
		gauge(descVerdicts, float64(counts.Near), v.Site, "near")
		gauge(descVerdicts, float64(counts.Unknown), v.Site, "unknown")
		for _, class := range classes {
			gauge(descAlerts, float64(open[key{v.Site, class}]), v.Site, string(class))
		}
		for j := range v.Devices {
			if d := &v.Devices[j]; d.LastSeen != 0 {
				gauge(descAge, max(0, now.Sub(d.LastSeen.Time()).Seconds()), v.Site, d.ID)
			}
		}
	}
}
