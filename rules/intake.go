package rules

import "github.com/gerbang-iot/gerbang/telemetry"

// Intake is what is known of the visitors of today, and of when the queue must close.
type Intake struct {
	// Rule is the one that says so.
	Rule string `json:"rule"`
	// Quota is how many visitors may come today; 0: as many as will. Visitors are those who came, Left those who may still come.
	Quota    float64  `json:"quota,omitempty"`
	Visitors Estimate `json:"visitors"`
	Left     float64  `json:"left"`
	// Made is when the forecast was made; 0: none is made, as where the building is closed. Arrivals are those who came in the Lately
	// minutes before, Rate is how many that are in an hour; 0: too few to tell.
	Made     telemetry.Instant `json:"made,omitempty"`
	Arrivals float64           `json:"arrivals"`
	Lately   float64           `json:"lately_minutes"`
	Rate     float64           `json:"rate_per_hour"`
	// Service is how many minutes it takes from a ticket to its turn.
	Service float64 `json:"service_minutes"`
	// Full is when the quota is used up at that rate; 0: not before closing, as far as is known.
	Full telemetry.Instant `json:"full,omitempty"`
	// LastTicket is when the queue must close, by the quota or the hours, as By says; Closes is when the building does.
	LastTicket telemetry.Instant `json:"last_ticket,omitempty"`
	By         string            `json:"by,omitempty"`
	Closes     telemetry.Instant `json:"closes,omitempty"`
	// Closed says that the queue must be closed: the time has come, or the quota is used up.
	Closed bool `json:"closed"`
}

// intake is that of the present; nil: no rule asks for it.
func (e *Engine) intake() *Intake {
	var x Intake
	for _, i := range e.building.crowdWatchers {
		if i.now().rule == nil {
			continue
		}
		switch j := i.now().judge.(type) {
		case *quotaJudge:
			if x.Quota != 0 {
				continue
			}
			x.counted(j.engine.visitsAt(j.plan, e.clock), j.quota, j.staff)
			if x.Rule == "" {
				x.Rule = i.rule
			}
		case *cutoffJudge:
			if x.Service != 0 || x.Made != 0 {
				continue
			}
			x.Rule, x.Service = i.rule, minutes(j.params.Service)
			if x.Quota == 0 {
				x.counted(j.engine.visitsAt(j.plan, e.clock), j.quota, j.params.Staff)
			}
			f, ok := j.forecast(e.clock)
			if !ok {
				continue
			}
			x.Made, x.Arrivals, x.Lately, x.Rate = f.made, f.arrivals.number(), minutes(f.over), f.rate
			x.Full, x.LastTicket, x.By, x.Closes = f.full, f.last, f.by, f.closes
			if x.LastTicket == telemetry.Never {
				x.LastTicket, x.By = 0, ""
			}
			if x.Closes == telemetry.Never {
				x.Closes = 0
			}
			x.Closed = x.Closed || f.due()
		}
	}
	if x.Rule == "" {
		return nil
	}
	return &x
}

// counted says who came.
func (x *Intake) counted(v visits, quota, staff int) {
	v.excuse(staff)
	x.Quota = float64(quota)
	x.Visitors = Estimate{
		Persons: v.persons.number(), Error: v.err().number(), Low: v.low.number(), High: v.high.number(), Measured: true,
		Known: v.known, Reason: v.reason, Raw: v.raw.number(), Anchor: v.day,
	}
	if quota > 0 {
		x.Left = max(0, x.Quota-x.Visitors.Persons)
		x.Closed = x.Visitors.Persons >= x.Quota
	}
}
