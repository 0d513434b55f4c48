package rules

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Outage finds what many devices hang on and fall silent with: a switch, a radio gateway, a bridge (parent of a device). Where it is
// silent itself and a device behind it is, or those behind it fell silent together, one alert names it and counts them; the
// silence of each of them is then explained, and asks nobody. Their verdicts stay what they are: unknown where nobody knows.
// Subjects: the parents that are named, else all that have devices behind them which promise an interval.
type Outage struct {
	// Factor times its interval is how long a device may be silent, as in a silence rule. Default 3.
	Factor float64 `yaml:"factor" json:"factor"`
	// Devices is how many must have fallen silent together, 2 to 10000. Default 3. Where fewer hang on a parent: all of them, two at
	// least.
	Devices int `yaml:"devices" json:"devices"`
	// Share is how many of those that spoke until then must have, 0.5 to 1. Default 0.9. Devices that report so seldom that they
	// could not have been heard since do not count.
	Share float64 `yaml:"share" json:"share"`
}

// Validate checks values.
func (p *Outage) Validate() error {
	var c checks
	c.field(p.Factor >= 1 && p.Factor <= 1000, "factor", "%v: want 1 to 1000", p.Factor)
	c.field(p.Devices >= 2 && p.Devices <= 10_000, "devices", "%d: want devices, 2 to 10000", p.Devices)
	c.field(p.Share >= 0.5 && p.Share <= 1, "share", "%v: want a share, 0.5 to 1", p.Share)
	return c.err()
}

var outageKind = kind{
	name:  "outage",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Check power and network of what these devices hang on, before you look at each of them.",
		"id": "Periksa daya dan jaringan alat induknya dahulu, sebelum memeriksa perangkatnya satu per satu.",
	},
	params: func() Params { return &Outage{Factor: 3, Devices: 3, Share: 0.9} },
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		for _, s := range p.parents() {
			if r.names(s.ID) || len(r.Subjects) == 0 {
				out = append(out, s)
			}
		}
		return out
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Outage)
		j := &outageJudge{engine: b.engine, plan: b.plan, params: p, id: s.ID}
		if b.engine.outages == nil {
			b.engine.outages = make(map[string][]*instance)
		}
		b.engine.outages[s.ID] = b.joined(b.engine.outages[s.ID])
		behind := func(i int) *behind {
			def := &b.plan.def.Site.Devices[i]
			d := b.engine.deviceByID[def.ID]
			bound := time.Duration(p.Factor * float64(def.Interval))
			if d == nil || bound <= 0 {
				return nil
			}
			w := b.engine.watchFor(d, bound, 0)
			w.watchers = b.joined(w.watchers)
			d.explainers = b.joined(d.explainers)
			return &behind{device: d, watch: w, interval: def.Interval}
		}
		shared := make(map[string]bool)
		for _, p := range b.plan.parents() {
			shared[p.ID] = true
		}
		branches := make(map[string]int)
		for i := range b.plan.def.Site.Devices {
			if branch, ok := b.plan.branch(&b.plan.def.Site.Devices[i], s.ID); ok {
				if k := behind(i); k != nil {
					at, known := branches[branch]
					if !known {
						at = len(branches)
						branches[branch] = at
						j.shared = append(j.shared, shared[branch])
					}
					k.branch, k.class = at, j.classOf(k)
					j.kids = append(j.kids, k)
				}
			}
		}
		if i, ok := find(b.plan.def.Site.Devices, b.plan.deviceAt, s.ID, deviceID); ok {
			j.self = behind(i)
		}
		j.sorted = slices.IsSortedFunc(j.kids, byDevice)
		return j
	},
}

// parentOf is what a device or uplink hangs on; empty: nothing that is known.
func (p *plan) parentOf(id string) string {
	if i, ok := find(p.def.Site.Devices, p.deviceAt, id, deviceID); ok {
		return p.def.Site.Devices[i].Parent
	}
	for i := range p.def.Site.Uplinks {
		if p.def.Site.Uplinks[i].ID == id {
			return p.def.Site.Uplinks[i].Parent
		}
	}
	return ""
}

// branch reports whether a device hangs on a parent, over whatever lies between, and gives the part that hangs on it directly: the
// device itself, or what it hangs on.
func (p *plan) branch(d *facility.Device, parent string) (string, bool) {
	at := d.ID
	for up, steps := d.Parent, 0; up != "" && steps <= len(p.def.Site.Devices)+len(p.def.Site.Uplinks); up, steps = p.parentOf(up), steps+1 {
		if up == parent {
			return at, true
		}
		at = up
	}
	return "", false
}

