package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The bounds of what an alert remembers of its calls; its changes have all of them.
const (
	MaxCalls      = 40
	MaxDeliveries = 60 // of one call
)

// Call is a step of an escalation that was taken: it stands in the journal before anything goes out. Exactly one of Role, Account,
// Receiver and Channel is set, but for number 0.
type Call struct {
	Number     int               `json:"number"` // counts the calls of the alert from 1; 0: nobody was called, people saw it by themselves
	Step       int               `json:"step,omitempty"`
	Round      int               `json:"round,omitempty"` // how often the escalation began, from 1
	Role       string            `json:"role,omitempty"`
	Account    string            `json:"account,omitempty"`
	Receiver   string            `json:"receiver,omitempty"`
	Channel    string            `json:"channel,omitempty"`
	At         telemetry.Instant `json:"at"`
	Done       bool              `json:"done,omitempty"` // all that is to go out has gone, or never will
	Deliveries []Delivery        `json:"deliveries,omitempty"`
}

// Delivery is what became of a call at one device or by one channel.
type Delivery struct {
	Key    string            `json:"key"`              // tells it from all others: of a notification that answers, the hash of its token
	To     string            `json:"to"`               // a person as the record calls him, or a channel
	Via    string            `json:"via"`              // how: one of the Via constants
	Device string            `json:"device,omitempty"` // which of somebody's phones
	Sent   telemetry.Instant `json:"sent,omitempty"`
	Shown  telemetry.Instant `json:"shown,omitempty"`
	Looked telemetry.Instant `json:"looked,omitempty"`
	Failed string            `json:"failed,omitempty"` // what came back instead
}

// The ways by which people are reached.
const (
	ViaPush     = "push"     // Web Push
	ViaWatch    = "watch"    // an open page that sounds
	ViaPage     = "page"     // a page that somebody opened
	ViaNtfy     = "ntfy"     //
	ViaSMS      = "sms"      //
	ViaSiren    = "siren"    // an MQTT topic
	ViaReceiver = "receiver" // of Alertmanager
	ViaNobody   = "nobody"   // there was nobody to be called
)

// Chain is where the escalation of an open alert is.
type Chain struct {
	Next  int               `json:"next"`            // the step that comes next, from 0
	Round int               `json:"round"`           // how often it began
	At    telemetry.Instant `json:"at"`              // since when it waits for that step
	Due   telemetry.Instant `json:"due,omitempty"`   // when the step is taken; 0: never, unless it begins again
	Shown bool              `json:"shown,omitempty"` // the alert was shown to somebody in this round
}

// Report is what is learned of a call. What Delivery has set is taken over the first time that it is told.
type Report struct {
	Alert    string
	Call     int
	Delivery Delivery // an empty Key: nothing new of one
	Done     bool     // nothing more will go out
}

// Plan gives the book the escalation of each site; an empty site is the gateway. It is asked from the goroutine of the book, and nil means that
// nobody is called. Without a plan nobody ever is.
func (b *Book) Plan(plan func(site string) *facility.Escalation) { b.plan = plan }

// chain begins the escalation of an alert that opens; nil: there is none.
func (b *Book) chain(a *Alert, at telemetry.Instant) *Chain {
	plan := b.escalation(a)
	if plan == nil {
		return nil
	}
	return &Chain{At: at, Due: at.Add(plan.Steps[0].After)}
}

// escalation is whom an alert calls; nil: nobody.
func (b *Book) escalation(a *Alert) *facility.Escalation {
	if b.plan == nil {
		return nil
	}
	plan := b.plan(a.Site)
	if plan == nil || len(plan.Steps) == 0 {
		return nil
	}
	about := plan.About
	if len(about) == 0 {
		about = facility.DefaultSeverities
	}
	if !slices.Contains(about, string(a.Severity)) {
		return nil
	}
	return plan
}

// begin starts the escalation of an open alert again: whoever saw to it does not any more.
func (b *Book) begin(e *entry, at telemetry.Instant) {
	plan := b.escalation(&e.alert)
	if plan == nil {
		e.alert.Chain = nil
		return
	}
	round := 0
	if c := e.alert.Chain; c != nil {
		round = c.Round
	}
	e.alert.Chain = &Chain{Round: round, At: at, Due: at.Add(plan.Steps[0].After)}
}

// rest stops the escalation: somebody sees to the alert, or has silenced it.
func (a *Alert) rest() {
	if a.Chain != nil && a.Chain.Due != 0 {
		c := *a.Chain
		c.Due = 0
		a.Chain = &c
	}
}

// callDue is when the next step of the escalation is taken. While the rule is kept again nobody is called.
func (e *entry) callDue() telemetry.Instant {
	a := &e.alert
	if a.Chain == nil || a.Chain.Due == 0 || a.Ack != nil || a.Silenced != nil || a.Eased != nil {
		return telemetry.Never
	}
	return a.Chain.Due
}

