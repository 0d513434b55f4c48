package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Credibility finds thermometers whose readings are no evidence: those of the day, up to the last whole hour, and before there are
// enough of them those of the day before. One that reads too low, too high, otherwise than all other doors, or always the same, is
// breached and asks for calibration; rules about temperature and coverage then say unknown with the reason incredible. Subjects: the
// devices that are named, else all that measure body temperature. All values are corrected ones, the offset added.
type Credibility struct {
	// Readings is how many readings of a day are enough to judge, 10 to 10000. Default 30. They are those in the plausible window, 30 to
	// 43 Cel: what lies outside is for other rules.
	Readings int `yaml:"readings" json:"readings"`
	// MedianMin and MedianMax bound the median of a day, Cel. Default 35.8 and 37.3: of the 909 people without fever in face-oral-temp-data
	// 95 % have an oral temperature of 36.2 to 37.4, and the median is 36.9.
	MedianMin float64 `yaml:"median_min" json:"median_min"`
	MedianMax float64 `yaml:"median_max" json:"median_max"`
	// Low is the temperature below which nobody well is, Cel, and LowShare the share of such readings that is too large. Default 35.5
	// and 0.2.
	Low      float64 `yaml:"low" json:"low"`
	LowShare float64 `yaml:"low_share" json:"low_share"`
	// Spread is the least half-width of the middle half of a day's readings that living people have, Cel. Default 0.1: a device that
	// shows one number, or two, has none.
	Spread float64 `yaml:"spread" json:"spread"`
	// SameDegree is after how many readings of a day that all lie within nine tenths of a degree (always 36.x) the device is taken for
	// one that makes them up; 0: never. Default 300.
	SameDegree int `yaml:"same_degree" json:"same_degree"`
	// Apart is how far the median may lie from that of the medians of the other thermometers of the site, Cel, where there are two of
	// them at least. Default 0.6.
	Apart float64 `yaml:"apart" json:"apart"`
	// AmbientUnknown says what to make of a thermometer with an `ambient` window where nobody measures the air: accept (default), or
	// refuse what it reads. The air is what the device says itself, else what a sensor in a room at its door does, of the last half hour.
	AmbientUnknown string `yaml:"ambient_unknown" json:"ambient_unknown,omitempty"`
}

// Validate checks values.
func (p *Credibility) Validate() error {
	var c checks
	c.field(p.Readings >= 10 && p.Readings <= 10_000, "readings", "%d: want 10 to 10000", p.Readings)
	c.field(p.MedianMin >= 30 && p.MedianMin < p.MedianMax, "median_min", "%v: want Cel, 30 or more and below median_max", p.MedianMin)
	c.field(p.MedianMax <= 43, "median_max", "%v: want Cel, at most 43", p.MedianMax)
	c.field(p.Low >= 30 && p.Low <= 43, "low", "%v: want Cel, 30 to 43", p.Low)
	c.field(p.LowShare > 0 && p.LowShare <= 1, "low_share", "%v: want a share above 0, at most 1", p.LowShare)
	c.field(p.Spread >= 0 && p.Spread <= 2, "spread", "%v: want Cel, 0 to 2", p.Spread)
	c.field(p.SameDegree == 0 || p.SameDegree >= 50, "same_degree", "%d: want 50 or more, or 0", p.SameDegree)
	c.field(p.AmbientUnknown == "" || p.AmbientUnknown == acceptAmbient || p.AmbientUnknown == refuseAmbient, "ambient_unknown", "%q: want accept or refuse", p.AmbientUnknown)
	c.field(p.Apart > 0 && p.Apart <= 5, "apart", "%v: want Cel above 0, at most 5", p.Apart)
	return c.err()
}

