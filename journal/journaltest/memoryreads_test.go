package journaltest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func (m *memory) Owed(ctx context.Context, limit int) ([]alerts.Signal, error) {
	return firstOf(m.now().Owed, limit), ctx.Err()
}

func firstOf[T any](all []T, limit int) []T { return all[:min(limit, len(all))] }

func (m *memory) History(_ context.Context, site string, limit int) ([]alerts.Alert, error) {
	return firstOf(slices.DeleteFunc(slices.Clone(m.now().History), func(a alerts.Alert) bool { return site != "" && a.Site != site }), limit), nil
}

func (m *memory) Alert(_ context.Context, id string) (alerts.Alert, bool, error) {
	c := m.now()
	for _, a := range slices.Concat(c.State.Open, c.History) {
		if a.ID == id {
			return a, true, nil
		}
	}
	return alerts.Alert{}, false, nil
}

func (m *memory) AlertsDuring(_ context.Context, site string, from, until telemetry.Instant, limit int) ([]alerts.Alert, error) {
	c := m.now()
	all := slices.DeleteFunc(slices.Concat(c.State.Open, c.History), func(a alerts.Alert) bool {
		return site != "" && a.Site != site || a.Opened >= until || !a.Open() && a.Resolved < from
	})
	slices.SortFunc(all, func(a, b alerts.Alert) int { return cmp.Or(-cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.ID, b.ID)) })
	return firstOf(all, limit), nil
}

func (m *memory) AlertChanges(_ context.Context, id string, limit int) ([]alerts.Change, error) {
	all := slices.DeleteFunc(slices.Clone(m.now().Changes), func(c alerts.Change) bool {
		return c.Alert.ID != id || c.What == alerts.Updated || c.What == alerts.Worsened || c.What == alerts.Sent
	})
	return all[max(0, len(all)-limit):], nil
}

func (m *memory) EntriesAbout(_ context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error) {
	return m.newest(limit, func(r *telemetry.Record) bool {
		return r.Kind == telemetry.KindEntry && r.Site == site && r.Entry.Kind == kind && r.Entry.Subject == subject
	})
}

// newest are the records that fit, the newest first.
func (m *memory) newest(limit int, fits func(*telemetry.Record) bool) (found []telemetry.Record, err error) {
	for _, rec := range slices.Backward(m.now().Records) {
		if len(found) < limit && fits(&rec) {
			found = append(found, copyOf(&rec))
		}
	}
	return found, nil
}

func (m *memory) Rejections(_ context.Context, site string, limit int) ([]telemetry.Record, error) {
	return m.newest(limit, func(r *telemetry.Record) bool {
		return r.Kind == telemetry.KindRejection && (site == "" || r.Site == site)
	})
}

func (m *memory) Counts(_ context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	return m.newest(limit, func(r *telemetry.Record) bool {
		return r.Kind == telemetry.KindEntry && r.Site == site && r.Entry.Subject == zone && (r.Entry.Kind == telemetry.EntryCount || r.Entry.Kind == telemetry.EntryCorrection)
	})
}

func (m *memory) Entries(_ context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error) {
	return m.newest(limit, func(r *telemetry.Record) bool {
		return r.Kind == telemetry.KindEntry && r.Site == site && r.Entry.Kind == kind
	})
}

func (m *memory) EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error) {
	found, err := m.Entries(ctx, site, kind, math.MaxInt)
	found = slices.DeleteFunc(found, func(r telemetry.Record) bool { return r.At < from || r.At >= until })
	slices.SortStableFunc(found, func(a, b telemetry.Record) int { return cmp.Compare(b.At, a.At) })
	return firstOf(found, limit), err
}

func (m *memory) Configurations(_ context.Context, site string, after, until uint64) ([]telemetry.Record, error) {
	found, err := m.newest(math.MaxInt, func(r *telemetry.Record) bool {
		return (r.Kind == telemetry.KindConfiguration || calibration(r)) && r.Site == site && r.Seq > after && r.Seq <= until
	})
	slices.Reverse(found)
	return found, err
}

