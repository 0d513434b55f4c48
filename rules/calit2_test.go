package rules

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestArrivalsOfEvents holds a limit on arrivals in half an hour against the 30 events that are known of a building (CalIt2, UCI). Nothing
// is tuned: the limit is the 95th percentile of the half hours from 8 to 18 on the weekdays of the first two weeks, as whoever sets up
// the rule could read it off. An alert that overlaps an event, or the half hour before it, is a true one.
func TestArrivalsOfEvents(t *testing.T) {
	loc := location(t, "America/Los_Angeles").Location
	var arrivals []telemetry.Record
	var usual []int
	lines(t, "CalIt2.data", func(fields []string) {
		at, err := time.ParseInLocation("01/02/06 15:04:05", fields[1]+" "+fields[2], loc)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(fields[3])
		if err != nil {
			t.Fatal(err)
		}
		quantity := telemetry.PeopleIn
		if fields[0] == "7" {
			quantity = telemetry.PeopleOut
		} else if h, w := at.Hour(), at.Weekday(); at.Before(time.Date(2005, 8, 7, 0, 0, 0, 0, loc)) && w != time.Sunday && w != time.Saturday && h >= 8 && h < 18 {
			usual = append(usual, n)
		}
		i := telemetry.InstantOf(at) // the end of the half hour, whose last moment it is counted into
		arrivals = append(arrivals, reading("main", i-1, i-1, quantity, n))
	})
	var events [][2]telemetry.Instant
	lines(t, "CalIt2.events", func(fields []string) {
		var e [2]telemetry.Instant
		for k := range e {
			at, err := time.ParseInLocation("01/02/06 15:04:05", fields[0]+" "+fields[1+k], loc)
			if err != nil {
				t.Fatal(err)
			}
			e[k] = telemetry.InstantOf(at)
		}
		events = append(events, e)
	})
	if len(events) != 30 || len(arrivals) != 10_080 {
		t.Fatalf("%d events and %d counts, want 30 and 10080", len(events), len(arrivals))
	}
	limit := percentile(usual, 0.95)
	for _, limit := range []int{10, 15, 20, limit, 25, 30} {
		found, alerts, right := arrivalAlerts(t, arrivals, events, limit)
		t.Logf("more than %d in half an hour: %d alerts, precision %.0f %%, recall %d of %d (%.0f %%)", limit, alerts, 100*float64(right)/float64(alerts), found, len(events), 100*float64(found)/float64(len(events)))
	}
	found, alerts, right := arrivalAlerts(t, arrivals, events, limit)
	if got := fmt.Sprintf("limit %d: %d alerts, %d of them right, %d events found", limit, alerts, right, found); got != wantArrivals {
		t.Errorf("got %s; want %s, as docs/rules.md says", got, wantArrivals)
	}
}

const wantArrivals = "limit 23: 78 alerts, 28 of them right, 21 events found"

// lines reads a file of the CalIt2 data.
func lines(t *testing.T, name string, each func(fields []string)) {
	t.Helper()
	f, err := os.Open(filepath.Join(dataDir(t), "calit2", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		each(strings.Split(strings.TrimSpace(s.Text()), ","))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

func percentile(all []int, q float64) int {
	counts := make(map[int]int)
	for _, n := range all {
		counts[n]++
	}
	seen := 0
	for v := 0; ; v++ {
		if seen += counts[v]; seen >= int(q*float64(len(all))) {
			return v
		}
	}
}

// arrivalAlerts judges all arrivals by an expression and counts the alerts, those of them that an event explains, and the events found.
func arrivalAlerts(t *testing.T, arrivals []telemetry.Record, events [][2]telemetry.Instant, limit int) (found, alerts, right int) {
	t.Helper()
	rule := about(SubjectZone, fmt.Sprintf("in_half_hour > %d", limit))
	rule.ID = "arrivals"
	d := building(t, "America/Los_Angeles", 30*time.Minute, "main")
	d.Protocols[0].Rules = []Rule{rule}
	r := &rig{t: t, engine: New("b"), loc: d.Site.Location.Location}
	r.configure(d, r.at("2005-07-23 12:00:00"))
	var over [][2]telemetry.Instant
	var begun telemetry.Instant
	for _, rec := range arrivals {
		r.apply(rec)
		for _, x := range r.out.Transitions {
			if x.Rule != "arrivals" || x.Late {
				continue
			}
			if x.To == Breached {
				begun = x.At
			} else if begun != 0 {
				over, begun = append(over, [2]telemetry.Instant{begun, x.At}), 0
			}
		}
		r.out.Reset()
	}
	// A breach at t speaks of the half hour before it.
	const half = 30 * time.Minute
	meets := func(a, e [2]telemetry.Instant) bool {
		return a[0].Add(-half) < e[1] && a[1].Add(-half) > e[0].Add(-half)
	}
	for _, a := range over {
		for _, e := range events {
			if meets(a, e) {
				right++
				break
			}
		}
	}
	for _, e := range events {
		for _, a := range over {
			if meets(a, e) {
				found++
				break
			}
		}
	}
	return found, len(over), right
}