var credibilityKind = kind{
	name:  "credibility",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Hold it against a reference thermometer, enter the pairs at the device, and clean the lens. Until then measure by hand.",
		"id": "Bandingkan dengan termometer acuan, catat pasangannya pada perangkat, dan bersihkan lensanya. Sementara itu ukur secara manual.",
	},
	params: func() Params {
		return &Credibility{Readings: 30, MedianMin: 35.8, MedianMax: 37.3, Low: 35.5, LowShare: 0.2, Spread: 0.1, SameDegree: 300, Apart: 0.6, AmbientUnknown: acceptAmbient}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(i int) bool { return p.thermometers[i] })
	},
	thermometer: temperatureKind.thermometer,
	judge: func(b *bench, s Subject) judge {
		d := b.device(s)
		j := &credibilityJudge{params: b.rule.Params.(*Credibility), plan: b.plan, engine: b.engine, device: d}
		if d != nil {
			j.window = b.plan.device(s.ID).Ambient
			b.climate(d, j.window)
			d.credit = b.joined(d.credit)
			b.trusts()
			b.engine.keepsSpread = true
		}
		return j
	},
}

// trusts asks for the judge to be asked when late readings say otherwise whether a thermometer is credible.
func (b *bench) trusts() {
	all := b.engine.spreadWatchers
	if n := len(all); n == 0 || all[n-1] != b.instance { // all eras of an instance are wired one behind the other
		b.engine.spreadWatchers = append(all, b.instance)
	}
}

type credibilityJudge struct {
	params *Credibility
	plan   *plan
	engine *Engine
	device *deviceState
	window *facility.Ambient
	memo   credited
}

// credited is the last answer, which holds as long as no reading of a past hour came.
type credited struct {
	hour  telemetry.Instant
	edits uint64
	f     finding
}

// What makes a thermometer incredible, as the constraint of its finding.
const (
	byMedian     = "median"      // too low, or too high
	byLowShare   = "low_share"   // too many are colder than anybody is
	bySpread     = "spread"      // always the same
	bySameDegree = "same_degree" // always 36.x
	byOthers     = "others"      // otherwise than the other doors
)

func (j *credibilityJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	hour := t - t%telemetry.Instant(time.Hour)
	until := hour.Add(time.Hour)
	if j.memo.hour != hour || j.memo.edits != j.engine.spreadEdits || hour == 0 {
		j.memo = credited{hour, j.engine.spreadEdits, j.find(hour)}
	}
	f := j.memo.f
	if f.reason == ReasonPending && j.device.messages == 0 {
		f.reason = ReasonNoData
	}
	return j.inAir(t, f, until)
}

// find judges by what was read before the beginning of an hour.
func (j *credibilityJudge) find(hour telemetry.Instant) finding {
	p := j.params
	today := j.plan.midnight(j.plan.date(hour - 1))
	from, to := today, hour
	s := j.device.spreadOf(from, to)
	if s.n < p.Readings {
		from, to = j.plan.midnight(j.plan.date(today-1)), today
		if s = j.device.spreadOf(from, to); s.n < p.Readings {
			return unknown(ReasonPending, "")
		}
	}
	f := finding{verdict: Within, hasValue: true, hasLimit: true, unit: "Cel", value: s.quantile(0.5), constraint: byMedian, limit: p.MedianMax}
	f.inputs = []Input{
		{Name: InputReadingsOfDay, Value: float64(s.n), Unit: "1"}, {Name: InputMedian, Value: s.quantile(0.5), Unit: "Cel"}, {Name: InputSpread, Value: s.spread(), Unit: "Cel"},
		{Name: InputLowShare, Value: hundredths(100 * s.below(p.Low)), Unit: "%"},
	}
	breach := func(by string, value, limit float64, unit string) finding {
		f.verdict, f.constraint, f.value, f.limit, f.unit = Breached, by, value, limit, unit
		return f
	}
	others, n := j.others(from, to)
	if n >= 2 {
		f.inputs = append(f.inputs, Input{Name: InputOthers, Value: others, Unit: "Cel"})
	}
	median := s.quantile(0.5)
	switch {
	case median > p.MedianMax:
		return breach(byMedian, median, p.MedianMax, "Cel")
	case median < p.MedianMin:
		return breach(byMedian, median, p.MedianMin, "Cel")
	case s.below(p.Low) > p.LowShare:
		return breach(byLowShare, hundredths(100*s.below(p.Low)), 100*p.LowShare, "%")
	case s.spread() < p.Spread:
		return breach(bySpread, s.spread(), p.Spread, "Cel")
	case p.SameDegree > 0 && s.n >= p.SameDegree && s.sameDegree():
		return breach(bySameDegree, float64(s.n), float64(p.SameDegree), "1")
	case n >= 2 && math.Abs(median-others) > p.Apart:
		return breach(byOthers, hundredths(math.Abs(median-others)), p.Apart, "Cel")
	}
	return f
}

