package app

import (
	"maps"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/web"
)

// status gathers what every part says about itself. It reads memory only.
type status struct {
	version string
	started time.Time
	live    *gateway.Live
	loop    *gateway.Loop
	courier *gateway.Courier
	bytes   func() int64 // of the journal
	broker  func() web.BrokerStatus
	leftOut func() []string // sites whose files have problems
	journal func() web.Service
	influx  func() (web.Service, *web.Lag)
	router  func() (web.Service, *web.Lag)
}

var _ web.Health = (*status)(nil)

// Status implements web.Health.
func (p *status) Status() web.Status {
	counters, last := p.live.Counters()
	arrived, since := p.loop.Waiting()
	intake := web.Lag{Name: "intake", Waiting: uint64(arrived)}
	if since != 0 {
		intake.Oldest = max(0, time.Since(since.Time()))
	}
	owed, unsent := p.courier.Waiting()
	s := web.Status{
		Version: p.version, Started: p.started,
		Journal: web.JournalStatus{Writable: true, Records: last, Bytes: p.bytes()},
		Broker:  p.broker(),
		Counters: web.Counters{
			Received: counters.Received, Stored: counters.Stored, Duplicate: counters.Duplicate, Rejected: counters.Rejected,
			Ignored: counters.Ignored,
		},
		Lags: []web.Lag{intake, {Name: "outbox", Waiting: uint64(owed)}},
	}
	if err := p.live.Journal(); err != nil {
		s.Journal.Writable, s.Journal.Reason = false, err.Error()
	}
	s.Services = append(s.Services, p.journal())
	for _, of := range []func() (web.Service, *web.Lag){p.influx, p.router} {
		service, lag := of()
		s.Services = append(s.Services, service)
		if lag != nil {
			s.Lags = append(s.Lags, *lag)
		}
	}
	health := p.loop.Health()
	clock := web.Service{Name: "clock", State: web.ServiceOK, Detail: health.Clock}
	if health.Clock != "" {
		clock.State = web.ServiceFailing
	}
	s.Services = append(s.Services, serviceOf("signals", unsent), clock)
	for _, site := range p.leftOut() {
		s.Services = append(s.Services, web.Service{Name: "site " + site, State: web.ServiceFailing, Detail: "the file of the site has problems: gerbang check"})
	}
	for _, site := range slices.Sorted(maps.Keys(health.Stopped)) {
		s.Services = append(s.Services, web.Service{Name: "site " + site, State: web.ServiceFailing, Detail: health.Stopped[site]})
	}
	return s
}

func serviceOf(name string, err error) web.Service {
	if err != nil {
		return web.Service{Name: name, State: web.ServiceWaiting, Detail: err.Error()}
	}
	return web.Service{Name: name, State: web.ServiceOK}
}