func calibration(r *telemetry.Record) bool {
	return r.Kind == telemetry.KindEntry && r.Entry.Kind == telemetry.EntryCalibration
}

func (m *memory) Entry(_ context.Context, site, id string) (telemetry.Record, bool, error) {
	found, err := m.newest(1, func(r *telemetry.Record) bool {
		return r.Kind == telemetry.KindEntry && r.Site == site && r.Entry.ID == id
	})
	if len(found) == 0 {
		return telemetry.Record{}, false, err
	}
	return found[0], true, err
}

func (m *memory) Observations(_ context.Context, site string, before uint64, _ int, fn func(*telemetry.Record) bool) (next uint64, err error) {
	for _, rec := range slices.Backward(m.now().Records) {
		if rec.Kind == telemetry.KindObservation && rec.Site == site && (before == 0 || rec.Seq < before) && fn(&rec) {
			return rec.Seq, nil
		}
	}
	return 0, nil
}

func (m *memory) Occupancy(_ context.Context, site, zone string, from, until telemetry.Instant) (found []rules.Sample, err error) {
	for _, s := range m.now().Samples {
		switch {
		case s.Site != site || s.Zone != zone || s.At >= until:
		case s.At < from:
			found = []rules.Sample{s.Sample}
		default:
			found = append(found, s.Sample)
		}
	}
	return found, nil
}

func (m *memory) Condense(context.Context, telemetry.Instant) (int, error) { return 0, nil }

func (m *memory) Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Hour, error) {
	samples, err := m.Occupancy(ctx, site, zone, from, until)
	return rules.FoldHours(samples, from, until), err
}

func (m *memory) Received(_ context.Context, from, until telemetry.Instant) (r journal.Range, err error) {
	c := m.now()
	position := func(before telemetry.Instant) (p journal.Position) {
		for _, rec := range c.Records {
			if rec.Received < before {
				p.Record = rec.Seq
			}
		}
		for _, s := range c.Samples {
			if s.Record <= p.Record {
				p.Sample = s.ID
			}
		}
		return p
	}
	if n := len(c.Records); n > 0 {
		r.Oldest, r.Newest = c.Records[0].Received, c.Records[n-1].Received
	}
	r.From, r.To, r.Head = position(from), position(until), position(math.MaxInt64)
	return r, nil
}

func (m *memory) Refused(_ context.Context, site string, before int64, limit int) (found []journal.Refused, err error) {
	for _, r := range slices.Backward(m.now().Refused) {
		if len(found) < limit && (before <= 0 || r.Number < before) && (site == "" || r.Site == site) {
			found = append(found, r)
		}
	}
	return found, nil
}

func (m *memory) RefusedCount(context.Context) (int64, error) {
	return int64(len(m.now().Refused)), nil
}

func (m *memory) Stored(_ context.Context, numbers []int64) error {
	return m.change(func(c *content) error {
		c.Refused = slices.DeleteFunc(c.Refused, func(r journal.Refused) bool { return slices.Contains(numbers, r.Number) })
		return nil
	})
}

func (m *memory) Held() error                        { return nil }
func (m *memory) GiveUp(context.Context, error) bool { return false }
func (m *memory) Bytes() int64                       { return 0 }

// needed is the last record that nobody needs, and who needs the next.
func (m *memory) needed(c *content, r journal.Retention) (last uint64, by string) {
	last = m.d.last
	if m.d.broken["deletes what is needed"] {
		return last, ""
	}
	for site, s := range c.State.Snapshots {
		for _, rec := range c.Records {
			if rec.Site == site && rec.Seq > s.Seq && s.Seq < last {
				last, by = s.Seq, site
			}
		}
	}
	if r.Cursors && c.Position.Record < last {
		last, by = c.Position.Record, "the cursor"
	}
	return last, by
}

