package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// screening is how many people a door's thermometers measured in one quarter of an hour.
type screening struct {
	slot    int64  // quarters since 1970; what comes as one begins belongs to the one before, as midnight to yesterday
	people  uint64 // credible body temperatures
	tooWarm uint64 // of them, beyond the threshold
}

// screensKept is how many quarters of screenings a door keeps: two days, for the day of another time zone begins at another time.
const screensKept = 2 * 24 * 4

// screenedAt counts a credible body temperature; today says that it belongs to the day.
func (d *doorState) screenedAt(at telemetry.Instant, warm, today bool) {
	slot := slotOf(at - 1)
	i, found := slices.BinarySearchFunc(d.screens, slot, func(s screening, slot int64) int { return cmp.Compare(s.slot, slot) })
	if !found {
		d.screens = slices.Insert(d.screens, i, screening{slot: slot})
	}
	one := screening{people: 1}
	if warm {
		one.tooWarm = 1
	}
	d.screens[i].people += one.people
	d.screens[i].tooWarm += one.tooWarm
	if today {
		d.screened, d.tooWarm = d.screened+one.people, d.tooWarm+one.tooWarm
	}
}

// takeScreening takes over one of a snapshot, the later ones behind the earlier; what has a time behind limit (0: none) is of then.
func (d *doorState) takeScreening(s screening, limit telemetry.Instant) {
	if limit != 0 {
		s.slot = min(s.slot, slotOf(limit-1))
	}
	if n := len(d.screens); n > 0 && d.screens[n-1].slot == s.slot {
		d.screens[n-1].people += s.people
		d.screens[n-1].tooWarm += s.tooWarm
		return
	}
	d.screens = append(d.screens, s)
}

// forgetScreens drops what no day that can be today holds.
func (d *doorState) forgetScreens(now telemetry.Instant) {
	d.screens = slices.DeleteFunc(d.screens, func(s screening) bool { return s.slot < slotOf(now)-screensKept })
}

// today counts people of the day who passed a device, as they passed.
func (e *Engine) today(d *deviceState, in, out people) {
	if d.door != nil {
		d.door.today.in += in
		d.door.today.out += out
	}
	for _, f := range d.effects {
		if z := f.zone; f.sign > 0 {
			z.today.in += in
			z.today.out += out
		} else {
			z.today.in += out
			z.today.out += in
		}
	}
}

// resetToday begins the counts of the day.
func (e *Engine) resetToday() {
	for _, z := range e.allZones() {
		z.today = tally{}
	}
	for _, d := range e.doors {
		d.today, d.screened, d.tooWarm = tally{}, 0, 0
	}
}

// recountToday counts the day anew where it begins at another time than it did: in another time zone, or by a clock that was
// set back.
func (e *Engine) recountToday() {
	e.resetToday()
	for d := range e.everyDevice() {
		for i := d.history.from(slotOf(e.day)); i < len(d.history); i++ {
			b := &d.history[i]
			in, out := d.directed(telemetry.Instant(b.slot*int64(quarter)), b.in, b.out)
			e.today(d, in, out)
		}
	}
	for _, d := range e.doors {
		for _, s := range d.screens {
			if s.slot >= slotOf(e.day) {
				d.screened, d.tooWarm = d.screened+s.people, d.tooWarm+s.tooWarm
			}
		}
	}
}
