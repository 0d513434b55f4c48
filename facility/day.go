package facility

import "time"

// A site's days and wall-clock times, in zones whose clocks jump. Everything follows from one rule: a wall-clock time is the
// first instant at which the site's clocks show it or a later one. So
//
//   - a time that a change of the clocks skips is the end of the gap (02:30 where 02:00 becomes 03:00 is 03:00), also where
//     the skipped time is midnight, or a whole date (30 December 2011 in Apia, which has no time at all);
//   - a time that comes twice is the first of the two;
//   - later wall-clock times are never earlier instants, so that days and openings never overlap and every next one is later.

// farthest is more than any zone is ahead of or behind UTC, in seconds.
const farthest = 26 * 60 * 60

// firstShown is the first instant at which clocks in loc show a wall-clock time or a later one. The time is given as the
// seconds it would be since 1970 in UTC.
func firstShown(wall int64, loc *time.Location) time.Time {
	t := time.Unix(wall-farthest, 0).In(loc)
	for {
		_, offset := t.Zone()
		from, until := t.ZoneBounds()
		at := wall - int64(offset)
		if !from.IsZero() {
			at = max(at, from.Unix())
		}
		if until.IsZero() || at < until.Unix() || !until.After(t) {
			return time.Unix(at, 0).In(loc)
		}
		t = until
	}
}

// In is the first instant of the day in loc. Where clocks skip midnight it is the end of the gap; a date that they skip
// altogether begins, and ends, when the next one begins.
func (d Date) In(loc *time.Location) time.Time { return firstShown(d.utc().Unix(), loc) }

// On is the first instant of that wall-clock time on day d in loc, and the end of the gap where clocks skip it.
func (t TimeOfDay) On(d Date, loc *time.Location) time.Time {
	return firstShown(d.utc().Unix()+int64(time.Duration(t)/time.Second), loc)
}

// mostDaysBack is how many dates a change of the clocks goes back at most: a whole one, over the border of another.
const mostDaysBack = 3

// DayAt is the day at t in loc: the last one that has begun. It is the date on the calendar, except where clocks go back over
// midnight: then the new day, once begun, goes on (St. John's until 2011: 00:01 became 23:01 of the day before).
func DayAt(t time.Time, loc *time.Location) Date {
	d := DateOf(t.In(loc))
	for range mostDaysBack {
		next := d.AddDays(1)
		if next.In(loc).After(t) {
			break
		}
		d = next
	}
	return d
}

// NextDay is the first instant of the day after that of t in loc. It is after t.
func NextDay(t time.Time, loc *time.Location) time.Time { return DayAt(t, loc).AddDays(1).In(loc) }

// Exists reports whether the date has any time in loc. Clocks skip one where a country moves over the date line.
func (d Date) Exists(loc *time.Location) bool { return d.In(loc).Before(d.AddDays(1).In(loc)) }
