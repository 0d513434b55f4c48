package simulate

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// planDuties schedules the disinfection of a day: before opening, well within every four hours while the building is open,
// after closing. Who is late comes that long after opening instead.
func (b *Building) planDuties(r *rand.Rand, day facility.Date, openings []facility.Opening) {
	if len(openings) == 0 {
		return
	}
	opens, closes := openings[0].Open, openings[len(openings)-1].Close
	for _, d := range b.site.Devices {
		if d.Place.Kind != facility.AtTask {
			continue
		}
		task, _ := b.site.Task(d.Place.ID)
		if task.Kind != facility.TaskCleaning {
			continue // each vehicle is sprayed as it comes; checklists follow
		}
		first := opens.Add(-time.Duration(25+r.IntN(30)) * time.Minute)
		if late := b.o.Late[task.ID]; late > 0 {
			first = opens.Add(late + time.Duration(r.IntN(5))*time.Minute)
		}
		times := []time.Time{first}
		for t := first.Add(3 * time.Hour); t.Before(closes.Add(-30 * time.Minute)); t = t.Add(3 * time.Hour) {
			times = append(times, t.Add(time.Duration(r.IntN(20))*time.Minute))
		}
		times = append(times, closes.Add(time.Duration(15+r.IntN(25))*time.Minute))
		for _, at := range b.routine(task.ID, day, times) {
			b.planDuty(d, task, at)
		}
	}
	b.planChecklists(r, openings)
}

// planChecklists schedules what is ticked off at the begin of each shift, at a terminal where logs are made.
func (b *Building) planChecklists(r *rand.Rand, openings []facility.Opening) {
	terminal := slices.IndexFunc(b.site.Devices, func(d facility.Device) bool {
		return d.Place.Kind == facility.AtTask && d.Model == "native" && len(d.Measures) == 0 // a button says which of its own
	})
	for _, task := range b.site.Tasks {
		if task.Kind != facility.TaskChecklist || terminal < 0 {
			continue
		}
		for _, o := range openings {
			b.planDuty(b.site.Devices[terminal], task, o.Open.Add(-time.Duration(2+r.IntN(15))*time.Minute))
		}
	}
}

// planDuty schedules the report of one duty: a press of the button, or a log of each thing that was treated.
func (b *Building) planDuty(d facility.Device, task facility.Task, at time.Time) {
	if b.fault(Missed, task.ID, at) != nil {
		return
	}
	if len(task.Items) == 0 && b.measures(d, telemetry.Button) {
		b.schedule(at, func() (Message, bool) { return b.message(d, `"button":"press"`) })
		return
	}
	items := task.Items
	if len(items) == 0 {
		items = []string{""}
	}
	for i, item := range items {
		log := `"task":"` + task.ID + `","done":true`
		if task.Kind == facility.TaskCleaning {
			log += `,"agent":"alkohol 70%"`
		}
		if item != "" {
			log += `,"item":"` + item + `"`
		}
		b.schedule(at.Add(time.Duration(i)*20*time.Second), func() (Message, bool) { return b.message(d, log) })
	}
}

// spray schedules the logs of vehicles that came: nearly all are sprayed, one behind the other.
func (b *Building) spray(came int) {
	for _, d := range b.site.Devices {
		task, ok := b.site.Task(d.Place.ID)
		if d.Place.Kind != facility.AtTask || !ok || task.Kind != facility.TaskVehicles {
			continue
		}
		for i := range came {
			if b.flip(0.97) {
				b.schedule(b.now.Add(time.Duration(i+1)*20*time.Second), func() (Message, bool) { return b.message(d, `"task":"`+task.ID+`","done":true`) })
			}
		}
		return
	}
}
