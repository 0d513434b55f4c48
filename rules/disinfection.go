package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Disinfection asks that a task is done in time: before the day's first opening, after its last closing, and every so
// often in between. Subjects: the tasks that are named, else all.
//
// A task with items is done when each item was; a log that names no item stands for all of them. Done too early (before
// the window) counts for nothing; done too late ends the breach, which stays in the history. A window that passes without
// the task is missed, until the next window of its kind begins or the task is done after all.
type Disinfection struct {
	// BeforeOpening is how long before the first opening of the day the task may be done at the earliest; it must be
	// done by the opening. 0 (default): not asked.
	BeforeOpening time.Duration `yaml:"before_opening" json:"before_opening"`
	// AfterClosing is how long after the last closing of the day the task must be done at the latest. 0 (default): not asked.
	AfterClosing time.Duration `yaml:"after_closing" json:"after_closing"`
	// Every is the longest time between two while the site is open, counted from the opening at the earliest. Default 4h
	// (KMK 328/2020, SE 335/2020); 0: not asked.
	Every time.Duration `yaml:"every" json:"every"`
	// Grace is added to each of these before the task is overdue. Default 0.
	Grace time.Duration `yaml:"grace" json:"grace"`
	// Press restricts which kinds of press of a button at the task mean done (single, double, long, …); empty
	// (default): any.
	Press []string `yaml:"press" json:"press"`
}

// Validate checks values.
func (p *Disinfection) Validate() error {
	var c checks
	const day = 24 * time.Hour
	c.field(p.BeforeOpening >= 0 && p.BeforeOpening <= day, "before_opening", "%v: want a duration, 0 to 24h", p.BeforeOpening)
	c.field(p.AfterClosing >= 0 && p.AfterClosing <= day, "after_closing", "%v: want a duration, 0 to 24h", p.AfterClosing)
	c.field(p.Every == 0 || p.Every >= time.Minute, "every", "%v: want a duration of at least 1m, or 0", p.Every)
	c.field(p.Grace >= 0 && p.Grace <= day, "grace", "%v: want a duration, 0 to 24h", p.Grace)
	c.field(p.BeforeOpening > 0 || p.AfterClosing > 0 || p.Every > 0, "every", "0: want at least one of before_opening, after_closing and every")
	for _, k := range p.Press {
		c.field(k != "", "press", "an empty kind of press: want single, double, long or the like")
	}
	return c.err()
}

// The constraints of a task.
const (
	beforeOpening = "before_opening"
	afterClosing  = "after_closing"
	every         = "every"
)

