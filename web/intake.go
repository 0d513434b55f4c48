package web

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// intakeCard is what is known of today's visitors and of the queue.
type intakeCard struct {
	Visitors persons
	Quota    string // empty: as many as will may come
	Left     string // how many may still come; empty: nobody knows
	Bar      bar
	Forecast string   // "at this rate full at 12:40"; empty: none is made
	Last     string   // "last ticket 12:10"
	Rate     string   // what the forecast rests on
	Closed   bool     // the queue must be closed
	Sums     []string // what Last follows from
}

// intakeOf is the intake of a site; nil: no rule asks for it.
func intakeOf(sc *scene) *intakeCard {
	x := sc.view.Intake
	if x == nil {
		return nil
	}
	c := &intakeCard{Visitors: sc.persons(x.Visitors), Closed: x.Closed && sc.view.Open}
	if x.Quota > 0 {
		c.Quota = sc.Number(x.Quota, 0)
		if x.Visitors.Known {
			c.Left = sc.T("intake.left", "Count", int(x.Left), "Quota", c.Quota)
		}
		class := "within"
		switch {
		case x.Visitors.Known && x.Visitors.Low > x.Quota:
			class = "breached"
		case x.Visitors.Known && x.Visitors.High > x.Quota:
			class = "near"
		}
		c.Bar = newBar(x.Visitors, x.Quota, true, class)
		c.Bar.Label = sc.T("intake.bar", "Visitors", c.Visitors.interval(), "Quota", c.Quota)
	}
	if !sc.view.Open || x.Made == 0 {
		c.Forecast = sc.T("intake.closed_now")
		return c
	}
	switch {
	case x.Quota > 0 && !x.Visitors.Known:
		c.Forecast = sc.T("intake.not_known")
	case x.Full != 0 && x.Full <= x.Made:
		c.Forecast = sc.T("intake.used_up")
	case x.Full != 0:
		c.Forecast = sc.T("intake.full_at", "When", sc.when(x.Full))
	case x.Quota > 0 && x.Rate > 0:
		c.Forecast = sc.T("intake.not_today")
	case x.Quota > 0:
		c.Forecast = sc.T("intake.too_few")
	}
	if x.Rate > 0 {
		c.Rate = sc.T("intake.rate", "Arrivals", sc.Number(x.Arrivals, 0), "Lately", sc.Number(x.Lately, 0), "Rate", sc.Number(x.Rate, 0))
	}
	if x.LastTicket == 0 {
		return c
	}
	key := "intake.last"
	if x.Closed {
		key = "intake.was_last"
	}
	c.Last = sc.T(key, "When", sc.when(x.LastTicket))
	if x.By == rules.ByQuota {
		c.Sums = append(c.Sums, sc.T("intake.by_quota", "Service", sc.texts.Duration(sc.Tag, time.Duration(x.Service*float64(time.Minute)))))
	} else if x.Closes != 0 {
		c.Sums = append(c.Sums, sc.T("intake.by_hours", "Before", sc.texts.Duration(sc.Tag, x.Closes.Sub(x.LastTicket)), "When", sc.when(x.Closes)))
	}
	return c
}

// entrance reports whether a door leads into a zone from outside: its display says when the queue closes.
func entrance(v *rules.View, zone string) bool {
	for i := range v.Doors {
		if d := &v.Doors[i]; d.From == facility.Outside && d.To == zone || d.To == facility.Outside && d.From == zone {
			return true
		}
	}
	return false
}

// queueNote is what the display at an entrance says of the queue: nothing, where nothing is known.
func (t *tongue) queueNote(sc *scene) string {
	x := sc.view.Intake
	switch {
	case x == nil || !sc.view.Open || x.Made == 0:
		return ""
	case x.Closed:
		return t.T("sign.queue_closed")
	case x.LastTicket != 0:
		return t.T("sign.last_ticket", "When", t.When(x.LastTicket, sc.now, sc.loc))
	case x.Quota > 0 && x.Visitors.Known:
		return t.T("sign.left", "Count", int(x.Left))
	}
	return ""
}

type apiIntake struct {
	Rule       string      `json:"rule" example:"kuota" doc:"The rule that says so"`
	Quota      *float64    `json:"quota,omitempty" example:"600" doc:"Visitors that may come today; absent: as many as will"`
	Visitors   apiEstimate `json:"visitors" doc:"Who came today"`
	Left       *float64    `json:"left,omitempty" example:"43" doc:"How many may still come; absent: there is no quota, or nobody knows how many came"`
	Made       time.Time   `json:"made,omitzero" doc:"When the forecast was made, every five minutes; absent: none is, as where the building is closed"`
	Arrivals   float64     `json:"arrivals" example:"19" doc:"Who came in the last lately_minutes"`
	Lately     float64     `json:"lately_minutes" example:"30"`
	Rate       *float64    `json:"rate_per_hour,omitempty" example:"38" doc:"Absent: too few came to tell"`
	Service    float64     `json:"service_minutes" example:"30" doc:"From a ticket to its turn"`
	Full       time.Time   `json:"full,omitzero" doc:"When the quota is used up at that rate; absent: not before closing, as far as is known"`
	LastTicket time.Time   `json:"last_ticket,omitzero" doc:"When the queue must close"`
	By         string      `json:"by,omitempty" enum:"quota,hours" doc:"What the last ticket follows from"`
	Closes     time.Time   `json:"closes,omitzero" doc:"When the building does"`
	Closed     bool        `json:"closed" doc:"The queue must be closed: the time has come, or the quota is used up"`
}

func apiIntakeOf(x *rules.Intake) *apiIntake {
	if x == nil {
		return nil
	}
	a := &apiIntake{
		Rule: x.Rule, Visitors: estimateOf(x.Visitors), Made: x.Made.Time(), Arrivals: x.Arrivals, Lately: x.Lately, Service: x.Service,
		Full: x.Full.Time(), LastTicket: x.LastTicket.Time(), By: x.By, Closes: x.Closes.Time(), Closed: x.Closed,
	}
	if x.Quota > 0 {
		a.Quota = &x.Quota
		if x.Visitors.Known {
			a.Left = &x.Left
		}
	}
	if x.Rate > 0 {
		a.Rate = &x.Rate
	}
	return a
}