// parents are what devices that promise an interval hang on: devices first, each in the order of the definition.
func (p *plan) parents() []Subject {
	used := make(map[string]bool)
	for i := range p.def.Site.Devices {
		d := &p.def.Site.Devices[i]
		if d.Interval <= 0 {
			continue
		}
		for up := d.Parent; up != "" && !used[up]; up = p.parentOf(up) {
			used[up] = true
		}
	}
	var all []Subject
	for i := range p.def.Site.Devices {
		if id := p.def.Site.Devices[i].ID; used[id] {
			all = append(all, Subject{SubjectDevice, id})
		}
	}
	for i := range p.def.Site.Uplinks {
		if id := p.def.Site.Uplinks[i].ID; used[id] {
			all = append(all, Subject{SubjectUplink, id})
		}
	}
	return all
}

// behind is a device that hangs on a parent, or the parent itself.
type behind struct {
	device   *deviceState
	watch    *watch
	interval time.Duration
	branch   int // the part that hangs on the parent directly, of which there may be several
	class    int // of those that promise the same
	post         // on the board of the present
}

type outageJudge struct {
	engine *Engine
	plan   *plan
	params *Outage
	id     string
	self   *behind // the parent, where it is a device that promises an interval
	kids   []*behind
	sorted bool   // they are in the order of the engine's devices
	shared []bool // by branch: others hang on that part
	// classes are the intervals that are promised, and how long may pass: a building has a few.
	classes []outageClass
	memo    outageLook
	at      telemetry.Instant // of the memo
	round   uint64
	board   outageBoard // of the present
	kin     kinTold
	// Of the look that is being made.
	states []kidState
	tally  []outageTally
	bounds []time.Duration
}

// outageClass is what some of the devices behind a parent have in common.
type outageClass struct {
	interval, bound time.Duration
}

// classOf finds the class of a device, making it if it is new.
func (j *outageJudge) classOf(k *behind) int {
	c := outageClass{k.interval, k.watch.bound}
	if i := slices.Index(j.classes, c); i >= 0 {
		return i
	}
	j.classes = append(j.classes, c)
	return len(j.classes) - 1
}

// kidState is since when a device behind the parent was not heard, and whether that is too long.
type kidState struct {
	last   telemetry.Instant
	silent bool
}

// outageTally counts devices of one class at one time, about the newest sign of all that are silent.
type outageTally struct {
	outageClass
	silent int               // fell silent together
	branch int               // on which the last of them hangs
	mixed  bool              // and others on others
	spoke  int               // were silent as well, and are back
	back   telemetry.Instant // the first of these; Never: there are none
	rest   int               // speak, as far as is known
}

// outageLook is what the judge sees at one time.
type outageLook struct {
	verdict Verdict
	pending bool // it may be one: some are silent, and of others it is not known yet
	deaf    bool
	silent  int               // fell silent together
	spoke   int               // and spoke since
	least   int               // so many silent ones are an outage
	heard   int               // devices behind it that ever spoke
	last    telemetry.Instant // the newest sign of those that fell silent
	slow    time.Duration     // the longest interval of those
	until   telemetry.Instant
}

// state is since when a device was not heard at t; silent: for too long.
func (k *behind) state(t telemetry.Instant, deaf *deafness) (last telemetry.Instant, silent bool, until telemetry.Instant) {
	last, until = k.watch.lastBefore(t)
	if last == 0 {
		return 0, false, until
	}
	if last == t && until == k.watch.last && t < k.watch.last {
		// It spoke again and again until then: what is new is when it falls silent after that.
		if until = deaf.due(k.watch.last, k.watch.bound, k.interval); until > *k.watch.clock && until == k.watch.due() {
			until = telemetry.Never
		}
		return last, false, until
	}
	due := deaf.due(last, k.watch.bound, k.interval)
	if due > t && due != k.watch.due() {
		until = min(until, due)
	}
	return last, t >= due, until
}

// look looks at all devices behind the parent. What it says of a time rests on who was silent then, and since when: who spoke is
// known of the past only by not having been silent.
func (j *outageJudge) look(t telemetry.Instant) *outageLook {
	if j.at == t && j.round == j.engine.round && j.round != 0 {
		return &j.memo
	}
	j.memo, j.at, j.round = j.see(t), t, j.engine.round
	return &j.memo
}

// see looks at the present on the board, which is kept; at the past by asking all devices.
func (j *outageJudge) see(t telemetry.Instant) outageLook {
	if t == j.engine.clock && j.boarded() {
		if l, ok := j.glance(t); ok {
			if looked != nil {
				looked(j, t, l)
			}
			return l
		}
	}
	l := j.scan(t)
	if looked != nil {
		looked(j, t, l)
	}
	return l
}

// looked is told of every look: tests compare them with a simple one.
var looked func(j *outageJudge, t telemetry.Instant, l outageLook)

