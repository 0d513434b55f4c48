package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// taskState is when a task was done.
type taskState struct {
	id    string
	index int
	since telemetry.Instant // configured since: what was due earlier is not judged
	done  []doneAt          // by time, item and press

	watchers []*instance // judge whether it was done
	nearby   []*instance // judge other tasks, and ask who was here when
}

// doneAt is one log of a task.
type doneAt struct {
	at       telemetry.Instant
	item     string // empty: the whole task
	press    string // kind of press, from a button
	device   string
	by       string            // the person who entered it; empty: a device did
	agent    string            // the disinfectant; empty: the log names none
	began    telemetry.Instant // when the deed began; 0: the log does not say
	received telemetry.Instant // when the log was entered: received, or made on a phone that sent it later
	earliest telemetry.Instant // it was done at some time from here to at, nobody knows when; 0: at that time
	quantity telemetry.Quantity
	sequence uint64
	record   uint64
}

// source is whoever logged it.
func (d *doneAt) source() string {
	if d.by != "" {
		return "\x00" + d.by
	}
	return d.device
}

// unsure reports whether only a range is known in which it was done.
func (d *doneAt) unsure() bool { return d.earliest != 0 }

// since is the time from which on it may have been done.
func (d *doneAt) since() telemetry.Instant {
	if d.unsure() {
		return d.earliest
	}
	return d.at
}

// within reports whether it was done in [from, to]; maybe: whether it can have been.
func (d *doneAt) within(from, to telemetry.Instant, maybe bool) bool {
	return d.at <= to && (d.since() >= from || maybe && d.at >= from)
}

func compareDone(a, b doneAt) int {
	switch {
	case a.at != b.at:
		return int(max(-1, min(1, a.at-b.at)))
	case a.item != b.item:
		if a.item < b.item {
			return -1
		}
		return 1
	case a.press != b.press:
		return strings.Compare(a.press, b.press)
	case a.agent != b.agent:
		return strings.Compare(a.agent, b.agent)
	case a.began != b.began:
		return int(max(-1, min(1, a.began-b.began)))
	case a.earliest != b.earliest:
		return int(max(-1, min(1, a.earliest-b.earliest)))
	}
	return strings.Compare(a.source(), b.source())
}

// find is where a log belongs; −1: it is there already, for the same log twice is one.
func (t *taskState) find(d doneAt) int {
	i, found := slices.BinarySearchFunc(t.done, d, compareDone)
	if found {
		return -1
	}
	return i
}

// next is the time of the first log after t; Never: there is none.
func (t *taskState) next(after telemetry.Instant) telemetry.Instant {
	for _, d := range t.done {
		if d.at > after {
			return d.at
		}
	}
	return telemetry.Never
}

// logged reports whether anything of the task was ever logged, at or before t.
func (t *taskState) logged(at telemetry.Instant) bool { return len(t.done) > 0 && t.done[0].at <= at }

// lastDone is when the task was done last, at or before t, and since when that may have been, 0 where its time is known. A task with things
// is done when all of them are, so it is as old as the thing that waits longest. 0: never, or a thing of it never was.
func (t *taskState) lastDone(things []string, at telemetry.Instant) (last, since telemetry.Instant) {
	if len(things) == 0 {
		for _, d := range slices.Backward(t.done) {
			if d.at <= at {
				return d.at, d.earliest
			}
		}
		return 0, 0
	}
	since = telemetry.Never
	last = telemetry.Never
	for _, thing := range t.items(things, at) {
		if thing.LastDone == 0 {
			return 0, 0
		}
		last = min(last, thing.LastDone)
		since = min(since, cmp.Or(thing.LastSince, thing.LastDone))
	}
	if since == last {
		since = 0
	}
	return last, since
}

// forget drops logs before the time, but keeps the newest of each item, and the newest whose time is known.
func (t *taskState) forget(before telemetry.Instant) {
	seen := make(map[string]bool)
	keep := t.done[:0:0]
	for _, d := range slices.Backward(t.done) {
		key := d.item + "\x00" + d.press
		if d.unsure() {
			key += "\x00"
		}
		if d.at >= before || !seen[key] {
			keep = append(keep, d)
		}
		seen[key] = true
	}
	slices.Reverse(keep)
	t.done = keep
}

// items are the things of the task and when each was logged last.
func (t *taskState) items(names []string, at telemetry.Instant) []ItemView {
	if len(names) == 0 {
		return nil
	}
	all := make([]ItemView, len(names))
	for i, name := range names {
		all[i].Name = name
		for _, d := range slices.Backward(t.done) {
			if d.at <= at && (d.item == "" || d.item == name) {
				all[i].LastDone, all[i].LastSince = d.at, d.earliest
				break
			}
		}
	}
	return all
}