func (m *memory) Retain(ctx context.Context, r journal.Retention, now telemetry.Instant) (removed journal.Removed, err error) {
	if ctx.Err() != nil {
		return removed, ctx.Err()
	}
	return removed, m.change(func(c *content) error {
		old := func(keep time.Duration, at telemetry.Instant) bool { return keep > 0 && at < now.Add(-keep) }
		last, by := m.needed(c, r)
		rejections := int64(0)
		for _, rec := range c.Records {
			if rec.Kind == telemetry.KindRejection {
				rejections++
			}
		}
		c.Records = slices.DeleteFunc(c.Records, func(rec telemetry.Record) bool {
			gone := false
			switch stands := rec.Kind == telemetry.KindEntry || rec.Kind == telemetry.KindConfiguration || rec.Kind == telemetry.KindEngine || rec.Kind == telemetry.KindService; {
			case rec.Kind == telemetry.KindRejection && r.Rejections > 0 && rejections > r.Rejections:
				rejections--
				removed.Rejections++
				gone = true
			case stands && !m.d.broken["deletes what stands"] || !old(r.Records, rec.Received):
			case rec.Seq > last:
				removed.HeldBy = by
			default:
				removed.Records++
				gone = true
			}
			if gone && !m.d.broken["takes deleting for a loss"] {
				m.d.dead[rec.Seq] = true
			}
			return gone
		})
		c.Samples = slices.DeleteFunc(c.Samples, func(s journal.Sample) bool {
			gone := old(r.Samples, s.At) && (!r.Cursors || s.ID <= c.Position.Sample)
			if gone {
				removed.Samples++
			}
			return gone
		})
		c.Flows = slices.DeleteFunc(c.Flows, func(f journal.Flow) bool {
			gone := old(r.Samples, f.At) && (!r.Cursors || f.ID <= c.Position.Flow)
			if gone {
				removed.Flows++
			}
			return gone
		})
		return nil
	})
}

func (m *memory) Verify(ctx context.Context, _ uint64, _ func()) (*journal.Verification, error) {
	there := map[uint64]telemetry.Record{}
	for _, rec := range m.now().Records {
		there[rec.Seq] = rec
	}
	v := &journal.Verification{Begins: 1, Last: m.d.last, Records: int64(len(there))}
	add := func(seq uint64, what journal.Damage) {
		if n := len(v.Findings); n > 0 && v.Findings[n-1].Last+1 == seq && v.Findings[n-1].What == what {
			v.Findings[n-1].Last = seq
		} else {
			v.Findings = append(v.Findings, journal.Finding{First: seq, Last: seq, What: what})
		}
	}
	for seq := uint64(1); seq <= m.d.last; seq++ {
		switch rec, ok := there[seq]; {
		case !ok && !m.d.dead[seq] && !m.d.broken["passes over losses"]:
			add(seq, journal.Lost)
		case ok && m.d.sums[seq] != fmt.Sprint(rec.At, rec.Site, rec.Kind) && !m.d.broken["passes over changes"]:
			add(seq, journal.Changed)
		}
	}
	return v, ctx.Err()
}

func (m *memory) Note(_ context.Context, found []journal.Finding) error {
	for _, f := range found {
		if !slices.ContainsFunc(m.d.noted, func(n journal.Noted) bool { return n.Finding == f }) && !m.d.broken["forgets damage"] {
			m.d.noted = append(m.d.noted, journal.Noted{Finding: f, Noticed: 1})
		}
	}
	return nil
}

func (m *memory) Damage(context.Context) ([]journal.Noted, error)       { return m.d.noted, nil }
func (m *memory) Accepted(context.Context) (journal.Acceptances, error) { return nil, nil }
func (m *memory) Source() journal.Source                                { return &source{m} }

// source reads the streams of a journal in memory.
type source struct{ m *memory }

func (s *source) Records(_ context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	for _, rec := range s.m.now().Records {
		if limit > 0 && rec.Seq > after {
			dst, limit = append(dst, copyOf(&rec)), limit-1
		}
	}
	return dst, nil
}

func stream[T any](all []T, id func(*T) int64, after int64, limit int, dst []T) []T {
	for i := range all {
		if limit > 0 && id(&all[i]) > after {
			dst, limit = append(dst, all[i]), limit-1
		}
	}
	return dst
}

