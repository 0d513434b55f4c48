package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Staff asks that a counter's checklist is ticked off at the begin of every shift: mask, gloves, face shield, partition, whatever
// its items are. Subjects: the tasks that are named, else those of kind checklist. A log that names no item stands for all of them.
type Staff struct {
	// Shifts are the shifts of a day, as HH:MM-HH:MM in the site's time; empty (default): each opening of the site is one. They
	// are judged on days on which the site is open as a shift begins.
	Shifts []string `yaml:"shifts" json:"shifts,omitempty"`
	// Before is how long before a shift it may be ticked off for it. Default 30m.
	Before time.Duration `yaml:"before" json:"before"`
	// Within is how long after its begin it must be. Default 15m.
	Within time.Duration `yaml:"within" json:"within"`
}

// Validate checks values.
func (p *Staff) Validate() error {
	var c checks
	for i, s := range p.Shifts {
		_, err := parseShift(s)
		c.field(err == nil, fmt.Sprintf("shifts[%d]", i), "%q: want HH:MM-HH:MM, the end after the begin", s)
	}
	c.field(p.Before >= 0 && p.Before <= 12*time.Hour, "before", "%v: want a duration, 0 to 12h", p.Before)
	c.field(p.Within >= time.Minute && p.Within <= 12*time.Hour, "within", "%v: want a duration, 1m to 12h", p.Within)
	return c.err()
}

// parseShift reads one shift of a day.
func parseShift(s string) (facility.Span, error) {
	begin, end, ok := strings.Cut(s, "-")
	from, err := facility.ParseTimeOfDay(strings.TrimSpace(begin))
	if err != nil {
		return facility.Span{}, err
	}
	to, err := facility.ParseTimeOfDay(strings.TrimSpace(end))
	if err != nil || !ok || to <= from {
		return facility.Span{}, fmt.Errorf("%q is no shift", s)
	}
	return facility.Span{Open: from, Close: to}, nil
}

var staffKind = kind{
	name:  "staff",
	class: ClassOverdue,
	advice: map[string]string{
		"en": "Go to the counter, see that nothing is missing, and tick it off.",
		"id": "Datangi loket, pastikan tidak ada yang kurang, lalu centang.",
	},
	params: func() Params { return &Staff{Before: 30 * time.Minute, Within: 15 * time.Minute} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.taskSubjects(r, facility.TaskChecklist)
	},
	judge: func(b *bench, s Subject) judge {
		j := &staffJudge{params: b.rule.Params.(*Staff), plan: b.plan, task: b.task(s), items: b.plan.task(s.ID).Items}
		for _, text := range j.params.Shifts {
			if shift, err := parseShift(text); err == nil {
				j.shifts = append(j.shifts, shift)
			}
		}
		return j
	},
}

type staffJudge struct {
	params *Staff
	plan   *plan
	task   *taskState
	items  []string
	shifts []facility.Span
}

// shift is the one that runs at t or in whose time before it t lies; until is when that changes.
func (j *staffJudge) shift(t telemetry.Instant) (begin, end, until telemetry.Instant, ok bool) {
	until = telemetry.Never
	look := func(from, to telemetry.Instant) {
		early := from.Add(-j.params.Before)
		for _, at := range []telemetry.Instant{early, from} {
			if at > t {
				until = min(until, at)
			}
		}
		// The one that runs comes before the one that is still to come.
		if runs := from <= t; t >= early && t < to && (!ok || runs && from > begin) {
			begin, end, ok = from, to, true
		}
	}
	if len(j.shifts) == 0 {
		open, opened, close := j.plan.open(t)
		if open {
			look(max(1, opened), close)
		}
		// The next one may be ticked off while this one runs.
		if next := close; next != telemetry.Never {
			if open {
				_, _, next = j.plan.openAt(close)
			}
			if next != telemetry.Never {
				_, _, last := j.plan.openAt(next)
				look(next, last)
			}
		}
	} else {
		day := j.plan.date(t)
		for d := -1; d <= 1; d++ {
			for _, s := range j.shifts {
				at := s.Open.On(day.AddDays(d), j.plan.loc)
				if j.plan.always || j.plan.def.Site.Hours.Open(at, j.plan.loc) {
					look(telemetry.InstantOf(at), telemetry.InstantOf(s.Close.On(day.AddDays(d), j.plan.loc)))
				}
			}
		}
		until = min(until, j.plan.nextMidnight(t))
	}
	if ok {
		until = min(until, end)
	}
	return begin, end, until, ok
}

func (j *staffJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	begin, _, until, ok := j.shift(t)
	until = min(until, j.task.next(t))
	due := begin.Add(p.Within)
	if !ok || due <= j.task.since {
		return unknown(ReasonClosed, ""), until
	}
	missing := j.missing(begin.Add(-p.Before), t, false)
	f := finding{verdict: Within, hasLimit: true, limit: minutes(p.Within), unit: "min", constraint: "shift", detail: strings.Join(missing, ", ")}
	f.value, f.hasValue = minutes(t.Sub(begin)), t >= begin
	switch {
	case len(missing) == 0:
	case t < due:
		f.verdict, f.reason, until = Unknown, ReasonPending, min(until, due) // nothing to judge yet: what is not ticked off is not kept
	case len(j.missing(begin.Add(-p.Before), t, true)) == 0:
		f.verdict, f.reason = Unknown, ReasonUnsure
	default:
		f.verdict, f.reason = Breached, ReasonOverdue
	}
	return f, until
}

// missing are the items that were not ticked off in [from, t]; maybe: those that cannot have been. Of a checklist without items it is an
// empty name.
func (j *staffJudge) missing(from, t telemetry.Instant, maybe bool) (left []string) {
	items := j.items
	if len(items) == 0 {
		items = []string{""}
	}
	for _, item := range items {
		if !slices.ContainsFunc(j.task.done, func(d doneAt) bool {
			return d.within(from, t, maybe) && (d.item == "" || d.item == item || item == "")
		}) {
			left = append(left, item)
		}
	}
	return left
}

// due is when the checklist must be ticked off next at the latest.
func (j *staffJudge) due(t telemetry.Instant) telemetry.Instant {
	begin, _, until, ok := j.shift(t)
	if ok && len(j.missing(begin.Add(-j.params.Before), t, false)) > 0 {
		return begin.Add(j.params.Within)
	}
	if until == telemetry.Never {
		return 0
	}
	if begin, _, _, ok = j.shift(until); ok && begin > t {
		return begin.Add(j.params.Within)
	}
	return 0
}

func (j *staffJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, d := range slices.Backward(j.task.done) {
		if d.at <= t && len(to)-first < MaxEvidence {
			to = append(to, Evidence{Device: d.device, Quantity: d.quantity, At: d.at, Value: 1, Sequence: d.sequence, Record: d.record})
		}
	}
	slices.Reverse(to[first:])
	return to
}

func (j *staffJudge) show(_ telemetry.Instant, x *Explanation) { x.Bound = Below }
