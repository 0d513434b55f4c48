// Package alerts turns changes of verdict into what people are asked to do: one open alert per rule and subject, its
// acknowledgement, the notifications through Alertmanager and the signals over MQTT.
//
// The Book decides which alerts are open and does no I/O. A Resender keeps a Router (the embedded Alertmanager, or one or
// more behind a URL) informed of what is open; Signals and Displays make the MQTT messages.
package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Alert is an open or past demand on people. There is at most one open alert per site, rule and subject.
//
// It carries the words of the day on which it was opened, so that a notification, a page or an export needs no
// configuration to say what it is about. What Ack, Advice and Explanation.Evidence point to is never changed in place.
type Alert struct {
	// ID is stable over restarts and replays: derived from site, rule, subject and Opened. It is safe in topics and URLs.
	ID       string            `json:"id"`
	Site     string            `json:"site"` // empty: the gateway itself
	Rule     string            `json:"rule"` // for ClassService: the name of the fault
	Kind     string            `json:"kind"`
	Class    rules.Class       `json:"class"`
	Severity rules.Severity    `json:"severity"`
	Subject  rules.Subject     `json:"subject"`
	Opened   telemetry.Instant `json:"opened"`
	Updated  telemetry.Instant `json:"updated"`
	Resolved telemetry.Instant `json:"resolved"` // 0: open
	// Unconfirmed is since when nobody can tell any more whether it still holds (the data stopped, or the error bar grew
	// over the limit); 0: it is confirmed. An alert does not end because we stopped looking.
	Unconfirmed telemetry.Instant `json:"unconfirmed,omitempty"`
	// Explanation is the newest, and of a past alert the one with which it ended. Raised is the one with which it opened,
	// Worst the one whose value was furthest on the wrong side of the limit. Alerts from before they were kept lack the two.
	Explanation rules.Explanation `json:"explanation"`
	// Eased is set while the rule is kept again and the alert still stands (Rule.KeepFiring, hysteresis). Explanation then is of the
	// past.
	Eased  *Easing           `json:"eased,omitempty"`
	Raised rules.Explanation `json:"raised,omitzero"`
	Worst  rules.Explanation `json:"worst,omitzero"`
	Ack    *Acknowledgement  `json:"ack,omitempty"` // in force
	// Handled are all acknowledgements, the oldest first: those that ran out, were withdrawn or followed by another, too. Each ends when
	// it did. At most MaxHandled, the newest.
	Handled []Acknowledgement `json:"handled,omitempty"`
	// Assigned is whose the alert is, as somebody said last; nil: nobody's.
	Assigned *Assignment `json:"assigned,omitempty"`
	// Silenced is set while nobody is notified of it: it stands, is recorded and shown all the same. Of a resolved alert it is the silence in
	// which it ended, and may be over.
	Silenced *Silencing `json:"silenced,omitempty"`
	// Accepted is when a router first took it; 0: none did, or it is from before that was kept.
	Accepted telemetry.Instant `json:"accepted,omitempty"`
	// Told are the receivers to whom the router leads it, as far as that is known.
	Told []string `json:"told,omitempty"`
	// Calls are those whom the site's escalation has called, in order, at most MaxCalls, the newest; number 0 are those who found it by
	// themselves. Shown is when it first stood before somebody's eyes, Looked when somebody first opened it; 0: nobody told so.
	Calls  []Call            `json:"calls,omitempty"`
	Chain  *Chain            `json:"chain,omitempty"` // where the escalation is; nil: there is none
	Shown  telemetry.Instant `json:"shown,omitempty"`
	Looked telemetry.Instant `json:"looked,omitempty"`
	// Drill is set while nothing is wrong: people are to find out whether they can be reached.
	Drill *Drill `json:"drill,omitempty"`
	Description
}

// Open reports whether the alert still asks for something.
func (a *Alert) Open() bool { return a.Resolved == 0 }

// Easing says that what an open alert is about is over for now.
type Easing struct {
	Since       telemetry.Instant `json:"since"`          // from when on the rule is kept
	Ends        telemetry.Instant `json:"ends,omitempty"` // when the alert ends by itself if it stays so; 0: when the value is far enough from its limit
	Explanation rules.Explanation `json:"explanation"`    // what is so now
}

// MaxHandled bounds the acknowledgements that an alert keeps.
const MaxHandled = 50

// Acknowledgements are all that an alert had, also of one from before they were kept.
func (a *Alert) Acknowledgements() []Acknowledgement {
	if len(a.Handled) == 0 && a.Ack != nil {
		return []Acknowledgement{*a.Ack}
	}
	return a.Handled
}

// handle takes a new acknowledgement, nil: none any more; the one before ends at that time.
func (a *Alert) handle(ack *Acknowledgement, at telemetry.Instant) {
	all := slices.Clone(a.Acknowledgements())
	if n := len(all); n > 0 && a.Ack != nil {
		all[n-1].Until = min(all[n-1].Until, max(at, all[n-1].At))
	}
	if ack != nil {
		all = append(all, *ack)
	}
	a.Ack, a.Handled = ack, all[max(0, len(all)-MaxHandled):]
}

// Acknowledgement says that somebody is handling an alert. It expires: an alert nobody works on any more is loud again.
type Acknowledgement struct {
	By     string            `json:"by"`
	Proven bool              `json:"proven,omitempty"` // By is the name of an account; else what somebody said of himself
	Reason string            `json:"reason"`
	At     telemetry.Instant `json:"at"`
	Until  telemetry.Instant `json:"until"`
}

// Change is one step in the life of an alert. Changes are stored in the transaction of what caused them.
type Change struct {
	Alert Alert // as it is after the change
	What  What
	At    telemetry.Instant
}

// recorded reports whether a change is for the record alone: neither routers nor signs have to do with the silence of a resolved alert,
// and another one of the same rule and subject may be open.
func (c *Change) recorded() bool { return c.What == Loud && !c.Alert.Open() }

// reaching reports whether a change is about who was reached, and nothing of the alert itself has moved.
func (w What) reaching() bool {
	return w == Taken || w == Called || w == Sent || w == Shown || w == Looked
}

// Waits reports whether a change can wait a few milliseconds for company on its way to the disk: it says who was reached, and nobody learns
// anything by it. The next step of an escalation is told to people.
func (c *Change) Waits() bool { return c.What.reaching() && c.What != Called }

// What is the closed set of steps.
type What string

// The steps.
const (
	Opened       What = "opened"
	Updated      What = "updated" // value or reason moved materially while open
	Acknowledged What = "acknowledged"
	Expired      What = "expired" // the acknowledgement ran out or was withdrawn
	Worsened     What = "worse"   // Worst alone is new: it is kept, and people are told with what moves next
	Resolved     What = "resolved"
	Taken        What = "accepted" // a router took it
	Assigned     What = "assigned" // it is somebody's, or nobody's any more
	Silenced     What = "silenced"
	Loud         What = "loud"   // the silence ran out or was ended; also of a resolved alert that ended in it
	Called       What = "called" // the next step of the escalation
	Sent         What = "sent"   // what became of a call: it went out, or not
	Shown        What = "shown"  // a device has shown it
	Looked       What = "looked" // somebody has opened it
)

// Signal is one MQTT message that the gateway owes: a row of the outbox until it was acknowledged by the broker.
type Signal struct {
	ID      string // stable; the same for a repeated delivery
	Topic   string
	Payload []byte // empty: clears a retained message
	Retain  bool
}
