package decode

import "github.com/gerbang-iot/gerbang/telemetry"

// countOf is the form in which q counts people; empty if it does not.
func countOf(q telemetry.Quantity) Count {
	switch q {
	case telemetry.PeopleIn, telemetry.PeopleOut:
		return CountPeriod
	case telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
		return CountTotal
	case telemetry.PeoplePresent:
		return CountPresent
	}
	return ""
}

// swapped exchanges in and out.
func swapped(q telemetry.Quantity) telemetry.Quantity {
	switch q {
	case telemetry.PeopleIn:
		return telemetry.PeopleOut
	case telemetry.PeopleOut:
		return telemetry.PeopleIn
	case telemetry.PeopleInTotal:
		return telemetry.PeopleOutTotal
	case telemetry.PeopleOutTotal:
		return telemetry.PeopleInTotal
	}
	return q
}
