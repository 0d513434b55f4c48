package rules

import (
	"math"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The names of inputs. Texts have a word for each; what an expression uses has the name that it has there.
const (
	InputDeclared  = "declared"   // declared capacity, persons
	InputSeats     = "seats"      // seats that exist
	InputSeatPitch = "seat_pitch" // distance between neighbouring seats, m
	InputSpacing   = "spacing"    // distance that is asked, m
	InputEvery     = "every_seat" // every n-th seat may be used
	InputArea      = "area"       // floor area, m2
	InputFixtures  = "fixtures"   // floor area that furniture takes, m2
	InputPerPerson = "per_person" // floor area that one person takes, m2
	InputZone      = "zone"       // limit of the zone Text, persons

	InputByValue = "by_value" // the value alone is judged, without its error

	InputReadings = "readings" // so many readings in a row make a breach
	InputInRow    = "in_row"   // so many there are
	InputOver     = "over"     // so many minutes without a break make a breach
	InputLasted   = "lasted"   // so many there are

	InputPlausibleMin = "plausible_min"
	InputPlausibleMax = "plausible_max"

	InputCases   = "cases"        // so many are open
	InputRecheck = "recheck"      // minutes since the second check was due; negative: until it
	InputSecond  = "second_check" // what the second check showed, Cel

	InputCredible    = "credible"     // readings in the window that can be a person's
	InputEntered     = "entered"      // people counted in, in the window
	InputEnteredLow  = "entered_low"  // so many really came in at least, at the stated confidence
	InputEnteredHigh = "entered_high" // so many at most

	InputReadingsOfDay = "readings_of_day" // so many readings are judged
	InputMedian        = "median"          // of them, Cel
	InputSpread        = "spread"          // half the width of their middle half, Cel
	InputLowShare      = "low_share"       // so many of 100 are too low
	InputOthers        = "others"          // the median of the other thermometers' medians, Cel

	InputAmbient        = "ambient"         // temperature of the air around a thermometer, Cel
	InputAmbientMin     = "ambient_min"     // from which on it measures people right
	InputAmbientMax     = "ambient_max"     // up to which
	InputAmbientUnknown = "ambient_unknown" // 1: nobody measures the air, and what the thermometer reads is taken all the same

	InputInterval = "interval" // minutes between two messages, as the device promises; the limit is how long it may be silent

	InputMessages   = "messages"    // that came and were understood
	InputBad        = "bad"         // that did not
	InputWindow     = "window"      // minutes that are looked at
	InputClockOff   = "clock_off"   // minutes by which the device's clock is ahead; negative: behind
	InputExpected   = "expected"    // people who should have passed the counter
	InputElsewhere  = "elsewhere"   // people who passed the others
	InputBehind     = "behind"      // devices that hang on it and ever spoke
	InputFellSilent = "fell_silent" // minutes since they were last heard

	InputClosings         = "closings"          // closings that the balance is added up over
	InputPassages         = "passages"          // people who passed meanwhile, both ways together
	InputUnexplained      = "unexplained"       // people who were missed going in, less those going out, of the zone Text; empty: the building
	InputUnexplainedOther = "unexplained_other" // the same of another zone
	InputPerDay           = "per_day"           // of them
	InputSuspect          = "suspect"           // the door Text is off, or is one of those among which the one is
	InputSince            = "since"             // the first of these closings, seconds since 1970
	InputDoorBalance      = "door_balance"      // people who came in by the door Text, less those who left by it, since counting began
	InputTogether         = "doors_together"    // the same of all doors that lead outside
	InputAllPassages      = "all_passages"      // people who passed these doors since counting began, both ways together
	InputCountingSince    = "counting_since"    // when counting began, seconds since 1970
	InputDoorBias         = "door_bias"         // people of 100 passages that the counter Text misses going in more than going out; the correction that is proposed
	InputProposedAccuracy = "proposed_accuracy" // accuracy of the counter Text that would explain it, %

	InputProposedDirection = "proposed_direction" // 1: the counter Text is to be taken to take in for out; 0: not to

	InputCounted = "counted" // minutes since the time from which it is counted, where that is later than the last deed
	InputGrace   = "grace"   // minutes that are given beyond the limit
	InputOpened  = "opened"  // minutes since the day's opening; negative: until it
	InputClosed  = "closed"  // minutes since the day's closing; negative: until it

	InputStaff     = "staff"      // people who may be there, or come in, and are no visitors
	InputTolerance = "tolerance"  // people that a count may be off
	InputQueue     = "queue"      // declared limit of a queue, persons
	InputRoom      = "room"       // limit of the room Text for which people wait, persons
	InputRoomShare = "room_share" // share of it that may queue, %

	InputQuota     = "quota"      // visitors that may come in a day
	InputCame      = "came"       // people who came in today
	InputLeft      = "left"       // visitors that may still come today
	InputArrivals  = "arrivals"   // people who came in the last minutes that InputLately tells
	InputLately    = "lately"     // minutes over which arrivals are looked at
	InputRate      = "rate"       // people who come in an hour, as of late
	InputService   = "service"    // minutes from a ticket to its turn
	InputFull      = "full"       // minutes until the quota is used up at that rate; negative: since
	InputLast      = "last"       // minutes until the last ticket; negative: since
	InputBeforeEnd = "before_end" // minutes before closing at which the queue closes

	InputTaken    = "taken"    // seats that are taken
	InputObserved = "observed" // seats whose sensors tell
	InputSilent   = "silent"   // seats whose sensors do not

	InputOccupied = "occupied_for" // minutes in which somebody was inside, which alone count

	InputAirLow     = "air_low"    // air a person has at the worst, L/s
	InputAirHigh    = "air_high"   // the same at the best
	InputRise       = "rise"       // by how much CO₂ rose in the window, ppm
	InputOutdoor    = "outdoor"    // CO₂ of the outdoor air, ppm
	InputVolume     = "volume"     // of the room, m3
	InputGeneration = "generation" // CO₂ that a person breathes out, L/s

	InputWorn      = "mask_worn"    // faces with a mask
	InputMissing   = "mask_missing" // faces without
	InputShareLow  = "share_low"    // the share of all may be as low as that, %
	InputShareHigh = "share_high"   // or as high
	InputUses      = "dispensed"    // uses of dispensers
	InputVehicles  = "vehicles_in"  // vehicles that entered
	InputSprayed   = "sprayed"      // logs that one was sprayed
)

// workings is a judge that says what its findings were computed from, beyond value and limit. It is asked when a verdict is
// explained, not when it is judged.
type workings interface {
	show(t telemetry.Instant, x *Explanation)
}

// limitInputs are what fullLimit computed a zone's limit from.
func limitInputs(z *facility.Zone, constraint string, spacing float64, g Grid) []Input {
	switch constraint {
	case byDeclared:
		return []Input{{Name: InputDeclared, Value: float64(z.Capacity)}}
	case bySeats:
		if z.SeatPitch <= 0 || z.SeatPitch >= spacing {
			return []Input{{Name: InputSeats, Value: float64(z.Seats)}}
		}
		return []Input{
			{Name: InputSeats, Value: float64(z.Seats)}, {Name: InputSeatPitch, Value: z.SeatPitch, Unit: "m"},
			{Name: InputSpacing, Value: spacing, Unit: "m"}, {Name: InputEvery, Value: float64(everySeat(z.SeatPitch, spacing))},
		}
	case byArea:
		return areaInputs(z, spacing, g)
	}
	return nil
}

// areaInputs are what a number of places was computed from: (area − fixtures) ÷ area of a person.
func areaInputs(z *facility.Zone, spacing float64, g Grid) []Input {
	in := []Input{{Name: InputArea, Value: z.Area, Unit: "m2"}}
	if z.Fixtures > 0 {
		in = append(in, Input{Name: InputFixtures, Value: z.Fixtures, Unit: "m2"})
	}
	return append(in, Input{Name: InputPerPerson, Value: g.perPerson(spacing), Unit: "m2"})
}

// buildingInputs are what buildingLimit computed the building's limit from.
func buildingInputs(site *facility.Site, p *Capacity) []Input {
	if p.SiteCapacity > 0 {
		return []Input{{Name: InputDeclared, Value: float64(p.SiteCapacity)}}
	}
	var in []Input
	for i := range site.Zones {
		z := &site.Zones[i]
		if limit, _, ok := fullLimit(z, p.Spacing, p.Grid); ok && z.Parent == "" {
			in = append(in, Input{Name: InputZone, Value: limit, Text: z.Name})
		}
	}
	return in
}

func (j *capacityJudge) show(_ telemetry.Instant, x *Explanation) {
	if x.HasLimit {
		x.Inputs = append(x.Inputs, j.inputs...)
	}
}

func (j *distancingJudge) show(t telemetry.Instant, x *Explanation) {
	if x.Constraint == byArea {
		if j.area != nil {
			x.Inputs = append(x.Inputs, areaInputs(j.area, j.params.Spacing, j.params.Grid)...)
		}
		return
	}
	if x.Unit != "m" {
		return
	}
	x.Bound = AtLeast
	inRow := 0
	for _, s := range j.zone.sensors {
		if s.quantity != telemetry.Distance || s.probe() {
			continue
		}
		if f, _, ok := j.sensor(s, t); ok && f.hasValue {
			inRow = max(inRow, s.row(s.line.upTo(t), j.params.Readings, func(v float64) bool { return sides(v, s.device.err, j.params.close) == 1 }))
		}
	}
	if j.params.Readings > 1 {
		x.Inputs = append(x.Inputs, Input{Name: InputInRow, Value: float64(inRow)}, Input{Name: InputReadings, Value: float64(j.params.Readings)})
	}
}

func (j *temperatureJudge) show(t telemetry.Instant, x *Explanation) {
	if j.params.Operator == ">=" {
		x.Bound = Below
	}
	if !x.HasValue {
		return
	}
	if x.Reason == ReasonImplausible {
		x.Inputs = append(x.Inputs, Input{Name: InputPlausibleMin, Value: j.params.PlausibleMin, Unit: x.Unit},
			Input{Name: InputPlausibleMax, Value: j.params.PlausibleMax, Unit: x.Unit})
		return
	}
	if !j.params.UseError && x.Error > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputByValue})
	}
	j.showCase(t, x)
}

