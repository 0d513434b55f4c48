package model

import "github.com/gerbang-iot/gerbang/telemetry"

// Swapped exchanges in and out.
func Swapped(q telemetry.Quantity) telemetry.Quantity {
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

// AnyWay is no way in particular: of a field that counts nobody who passes, of a message without such a field.
const AnyWay = -1