// others is the median of the medians of the other thermometers with enough readings, and how many these are.
func (j *credibilityJudge) others(from, to telemetry.Instant) (median float64, n int) {
	all := j.engine.mediansOf(from, to, j.params.Readings)
	own := slices.IndexFunc(all, func(m deviceMedian) bool { return m.device == j.device })
	n = len(all)
	if own >= 0 {
		n--
	}
	if n == 0 {
		return 0, 0
	}
	other := func(k int) float64 { // the k-th of them
		if own >= 0 && k >= own {
			k++
		}
		return all[k].median
	}
	if n%2 == 0 {
		return hundredths((other(n/2-1) + other(n/2)) / 2), n
	}
	return other(n / 2), n
}

// deviceMedian is the median of a thermometer's readings in some time.
type deviceMedian struct {
	device *deviceState
	median float64
}

// medianPeriod is a time of which the medians of all thermometers with enough readings are known.
type medianPeriod struct {
	from, to telemetry.Instant
	enough   int
}

// mostMedians bounds the medians that are remembered: 16 MB of them.
const mostMedians = 1 << 20

// medians are those of all thermometers in the times that were asked about: a late reading makes each of them look at all hours since.
type medians struct {
	of map[medianPeriod][]deviceMedian // by median, then device
	n  int
}

// forget drops what rests on the readings of an hour that begins at a time.
func (m *medians) forget(hour telemetry.Instant) {
	for p, all := range m.of {
		if p.from <= hour && hour < p.to {
			m.n -= len(all)
			delete(m.of, p)
		}
	}
}

// mediansOf finds the medians of all thermometers with enough readings in a time.
func (e *Engine) mediansOf(from, to telemetry.Instant, enough int) []deviceMedian {
	p := medianPeriod{from, to, enough}
	all, known := e.medians.of[p]
	if known {
		return all
	}
	for d := range e.everyDevice() {
		if d.whole != d || len(d.spreads) == 0 {
			continue
		}
		if s := d.spreadOf(from, to); s.n >= enough {
			all = append(all, deviceMedian{d, s.quantile(0.5)})
		}
	}
	slices.SortFunc(all, func(a, b deviceMedian) int {
		return cmp.Or(cmp.Compare(a.median, b.median), a.device.index-b.device.index)
	})
	if e.medians.of == nil || e.medians.n+len(all) > mostMedians || len(e.medians.of) >= mostMedians/1024 {
		e.medians = medians{of: make(map[medianPeriod][]deviceMedian)}
	}
	e.medians.of[p] = all
	e.medians.n += len(all)
	return all
}

func (j *credibilityJudge) show(_ telemetry.Instant, x *Explanation) {
	switch {
	case x.Constraint == bySpread, x.Constraint == byAmbientLow, x.Constraint == byMedian && x.Limit == j.params.MedianMin:
		x.Bound = AtLeast
	}
}

func (j *credibilityJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	return newestEvidence(j.device.evidence(t, telemetry.BodyTemperature, to), first)
}

// incredible reports whether some rule in force finds that a thermometer's readings at t are no evidence, and whether they are too high,
// so that who is too warm by it need not be; until is when that may change.
func (d *deviceState) incredible(t telemetry.Instant) (incredible, high bool, until telemetry.Instant) {
	until = telemetry.Never
	for _, i := range d.whole.credit {
		era, next := i.eraAt(t)
		if t < era.from {
			until = min(until, era.from) // the first era of a rule says nothing of the time before it
			continue
		}
		f, next := era.ask(t, Within, next)
		until = min(until, next)
		if f.verdict == Breached || f.reason == ReasonIncredible {
			incredible, high = true, high || f.constraint == byMedian && f.value > f.limit
		}
	}
	return incredible, high, until
}

