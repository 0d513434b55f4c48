package alerts

import (
	"math"
	"slices"
	"strconv"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Displays makes the MQTT messages for the displays at the zones of one or more sites: retained, and only when what a
// display would show has changed. It is used by one goroutine. After a restart it announces every zone once.
type Displays struct {
	shown map[string]map[string]zoneState // site, zone
}

// zoneState is what a display shows. Persons and their error are rounded to tenths: nobody sees less.
type zoneState struct {
	name           string
	persons, error float64
	low, high      float64
	known          bool
	counted        bool // something counts people there
	near           bool
	judged         bool // a rule judges the zone
	reason         rules.Reason
	limit          float64
	limited        bool // there is a limit, if only of nobody
	verdict        rules.Verdict
	advice         rules.Advice
	held           string
	open           bool
}

type zoneSignal struct {
	Site    string  `json:"site"`
	Zone    string  `json:"zone"`
	Name    string  `json:"name"`
	At      instant `json:"at"`
	Persons *number `json:"persons"` // null: nobody knows
	Error   *number `json:"error"`
	Low     *number `json:"low"` // whole people: low ≤ truth ≤ high at the stated confidence
	High    *number `json:"high"`
	Limit   *number `json:"limit"` // null: there is none
	// Counted is false where nothing counts people. Then persons are null: nobody can say, and nothing is wrong.
	Counted bool `json:"counted"`
	// Verdict is the worst of all rules about the zone, its air as well as its people; null where none judges it. Near: the people
	// are near the limit.
	Verdict *rules.Verdict `json:"verdict"`
	Near    bool           `json:"near"`
	// Advice follows all that is known: see rules.Advice. A closed building says stop. It is null where nothing counts people,
	// unless a critical breach says stop. Held is the rule that it follows where that is another than the one about people.
	Advice *rules.Advice `json:"advice"`
	Held   string        `json:"held,omitempty"`
	Closed bool          `json:"closed,omitempty"`
	Reason rules.Reason  `json:"reason,omitempty"`
}

// NewDisplays starts with nothing shown.
func NewDisplays() *Displays { return &Displays{shown: make(map[string]map[string]zoneState)} }

// Signals appends a message for every zone of the view that changed since the last call for its site, and an empty retained
// message for every zone that is gone.
func (d *Displays) Signals(v *rules.View, dst []Signal) []Signal {
	shown := d.shown[v.Site]
	if shown == nil {
		shown = make(map[string]zoneState, len(v.Zones))
		d.shown[v.Site] = shown
	}
	for i := range v.Zones {
		z := &v.Zones[i]
		s := stateOf(z, judged(v, z.ID), v.Open)
		if old, ok := shown[z.ID]; ok && old == s {
			continue
		}
		shown[z.ID] = s
		dst = append(dst, zoneMessage(v.Site, z.ID, v.Record, s.payload(v.Site, z.ID, v.Now)))
	}
	if len(shown) == len(v.Zones) {
		return dst
	}
	return d.clear(v.Site, v.Record, dst, func(zone string) bool {
		return slices.ContainsFunc(v.Zones, func(z rules.ZoneView) bool { return z.ID == zone })
	})
}

// Remove clears the displays of a site that is gone from the configuration; record is the journal record that removed it.
func (d *Displays) Remove(site string, record uint64, dst []Signal) []Signal {
	dst = d.clear(site, record, dst, func(string) bool { return false })
	delete(d.shown, site)
	return dst
}

func (d *Displays) clear(site string, record uint64, dst []Signal, keep func(zone string) bool) []Signal {
	var gone []string
	for zone := range d.shown[site] {
		if !keep(zone) {
			gone = append(gone, zone)
		}
	}
	slices.Sort(gone)
	for _, zone := range gone {
		delete(d.shown[site], zone)
		dst = append(dst, zoneMessage(site, zone, record, nil))
	}
	return dst
}

// zoneMessage names the signal by the record that the view had applied: a site has one state after each record.
func zoneMessage(site, zone string, record uint64, payload []byte) Signal {
	return Signal{ID: "zone/" + site + "/" + zone + "/" + strconv.FormatUint(record, 10), Topic: ZoneTopic(site, zone),
		Payload: payload, Retain: true}
}

// judged reports whether a rule judges the zone.
func judged(v *rules.View, zone string) bool {
	return slices.ContainsFunc(v.Verdicts, func(w rules.VerdictView) bool {
		return w.Subject == rules.Subject{Kind: rules.SubjectZone, ID: zone}
	})
}

func stateOf(z *rules.ZoneView, judged, open bool) zoneState {
	p := &z.Persons
	s := zoneState{name: z.Name, limit: z.Limit, limited: z.HasLimit, verdict: z.Verdict, advice: z.Advice, near: z.Near, reason: p.Reason,
		known: p.Known, counted: p.Measured || p.Known, judged: judged, held: z.Held, open: open}
	if s.known {
		s.persons, s.error, s.low, s.high = tenths(p.Persons), tenths(p.Error), tenths(p.Low), tenths(p.High)
	}
	if !s.counted {
		s.reason = ""
		if s.advice != rules.AdviceStop {
			s.advice = ""
		}
	}
	return s
}

func (s zoneState) payload(site, zone string, at telemetry.Instant) []byte {
	p := zoneSignal{Site: site, Zone: zone, Name: s.name, At: instant(at), Counted: s.counted, Near: s.near, Reason: s.reason, Held: s.held, Closed: !s.open}
	if s.known {
		p.Persons, p.Error = new(number(s.persons)), new(number(s.error))
		p.Low, p.High = new(number(s.low)), new(number(s.high))
	}
	if s.judged {
		p.Verdict = &s.verdict
	}
	if s.advice != "" {
		p.Advice = &s.advice
	}
	if s.limited {
		p.Limit = new(number(s.limit))
	}
	return encode(&p)
}

// tenths rounds and makes NaN, which equals nothing and would be announced for ever, an infinity.
func tenths(f float64) float64 {
	if math.IsNaN(f) {
		return math.Inf(1)
	}
	return math.Round(f*10) / 10
}