func (s *source) Transitions(_ context.Context, after int64, limit int, dst []journal.Transition) ([]journal.Transition, error) {
	return stream(s.m.now().Transitions, func(t *journal.Transition) int64 { return t.ID }, after, limit, dst), nil
}

func (s *source) Samples(_ context.Context, after int64, limit int, dst []journal.Sample) ([]journal.Sample, error) {
	if s.m.d.broken["streams stutter"] {
		after = max(0, after-1)
	}
	return stream(s.m.now().Samples, func(s *journal.Sample) int64 { return s.ID }, after, limit, dst), nil
}

func (s *source) Flows(_ context.Context, after int64, limit int, dst []journal.Flow) ([]journal.Flow, error) {
	return stream(s.m.now().Flows, func(f *journal.Flow) int64 { return f.ID }, after, limit, dst), nil
}

func (s *source) Configured(_ context.Context, seq uint64) ([]telemetry.Record, error) {
	last := map[string]telemetry.Record{}
	var all []telemetry.Record
	for _, rec := range s.m.now().Records {
		switch {
		case rec.Seq > seq:
		case rec.Kind == telemetry.KindConfiguration:
			last[rec.Site] = rec
		case calibration(&rec):
			all = append(all, rec)
		}
	}
	for _, rec := range last {
		all = append(all, rec)
	}
	slices.SortFunc(all, func(a, b telemetry.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return all, nil
}

func (s *source) Position(context.Context) (journal.Position, error) { return s.m.now().Position, nil }

func (s *source) Advance(_ context.Context, to journal.Position, rejected []journal.Rejected) error {
	return s.m.change(func(c *content) error {
		c.Position = to
		for _, r := range rejected {
			r.Stream, r.ID = "", 0
			same := slices.IndexFunc(c.Refused, func(other journal.Refused) bool { return other.Line == r.Line })
			if same >= 0 && !s.m.d.broken["keeps refused points twice"] {
				c.Refused[same].Reason = r.Reason
				continue
			}
			s.m.d.begun++
			if !s.m.d.broken["drops refused points"] {
				c.Refused = append(c.Refused, journal.Refused{Number: s.m.d.begun, When: 1, Rejected: r})
			}
		}
		return nil
	})
}

func (m *memory) VerdictHistory(_ context.Context, q journal.HistoryQuery) (*journal.VerdictHistory, error) {
	c, h := m.now(), new(journal.VerdictHistory)
	before := map[string]int{}
	for i, t := range c.Transitions {
		if t.Site == q.Site && !t.Late && t.At < q.From && (q.Known == 0 || t.Told <= q.Known) {
			before[t.Rule+" "+t.Subject.String()] = i
		}
	}
	in := 0
	for i, t := range c.Transitions {
		if t.Site != q.Site || q.Known != 0 && t.Told > q.Known {
			continue
		}
		period := t.At >= q.From && t.At < q.Until
		last, held := before[t.Rule+" "+t.Subject.String()]
		if period {
			in++
		}
		if period || t.Late && t.At < q.From && t.Until > q.From || held && last == i {
			h.Transitions = append(h.Transitions, t.Transition)
		}
	}
	if q.Most > 0 && in > q.Most {
		return nil, journal.ErrTooMuch
	}
	behind := false
	for _, rec := range c.Records {
		if rec.Site != q.Site {
			continue
		}
		switch early := rec.Received < q.From; {
		case rec.Kind == telemetry.KindService && !behind:
			if early {
				h.Notes = nil
			}
			h.Notes, behind = append(h.Notes, rec), rec.Received >= q.Until
		case rec.Kind == telemetry.KindConfiguration && rec.Received < q.Until:
			if rec.Received <= q.From {
				h.Configurations = nil
			}
			h.Configurations = append(h.Configurations, rec)
		}
	}
	if seq := c.State.Stopped[q.Site]; seq != 0 {
		for _, rec := range c.Records {
			if rec.Seq >= seq && h.Stopped == 0 {
				h.Stopped = rec.Received
			}
		}
	}
	return h, nil
}