// scan asks all devices behind the parent.
func (j *outageJudge) scan(t telemetry.Instant) (l outageLook) {
	deafness := &j.engine.deafness
	l.deaf, l.until = deafness.at(t)
	if l.deaf {
		return l
	}
	j.states = resized(j.states, len(j.kids))
	for i, k := range j.kids {
		last, silent, next := k.state(t, deafness)
		j.states[i] = kidState{last, silent}
		l.until = min(l.until, next)
		if last == 0 {
			continue
		}
		l.heard++
		if silent && last > l.last {
			l.last = last
		}
	}
	if l.last == 0 {
		return l
	}
	j.tally = j.tally[:0]
	for _, c := range j.classes {
		j.tally = append(j.tally, outageTally{outageClass: c, back: telemetry.Never})
	}
	for i, k := range j.kids {
		s, c := &j.states[i], &j.tally[k.class]
		switch {
		case s.last == 0 || s.silent && !k.together(s.last, l.last):
		case s.silent:
			c.mixed = c.mixed || c.silent > 0 && c.branch != k.branch
			c.silent, c.branch = c.silent+1, k.branch
		default:
			c.heard(k.returned(l.last, t))
		}
	}
	return j.decide(t, l)
}

// heard counts a device that is not silent: it came back at a time, or was not away (0).
func (c *outageTally) heard(back telemetry.Instant) {
	if back == 0 {
		c.rest++
		return
	}
	c.spoke, c.back = c.spoke+1, min(c.back, back)
}

// decide weighs what was counted.
func (j *outageJudge) decide(t telemetry.Instant, l outageLook) outageLook {
	bounds := j.bounds[:0]
	for i := range j.tally {
		if c := &j.tally[i]; c.silent > 0 {
			l.silent += c.silent
			l.slow = max(l.slow, c.interval)
			if !slices.Contains(bounds, c.bound) {
				bounds = append(bounds, c.bound)
			}
		}
	}
	j.bounds = bounds
	// What those that speak often prove is not undone by a slow one that has fallen silent too, while of another it is not known yet.
	slices.Sort(bounds)
	best := l
	for _, slowest := range bounds {
		best = j.weigh(t, l, slowest)
		best.silent, best.until = l.silent, min(l.until, best.until)
		if l.until = best.until; best.verdict == Breached {
			break
		}
	}
	return best
}

// weigh looks at those of the silent ones that may be silent no longer than slowest.
func (j *outageJudge) weigh(t telemetry.Instant, l outageLook, slowest time.Duration) outageLook {
	branch, alone := -1, true
	l.silent = 0
	for i := range j.tally {
		if c := &j.tally[i]; c.silent > 0 && c.bound <= slowest {
			l.silent += c.silent
			alone = alone && !c.mixed && (branch < 0 || branch == c.branch)
			branch = c.branch
		}
	}
	// Those that speak as often as the ones that fell silent, or nearly so, must be known to have spoken since: for one more interval.
	open := 0
	tell := func(interval, bound time.Duration) (spoke, unsure bool) {
		switch known := l.last.Add(interval + bound); {
		case t >= known:
			return true, false
		case bound > 2*slowest: // until it is known nothing waits for it
			l.until = min(l.until, known)
			return false, false
		default:
			l.until = min(l.until, known)
			return false, true
		}
	}
	back := telemetry.Never // the first of them speaks again
	for i := range j.tally {
		c := &j.tally[i]
		back = min(back, c.back)
		l.spoke += c.spoke
		if c.rest == 0 {
			continue
		}
		spoke, unsure := tell(c.interval, c.bound)
		if spoke {
			l.spoke += c.rest
		}
		if unsure {
			open += c.rest
		}
	}
	l.least = max(min(j.params.Devices, max(2, l.heard)), int(math.Ceil(j.params.Share*float64(l.silent+l.spoke))))
	selfSilent := false
	if j.self != nil {
		last, silent, next := j.self.state(t, &j.engine.deafness)
		l.until = min(l.until, next)
		if selfSilent = silent; !silent && last != 0 {
			switch spoke, unsure := tell(j.self.interval, j.self.watch.bound); {
			case spoke:
				return l // it is there, and what is wrong lies behind it
			case unsure:
				open++
			}
		}
	}
	// Where the first is back the others have their interval to follow.
	if grace := back.Add(l.slow + l.slow/2); back != telemetry.Never && t < grace {
		l.until, l.pending = min(l.until, grace), true
		return l
	}
	switch {
	case alone && j.shared[branch]:
		return l // one of several branches: that is to be named
	case selfSilent:
		l.verdict = Breached
	case open > 0:
		l.pending = l.silent+open >= l.least && float64(l.silent) >= float64(j.params.Share*float64(l.silent+l.spoke))
	case l.silent >= l.least:
		l.verdict = Breached
	}
	return l
}

