package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// deviceState is what is known about a device.
type deviceState struct {
	id    string
	index int // in the definition's order; channels with a place of their own come behind all devices

	// A channel that has a place of its own is a device too, under the id of the whole.
	channel string         // its name; empty: this is the whole device
	whole   *deviceState   // the device it belongs to; of a whole device itself
	parts   []*deviceState // the channels of a whole device that have a place of their own
	nowhere []string       // channels that have none
	apart   []Probe        // values that are not about the device's place

	seen     telemetry.Instant // newest event time; 0: never
	messages uint64
	known    uint64 // quantities it ever sent, as bits
	values   []lastValue
	counted  Evidence         // its newest count of people
	presents timeline[people] // people it saw present, where others see parts of the same zone; else the last
	totals   []*total
	doubt    telemetry.Instant // from when on they may still tell otherwise what passed; Never: they do not
	history  buckets           // what it counted
	turns    []turn            // ways it is mounted, as learned or configured anew
	bound    time.Duration     // how long it may be silent, as learned; 0: not known, or it promises an interval
	kept     []*series         // readings that rules look back at, by quantity
	blanks   []*series         // the same without one, of what it is known to measure and never said anything of
	watches  []*watch
	shown    shownOutages
	sums     []sums  // what it counted of vehicles, masks, uses; by quantity
	health   *health // nil: no rule asks how well it is
	pulse    *watch  // the watch that decides whether what it counts is known; nil: it promises no interval

	// From the configuration.
	mounting    facility.Mounting
	err         float64 // error bar of its measured values, in their unit
	rate        ppm     // of passages that it misses: as somebody accepted, else as configured
	configured  ppm
	presentErr  people     // the variance of an absolute count, people²
	unit        string     // which hardware it is, and where it hangs: totals of another are not compared with its own
	doorway     doorway    // what its door lets through
	zone        *zoneState // where it hangs, if in a zone
	door        *doorState
	task        *taskState
	effects     []effect
	canCount    bool // by its model; true while that is not known
	canSee      bool // by its model: the people present
	presentFlag bool // taken into its zone's absolute counters
	room        bool // what it counts as present are all people in its zone
	flowFlag    bool // taken into its zones' feeders

	cases        *caseBook           // of a thermometer that hangs at no door; nil: no rule asks
	offsets      facility.Offsets    // calibrations; the configuration's offset holds before the first
	accuracies   facility.Accuracies // that somebody accepted
	biases       facility.Biases     // likewise
	directions   []facility.Direction
	spreads      []spreadHour      // body temperatures of a whole device, its channels' among them
	credit       []*instance       // say whether they are credible; none: nobody does
	screen       *temperatureJudge // judges its body temperatures now; nil: nobody
	watchers     []readWatcher
	zoneWatchers bool              // its zone has watchers of readings
	since        telemetry.Instant // configured since then: what it counted before nobody knows
	summing      uint64            // quantities that expressions sum, as bits
	summers      []*instance       // they
	explainers   []*instance       // outages of what it hangs on
}

// counterID names a counter among those of a zone: two channels of one device are two counters.
func (d *deviceState) counterID() string {
	if d.channel == "" {
		return d.id
	}
	return d.id + "/" + d.channel
}

// lastValue is the newest reading of a quantity and channel.
type lastValue struct {
	quantity telemetry.Quantity
	channel  string
	value    float64
	at       telemetry.Instant
	sequence uint64
	record   uint64
}

func compareValues(a, b lastValue) int {
	return cmp.Or(cmp.Compare(a.quantity, b.quantity), strings.Compare(a.channel, b.channel))
}

// maskOf is a quantity as a bit.
func maskOf(q telemetry.Quantity) uint64 { return 1 << q }

// read keeps the newest value of a reading. fillOnly takes it only where there is none: a retained message is state, not
// news.
func (d *deviceState) read(r *telemetry.Reading, v lastValue, fillOnly bool) {
	for i := range d.values {
		old := &d.values[i]
		if old.quantity != v.quantity || old.channel != r.Channel {
			continue
		}
		// At one time, as clocks of a second give it, the one that came later is news.
		if !fillOnly && (v.at > old.at || v.at == old.at && v.record >= old.record) {
			v.channel = old.channel
			*old = v
		}
		return
	}
	v.channel = strings.Clone(r.Channel)
	i, _ := slices.BinarySearchFunc(d.values, v, compareValues)
	d.values = slices.Insert(d.values, i, v)
}

// silent reports whether the device had stopped reporting by t, so that its newest value says nothing.
func (d *deviceState) silent(t telemetry.Instant) bool {
	if d.pulse == nil {
		return false
	}
	last, _ := d.pulse.lastBefore(t)
	return last == 0 || t >= last.Add(d.pulse.bound)
}

// nextSilence is when the answer of silent changes.
func (d *deviceState) nextSilence(t telemetry.Instant) telemetry.Instant {
	if d.pulse == nil {
		return telemetry.Never
	}
	_, until := d.pulse.lastBefore(t)
	return until
}

// feeds reports whether the device counts people through the edges of its zones, or may: one that never spoke.
func (d *deviceState) feeds() bool { return d.flowFlag || d.messages == 0 && d.canCount }

// sees reports whether the device counts the people present in its zone, or promised to and never spoke.
func (d *deviceState) sees() bool { return d.presentFlag || d.messages == 0 && d.canSee }

// outages are the times in which the device was not heard, the present one included.
func (d *deviceState) outages(now telemetry.Instant) []outage {
	if d.pulse == nil {
		return nil
	}
	lossy := d.known&totalMask == 0
	out := make([]outage, 0, len(d.pulse.gaps)+1)
	for _, g := range d.pulse.gaps {
		long := g.to.Sub(g.from) > d.pulse.bound
		out = append(out, outage{gap: g, device: d, lossy: long && (lossy || g.unseen)})
	}
	switch due := d.pulse.due(); {
	case d.pulse.last == 0:
		out = append(out, outage{gap: gap{d.pulse.since, d.pulse.since, telemetry.Never, true}, device: d, lossy: true})
	case now >= due:
		out = append(out, outage{gap: gap{d.pulse.last, due, telemetry.Never, false}, device: d, lossy: lossy})
	}
	return out
}

// evidence appends the newest reading of a quantity (NoQuantity: of any) at or before t.
func (d *deviceState) evidence(t telemetry.Instant, q telemetry.Quantity, to []Evidence) []Evidence {
	first := len(to)
	for i := range d.values {
		v := &d.values[i]
		if v.at <= t && (q == telemetry.NoQuantity || v.quantity == q) {
			to = append(to, Evidence{Device: d.id, Quantity: v.quantity, At: v.at, Value: v.value, Sequence: v.sequence, Record: v.record})
		}
	}
	return newestEvidence(to, first)
}
