package testengine

import (
	_ "embed" // the list
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // whatever the machine has
)

//go:embed zones.txt
var zoneNames string

// Zones are all time zones that the IANA database knows, links included, by name.
func Zones() []string { return strings.Fields(zoneNames) }

// Zone loads a time zone.
func Zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// Changes are the instants of [from, until) at which the zone's clocks change, in order.
func Changes(loc *time.Location, from, until time.Time) []time.Time {
	var all []time.Time
	for t := from.In(loc); ; {
		_, next := t.ZoneBounds()
		if next.IsZero() || !next.Before(until) || !next.After(t) {
			return all
		}
		_, was := t.Zone()
		// Go divides some zones at the turn of the year as well.
		if _, is := next.Zone(); is != was {
			all = append(all, next)
		}
		t = next
	}
}

// SomeZones are all zones; every tenth, with each run beginning at another one, where the race detector is on.
func SomeZones() []string {
	all := Zones()
	if !Racing {
		return all
	}
	var some []string
	for i := rand.IntN(10); i < len(all); i += 10 {
		some = append(some, all[i])
	}
	return some
}
