package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

var repairNow = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

// repair runs repair-clock as of a time.
func repair(t *testing.T, r *rig, at time.Time) (code int, out, errs string) {
	t.Helper()
	return run(t, "", "journal", "repair-clock", "--data", r.data(), "--now", at.Format(time.RFC3339))
}

// kept reads what a journal has of alerts and owes to the broker.
func kept(t *testing.T, r *rig) (open, closed []alerts.Alert, owed []alerts.Signal) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), r.data())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	st, err := j.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Stopped) != 0 {
		t.Errorf("stopped sites: %v, want none", st.Stopped)
	}
	if closed, err = j.History(t.Context(), "", 100); err != nil {
		t.Fatal(err)
	}
	if owed, err = j.Owed(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	return st.Open, closed, owed
}

// A fever before the clock jumped ended in a future that is set aside, and another began there: the first is open again, the
// second is gone, both are listed, and a broker that shows the second is told.
func TestRepairClockMendsAlerts(t *testing.T) {
	for name, tc := range map[string]struct{ times, want string }{
		"it ended in the future":          {"55m, recheck: 5m, lapse: 1h", `alert .* rule "suhu" .*: judged again, for it was resolved in the future, at 2026-03-02T03:51`},
		"it ended before, as found there": {"2m, recheck: 1m, lapse: 5m", `alert .* rule "suhu" .*: opened, for the records that stand ask for it`},
	} {
		t.Run(name, func(t *testing.T) { mendsAlerts(t, tc.times, tc.want) })
	}
}

// mendsAlerts mends with such times of a case.
func mendsAlerts(t *testing.T, times, says string) {
	r := newRig(t).building()
	r.replace("protocols/uji.yaml", "above: 37.3", "above: 37.3, case: "+times)
	ahead := 26 * time.Hour
	writeReadings(t, r, repairNow.Add(-time.Hour), repairNow.Add(ahead+time.Hour), "gedung",
		fevers{repairNow.Add(-10 * time.Minute), []float64{36.5, 39.2}},
		fevers{repairNow.Add(ahead), []float64{36.4, 39.9}})
	before, _, _ := kept(t, r)
	gone := ""
	for _, a := range before {
		if a.Rule == "suhu" && a.Opened.Time().After(repairNow) {
			gone = a.ID
		}
	}
	if gone == "" {
		t.Fatalf("open alerts before: %+v, want a fever of the future", before)
	}
	code, out, errs := repair(t, r, repairNow.Add(time.Minute))
	if code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{`alert ` + gone + ` .*: removed`, says} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("it says\n%s\nwant %s", out, want)
		}
	}
	open, closed, owed := kept(t, r)
	var fever []string
	for _, a := range open {
		if a.Rule == "suhu" {
			fever = append(fever, a.Opened.Time().Format("15:04"))
		}
	}
	for _, a := range closed {
		if a.Rule == "suhu" {
			t.Errorf("a fever is over: %+v, want none", a)
		}
	}
	if got := strings.Join(fever, " "); got != "02:51" {
		t.Errorf("open fevers: %s, want the one of 02:51", got)
	}
	cleared := false
	for _, s := range owed {
		if s.Topic == alerts.AlertTopic("gedung", gone) {
			cleared = s.Retain && len(s.Payload) == 0 // the last one counts
		}
	}
	if !cleared {
		t.Errorf("owed: %+v, want that the broker forgets %s", owed, gone)
	}
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 {
		t.Errorf("journal check afterwards: code %d: %s%s", code, out, errs)
	}
}

// An alert that ended in the future, and had ended already by what was read when the clock was right again, ends then.
func TestRepairClockEndsAlertsWhenTheyEnded(t *testing.T) {
	r := newRig(t).building()
	writeReadings(t, r, repairNow.Add(-time.Hour), repairNow.Add(27*time.Hour), "gedung",
		fevers{repairNow.Add(-10 * time.Minute), []float64{36.5, 39.2}}, fevers{repairNow.Add(26 * time.Hour), []float64{36.4}}, fevers{repairNow, []float64{36.5}})
	tamper(t, r, fmt.Sprintf(`UPDATE alerts SET resolved = %[1]d, body = json_set(body, '$.resolved', %[1]d) WHERE opened < %[2]d AND resolved > 0`,
		repairNow.Add(26*time.Hour).UnixNano(), repairNow.UnixNano()))
	if code, out, errs := repair(t, r, repairNow.Add(time.Minute)); code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errs)
	}
	_, closed, _ := kept(t, r)
	var got []string
	for _, a := range closed {
		if a.Rule == "suhu" {
			got = append(got, a.Opened.Time().Format("15:04")+"–"+a.Resolved.Time().Format("15:04"))
		}
	}
	if want := "02:51–03:00"; strings.Join(got, " ") != want {
		t.Errorf("fevers that are over: %s, want %s", strings.Join(got, " "), want)
	}
}

// A clock that was ahead twice is mended twice; and messages of no site, which nobody judges, keep no site waiting.
func TestRepairClockTwice(t *testing.T) {
	r := newRig(t).building()
	var at time.Time
	for n := range 2 {
		at = repairNow.Add(time.Duration(n) * 2 * time.Hour)
		writeReadings(t, r, at.Add(-time.Hour), at.Add(27*time.Hour), "gedung",
			fevers{at.Add(-10 * time.Minute), []float64{36.5, 39.2, 36.4}}, fevers{at.Add(26 * time.Hour), []float64{39.9}}, fevers{at, []float64{36.5, 39.4}})
		writeReadings(t, r, at.Add(27*time.Hour), at.Add(29*time.Hour), "nirgends", fevers{at.Add(28 * time.Hour), []float64{39.9}})
		if code, out, errs := repair(t, r, at.Add(time.Hour)); code != 0 || !strings.Contains(out, "set aside") {
			t.Fatalf("time %d: code %d: %s%s", n+1, code, out, errs)
		}
		_, _, _ = kept(t, r)
		code, out, errs := run(t, "", "journal", "check", "--data", r.data())
		if code != 0 || strings.Contains(out, "not judged yet") {
			t.Errorf("journal check after time %d: code %d: %s%s", n+1, code, out, errs)
		}
	}
	open, _, _ := kept(t, r)
	if !strings.Contains(fmt.Sprint(open), "suhu") {
		t.Errorf("open alerts: %+v, want the last fever", open)
	}
}

// What another version of the engine judged is not touched: only that version could judge it again.
func TestRepairClockRefusesAnotherVersion(t *testing.T) {
	for name, change := range map[string][]string{
		"another version": {`UPDATE records SET body = '{"Version":"0","After":0}' WHERE kind = 6`},
		"the first one":   {`DELETE FROM records WHERE kind = 6`},
		"an older schema": {`PRAGMA user_version = 3`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t).building()
			writeJournal(t, r, repairNow, 26*time.Hour)
			tamper(t, r, change...)
			was := dump(t, r)
			code, out, errs := repair(t, r, repairNow.Add(time.Hour))
			if code == 0 || !strings.Contains(errs, "version") || !strings.Contains(errs, "mend it with the version of gerbang that wrote it") {
				t.Errorf("code %d: %s%s\nwant a refusal with a hint", code, out, errs)
			}
			if now := dump(t, r); now != was {
				t.Errorf("the journal was changed:\n%s\nit was\n%s", now, was)
			}
		})
	}
}

// dump is what a journal holds, as far as repair-clock touches it.
func dump(t *testing.T, r *rig) string {
	t.Helper()
	return strings.Join(append(tamper(t, r), minutes(t, r)...), "\n")
}
