package alerts

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// GatewayTopic stands for the site in the topics of alerts about the gateway itself. No site can have this id.
const GatewayTopic = "_gateway"

// AlertTopic is where an alert of a site is announced; GatewayTopic is used for the empty site.
func AlertTopic(site, id string) string {
	if site == "" {
		site = GatewayTopic
	}
	return "gerbang/v1/" + site + "/out/alert/" + id
}

// ZoneTopic is where the state of a zone is announced.
func ZoneTopic(site, zone string) string { return "gerbang/v1/" + site + "/out/zone/" + zone }

// StatusTopic is where the gateway with an id says that it is there: "online", or "offline" by its will.
func StatusTopic(id string) string { return "gerbang/v1/" + GatewayTopic + "/out/status/" + id }

// alertSignal is the payload of AlertTopic. The evidence stands before everything else that could be taken for it, newest
// reading first: a reader that looks for the first "seq" finds the newest one.
type alertSignal struct {
	ID          string            `json:"id"`
	Site        string            `json:"site"`
	SiteName    string            `json:"site_name,omitempty"`
	Rule        string            `json:"rule"`
	Kind        string            `json:"kind"`
	Class       rules.Class       `json:"class"`
	Severity    rules.Severity    `json:"severity"`
	Subject     rules.Subject     `json:"subject"`
	SubjectName string            `json:"subject_name,omitempty"`
	Zone        string            `json:"zone,omitempty"`
	ZoneName    string            `json:"zone_name,omitempty"`
	Evidence    []evidenceSignal  `json:"evidence"`
	Opened      instant           `json:"opened"`
	Updated     instant           `json:"updated"`
	Unconfirmed instant           `json:"unconfirmed,omitzero"`
	Eased       *easedSignal      `json:"eased,omitempty"` // the rule is kept again: value, error, low and high are of the past
	Value       *number           `json:"value,omitempty"`
	Error       *number           `json:"error,omitempty"`
	Low         *number           `json:"low,omitempty"` // of a count: whole people
	High        *number           `json:"high,omitempty"`
	Limit       *number           `json:"limit,omitempty"`
	Bound       rules.Bound       `json:"bound,omitempty"` // absent: at most the limit
	RaisedValue *number           `json:"raised_value,omitempty"`
	WorstValue  *number           `json:"worst_value,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Constraint  string            `json:"constraint,omitempty"`
	Reason      rules.Reason      `json:"reason,omitempty"`
	Detail      string            `json:"detail,omitempty"`
	Ack         *ackSignal        `json:"ack,omitempty"`
	Title       map[string]string `json:"title,omitempty"`
	Advice      map[string]string `json:"advice,omitempty"`
	Drill       bool              `json:"drill,omitempty"` // nothing is wrong: people find out whether they can be reached
}

type evidenceSignal struct {
	Device   string  `json:"device"`
	Quantity string  `json:"quantity,omitempty"`
	At       instant `json:"at"`
	Sequence uint64  `json:"seq"` // the device's message number; 0: it sends none
	Value    number  `json:"value"`
	Record   uint64  `json:"record"`
}

type easedSignal struct {
	Since instant `json:"since"`
	Ends  instant `json:"ends,omitzero"` // by itself, if it stays so
	Value *number `json:"value,omitempty"`
}

type ackSignal struct {
	By     string  `json:"by"`
	Reason string  `json:"reason,omitempty"`
	At     instant `json:"at"`
	Until  instant `json:"until"`
}

// Signals appends the MQTT messages that changes of alerts ask for: the alert, retained, while it is open, and an empty
// retained message when it is resolved. Of several changes of one alert only the last is announced; that its worst is kept, or that
// the silence of a resolved one is over, is none. The signal's ID names the alert and the change, so that a repeated computation gives the same one.
func Signals(changes []Change, dst []Signal) []Signal {
	for i := range changes {
		c := &changes[i]
		if c.What == Worsened || c.What.reaching() || c.recorded() || superseded(changes[i+1:], c.Alert.ID) {
			continue
		}
		s := Signal{ID: "alert/" + c.Alert.ID + "/" + string(c.What) + "/" + strconv.FormatInt(int64(c.At), 10),
			Topic: AlertTopic(c.Alert.Site, c.Alert.ID), Retain: true}
		if c.Alert.Open() {
			s.Payload = alertPayload(&c.Alert)
		}
		dst = append(dst, s)
	}
	return dst
}

// superseded looks only a few changes ahead: an alert that changes twice in one batch does so at once, and announcing it
// once too often is harmless.
func superseded(later []Change, id string) bool {
	for i := range later[:min(len(later), 8)] {
		if later[i].Alert.ID == id && later[i].What != Worsened && !later[i].What.reaching() && !later[i].recorded() {
			return true
		}
	}
	return false
}

func alertPayload(a *Alert) []byte {
	x := &a.Explanation
	s := alertSignal{
		ID: a.ID, Site: a.Site, SiteName: a.SiteName, Rule: a.Rule, Kind: a.Kind, Class: a.Class, Severity: a.Severity,
		Subject: a.Subject, SubjectName: a.SubjectName, Zone: a.Zone, ZoneName: a.ZoneName, Evidence: []evidenceSignal{},
		Opened: instant(a.Opened), Updated: instant(a.Updated), Unconfirmed: instant(a.Unconfirmed), Unit: x.Unit,
		Constraint: x.Constraint, Reason: x.Reason, Detail: x.Detail, Title: a.Title, Advice: a.Advice, Drill: a.Drill != nil,
	}
	for _, e := range slices.Backward(x.Evidence) {
		s.Evidence = append(s.Evidence, evidenceSignal{Device: e.Device, Quantity: e.Quantity.String(), At: instant(e.At),
			Sequence: e.Sequence, Value: number(e.Value), Record: e.Record})
	}
	if x.HasValue {
		s.Value, s.Error = new(number(x.Value)), new(number(x.Error))
	}
	if x.HasLimit {
		s.Limit = new(number(x.Limit))
	}
	s.Bound = x.Bound
	if x.HasRange {
		s.Low, s.High = new(number(x.Low)), new(number(x.High))
	}
	if z := a.Eased; z != nil {
		s.Eased = &easedSignal{Since: instant(z.Since), Ends: instant(z.Ends)}
		if z.Explanation.HasValue {
			s.Eased.Value = new(number(z.Explanation.Value))
		}
	}
	if a.Raised.HasValue {
		s.RaisedValue = new(number(a.Raised.Value))
	}
	if a.Worst.HasValue {
		s.WorstValue = new(number(a.Worst.Value))
	}
	if a.Ack != nil {
		s.Ack = &ackSignal{By: a.Ack.By, Reason: a.Ack.Reason, At: instant(a.Ack.At), Until: instant(a.Ack.Until)}
	}
	return encode(&s)
}

// encode writes what has been made encodable by its types.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("alerts: encoding a signal of plain values: " + err.Error())
	}
	return b
}

// instant is written as RFC 3339 in UTC: nanoseconds since 1970 do not survive a JSON reader with 53-bit numbers.
type instant telemetry.Instant

func (i instant) MarshalText() ([]byte, error) {
	return telemetry.Instant(i).Time().AppendFormat(nil, time.RFC3339Nano), nil
}

// number is written as null where JSON has no word for it.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(f)
}
