package web

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// scene is one site seen at one moment in one language. What verdicts and alerts say comes from alerts.Texts, so that a page
// and a notification say the same; the scene adds when and on which readings.
type scene struct {
	*tongue
	texts *alerts.Texts
	view  *rules.View // nil: no site, the gateway itself
	loc   *time.Location
	// people are the accounts; nil: names to sign in stand for them.
	people func() []*accounts.Account
	now    time.Time
	// zoned: its times stand beside those of other sites, and say their time zone.
	zoned bool
	// past is the moment that its sentences describe where that is over; 0: they are about now.
	past telemetry.Instant
	// may is what who looks may do there; nothing, unless it is set.
	may may
}

func (s *Server) scene(t *tongue, v *rules.View) *scene {
	sc := &scene{tongue: t, texts: s.texts, view: v, loc: time.UTC, now: s.opts.Now(), people: s.access.keeper.Accounts}
	if v != nil {
		sc.loc = s.zones.named(v.Zone)
	}
	return sc
}

// when writes a time in the site's zone as short as today allows.
//
// The gateway itself is nowhere: its times say that they are UTC.
func (t *scene) when(i telemetry.Instant) string {
	s := t.When(i, t.now, t.loc)
	switch {
	case i == 0 || i == telemetry.Never:
	case t.view == nil:
		s += " UTC"
	case t.zoned:
		s += " " + i.In(t.loc).Format("MST")
	}
	return s
}

// ago writes how long ago i was.
func (t *scene) ago(i telemetry.Instant) string {
	if i == 0 {
		return t.T("time.never")
	}
	return t.Ago(t.now.Sub(i.Time()))
}

// explanation is why a verdict is what it is, in sentences.
type explanation struct {
	Text    string // value ± error, limit, what set it, or the reason
	Pending string // since when it is so and when people will be asked; empty: they are, or need not be
	Basis   string // since when, on which readings
}

// explain writes the explanation of a verdict.
func (t *scene) explain(w *rules.VerdictView) explanation {
	return explanation{Text: t.finding(w), Pending: t.pending(w), Basis: t.basis(&w.Explanation, w.Since)}
}

// pending says that a rule waits before it asks people: a verdict is the truth of the moment, an alert waits for its time.
func (t *scene) pending(w *rules.VerdictView) string {
	if w.Phase != rules.Pending {
		return ""
	}
	lasted := max(0, t.now.Sub(w.PhaseSince.Time()))
	left := w.AlarmDue.Time().Sub(t.now)
	if w.Verdict != rules.Breached {
		return t.T("explain.pending_doubt") // it was breached, and nobody knows whether it still is
	}
	if w.AlarmDue == 0 || left <= 0 {
		return t.T("explain.pending_now", "Lasted", t.texts.Duration(t.Tag, lasted))
	}
	return t.T("explain.pending", "Lasted", t.texts.Duration(t.Tag, lasted), "Left", t.texts.Duration(t.Tag, left))
}

// demand is what an alert says: its text and what to do. Of one that is over it is what was wrong.
func (t *scene) demand(a *alerts.Alert) (text, todo string) {
	named := *a
	named.Explanation.Detail, named.Raised.Detail = t.subjectName(a.Explanation.Detail), t.subjectName(a.Raised.Detail)
	if !a.Open() && a.Class != rules.ClassService {
		return t.texts.Past(t.Tag, &named), ""
	}
	if a.Eased != nil {
		eased := *a.Eased
		eased.Explanation.Detail = t.subjectName(eased.Explanation.Detail)
		named.Eased = &eased
	}
	_, text, todo = t.texts.Explain(t.Tag, &named)
	return text, todo
}

// finding is a verdict's text alone.
func (t *scene) finding(w *rules.VerdictView) string {
	named := *w
	// A sentence names a device as people know it.
	named.Explanation.Detail = t.subjectName(w.Explanation.Detail)
	text := t.texts.Finding(t.Tag, &named, t.moment(), false)
	if text == "" {
		text = t.T("verdict." + w.Verdict.String() + "_text")
	}
	return text
}

// moment is when and where what is shown is true.
func (t *scene) moment() alerts.Moment {
	if t.view == nil {
		return alerts.Moment{}
	}
	if t.past != 0 {
		return alerts.Moment{At: t.past, Timezone: t.view.Zone, Past: true}
	}
	return alerts.Moment{At: t.view.Now, Timezone: t.view.Zone}
}

// brief is a verdict's text in one short sentence.
func (t *scene) brief(w *rules.VerdictView) string {
	named := *w
	named.Explanation.Detail = t.subjectName(w.Explanation.Detail)
	if text := t.texts.Finding(t.Tag, &named, t.moment(), true); text != "" {
		return text
	}
	return t.T("verdict." + w.Verdict.String() + "_text")
}

// basis is since when a verdict holds and which readings it rests on.
func (t *scene) basis(e *rules.Explanation, since telemetry.Instant) string {
	var parts []string
	if since != 0 {
		parts = append(parts, t.T("explain.since", "When", t.when(since)))
	}
	if n := len(e.Evidence); n > 0 {
		last := e.Evidence[n-1]
		key := "explain.readings"
		if e.HasRange {
			key = "explain.counts" // people are the sum of all that was counted, not of the last messages
		}
		parts = append(parts, t.T(key, "Count", n, "Device", t.subjectName(last.Device), "When", t.when(last.At)))
		if last.Record != 0 {
			parts = append(parts, t.T("explain.record", "Record", t.Count(last.Record)))
		}
	}
	return strings.Join(parts, " · ")
}

// subjectName finds the name of a device, task, zone or door by its id; what is none of them stays as it is.
func (t *scene) subjectName(id string) string {
	v := t.view
	if v == nil || id == "" {
		return id
	}
	for i := range v.Devices {
		if v.Devices[i].ID == id && v.Devices[i].Name != "" {
			return v.Devices[i].Name
		}
	}
	for i := range v.Tasks {
		if v.Tasks[i].ID == id {
			return v.Tasks[i].Name
		}
	}
	for i := range v.Zones {
		if v.Zones[i].ID == id {
			return v.Zones[i].Name
		}
	}
	for i := range v.Doors {
		if v.Doors[i].ID == id {
			return v.Doors[i].Name
		}
	}
	return id
}
