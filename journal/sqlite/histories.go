package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a history is made of. The first is answered by its index alone; the last goes from one rule and subject to the next, so that it
// takes as long with ten years behind it. ?1 is the site, ?2 and ?3 the period, ?4 the moment of knowledge.
const (
	historyColumns = `SELECT id, at, told, rule, subject, until, late, verdict, near, idle, reason, record, %s FROM transitions `
	periodSQL      = `INDEXED BY transitions_history WHERE site = ?1 AND at >= ?2 AND at < ?3 AND told <= ?4 ORDER BY at LIMIT ?5`
	revisedSQL     = `INDEXED BY transitions_revised WHERE site = ?1 AND late = 1 AND until > ?2 AND at < ?2 AND told <= ?4 AND ?3 > 0 AND ?5 > 0`
	beforeTheSQL   = `WHERE id IN (WITH RECURSIVE measures (rule, subject) AS (
			SELECT * FROM (SELECT rule, subject FROM transitions WHERE site = ?1 AND late = 0 ORDER BY rule, subject LIMIT 1)
			UNION ALL
			SELECT t.rule, t.subject FROM measures m JOIN transitions t ON t.id = (SELECT id FROM transitions WHERE site = ?1 AND late = 0
				AND (rule, subject) > (m.rule, m.subject) ORDER BY rule, subject LIMIT 1))
		SELECT (SELECT id FROM transitions t WHERE t.site = ?1 AND t.late = 0 AND t.rule = m.rule AND t.subject = m.subject AND t.at < ?2 AND t.told <= ?4
			ORDER BY t.at DESC, t.id DESC LIMIT 1) FROM measures m) AND ?3 > 0 AND ?5 > 0`
)

// The notes and configurations of a period with the one before it, and of notes the one behind.
const (
	notesSQL = `SELECT seq, kind, site, at, received, identity, body FROM records WHERE kind = 7 AND site = ?1
		AND received >= coalesce((SELECT max(received) FROM records WHERE kind = 7 AND site = ?1 AND received < ?2), ?2)
		AND received <= coalesce((SELECT min(received) FROM records WHERE kind = 7 AND site = ?1 AND received >= ?3), ?3) ORDER BY seq`
	configurationsSQL = `SELECT seq, kind, site, at, received, identity, body FROM records WHERE kind IN (3, 5) AND kind = 5 AND site = ?1 AND received < ?3
		AND seq >= coalesce((SELECT max(seq) FROM records WHERE kind IN (3, 5) AND kind = 5 AND site = ?1 AND received <= ?2), 0) ORDER BY seq`
	stoppedAtSQL = `SELECT coalesce((SELECT received FROM records WHERE seq >= (SELECT position FROM cursors WHERE name = ?1 AND position > 0) ORDER BY seq LIMIT 1), 0)`
)

// kindsSQL reads the texts of a few changes only: one of each rule and subject.
const kindsSQL = `SELECT rule, subject, coalesce(json_extract(body, '$.kind'), ''), coalesce(json_extract(body, '$.class'), '') FROM transitions
	WHERE id IN (SELECT value FROM json_each(?1))`

// measure is a rule about a subject.
type measure struct {
	rule    string
	subject rules.Subject
}

// classify gives changes the kind and class of those whose ids are given, one of each rule and subject.
func (j *Journal) classify(ctx context.Context, changes []rules.Transition, ids []int64) error {
	list, err := json.Marshal(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	type class struct {
		kind  string
		class rules.Class
	}
	classes := make(map[measure]class, len(ids))
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		var m measure
		var subject string
		var c class
		if err := rows.Scan(&m.rule, &subject, &c.kind, &c.class); err != nil {
			return err
		}
		m.subject = subjectOf(subject)
		classes[m] = c
		return nil
	}, kindsSQL, string(list))
	if err != nil {
		return err
	}
	for i := range changes {
		t := &changes[i]
		c := classes[measure{t.Rule, t.Subject}]
		t.Kind, t.Class = c.kind, c.class
	}
	return nil
}

// subjectOf reads a subject as the columns have it.
func subjectOf(text string) rules.Subject {
	kind, id, _ := strings.Cut(text, "/")
	return rules.Subject{Kind: rules.SubjectKind(kind), ID: id}
}

// VerdictHistory implements journal.Histories.
func (j *Journal) VerdictHistory(ctx context.Context, q journal.HistoryQuery) (*journal.VerdictHistory, error) {
	h := new(journal.VerdictHistory)
	body := "''"
	if q.Explained {
		body = "body"
	}
	known, most := q.Known, int64(q.Most)+1
	if known == 0 {
		known = telemetry.Never
	}
	if q.Most <= 0 {
		most = -1
	}
	type row struct {
		id int64
		rules.Transition
	}
	var found []row
	for i, where := range []string{beforeTheSQL, revisedSQL, periodSQL} {
		limit := max(1, most)
		if i == 2 {
			limit = most
		}
		n := len(found)
		err := each(ctx, j.reads, func(rows *sql.Rows) error {
			r := row{Transition: rules.Transition{Site: q.Site}}
			var subject, reason string
			var body sql.RawBytes
			if err := rows.Scan(&r.id, &r.At, &r.Told, &r.Rule, &subject, &r.Until, &r.Late, &r.To, &r.Near, &r.Idle, &reason, &r.Record, &body); err != nil {
				return err
			}
			r.Subject = subjectOf(subject)
			r.Explanation.Reason = rules.Reason(reason)
			if len(body) > 0 {
				told := r.Told
				if err := json.Unmarshal(body, &r.Transition); err != nil {
					return fmt.Errorf("reading change %d: %w", r.id, err)
				}
				r.Told = told
			}
			found = append(found, r)
			return nil
		}, fmt.Sprintf(historyColumns, body)+where, q.Site, int64(q.From), int64(q.Until), int64(known), limit)
		if err != nil {
			return nil, fmt.Errorf("reading the verdicts of site %q: %w", q.Site, err)
		}
		if i == 2 && q.Most > 0 && len(found)-n > q.Most {
			return nil, fmt.Errorf("reading the verdicts of site %q: %w: more than %d", q.Site, journal.ErrTooMuch, q.Most)
		}
	}
	slices.SortFunc(found, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	for i := range found {
		h.Transitions = append(h.Transitions, found[i].Transition)
	}
	if !q.Explained {
		var firsts []int64 // ids
		known := make(map[measure]bool)
		for i := range found {
			if m := (measure{found[i].Rule, found[i].Subject}); !known[m] {
				known[m] = true
				firsts = append(firsts, found[i].id)
			}
		}
		if err := j.classify(ctx, h.Transitions, firsts); err != nil {
			return nil, fmt.Errorf("reading the kinds of rules of site %q: %w", q.Site, err)
		}
	}
	for sqlText, to := range map[string]*[]telemetry.Record{notesSQL: &h.Notes, configurationsSQL: &h.Configurations} {
		r := newReader()
		err := each(ctx, j.reads, func(rows *sql.Rows) error {
			rec, _, err := scanRecord(rows, r, nil)
			*to = append(*to, rec)
			return err
		}, sqlText, q.Site, int64(q.From), int64(q.Until))
		if err != nil {
			return nil, fmt.Errorf("reading what stood for the verdicts of site %q: %w", q.Site, err)
		}
	}
	if err := j.reads.QueryRowContext(ctx, stoppedAtSQL, cursorStopped+q.Site).Scan(&h.Stopped); err != nil {
		return nil, fmt.Errorf("reading whether site %q is judged: %w", q.Site, err)
	}
	return h, nil
}
