package web

import (
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
)

type apiAlert struct {
	ID           string         `json:"id"`
	Site         string         `json:"site,omitempty" example:"mpp-gresik" doc:"Absent: the gateway itself"`
	Rule         string         `json:"rule" example:"capacity"`
	Class        string         `json:"class" enum:"breach,overdue,sensor,service"`
	Severity     string         `json:"severity,omitempty" example:"critical"`
	Subject      *apiSubject    `json:"subject,omitempty" doc:"Absent: the gateway itself"`
	Opened       time.Time      `json:"opened"`
	Updated      time.Time      `json:"updated,omitzero"`
	Resolved     time.Time      `json:"resolved,omitzero" doc:"Absent: open"`
	Unconfirmed  time.Time      `json:"unconfirmed,omitzero" doc:"Since when nobody can tell whether it still holds"`
	Title        string         `json:"title" doc:"What it is about, in the language of Accept-Language"`
	Explanation  apiExplanation `json:"explanation" doc:"The newest; of a past alert the one with which it ended. Its sentence tells all three"`
	Raised       *apiMoment     `json:"raised,omitempty" doc:"The value that raised it"`
	Worst        *apiMoment     `json:"worst,omitempty" doc:"The worst value: under a minimum the lowest, else the highest"`
	Eased        *apiEased      `json:"eased,omitempty" doc:"The rule is kept again and the alert still stands: the explanation is of the past then, this is of now. Absent: it is not, or the alert is over"`
	Acknowledged *apiAck        `json:"acknowledged,omitempty" doc:"The acknowledgement in force"`
	Handled      []apiAck       `json:"handled" doc:"All acknowledgements, the oldest first, those that ran out or were withdrawn too: each until when it held"`
	State        string         `json:"state" enum:"open,taken,silenced,over" doc:"open: nobody works on it"`
	Advice       string         `json:"advice,omitempty" doc:"What to do, while it is open"`
	Assigned     *apiAssignment `json:"assigned,omitempty" doc:"Whose it is, as somebody said"`
	Silenced     *apiSilence    `json:"silenced,omitempty" doc:"Nobody is notified of it"`
	Clock        apiClock       `json:"clock" doc:"How fast it was answered"`
	Told         []string       `json:"told,omitempty" doc:"The receivers to whom the router led it, as far as it says"`
	Calls        []apiCall      `json:"calls,omitempty" doc:"Whom the site's escalation has called, and what became of it"`
	Drill        bool           `json:"drill,omitempty" doc:"An exercise: nothing is wrong, and it counts nowhere"`
}

type apiEased struct {
	Since time.Time  `json:"since" doc:"From when on the rule is kept"`
	Ends  time.Time  `json:"ends,omitzero" doc:"When the alert ends by itself if it stays so; absent: when the value is far enough from its limit"`
	Now   *apiMoment `json:"now,omitempty" doc:"The value now"`
}

type apiMoment struct {
	Value float64   `json:"value" example:"38.1"`
	Unit  string    `json:"unit,omitempty" example:"Cel"`
	At    time.Time `json:"at,omitzero" doc:"Of the newest reading it rests on"`
}

// apiMomentOf is nil where there is no value.
func apiMomentOf(e *rules.Explanation) *apiMoment {
	if !e.HasValue {
		return nil
	}
	m := &apiMoment{Value: e.Value, Unit: e.Unit}
	if n := len(e.Evidence); n > 0 {
		m.At = e.Evidence[n-1].At.Time()
	}
	return m
}

type apiAck struct {
	By      string    `json:"by" example:"satpam pagi"`
	Claimed bool      `json:"by_claimed" doc:"True: the name is what the client said of itself, and nobody has checked it"`
	Reason  string    `json:"reason,omitempty" example:"entrance_held"`
	At      time.Time `json:"at"`
	Until   time.Time `json:"until" doc:"It is loud again from then on"`
}

func apiAckOf(a *alerts.Acknowledgement) apiAck {
	return apiAck{a.By, !a.Proven, a.Reason, a.At.Time(), a.Until.Time()}
}

func apiAlertOf(sc *scene, a *alerts.Alert) apiAlert {
	text, _ := sc.demand(a)
	out := apiAlert{
		ID: a.ID, Site: a.Site, Rule: a.Rule, Class: string(a.Class), Severity: string(a.Severity),
		Opened: a.Opened.Time(), Updated: a.Updated.Time(),
		Resolved: a.Resolved.Time(), Unconfirmed: a.Unconfirmed.Time(), Explanation: apiExplanationOf(text, &a.Explanation),
		Raised: apiMomentOf(&a.Raised), Worst: apiMomentOf(&a.Worst),
	}
	out.Title, _, _ = sc.texts.Explain(sc.Tag, a)
	if a.Subject.Kind != "" {
		out.Subject = &apiSubject{string(a.Subject.Kind), a.Subject.ID, a.SubjectName}
	}
	if z := a.Eased; z != nil {
		out.Eased = &apiEased{z.Since.Time(), z.Ends.Time(), apiMomentOf(&z.Explanation)}
	}
	if a.Ack != nil {
		out.Acknowledged = new(apiAckOf(a.Ack))
	}
	all := a.Acknowledgements()
	out.Handled = make([]apiAck, 0, len(all))
	for i := range all {
		out.Handled = append(out.Handled, apiAckOf(&all[i]))
	}
	out.surround(sc, a)
	return out
}