// together reports whether a device that was last heard at a time may have fallen silent when another was last heard.
func (k *behind) together(last, when telemetry.Instant) bool {
	return last > 0 && when.Sub(last) <= k.interval+k.interval/2
}

// returned is when a device that speaks at t spoke again after it had fallen silent when another was last heard; 0: it had not.
func (k *behind) returned(when, t telemetry.Instant) telemetry.Instant {
	for i := range k.watch.gaps {
		if g := &k.watch.gaps[i]; !g.unseen && g.to <= t && g.to > when && g.from.Sub(when).Abs() <= k.interval+k.interval/2 {
			return g.to
		}
	}
	return 0
}

func (j *outageJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	l := j.look(t)
	f := finding{verdict: l.verdict, hasValue: true, value: float64(l.silent), unit: "1", constraint: "outage"}
	if l.least > 0 {
		f.limit, f.hasLimit = float64(l.least), true
	}
	switch {
	case l.deaf:
		return unknown(ReasonUnlistened, ""), l.until
	case l.heard == 0:
		return unknown(ReasonPending, ""), l.until
	case l.pending:
		f.verdict, f.reason = Unknown, ReasonPending
	case l.verdict == Breached:
		if up, next, ok := j.engine.explained(j.plan, j.plan.parentOf(j.id), t); ok {
			f.reason, f.detail = ReasonParent, up
			return f, min(l.until, next)
		}
	}
	return f, l.until
}

// explained finds the parent, from one on upwards, whose outage explains what lies behind it; until is when that may change.
func (e *Engine) explained(p *plan, from string, t telemetry.Instant) (parent string, until telemetry.Instant, ok bool) {
	until = telemetry.Never
	for up, steps := from, 0; up != "" && steps <= len(p.def.Site.Devices)+len(p.def.Site.Uplinks); up, steps = p.parentOf(up), steps+1 {
		for _, i := range e.outages[up] {
			era, next := i.eraAt(t)
			until = min(until, next)
			if j, is := era.judge.(*outageJudge); is && t >= era.from {
				l := j.look(t)
				until = min(until, j.tells(l))
				if l.verdict == Breached {
					return up, until, true
				}
			}
		}
	}
	return "", until, false
}

// explains finds the outage that explains why a device was last heard at a time; until is when that may change.
func (d *deviceState) explains(t, last telemetry.Instant) (parent string, until telemetry.Instant, ok bool) {
	until = telemetry.Never
	for _, i := range d.explainers {
		era, next := i.eraAt(t)
		until = min(until, next)
		j, is := era.judge.(*outageJudge)
		if !is || t < era.from {
			continue
		}
		l := j.look(t)
		until = min(until, j.tells(l))
		if (l.verdict == Breached || l.pending) && j.covers(d, last, l) && !ok {
			parent, ok = j.id, true
		}
	}
	return parent, until, ok
}

// tells is when what was seen may explain a silence otherwise, up to the clock. What is still to come the outage tells by itself: of a
// thousand that fell silent together none need ask.
func (j *outageJudge) tells(l *outageLook) telemetry.Instant {
	if l.until > j.engine.clock {
		return telemetry.Never
	}
	return l.until
}

// covers reports whether a silent device is one of those that fell silent together, or the parent itself.
func (j *outageJudge) covers(d *deviceState, last telemetry.Instant, l *outageLook) bool {
	if j.self != nil && j.self.device == d {
		return l.verdict == Breached
	}
	k := j.kid(d)
	return k != nil && k.together(last, l.last)
}

// kid finds a device behind the parent; nil: it does not hang on it. Of a thousand that fall silent together each is asked about, when
// each of the others does.
func (j *outageJudge) kid(d *deviceState) *behind {
	if !j.sorted { // the judge of a definition that ended, with its devices in another order
		for _, k := range j.kids {
			if k.device == d {
				return k
			}
		}
		return nil
	}
	if i, ok := slices.BinarySearchFunc(j.kids, d, func(k *behind, d *deviceState) int { return k.device.index - d.index }); ok && j.kids[i].device == d {
		return j.kids[i]
	}
	return nil
}

func byDevice(a, b *behind) int { return a.device.index - b.device.index }

func (j *outageJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	l := j.look(t)
	for _, k := range j.kids {
		if last, silent, _ := k.state(t, &j.engine.deafness); silent && k.together(last, l.last) {
			to = k.device.evidence(t, telemetry.NoQuantity, to)
		}
	}
	return newestEvidence(to, first)
}

func (j *outageJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = Below
	if !x.HasValue {
		return
	}
	l := j.look(t)
	x.Inputs = append(x.Inputs, Input{Name: InputBehind, Value: float64(l.heard), Unit: "1"})
	if l.silent > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputFellSilent, Value: minutes(t.Sub(l.last)), Unit: "min"})
	}
}