var disinfectionKind = kind{
	name:  "disinfection",
	class: ClassOverdue,
	advice: map[string]string{
		"en": "Do the task now and log it.",
		"id": "Lakukan tugas ini sekarang dan catat.",
	},
	params: func() Params { return &Disinfection{Every: 4 * time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		for i := range p.def.Site.Tasks {
			if id := p.def.Site.Tasks[i].ID; len(r.Subjects) == 0 || r.names(id) {
				out = append(out, Subject{SubjectTask, id})
			}
		}
		return out
	},
	judge: func(b *bench, s Subject) judge {
		return &disinfectionJudge{params: b.rule.Params.(*Disinfection), plan: b.plan, task: b.task(s), items: b.plan.task(s.ID).Items}
	},
}

type disinfectionJudge struct {
	params *Disinfection
	plan   *plan
	task   *taskState
	items  []string
}

// duty is one of the three demands at one moment.
type duty struct {
	constraint string
	verdict    Verdict
	reason     Reason
	due        telemetry.Instant // when it is (or was) to be done at the latest, grace included
	allowed    time.Duration
	from       telemetry.Instant // work from here on counts for it
}

func (j *disinfectionJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	duties, until := j.duties(t)
	until = min(until, j.task.next(t))
	if len(duties) == 0 {
		r := ReasonClosed
		if j.task.lastDone(t) == 0 {
			r = ReasonNoData
		}
		return unknown(r, ""), until
	}
	worst := duties[0]
	for _, d := range duties[1:] {
		if worse(d.verdict, worst.verdict) || d.verdict == worst.verdict && d.due < worst.due {
			worst = d
		}
	}
	f := finding{verdict: worst.verdict, reason: worst.reason, hasLimit: true, limit: minutes(worst.allowed), unit: "min", constraint: worst.constraint, detail: j.missing(worst, t)}
	if done := j.done(0, t); done != 0 {
		f.value, f.hasValue = minutes(t.Sub(done)), true
	}
	return f, until
}

// duties are the demands that apply at t, and when that changes next.
func (j *disinfectionJudge) duties(t telemetry.Instant) ([]duty, telemetry.Instant) {
	p := j.params
	var all []duty
	until := telemetry.Never
	turn := func(at telemetry.Instant) telemetry.Instant {
		if at > t {
			until = min(until, at)
		}
		return at
	}
	days := j.plan.serviceDays(t)
	// demand adds a duty that must be done in [from, due] and stands until end.
	demand := func(name string, allowed time.Duration, from, due, end telemetry.Instant) {
		due = due.Add(p.Grace)
		if turn(from) > t || turn(end) <= t || from < j.task.since && (due < j.task.since || j.done(from, t) == 0) { // what was done is done; else it is not judged
			return
		}
		turn(due)
		d := duty{constraint: name, verdict: Within, due: due, allowed: allowed, from: from}
		switch {
		case j.done(from, t) != 0:
		case t < due:
			d.reason = ReasonPending
		case days.now.holds(t) == (name == beforeOpening):
			d.verdict, d.reason = Breached, ReasonOverdue
		default:
			d.verdict, d.reason = Breached, ReasonMissed
		}
		all = append(all, d)
	}
	for _, day := range days.all() {
		if !day.ok {
			continue
		}
		next := days.after(day)
		if b := p.BeforeOpening; b > 0 {
			end := telemetry.Never
			if next.ok {
				end = next.open.Add(-b)
			}
			demand(beforeOpening, b, day.open.Add(-b), day.open, end)
		}
		if a := p.AfterClosing; a > 0 {
			end := telemetry.Never
			if next.ok {
				end = next.close
			}
			demand(afterClosing, a, day.close, day.close.Add(a), end)
		}
		turn(day.open)
		turn(day.close)
	}
	if now := days.now; p.Every > 0 && now.holds(t) {
		from := max(now.open, j.done(0, t), j.task.since)
		due := turn(from.Add(p.Every + p.Grace))
		d := duty{constraint: every, verdict: Within, due: due, allowed: p.Every, from: t.Add(1 - p.Every - p.Grace)}
		if t >= due {
			d.verdict, d.reason = Breached, ReasonOverdue
		} else if j.done(0, t) == 0 {
			d.reason = ReasonPending
		}
		all = append(all, d)
	}
	return all, until
}

// done is when the whole task was last completed by work in [from, to]; 0: it was not.
func (j *disinfectionJudge) done(from, to telemetry.Instant) telemetry.Instant {
	if len(j.items) == 0 {
		return j.doneItem("", from, to)
	}
	complete := telemetry.Never
	for _, item := range j.items {
		complete = min(complete, j.doneItem(item, from, to))
	}
	return complete
}

// doneItem is when an item ("" for a task without) was last treated in [from, to].
func (j *disinfectionJudge) doneItem(item string, from, to telemetry.Instant) telemetry.Instant {
	for _, d := range slices.Backward(j.task.done) {
		if d.at > to {
			continue
		}
		if d.at < from {
			break
		}
		if d.item != "" && d.item != item && len(j.items) > 0 {
			continue
		}
		if d.press != "" && len(j.params.Press) > 0 && !slices.Contains(j.params.Press, d.press) {
			continue
		}
		return d.at
	}
	return 0
}

// missing names the items that a duty still lacks, in their order; empty: none, or a task without items.
func (j *disinfectionJudge) missing(d duty, t telemetry.Instant) string {
	var left []string
	for _, item := range j.items {
		if d.constraint == every && d.verdict == Within {
			break
		}
		if j.doneItem(item, d.from, t) == 0 {
			left = append(left, item)
		}
	}
	return strings.Join(left, ", ")
}

// due is when the task must be done next at the latest, without the grace; 0: nothing is due. What is overdue has the time at which it
// was. The longest time between two counts while the site is open: where it ends after the closing, the next demand is the one
// after that.
func (j *disinfectionJudge) due(t telemetry.Instant) telemetry.Instant {
	p := j.params
	next := telemetry.Never
	duties, _ := j.duties(t)
	for _, d := range duties {
		if d.verdict == Breached {
			next = min(next, d.due.Add(-p.Grace))
		}
	}
	days := j.plan.serviceDays(t)
	ask := func(due, from telemetry.Instant) {
		if t < due.Add(p.Grace) && j.done(from, t) == 0 {
			next = min(next, due)
		}
	}
	for _, day := range days.all() {
		if !day.ok {
			continue
		}
		if b := p.BeforeOpening; b > 0 && day.open > 1 && day.open.Add(-b) >= j.task.since {
			ask(day.open, day.open.Add(-b))
		}
		if a := p.AfterClosing; a > 0 && day.close != telemetry.Never && day.close >= j.task.since {
			ask(day.close.Add(a), day.close)
		}
		if p.Every > 0 && t < day.close {
			from := day.open
			if day.holds(t) {
				from = max(from, j.done(0, t), j.task.since)
			}
			if due := from.Add(p.Every); due < day.close {
				next = min(next, due)
			}
		}
	}
	if next == telemetry.Never {
		return 0
	}
	return next
}

func (j *disinfectionJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, d := range slices.Backward(j.task.done) {
		if d.at <= t && len(to)-first < MaxEvidence {
			to = append(to, Evidence{Device: d.device, Quantity: d.quantity, At: d.at, Value: 1, Sequence: d.sequence, Record: d.record})
		}
	}
	slices.Reverse(to[first:])
	return to
}
