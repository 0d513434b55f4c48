package facility

import "time"

// Shown is when clocks in loc show a wall-clock time, which is given as if it were in UTC: the first instant that shows it or
// a later one, and the second one where clocks that go back show it again (zero: they do not).
func Shown(wall time.Time, loc *time.Location) (first, again time.Time) {
	second, rest := wall.Unix(), time.Duration(wall.Nanosecond())
	first = firstShown(second, loc)
	if _, offset := first.Zone(); first.Unix()+int64(offset) != second {
		return first, time.Time{} // skipped: a fraction of it is as well
	}
	for t := first; ; {
		_, next := t.ZoneBounds()
		if next.IsZero() || !next.After(t) || next.Sub(first) > farthest*time.Second {
			break
		}
		t = next
		_, offset := t.Zone()
		at := time.Unix(second-int64(offset), 0).In(loc)
		if _, until := t.ZoneBounds(); at.After(first) && !at.Before(t) && (until.IsZero() || at.Before(until)) {
			again = at.Add(rest)
			break
		}
	}
	return first.Add(rest), again
}

// nowhere is the zone of a text that names none: no clock is set to it.
var nowhere = time.FixedZone("", -(12*3600 + 34*60 + 56))

// ParseTime reads a written time by a layout of package time. One without a zone is shown by clocks in loc, as Shown says; Go's
// own guess is the first or the second of two, and before or behind a gap, as the zone has it.
func ParseTime(layout, text string, loc *time.Location) (first, again time.Time, err error) {
	t, err := time.ParseInLocation(layout, text, nowhere)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	if t.Location() != nowhere {
		t, err = time.ParseInLocation(layout, text, loc) // which knows the abbreviations of its zone
		return t, time.Time{}, err
	}
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	first, again = Shown(wall, loc)
	return first, again, nil
}
