package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Disinfection asks that a task is done in time: before the day's first opening, after its last closing, and every so
// often in between. Subjects: the tasks that are named, else all of cleaning.
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
	// Anchor says what opening and closing are: hours (default), those of the calendar; or people, the first entry and the last
	// exit that the counters of the building saw, at most Drift from the hours. Who opens early must have done it earlier; where
	// the counters did not see the whole time, the hours hold.
	Anchor string `yaml:"anchor" json:"anchor,omitempty"`
	// Staff is how many who come first and leave last are no opening and no closing. Default 0.
	Staff int `yaml:"staff" json:"staff,omitempty"`
	// Drift is how far the anchors of people may lie from the hours. Default 2h.
	Drift time.Duration `yaml:"drift" json:"drift,omitempty"`
	// Occupied counts of Every only the minutes in which somebody was inside the task's place, or nobody knows. Default false.
	Occupied bool `yaml:"occupied" json:"occupied,omitempty"`
	// AfterPeople asks for the task each time so many have entered its place since it was done, in the service of a day.
	// Default 0: not asked.
	AfterPeople int `yaml:"after_people" json:"after_people,omitempty"`
	// Agents are the disinfectants that may be used: a log that names another is no evidence. One that names none counts. Empty
	// (default): any.
	Agents []string `yaml:"agents" json:"agents,omitempty"`
	// Contact is how long the agent must work: from the start to the finish that the log names, or from the log until somebody
	// enters its place. Default 0: not asked.
	Contact time.Duration `yaml:"contact" json:"contact,omitempty"`
	// Pace is the least time from one item of the task to the next: a log that follows another item's sooner is no evidence.
	// Default 0: any.
	Pace time.Duration `yaml:"pace" json:"pace,omitempty"`
	// Walk is the least time in which the same person or device gets from one task to another at another place: a log sooner than
	// that is no evidence. Default 0: any.
	Walk time.Duration `yaml:"walk" json:"walk,omitempty"`
	// Inside makes a log no evidence if nobody was in the building from so long before it until so long after it, as the counters
	// prove. Default 0: not asked.
	Inside time.Duration `yaml:"inside" json:"inside,omitempty"`
	// Backdate is how long after the deed a person may enter it: what is entered later is no evidence. Default 0: any time.
	Backdate time.Duration `yaml:"backdate" json:"backdate,omitempty"`
	// Copies makes a log no evidence that repeats, to the second and whole days later, one of the same item by the same person or
	// device, and so did the log before it. Not for machines that follow a clock. Default false.
	Copies bool `yaml:"copies" json:"copies,omitempty"`
}

// Validate checks values.
func (p *Disinfection) Validate() error {
	var c checks
	const day = 24 * time.Hour
	c.field(p.BeforeOpening >= 0 && p.BeforeOpening <= day, "before_opening", "%v: want a duration, 0 to 24h", p.BeforeOpening)
	c.field(p.AfterClosing >= 0 && p.AfterClosing <= day, "after_closing", "%v: want a duration, 0 to 24h", p.AfterClosing)
	c.field(p.Every == 0 || p.Every >= time.Minute, "every", "%v: want a duration of at least 1m, or 0", p.Every)
	c.field(p.Grace >= 0 && p.Grace <= day, "grace", "%v: want a duration, 0 to 24h", p.Grace)
	c.field(p.BeforeOpening > 0 || p.AfterClosing > 0 || p.Every > 0 || p.AfterPeople > 0, "every", "0: want at least one of before_opening, after_closing, every and after_people")
	c.field(p.Anchor == "" || p.Anchor == anchorHours || p.Anchor == anchorPeople, "anchor", "%q: want hours or people", p.Anchor)
	c.field(p.Staff >= 0 && p.Staff <= 1000, "staff", "%d: want persons, 0 to 1000", p.Staff)
	c.field(p.Drift >= 0 && p.Drift <= 6*time.Hour, "drift", "%v: want a duration, 0 to 6h", p.Drift)
	c.field(p.AfterPeople >= 0 && p.AfterPeople <= 100_000, "after_people", "%d: want persons, 0 to 100000", p.AfterPeople)
	c.field(p.Contact >= 0 && p.Contact <= day, "contact", "%v: want a duration, 0 to 24h", p.Contact)
	c.field(p.Pace >= 0 && p.Pace <= time.Hour, "pace", "%v: want a duration, 0 to 1h", p.Pace)
	c.field(p.Walk >= 0 && p.Walk <= time.Hour, "walk", "%v: want a duration, 0 to 1h", p.Walk)
	c.field(p.Inside >= 0 && p.Inside <= 6*time.Hour, "inside", "%v: want a duration, 0 to 6h", p.Inside)
	c.field(p.Backdate >= 0 && p.Backdate <= 7*day, "backdate", "%v: want a duration, 0 to 168h", p.Backdate)
	for _, a := range p.Agents {
		c.field(a != "", "agents", "an empty agent: want the name that logs give")
	}
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
	afterPeople   = "after_people"
)