// spreadHour is what a thermometer read in an hour, by tenths of a degree.
type spreadHour struct {
	hour  int64 // since 1970
	tenth uint16
	n     uint32
}

// The tenths that are counted: the plausible window.
const leastTenth, mostTenth = 300, 430

// noteSpread counts a body temperature of a thermometer; what comes for an hour that is over changes what is known of it.
func (e *Engine) noteSpread(d *deviceState, v float64, at telemetry.Instant) {
	tenth := math.Round(v * 10)
	if !e.keepsSpread || tenth < leastTenth || tenth > mostTenth {
		return
	}
	x := spreadHour{int64(at) / int64(time.Hour), uint16(tenth), 1}
	w := d.whole
	i, found := slices.BinarySearchFunc(w.spreads, x, compareSpreads)
	if found {
		w.spreads[i].n++
	} else {
		w.spreads = slices.Insert(w.spreads, i, x)
	}
	if border := telemetry.Instant((x.hour + 1) * int64(time.Hour)); border <= e.clock {
		e.spreadEdits++
		e.medians.forget(telemetry.Instant(x.hour * int64(time.Hour)))
		for _, i := range e.spreadWatchers {
			e.ask(i, border)
		}
	}
}

func compareSpreads(a, b spreadHour) int {
	if a.hour != b.hour {
		return int(a.hour - b.hour)
	}
	return int(a.tenth) - int(b.tenth)
}

// forgetSpreads drops what lies before the time.
func (d *deviceState) forgetSpreads(before telemetry.Instant) {
	n := 0
	for n < len(d.spreads) && d.spreads[n].hour < int64(before)/int64(time.Hour) {
		n++
	}
	d.spreads = slices.Delete(d.spreads, 0, n)
}

// distribution are readings by tenths of a degree.
type distribution struct {
	by [mostTenth - leastTenth + 1]int
	n  int
}

// spreadOf is what a thermometer read in the hours that begin in [from, to).
func (d *deviceState) spreadOf(from, to telemetry.Instant) (s distribution) {
	border := telemetry.Instant(time.Hour - 1)
	first := spreadHour{hour: int64(from+border) / int64(time.Hour)}
	i, _ := slices.BinarySearchFunc(d.spreads, first, compareSpreads)
	for ; i < len(d.spreads) && telemetry.Instant(d.spreads[i].hour*int64(time.Hour)) < to; i++ {
		s.by[d.spreads[i].tenth-leastTenth] += int(d.spreads[i].n)
		s.n += int(d.spreads[i].n)
	}
	return s
}

// quantile is the reading below which a share lies, to the tenth.
func (s *distribution) quantile(q float64) float64 {
	want, seen := int(math.Ceil(q*float64(s.n))), 0
	for i, n := range s.by {
		if seen += n; seen >= max(1, want) {
			return float64(leastTenth+i) / 10
		}
	}
	return 0
}

// spread is half the width of the middle half.
func (s *distribution) spread() float64 { return hundredths((s.quantile(0.75) - s.quantile(0.25)) / 2) }

// below is the share of readings below a temperature.
func (s *distribution) below(v float64) float64 {
	n := 0
	for i := range s.by {
		if float64(leastTenth+i)/10 < v {
			n += s.by[i]
		}
	}
	return float64(n) / float64(max(1, s.n))
}

// sameDegree reports whether all readings lie within nine tenths of a degree.
func (s *distribution) sameDegree() bool {
	first := slices.IndexFunc(s.by[:], func(n int) bool { return n > 0 })
	last := len(s.by) - 1
	for last > first && s.by[last] == 0 {
		last--
	}
	return last-first < 10
}
