package simulate

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// forgotten is how often a duty is not done.
const forgotten = 0.015

// planDuties schedules the disinfection of a day: before opening, every three hours while open, after closing. Now and
// then somebody forgets.
func (b *Building) planDuties(openings []facility.Opening, notBefore time.Time) {
	if len(openings) == 0 {
		return
	}
	opens, closes := openings[0].Open, openings[len(openings)-1].Close
	times := []time.Time{opens.Add(-50 * time.Minute)}
	for t := opens.Add(2 * time.Hour); t.Before(closes.Add(-time.Hour)); t = t.Add(3 * time.Hour) {
		times = append(times, t)
	}
	times = append(times, closes.Add(25*time.Minute))
	for _, d := range b.site.Devices {
		if d.Place.Kind != facility.AtTask {
			continue
		}
		task, _ := b.site.Task(d.Place.ID)
		for _, at := range times {
			at = at.Add(time.Duration(b.rng.IntN(20)) * time.Minute)
			if b.rng.Float64() >= forgotten && at.After(notBefore) {
				b.planDuty(d, task, at)
			}
		}
	}
}

// planDuty schedules the report of one duty: a press of the button, or a log of each thing that was treated.
func (b *Building) planDuty(d facility.Device, task facility.Task, at time.Time) {
	if len(task.Items) == 0 && b.measures(d, telemetry.Button) {
		b.schedule(at, func() (Message, bool) { return b.message(d, `"button":"press"`) })
		return
	}
	items := task.Items
	if len(items) == 0 {
		items = []string{""}
	}
	for i, item := range items {
		log := `"task":"` + task.ID + `","done":true,"agent":"alkohol 70%"`
		if item != "" {
			log += `,"item":"` + item + `"`
		}
		b.schedule(at.Add(time.Duration(i)*20*time.Second), func() (Message, bool) { return b.message(d, log) })
	}
}
