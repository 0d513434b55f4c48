package evidence

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Knowledge says as of when something was known.
type Knowledge string

// The knowledges.
const (
	Now  Knowledge = "now"  // with all that is known when the pack is made
	Then Knowledge = "then" // of each moment what was known at that moment: all that late data revised is left out
)

// Interval is a time in which a measure's state was the same: a line of intervals.jsonl.
type Interval struct {
	Known   Knowledge         `json:"known"`
	Rule    string            `json:"rule"`
	Subject rules.Subject     `json:"subject"`
	From    telemetry.Instant `json:"from"`
	Until   telemetry.Instant `json:"until"`
	State   string            `json:"state"`
	Reason  rules.Reason      `json:"reason,omitempty"`
	// Record and Index name the change of verdict that says so; 0: none does.
	Record uint64 `json:"record,omitempty"`
	Index  int    `json:"index,omitempty"`
}

// Revision is a time of which something else is known now than was then: a line of revisions.jsonl.
type Revision struct {
	Rule    string            `json:"rule"`
	Subject rules.Subject     `json:"subject"`
	From    telemetry.Instant `json:"from"`
	Until   telemetry.Instant `json:"until"`
	Then    string            `json:"then"`
	Now     string            `json:"now"`
	// Record is the record that told the new, and Told when it came; 0 and empty: none did.
	Record uint64            `json:"record,omitempty"`
	Told   telemetry.Instant `json:"told,omitempty"`
}

// Sums is how long something was what, in seconds. Within, breached, near, unknown and idle add up to open; open and closed to the part.
type Sums struct {
	Open        float64 `json:"open_s"`
	Within      float64 `json:"within_s"`
	Breached    float64 `json:"breached_s"`
	Near        float64 `json:"near_s"`
	Unknown     float64 `json:"unknown_s"`
	Idle        float64 `json:"idle_s"`
	Maintenance float64 `json:"maintenance_s"` // of idle
	Closed      float64 `json:"closed_s"`
	After       float64 `json:"breached_while_closed_s"` // of closed
}

// Figure is how a measure was kept on a day of the site, or in the whole period: a line of figures.jsonl.
type Figure struct {
	Known Knowledge `json:"known"`
	// Day is the day of the site's calendar; empty: the whole period.
	Day         string            `json:"day,omitempty"`
	From        telemetry.Instant `json:"from"`
	Until       telemetry.Instant `json:"until"`
	Rule        string            `json:"rule"`
	Subject     rules.Subject     `json:"subject"`
	SubjectName string            `json:"subject_name,omitempty"`
	Zone        string            `json:"zone,omitempty"` // where the subject is one
	Kind        string            `json:"kind,omitempty"`
	Protocol    string            `json:"protocol,omitempty"`
	Legal       string            `json:"legal,omitempty"`
	Counts      bool              `json:"counts"` // for the site's figure
	State       string            `json:"state"`  // the worst that there was
	Sums
	// Kept is the share of the observed time in which it was kept, Observed the share of the time asked in which somebody knew; none:
	// nothing was observed, nothing was asked.
	Kept     *float64 `json:"kept"`
	Observed *float64 `json:"observed"`
}

// SiteFigure is the site's figure of a day, or of the whole period: a line of site.jsonl. It is that of its worst measure.
type SiteFigure struct {
	Known Knowledge         `json:"known"`
	Day   string            `json:"day,omitempty"`
	From  telemetry.Instant `json:"from"`
	Until telemetry.Instant `json:"until"`
	State string            `json:"state"`
	Kept  *float64          `json:"kept"`
	// Near and Breached are what Kept lacks to 1: too close to the limit to tell, and not kept.
	Near     *float64       `json:"near"`
	Breached *float64       `json:"breached"`
	Observed *float64       `json:"observed"`
	Rule     string         `json:"worst_rule,omitempty"`
	Subject  *rules.Subject `json:"worst_subject,omitempty"`
	Measures int            `json:"measures"`
	Fully    int            `json:"fully_kept"`
	Blind    int            `json:"not_observed"`
	Sums
}

