package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// What pages and starts ask for is found by an index, however long the journal is. SQLite takes a partial index only where the
// query says what the index is limited to.
func TestQueriesFindTheirIndex(t *testing.T) {
	j := open(t, t.TempDir())
	for name, tc := range map[string]struct{ query, index string }{
		"counts of a zone":  {countsSQL, "records_standing"},
		"an entry":          {entrySQL, "records_standing"},
		"entries during":    {entriesDuringSQL, "records_entries"},
		"what stands":       {standingSQL, "records_standing"},
		"rejections of all": {rejectionsSQL, "records_notable"},
		"configured sites":  {configuredSQL, "records_notable"},
		"configured at":     {configuredAtSQL, "records_notable"},
		"engines":           {enginesSQL, "records_engine"},
		"engines from":      {enginesFromSQL, "records_engine"},
		"last verdicts":     {verdictsSQL, "transitions_before"},
		"occupancy":         {occupancySQL, "samples_zone_at"},
		"verdicts":          {fmt.Sprintf(historyColumns, "''") + periodSQL, "transitions_history"},
		"revised verdicts":  {fmt.Sprintf(historyColumns, "''") + revisedSQL, "transitions_revised"},
		"verdicts before":   {fmt.Sprintf(historyColumns, "''") + beforeTheSQL, "transitions_before"},
		"who listened":      {notesSQL, "records_notes"},
		"configurations":    {configurationsSQL, "records_standing"},
		"alerts of a day":   {duringSQL, "alerts_resolved"},
	} {
		args := make([]any, 5)
		for i := range args {
			args[i] = 1
		}
		n := strings.Count(tc.query, "?")
		for i := 5; i > 0; i-- {
			if strings.Contains(tc.query, "?"+string(rune('0'+i))) {
				n = i
				break
			}
		}
		var plan []string
		err := each(t.Context(), j.reads, func(rows *sql.Rows) error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+tc.query, args[:n]...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all := strings.Join(plan, "\n")
		if !strings.Contains(all, "INDEX "+tc.index) {
			t.Errorf("%s: the plan is\n%s\nwant index %s", name, all, tc.index)
		}
		// When an alert opened stands in the index: of what came since no row is read.
		if tc.query == duringSQL && !strings.Contains(all, "COVERING INDEX "+tc.index) {
			t.Errorf("%s: the plan is\n%s\nwant the index alone", name, all)
		}
		for _, step := range plan {
			if (strings.HasPrefix(step, "SCAN records") || strings.HasPrefix(step, "SCAN transitions") || strings.HasPrefix(step, "SCAN samples")) && !strings.Contains(step, "INDEX") {
				t.Errorf("%s: the plan is\n%s\nwant no walk through everything", name, all)
			}
		}
	}
}
