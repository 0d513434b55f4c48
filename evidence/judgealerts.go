package evidence

import (
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// asking raises and ends alerts again, as the gateway's book does, from what the engine asks of people.
type asking struct {
	book    *alerts.Book
	from    telemetry.Instant // what was raised up to then was there before
	last    telemetry.Instant // the receipt of the last record that was judged
	again   map[string]alerts.Alert
	changes []alerts.Change
	set     bool // the clock was set meanwhile: then alerts of the future were brought to the present
}

// asked begins with the alerts that were open when the judging began.
func asked(all []Alert, clock telemetry.Instant) *asking {
	a := &asking{from: clock, last: clock, again: map[string]alerts.Alert{}}
	var open []alerts.Alert
	for i := range all {
		x := all[i].Alert
		if follows(&x) && x.Opened <= clock && (x.Resolved == 0 || x.Resolved > clock) {
			x.Resolved = 0
			open = append(open, x)
			a.again[x.ID] = x
		}
	}
	a.book = alerts.NewBook(open, nil)
	return a
}

// follows reports whether an alert is of a rule: others are of the gateway itself, or of a drill.
func follows(a *alerts.Alert) bool { return a.Class != rules.ClassService && a.Drill == nil }

// record follows a record that was judged.
func (a *asking) record(rec *telemetry.Record, out *rules.Output) {
	a.last = max(a.last, rec.Received)
	a.changes = a.changes[:0]
	switch rec.Kind {
	case telemetry.KindConfiguration:
		var def rules.Definition
		if json.Unmarshal(rec.Configuration.Definition, &def) == nil { // the engine has taken it
			a.changes = a.book.Configure(&def, rec.At, a.changes)
		}
	case telemetry.KindService:
		a.set = a.set || rec.Service.Set
	}
	for i := range out.Alarms {
		a.changes = a.book.Alarm(&out.Alarms[i], a.changes)
	}
	for i := range a.changes {
		x := &a.changes[i].Alert
		a.again[x.ID] = *x
	}
}

// compare lists what the pack's alerts have otherwise than the readings ask, and how many it compared.
func (a *asking) compare(b *book) (wrong []string, compared int) {
	had := map[string]bool{}
	for i := range b.alerts {
		is := &b.alerts[i].Alert
		had[is.ID] = true
		if !follows(is) {
			continue
		}
		want, ok := a.again[is.ID]
		resolved := is.Resolved
		if resolved > a.last {
			resolved = 0 // by what came behind the pack's records
		}
		switch {
		case is.Opened <= a.from && !ok:
			continue // it was over before
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s, line %d: rule %.64q on %.80s, raised at %v: the readings ask for no such alert", fileAlerts, i+1, is.Rule, is.Subject, is.Opened))
		case is.Rule != want.Rule || is.Subject != want.Subject || is.Class != want.Class || is.Severity != want.Severity || is.Opened != want.Opened || resolved != want.Resolved:
			wrong = append(wrong, fmt.Sprintf("%s, line %d: rule %.64q on %.80s, raised at %v, over at %v: by the readings it was raised at %v and over at %v", fileAlerts, i+1, is.Rule, is.Subject,
				is.Opened, is.Resolved, want.Opened, want.Resolved))
		default:
			compared++
		}
	}
	for id, want := range a.again {
		if !had[id] && b.wants(want.Rule) && want.Opened < b.m.Until && (want.Resolved == 0 || want.Resolved >= b.m.From) {
			wrong = append(wrong, fmt.Sprintf("%s lacks: rule %.64q on %.80s, raised at %v, which the readings ask for", fileAlerts, want.Rule, want.Subject, want.Opened))
		}
	}
	return wrong, compared
}
