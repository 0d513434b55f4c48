package evidence

import (
	"io"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
)

// The tables are views of the lines: each cell is a value of a line of the same name. Times are UTC.

var sumsHead = []string{"open_s", "within_s", "breached_s", "near_s", "unknown_s", "idle_s", "maintenance_s", "closed_s", "breached_while_closed_s"}

func (s *Sums) cells() []string {
	return []string{
		number(s.Open), number(s.Within), number(s.Breached), number(s.Near), number(s.Unknown), number(s.Idle), number(s.Maintenance), number(s.Closed), number(s.After),
	}
}

func truth(b bool) string { return strconv.FormatBool(b) }

func (b *book) figuresTable(w io.Writer) error {
	head := append([]string{"known", "day", "from", "until", "rule", "subject", "name", "zone", "kind", "protocol", "legal", "counts", "state", "kept", "observed"}, sumsHead...)
	return tableOf(w, head, func(row func(...string) error) error {
		for _, f := range b.figures() {
			cells := []string{
				string(f.Known), f.Day, stamp(f.From), stamp(f.Until), f.Rule, f.Subject.String(), f.SubjectName, f.Zone, f.Kind, f.Protocol, f.Legal, truth(f.Counts), f.State, maybe(f.Kept), maybe(f.Observed),
			}
			if err := row(append(cells, f.cells()...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) siteTable(w io.Writer) error {
	head := append([]string{"known", "day", "from", "until", "state", "kept", "near", "breached", "observed", "worst_rule", "worst_subject", "measures", "fully_kept", "not_observed"}, sumsHead...)
	return tableOf(w, head, func(row func(...string) error) error {
		for _, f := range b.siteFigures() {
			worst := ""
			if f.Subject != nil {
				worst = f.Subject.String()
			}
			cells := []string{
				string(f.Known), f.Day, stamp(f.From), stamp(f.Until), f.State, maybe(f.Kept), maybe(f.Near), maybe(f.Breached), maybe(f.Observed), f.Rule, worst, strconv.Itoa(f.Measures), strconv.Itoa(f.Fully), strconv.Itoa(f.Blind),
			}
			if err := row(append(cells, f.cells()...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) intervalsTable(w io.Writer) error {
	return tableOf(w, []string{"known", "rule", "subject", "from", "until", "seconds", "state", "reason", "record"}, func(row func(...string) error) error {
		for _, x := range b.intervals() {
			if err := row(string(x.Known), x.Rule, x.Subject.String(), stamp(x.From), stamp(x.Until), number(seconds(x.Until.Sub(x.From))), x.State, string(x.Reason), count(x.Record)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) verdictsTable(w io.Writer) error {
	head := []string{"rule", "subject", "at", "told", "from", "to", "near", "idle", "late", "until", "value", "low", "high", "limit", "unit", "constraint", "reason", "detail", "record", "index"}
	return tableOf(w, head, func(row func(...string) error) error {
		for i := range b.verdicts {
			t := &b.verdicts[i]
			x := &t.Explanation
			value, low, high, limit := "", "", "", ""
			if x.HasValue {
				value = number(x.Value)
			}
			if x.HasRange {
				low, high = number(x.Low), number(x.High)
			}
			if x.HasLimit {
				limit = number(x.Limit)
			}
			err := row(t.Rule, t.Subject.String(), stamp(t.At), stamp(t.Told), t.From.String(), t.To.String(), truth(t.Near), truth(t.Idle), truth(t.Late), stamp(t.Until), value, low, high, limit, x.Unit,
				x.Constraint, string(x.Reason), x.Detail, count(t.Record), strconv.Itoa(t.Index))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) revisionsTable(w io.Writer) error {
	return tableOf(w, []string{"rule", "subject", "from", "until", "seconds", "then", "now", "told", "record"}, func(row func(...string) error) error {
		for _, x := range b.revisions() {
			if err := row(x.Rule, x.Subject.String(), stamp(x.From), stamp(x.Until), number(seconds(x.Until.Sub(x.From))), x.Then, x.Now, stamp(x.Told), count(x.Record)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) alertsTable(w io.Writer) error {
	head := []string{
		"id", "rule", "subject", "name", "class", "severity", "raised", "accepted", "told", "shown", "opened", "acknowledged", "by", "reason", "assigned_to", "back_within", "resolved", "drill",
	}
	return tableOf(w, head, func(row func(...string) error) error {
		for i := range b.alerts {
			a, c := &b.alerts[i].Alert, &b.alerts[i].Clock
			by, reason, to := "", "", ""
			if all := a.Acknowledgements(); len(all) > 0 {
				by, reason = all[0].By, all[0].Reason
			}
			if a.Assigned != nil {
				to = a.Assigned.To
			}
			err := row(a.ID, a.Rule, a.Subject.String(), a.SubjectName, string(a.Class), string(a.Severity), stamp(c.Raised), stamp(c.Accepted), strings.Join(a.Told, " "), stamp(c.Shown), stamp(c.Opened),
				stamp(c.Acknowledged), by, reason, to, stamp(c.Back), stamp(a.Resolved), truth(a.Drill != nil))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) gapsTable(w io.Writer) error {
	return tableOf(w, []string{"from", "until"}, func(row func(...string) error) error {
		for _, g := range b.gaps() {
			if err := row(stamp(g.From), stamp(g.Until)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) tasksTable(w io.Writer) error {
	return tableOf(w, []string{"task", "at", "received", "began", "done", "item", "agent", "by", "device", "photo", "record"}, func(row func(...string) error) error {
		for _, d := range b.deeds {
			if err := row(d.Task, stamp(d.At), stamp(d.Received), stamp(d.Began), truth(d.Done), d.Item, d.Agent, d.By, d.Device, d.Photo, count(d.Record)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) actionsTable(w io.Writer) error {
	head := []string{"at", "received", "kind", "author", "claimed", "subject", "value", "text", "item", "from", "until", "before", "after", "legal", "reason", "record"}
	return tableOf(w, head, func(row func(...string) error) error {
		for i := range b.entries {
			r := &b.entries[i]
			e := r.Entry
			err := row(stamp(r.At), stamp(r.Received), string(e.Kind), e.Author, truth(e.Claimed), e.Subject, number(e.Value), e.Text, e.Item, stamp(e.From), stamp(e.Until), e.Before, e.After, e.Legal,
				e.Reason, count(r.Record))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *book) devicesTable(w io.Writer) error {
	return tableOf(w, []string{"id", "name", "model", "address", "place", "offset_cel", "accuracy", "swap", "calibrations"}, func(row func(...string) error) error {
		for _, d := range b.instruments() {
			err := row(d.ID, d.Name, d.Model, d.Address, string(d.Place.Kind)+"/"+d.Place.ID, number(d.Offset), number(d.Accuracy), truth(d.Swap), strconv.Itoa(len(d.Calibrations)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// readings writes the table of all readings, record by record.
type readings struct {
	row func(cells ...string) error
}

var readingsHead = []string{"record", "at", "received", "device", "quantity", "channel", "value", "unit", "text", "provenance", "flags"}

func (t *readings) add(r *Record) error {
	o := r.Observation
	if o == nil {
		return nil
	}
	record, at, received, flags := count(r.Record), stamp(r.At), stamp(r.Received), strings.Join(o.Flags, " ")
	for i := range o.Readings {
		v := &o.Readings[i]
		if err := t.row(record, at, received, o.Device, v.Quantity.String(), v.Channel, number(v.Value), v.Unit, v.Text, o.Provenance, flags); err != nil {
			return err
		}
	}
	return nil
}

// deviceOf is the device that an entry about device/channel is about.
func deviceOf(subject string) (device, channel string) {
	device, channel, _ = strings.Cut(subject, "/")
	return device, channel
}

// compareVerdicts orders changes of verdict as the engine makes them.
func compareVerdicts(a, b *rules.Transition) int {
	if a.Record != b.Record {
		if a.Record < b.Record {
			return -1
		}
		return 1
	}
	return a.Index - b.Index
}