// call takes the step that is due, or passes it where what it waits for has happened. Steps behind it that wait for nothing follow at once.
func (b *Book) call(e *entry, now telemetry.Instant, dst []Change) []Change {
	b.stale = true
	plan := b.escalation(&e.alert)
	for range maxSteps {
		c := *e.alert.Chain
		if plan == nil || c.Next >= len(plan.Steps) { // the configuration has changed meanwhile
			c.Due = 0
			e.alert.Chain = &c
			return dst
		}
		step := plan.Steps[c.Next]
		number := c.Next + 1
		if c.Next == 0 {
			c.Round++
			c.Shown = false
		}
		taken := step.Unless != facility.UntilShown || !c.Shown
		round := c.Round
		c.Next++
		c.At, c.Due = now, 0
		switch {
		case c.Next < len(plan.Steps):
			c.Due = now.Add(plan.Steps[c.Next].After)
		case plan.Repeat > 0:
			c.Next, c.Due = 0, now.Add(plan.Repeat)
		}
		e.alert.Chain = &c
		if taken {
			e.alert.addCall(Call{Step: number, Round: round, Role: step.Role, Account: step.Account, Receiver: step.Receiver, Channel: step.Channel, At: now})
			dst = append(dst, e.change(Called, now))
		}
		if e.callDue() > now {
			return dst
		}
	}
	return dst
}

// maxSteps bounds how many steps are taken in one moment.
const maxSteps = 32

// addCall gives the call its number. Of the oldest only the changes tell.
func (a *Alert) addCall(c Call) {
	for i := range a.Calls {
		c.Number = max(c.Number, a.Calls[i].Number)
	}
	c.Number++
	a.Calls = append(slices.Clone(a.Calls), c)
	for i := 0; len(a.Calls) > MaxCalls && i < len(a.Calls); i++ {
		if a.Calls[i].Number != 0 {
			a.Calls = slices.Delete(a.Calls, i, i+1)
		}
	}
}

// Call finds a call by its number; nil: there is none, or it is too long ago.
func (a *Alert) Call(number int) *Call {
	for i := range a.Calls {
		if a.Calls[i].Number == number {
			return &a.Calls[i]
		}
	}
	return nil
}

// Reached takes what is learned of calls of open alerts. What is known already changes nothing.
func (b *Book) Reached(all []Report, at telemetry.Instant, dst []Change) []Change {
	for i := range all {
		r := &all[i]
		e := b.byID[r.Alert]
		if e == nil {
			continue
		}
		if what := e.alert.report(r, at); what != "" {
			b.stale = true
			dst = append(dst, e.change(what, at))
		}
	}
	return dst
}

// report takes over what is new, and says what that is; empty: nothing.
func (a *Alert) report(r *Report, at telemetry.Instant) (what What) {
	calls := slices.Clone(a.Calls)
	i := slices.IndexFunc(calls, func(c Call) bool { return c.Number == r.Call })
	if i < 0 {
		if r.Call != 0 {
			return ""
		}
		calls, i = slices.Insert(calls, 0, Call{At: a.Opened, Done: true}), 0
	}
	c := &calls[i]
	if r.Done && !c.Done {
		c.Done, what = true, Sent
	}
	if d := &r.Delivery; d.Key != "" {
		deliveries := slices.Clone(c.Deliveries)
		k := slices.IndexFunc(deliveries, func(x Delivery) bool { return x.Key == d.Key })
		if k < 0 && len(deliveries) < MaxDeliveries {
			k = len(deliveries)
			deliveries = append(deliveries, Delivery{Key: d.Key, To: d.To, Via: d.Via, Device: d.Device})
			what = Sent
		}
		if k >= 0 {
			is := &deliveries[k]
			if d.Sent != 0 && is.Sent == 0 {
				is.Sent, is.Failed, what = max(d.Sent, c.At), "", Sent
			}
			if d.Failed != "" && is.Sent == 0 && is.Failed != d.Failed {
				is.Failed, what = d.Failed, Sent
			}
			if d.Shown != 0 && is.Shown == 0 {
				is.Shown, what = max(d.Shown, c.At), Shown
			}
			if d.Looked != 0 && is.Looked == 0 {
				is.Looked, what = max(d.Looked, c.At), Looked
			}
			c.Deliveries = deliveries
		}
	}
	if what == "" {
		return ""
	}
	a.Calls = calls
	if what == Shown || what == Looked { // who has opened it has seen it
		if a.Shown == 0 {
			a.Shown = max(at, a.Opened)
		}
		if a.Chain != nil && !a.Chain.Shown {
			chain := *a.Chain
			chain.Shown = true
			a.Chain = &chain
		}
	}
	if what == Looked && a.Looked == 0 {
		a.Looked = max(at, a.Opened)
	}
	return what
}

// reclockChain keeps how long an escalation waits where the clock was set back behind the moment since when it does.
func (e *entry) reclockChain(now telemetry.Instant) {
	if c := e.alert.Chain; c != nil && c.At > now {
		moved := *c
		if moved.At = now; c.Due != 0 {
			moved.Due = now.Add(c.Due.Sub(c.At))
		}
		e.alert.Chain = &moved
	}
}

// calling are the receivers that an alert's escalation has called. They are told how it ends as well.
func (a *Alert) calling() []string {
	var all []string
	for i := range a.Calls {
		if r := a.Calls[i].Receiver; r != "" && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// Sounds reports whether an alert's escalation has called a channel and still does: nobody has seen to it, and it is not over. A siren is on
// for so long.
func (a *Alert) Sounds(channel string) bool {
	return a.Open() && a.Ack == nil && a.Silenced == nil && a.Eased == nil && slices.ContainsFunc(a.Calls, func(c Call) bool { return c.Channel == channel })
}

// Urgent reports whether an alert is critical.
func (a *Alert) Urgent() bool { return a.Severity.Rank() == rules.Critical.Rank() }