func (j *silenceJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = Below
	if j.interval > 0 && x.HasLimit {
		x.Inputs = append(x.Inputs, Input{Name: InputInterval, Value: minutes(j.interval), Unit: "min"})
	}
	if !j.onlyOpen || !x.HasValue {
		return
	}
	if open, opened, _ := j.plan.open(t); open {
		if since := minutes(t.Sub(opened)); since < x.Value {
			x.Inputs = append(x.Inputs, Input{Name: InputCounted, Value: since, Unit: "min"})
		}
	}
}

func (j *disinfectionJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = Below
	add := func(name string, v float64) {
		if v != 0 && !math.IsInf(v, 0) {
			x.Inputs = append(x.Inputs, Input{Name: name, Value: v, Unit: "min"})
		}
	}
	days := j.plan.serviceDays(t)
	switch x.Constraint {
	case every:
		from := max(min(t, j.opened(days.now, t)), days.now.open, j.task.since)
		done := j.done(0, t)
		if from > done && from > 1 {
			add(InputCounted, minutes(t.Sub(from)))
		}
		if j.params.Occupied {
			x.Inputs = append(x.Inputs, Input{Name: InputOccupied, Value: minutes(j.occupied(max(from, done), t)), Unit: "min"})
		}
	case beforeOpening:
		day := days.now
		if day.open == telemetry.Never || !day.ok || day.open.Add(-j.params.BeforeOpening) > t {
			day = days.past
		}
		if day.ok {
			add(InputOpened, minutes(t.Sub(j.opened(day, t))))
		}
	case afterClosing:
		if days.past.ok {
			add(InputClosed, minutes(t.Sub(max(days.past.close, j.closed(days.past, t)))))
		}
	case afterPeople:
		x.Bound = Below
	default:
		return
	}
	add(InputGrace, minutes(j.params.Grace))
	x.Inputs = append(x.Inputs, j.doubts(t)...)
}
