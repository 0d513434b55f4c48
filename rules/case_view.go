package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// MaxCases bounds the cases of one view; of more the oldest closed ones are left out first.
const MaxCases = 500

// CaseView is somebody who was too warm: a door, times and temperatures, and nothing that says who it was.
type CaseView struct {
	ID     string `json:"id"`
	Rule   string `json:"rule"`
	Door   string `json:"door,omitempty"` // empty: the device hangs at none
	Device string `json:"device"`
	// Value is the temperature of the first check, as it is meant at its place, and Limit what it must not exceed, Cel.
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	// Opened is when it was read; the second check is due at Due, and missed from Overdue on.
	Opened  telemetry.Instant `json:"opened"`
	Due     telemetry.Instant `json:"due"`
	Overdue telemetry.Instant `json:"overdue"`
	State   CaseState         `json:"state"`
	// Second is the temperature of the second check at Checked; 0: there was none.
	Second  float64           `json:"second,omitempty"`
	Checked telemetry.Instant `json:"checked,omitempty"`
	// Closed is when it ended, and How by what; 0: it is open.
	Closed telemetry.Instant `json:"closed,omitempty"`
	How    CaseHow           `json:"how,omitempty"`
	// Outcome is how it ended: what a person said last, else what the second check showed; empty: nobody said, or it is open.
	Outcome Outcome `json:"outcome,omitempty"`
	// Words is how often a person said how it ended.
	Words int `json:"words,omitempty"`
}

// Open reports whether the case still asks something of people.
func (c *CaseView) Open() bool { return c.State != CaseClosed }

// CaseTally is how the cases of a day of the site's calendar ended that a view leaves out.
type CaseTally struct {
	Day        facility.Date `json:"day"`
	Open       int           `json:"open,omitempty"`
	Cleared    int           `json:"cleared,omitempty"`
	Refused    int           `json:"refused,omitempty"`
	Unmeasured int           `json:"unmeasured,omitempty"`
	Unsaid     int           `json:"unsaid,omitempty"` // nobody said how
}

// Add counts a case.
func (n *CaseTally) Add(c *CaseView) {
	switch {
	case c.Open():
		n.Open++
	case c.Outcome == Cleared:
		n.Cleared++
	case c.Outcome == Refused:
		n.Refused++
	case c.Outcome == Unmeasured:
		n.Unmeasured++
	default:
		n.Unsaid++
	}
}

// caseViews are the cases of the last seven days, each judged by the rule that was in force when it began, and the tally of those that are left out.
func (e *Engine) caseViews() ([]CaseView, []CaseTally) {
	var all []CaseView
	from := max(1, e.day.Add(-6*24*time.Hour))
	for _, i := range e.instances {
		for k := range i.eras {
			era := &i.eras[k]
			j, ok := era.judge.(*temperatureJudge)
			if !ok {
				continue
			}
			end := telemetry.Never
			if k+1 < len(i.eras) {
				end = i.eras[k+1].from
			}
			for n := range j.books {
				all = j.books[n].views(j, i, max(from, era.from), min(end, e.clock+1), e.clock, all)
			}
		}
	}
	if len(all) < 2 {
		return all, nil
	}
	slices.SortStableFunc(all, func(a, b CaseView) int { return cmp.Or(cmp.Compare(a.Opened, b.Opened), strings.Compare(a.ID, b.ID)) })
	// Several rules about one thermometer see the same person: the first of them speaks.
	all = slices.CompactFunc(all, func(a, b CaseView) bool { return a.ID == b.ID })
	return atMostCases(all, e.plan.loc)
}

// atMostCases cuts cases, which are by time, to as many as a view holds: the oldest of those that are closed first, since an open one still
// asks something of people, who answer it by its id. What it cuts it counts by days of loc, in order.
func atMostCases(all []CaseView, loc *time.Location) ([]CaseView, []CaseTally) {
	n := len(all) - MaxCases
	if n <= 0 {
		return all, nil
	}
	var left []CaseTally
	count := func(c *CaseView) {
		day := facility.DateOf(c.Opened.In(loc))
		i, found := slices.BinarySearchFunc(left, day, func(t CaseTally, day facility.Date) int {
			switch {
			case t.Day.Before(day):
				return -1
			case day.Before(t.Day):
				return 1
			}
			return 0
		})
		if !found {
			left = slices.Insert(left, i, CaseTally{Day: day})
		}
		left[i].Add(c)
	}
	all = slices.DeleteFunc(all, func(c CaseView) bool {
		cut := n > 0 && !c.Open()
		if cut {
			n--
			count(&c)
		}
		return cut
	})
	for i := range all[:max(n, 0)] {
		count(&all[i])
	}
	return slices.Delete(all, 0, n), left
}

// views appends the cases that a device opened in [from, to), as they are at now.
func (b *judgedBook) views(j *temperatureJudge, i *instance, from, to, now telemetry.Instant, all []CaseView) []CaseView {
	for k := range b.fold.cases {
		c, f := &b.fold.cases[k], b.fold
		if c.opened < from || c.opened >= to || b.sensors[c.sensor].device != j.device.id {
			continue
		}
		v := CaseView{
			ID: caseID(j.device.id, c.opened), Rule: i.rule, Device: j.device.id, Value: c.value, Limit: f.params.Above,
			Opened: c.opened, Due: f.due(c), Overdue: f.late(c), State: f.state(c, now),
		}
		for _, part := range append([]*deviceState{j.device}, j.device.parts...) {
			if part.door != nil && part.door.cases == b.caseBook {
				v.Door = part.door.id
			}
		}
		if c.checked != telemetry.Never {
			v.Second, v.Checked = c.second, c.checked
		}
		if v.State == CaseClosed {
			v.Closed, v.How, v.Outcome = f.end(c), c.how, c.outcome
			if v.How == "" || v.Closed < c.closed {
				v.How, v.Outcome = ByTime, ""
			}
		}
		if v.Words = c.words; c.words > 0 && v.State == CaseClosed {
			v.Outcome = c.saidLast
		}
		all = append(all, v)
	}
	return all
}
