package simulate

import (
	"math/rand/v2"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// planDuties schedules the disinfection of a day: before opening, well within every four hours while the building is open,
// after closing. Who is late comes that long after opening instead.
func (b *Building) planDuties(r *rand.Rand, openings []facility.Opening) {
	if len(openings) == 0 {
		return
	}
	opens, closes := openings[0].Open, openings[len(openings)-1].Close
	for _, d := range b.site.Devices {
		if d.Place.Kind != facility.AtTask {
			continue
		}
		task, _ := b.site.Task(d.Place.ID)
		first := opens.Add(-time.Duration(25+r.IntN(30)) * time.Minute)
		if late := b.o.Late[task.ID]; late > 0 {
			first = opens.Add(late + time.Duration(r.IntN(5))*time.Minute)
		}
		b.planDuty(d, task, first)
		for t := first.Add(3 * time.Hour); t.Before(closes.Add(-30 * time.Minute)); t = t.Add(3 * time.Hour) {
			b.planDuty(d, task, t.Add(time.Duration(r.IntN(20))*time.Minute))
		}
		b.planDuty(d, task, closes.Add(time.Duration(15+r.IntN(25))*time.Minute))
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