// Gap is a time in which nobody listened to the site's devices: a line of gaps.jsonl.
type Gap struct {
	From  telemetry.Instant `json:"from"`
	Until telemetry.Instant `json:"until"` // never: it lasts
}

// Deed is a duty that was reported as done, or not: a line of tasks.jsonl.
type Deed struct {
	Record   uint64            `json:"record"`
	Task     string            `json:"task"`
	At       telemetry.Instant `json:"at"`
	Received telemetry.Instant `json:"received"`
	Began    telemetry.Instant `json:"began,omitempty"`
	Done     bool              `json:"done"`
	Item     string            `json:"item,omitempty"`
	Agent    string            `json:"agent,omitempty"`
	By       string            `json:"by,omitempty"`
	Device   string            `json:"device,omitempty"` // empty: a person entered it
	Photo    string            `json:"photo,omitempty"`
}

// Instrument is a device of the policy in force at the end of the period: a line of devices.jsonl.
type Instrument struct {
	ID       string         `json:"id"`
	Name     string         `json:"name,omitempty"`
	Model    string         `json:"model"`
	Address  string         `json:"address,omitempty"`
	Place    facility.Place `json:"place"`
	Offset   float64        `json:"offset_cel,omitempty"`
	Accuracy float64        `json:"accuracy,omitempty"`
	Swap     bool           `json:"swap,omitempty"`
	// Calibrations are what people entered about it, in order, before the period too.
	Calibrations []Record `json:"calibrations,omitempty"`
}

// Judge is a version of the rules that judged the site from a record on: a line of engines.jsonl.
type Judge struct {
	Record   uint64            `json:"record"`
	Received telemetry.Instant `json:"received"`
	Version  string            `json:"version"`
}

// Alert is an alert that was open in the period: a line of alerts.jsonl, as the journal has it.
type Alert struct {
	Alert alerts.Alert `json:"alert"`
	Clock alerts.Clock `json:"clock"`
	Steps []Step       `json:"steps"`
}

// Step is one step in the life of an alert.
type Step struct {
	At   telemetry.Instant `json:"at"`
	What alerts.What       `json:"what"`
}

// stamp is a time in a table: as spreadsheets read it, in UTC.
func stamp(t telemetry.Instant) string {
	switch t {
	case 0:
		return ""
	case telemetry.Never:
		return "never"
	}
	return t.Time().Format("2006-01-02 15:04:05.999999999")
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func maybe(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

func count(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// SafeCell is a text for a table: one that a spreadsheet would take for a formula is led by an apostrophe, as OWASP says.
func SafeCell(text string) string {
	bare := strings.TrimLeft(text, " \t\r\n\x00\u00a0\u3000\ufeff")
	if text != "" && (strings.IndexAny(bare, "=+-@＝＋－＠") == 0 || strings.ContainsRune("\t\r\n\x00", rune(text[0]))) {
		return "'" + text
	}
	return text
}

// tableOf writes a table; each gives the rows, whose cells may be used again.
func tableOf(w io.Writer, head []string, each func(row func(cells ...string) error) error) error {
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	err := each(func(cells ...string) error {
		if len(cells) != len(head) {
			return fmt.Errorf("a row has %d cells, want %d", len(cells), len(head))
		}
		for i, c := range cells {
			if _, err := strconv.ParseFloat(c, 64); err != nil {
				cells[i] = SafeCell(c)
			}
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// linesOf writes rows as lines.
func linesOf[T any](w io.Writer, rows []T) error {
	var b []byte
	for i := range rows {
		var err error
		if b, err = encode(b[:0], &rows[i]); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// dayOf is the day of the site's calendar on which something begins.
func dayOf(t telemetry.Instant, loc *time.Location) string { return t.In(loc).Format(time.DateOnly) }
