package web

import "time"

// apiDay is a day of a zone.
type apiDay struct {
	Items []apiSample `json:"items" doc:"In order. Each holds until the next one, the last until the end; the first is what held when the day began, if anything did. What is recorded says what was known at its time: data that comes late does not rewrite it, but revises the verdicts"`
	Until time.Time   `json:"until" doc:"The end: of the day, or now"`
	Peak  *apiPeak    `json:"peak,omitempty" doc:"The greatest number of the day, with which its minute need not have ended. Absent: nobody knew anything"`
}

type apiPeak struct {
	At      time.Time `json:"at"`
	Persons float64   `json:"persons" example:"61"`
}

type apiSample struct {
	At      time.Time `json:"at" doc:"The start of a minute in which something changed; the item is what held at its end"`
	Known   bool      `json:"known" doc:"False: from then on nobody knows how many people are inside; persons, error, low and high are absent"`
	Persons *float64  `json:"persons,omitempty" example:"42"`
	Error   *float64  `json:"error,omitempty" example:"3"`
	Low     *float64  `json:"low,omitempty" example:"39" doc:"At least so many, in whole people, at 90 % confidence"`
	High    *float64  `json:"high,omitempty" example:"45"`
	Near    bool      `json:"near" doc:"Unknown because the people are near the limit: the limit is at least low, and less than high"`
	Limit   *float64  `json:"limit,omitempty" example:"50" doc:"Absent: nothing limits the zone. 0: nobody may be in"`
	Verdict string    `json:"verdict" enum:"within,breached,unknown"`
}

func apiDayOf(d day) apiDay {
	out := apiDay{Items: make([]apiSample, 0, len(d.samples)), Until: d.end.Time()}
	for i := range d.samples {
		p := &d.samples[i]
		a := apiSample{At: p.At.Time(), Known: p.Known, Verdict: p.Verdict.String(), Near: p.Near}
		if p.Known {
			a.Persons, a.Error, a.Low, a.High = &p.Persons, &p.Error, &p.Low, &p.High
		}
		if p.HasLimit {
			a.Limit = &p.Limit
		}
		out.Items = append(out.Items, a)
	}
	if d.peak != nil {
		out.Peak = &apiPeak{d.peak.At.Time(), d.peak.Persons}
	}
	return out
}
