package alerts

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Drill says that an alert is an exercise: it goes the whole way of a real one and is counted nowhere.
type Drill struct {
	Entry  string            `json:"entry"` // the ID of the entry that began it
	By     string            `json:"by"`
	Proven bool              `json:"proven,omitempty"` // By is the name of an account; else what somebody said of himself
	Reason string            `json:"reason"`
	Until  telemetry.Instant `json:"until"`           // it ends by itself
	Siren  bool              `json:"siren,omitempty"` // sirens sound as well
	Ended  string            `json:"ended,omitempty"` // who ended it; empty: nobody did
}

// The words of a drill's alert. No rule of a protocol can have this id.
const (
	DrillRule = "_drill"
	KindDrill = "drill"
)

// How long a drill lasts.
const (
	DefaultDrill = 10 * time.Minute
	MaxDrill     = time.Hour
)

// DrillWithSiren is the Item of an EntryDrill in which sirens sound.
const DrillWithSiren = "siren"

// drill begins an alarm drill, or ends the one that the entry names. While one is under way at the same place no other begins.
func (b *Book) drill(rec *telemetry.Record, dst []Change) []Change {
	n := rec.Entry
	if n.Ends != "" {
		for _, e := range b.open {
			if d := e.alert.Drill; d != nil && d.Entry == n.Ends && e.alert.Site == rec.Site {
				over := *d
				over.Ended = n.Author
				e.alert.Drill = &over
				return b.resolve(e, &e.alert.Explanation, rec.At, dst)
			}
		}
		return dst
	}
	subject := rules.Subject{Kind: rules.SubjectSite, ID: rec.Site}
	if n.Subject != "" {
		subject = rules.Subject{Kind: rules.SubjectZone, ID: n.Subject}
	}
	if rec.Site == "" || b.open[key{rec.Site, DrillRule, subject}] != nil {
		return dst
	}
	until := n.Until
	if until <= rec.At {
		until = rec.At.Add(DefaultDrill)
	}
	return b.openAlert(Alert{
		Site: rec.Site, Rule: DrillRule, Kind: KindDrill, Class: rules.ClassBreach, Severity: rules.Critical, Subject: subject, Opened: rec.At,
		Drill: &Drill{Entry: n.ID, By: n.Author, Proven: !n.Claimed, Reason: n.Reason, Until: min(until, rec.At.Add(MaxDrill)), Siren: n.Item == DrillWithSiren},
	}, dst)
}

// explainDrill says that an alert is an exercise, in its title too.
func (t *Texts) explainDrill(lang string, a *Alert) (title, text, todo string) {
	w := t.in(lang)
	data := map[string]any{
		"Place": t.place(lang, a), "By": a.Drill.By, "Reason": a.Drill.Reason, "Until": t.near(lang, a.Drill.Until, a.Opened, a.Timezone),
		"Long": t.Duration(lang, max(a.Resolved, a.Opened).Sub(a.Opened)),
	}
	title = w.say("title.drill", data)
	if !a.Open() {
		return title, w.say("text.drill_over", data), ""
	}
	return title, w.say("text.drill", data), w.say("advice.drill", data)
}

// Brief is an alert for a lock screen or an SMS, where strangers read it: what and where in one line, and what to do. It names nobody.
func (t *Texts) Brief(lang string, a *Alert) (title, body string) {
	title, text, todo := t.Explain(lang, a)
	if a.Drill != nil {
		text = t.in(lang).say("text.drill_brief", nil)
	}
	return title, sentences(text, todo)
}
