package figures

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Keys of Record.Values.
const (
	Lost     = "lost"
	Acked    = "acked_per_second"
	End      = "end_per_second"
	CPU      = "cpu_consumer"
	Core     = "core_percent"
	Peak     = "peak_mb"
	Alerts   = "alerts_missing"
	AlertP50 = "alert_p50_ms"
	AlertP99 = "alert_p99_ms"
	AlertMax = "alert_max_ms"
)

// column is one figure of the table. docs/bench/README.md says what each means; a test holds the titles together.
type column struct {
	key, title string
	digits     int  // after the point
	worst      bool // shows the greatest of all runs instead of the median: one message that was lost is one too many
}

var columns = []column{
	{key: Lost, title: "lost", worst: true},
	{key: Acked, title: "acked/s"},
	{key: End, title: "end to end/s"},
	{key: CPU, title: "CPU-s/M", digits: 1},
	{key: Core, title: "core %", digits: 1},
	{key: Peak, title: "peak MB"},
	{key: Alerts, title: "alerts missing", worst: true},
	{key: AlertP50, title: "alert p50 ms", digits: 2},
	{key: AlertP99, title: "p99 ms", digits: 1},
	{key: AlertMax, title: "max ms", digits: 1},
}

// WriteTable writes the medians of all measurements, a line for each row and side in the order in which they were measured first.
// Where a row has two sides, a third line has the second's figures divided by the first's.
func WriteTable(w io.Writer, records []Record) error {
	shown := slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return !slices.ContainsFunc(records, func(r Record) bool { _, ok := r.Values[c.key]; return ok })
	})
	var aligned strings.Builder
	out := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(out, strings.Join(cells, "\t")) }
	head := []string{"row", "who", "runs"}
	for _, c := range shown {
		head = append(head, c.title)
	}
	line(head...)
	for _, row := range inOrder(records, func(r Record) string { return r.Row }) {
		ofRow := keep(records, func(r Record) bool { return r.Row == row })
		name, sides := row, inOrder(ofRow, func(r Record) string { return r.Side })
		var values [][]float64 // by side and column; -1: not measured
		for _, side := range sides {
			ofSide := keep(ofRow, func(r Record) bool { return r.Side == side })
			cells, sums := []string{name, side, strconv.Itoa(len(ofSide))}, make([]float64, len(shown))
			for i, c := range shown {
				sums[i] = c.of(ofSide)
				cells = append(cells, c.cell(sums[i]))
			}
			line(cells...)
			name, values = "", append(values, sums)
		}
		if len(sides) == 2 {
			line(append([]string{"", "ratio", ""}, ratios(shown, values[0], values[1])...)...)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	for row := range strings.Lines(aligned.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(row, " \n")); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	return nil
}

// Line is one measurement in one line.
func Line(r Record) string {
	var cells []string
	for _, c := range columns {
		if v, ok := r.Values[c.key]; ok {
			cells = append(cells, c.cell(v)+" "+c.title)
		}
	}
	return strings.Join(cells, ", ")
}

// of is the column's figure of the measurements, -1 if none has it.
func (c column) of(records []Record) float64 {
	var values []float64
	for _, r := range records {
		if v, ok := r.Values[c.key]; ok {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
		return -1
	case c.worst:
		return slices.Max(values)
	}
	return Median(values)
}

func (c column) cell(value float64) string {
	if value < 0 {
		return "-"
	}
	return thousands(strconv.FormatFloat(value, 'f', c.digits, 64))
}

func ratios(shown []column, first, second []float64) []string {
	var cells []string
	for i, c := range shown {
		if c.worst || first[i] <= 0 || second[i] < 0 {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, strconv.FormatFloat(second[i]/first[i], 'f', 2, 64)+" ×")
	}
	return cells
}

// thousands puts commas into the whole part of a number without sign.
func thousands(number string) string {
	whole, rest, ok := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if ok {
		return whole + "." + rest
	}
	return whole
}

// inOrder are the different names, in the order of their first record.
func inOrder(records []Record, name func(Record) string) []string {
	var names []string
	for _, r := range records {
		if n := name(r); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func keep(records []Record, wanted func(Record) bool) []Record {
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !wanted(r) })
}