// What opening and closing are.
const (
	anchorHours  = "hours"
	anchorPeople = "people"
)

var disinfectionKind = kind{
	name:  "disinfection",
	class: ClassOverdue,
	advice: map[string]string{
		"en": "Do the task now and log it.",
		"id": "Lakukan tugas ini sekarang dan catat.",
	},
	params: func() Params { return &Disinfection{Every: 4 * time.Hour, Drift: 2 * time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.taskSubjects(r, facility.TaskCleaning)
	},
	judge: func(b *bench, s Subject) judge {
		def := b.plan.task(s.ID)
		j := &disinfectionJudge{params: b.rule.Params.(*Disinfection), plan: b.plan, task: b.task(s), items: def.Items}
		j.prove(b, def)
		return j
	},
}

type disinfectionJudge struct {
	params *Disinfection
	plan   *plan
	task   *taskState
	items  []string
	proof
}

// duty is one of the three demands at one moment.
type duty struct {
	constraint string
	verdict    Verdict
	reason     Reason
	due        telemetry.Instant // when it is (or was) to be done at the latest, grace included
	allowed    time.Duration
	from       telemetry.Instant // work from here on counts for it
	entered    people            // of afterPeople: who came since then
	detail     string            // of an unknown one
}

func (j *disinfectionJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	duties, until := j.duties(t)
	until = min(until, j.task.next(t), j.proofTurns(t))
	if len(duties) == 0 {
		r := ReasonClosed
		if !j.task.logged(t) {
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
	if worst.constraint == afterPeople {
		f.limit, f.value, f.hasValue, f.unit = float64(j.params.AfterPeople), worst.entered.number(), true, "1"
		if worst.verdict == Unknown {
			f.detail = worst.detail
		}
		f.untried(j.done(0, t))
		return f, until
	}
	done := j.done(0, t)
	if done != 0 {
		f.value, f.hasValue = minutes(t.Sub(done)), true
	}
	f.untried(done)
	return f, until
}

// untried takes a task that nobody has ever done for one of which nothing is known before it is due: it is not kept, and nothing is wrong.
func (f *finding) untried(done telemetry.Instant) {
	if done == 0 && f.verdict == Within && f.reason == ReasonPending {
		f.verdict = Unknown
	}
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
	demand := func(name string, day serviceDay, allowed time.Duration, from, due, end telemetry.Instant) {
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
		case j.possible(from, t) != 0:
			d.verdict, d.reason = Unknown, ReasonUnsure
		case days.now.holds(t) == (name == beforeOpening), name == beforeOpening && day == days.now:
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
			opened := j.opened(day, t)
			demand(beforeOpening, day, b, min(day.open, opened).Add(-b), opened, end)
		}
		if a := p.AfterClosing; a > 0 {
			end := telemetry.Never
			if next.ok {
				end = next.close
			}
			closed := j.closed(day, t)
			demand(afterClosing, day, a, min(day.close, closed), max(day.close, closed).Add(a), end)
		}
		turn(day.open)
		turn(day.close)
	}
	if now := days.now; now.holds(t) {
		if p.Every > 0 {
			all = append(all, j.regular(now, t, turn))
		}
		if p.AfterPeople > 0 {
			all = append(all, j.crowded(now, t, turn))
		}
	}
	return all, until
}

// regular is the demand for every so often in the service of a day.
func (j *disinfectionJudge) regular(now serviceDay, t telemetry.Instant, turn func(telemetry.Instant) telemetry.Instant) duty {
	p := j.params
	begin := max(min(t, j.opened(now, t)), now.open, j.task.since)
	until := func(from telemetry.Instant) telemetry.Instant {
		due := from.Add(p.Every + p.Grace)
		if p.Occupied && t >= due {
			if left := p.Every + p.Grace - j.occupied(from, t); left > 0 {
				due = minuteAfter(minuteOf(t).Add(left)) // at the earliest: if somebody is inside all the time
			}
		}
		return turn(due)
	}
	due := until(max(begin, j.done(0, t)))
	d := duty{constraint: every, verdict: Within, due: due, allowed: p.Every, from: t.Add(1 - p.Every - p.Grace)}
	switch maybe := j.possible(0, t); {
	case t < due:
		if j.done(0, t) == 0 {
			d.reason = ReasonPending
		}
	case maybe > 0 && t < until(max(begin, maybe)):
		d.verdict, d.reason = Unknown, ReasonUnsure
	default:
		d.verdict, d.reason = Breached, ReasonOverdue
	}
	return d
}

// done is when the whole task was last completed by work in [from, to]; 0: it was not. Of work whose time nobody knows it is the earliest.
func (j *disinfectionJudge) done(from, to telemetry.Instant) telemetry.Instant {
	return j.completed(from, to, false)
}

// possible is when the whole task can have been completed last by work in [from, to]; 0: it cannot.
func (j *disinfectionJudge) possible(from, to telemetry.Instant) telemetry.Instant {
	return j.completed(from, to, true)
}

func (j *disinfectionJudge) completed(from, to telemetry.Instant, maybe bool) telemetry.Instant {
	if len(j.items) == 0 {
		return j.doneItem("", from, to, maybe)
	}
	complete := telemetry.Never
	for _, item := range j.items {
		complete = min(complete, j.doneItem(item, from, to, maybe))
	}
	return complete
}

// doneItem is when an item ("" for a task without) was last treated in [from, to], or can have been. Where the agent needs time to work,
// a log without a known moment proves nothing.
func (j *disinfectionJudge) doneItem(item string, from, to telemetry.Instant, maybe bool) (last telemetry.Instant) {
	for k, d := range slices.Backward(j.task.done) {
		if d.at > to {
			continue
		}
		if d.at < from || d.at <= last {
			break
		}
		if !d.within(from, to, maybe) || d.unsure() && !maybe && j.params.Contact > 0 {
			continue
		}
		if d.item != "" && d.item != item && len(j.items) > 0 {
			continue
		}
		if d.press != "" && len(j.params.Press) > 0 && !slices.Contains(j.params.Press, d.press) {
			continue
		}
		if j.refused(k, to) != "" {
			continue
		}
		if maybe {
			return d.at
		}
		last = max(last, d.since())
	}
	return last
}

// missing names the items that a duty still lacks, in their order; empty: none, or a task without items.
func (j *disinfectionJudge) missing(d duty, t telemetry.Instant) string {
	var left []string
	for _, item := range j.items {
		if d.constraint == every && d.verdict == Within {
			break
		}
		if j.doneItem(item, d.from, t, false) == 0 {
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
			opened := j.opened(day, t)
			ask(opened, min(day.open, opened).Add(-b))
		}
		if a := p.AfterClosing; a > 0 && day.close != telemetry.Never && day.close >= j.task.since {
			closed := j.closed(day, t)
			ask(max(day.close, closed).Add(a), min(day.close, closed))
		}
		if p.Every > 0 && t < day.close {
			due := day.open.Add(p.Every)
			if day.holds(t) {
				due = j.regular(day, t, func(at telemetry.Instant) telemetry.Instant { return at }).due.Add(-p.Grace)
			}
			if due < day.close {
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
