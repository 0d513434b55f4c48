package model

import "github.com/gerbang-iot/gerbang/telemetry"

// CountOf is the form in which q counts people; empty if it does not.
func CountOf(q telemetry.Quantity) Count {
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

// NameOf is the quantity's name among the lines: where a model knows people by period and by total, a period says that it is one.
func (m *Mapping) NameOf(q telemetry.Quantity) string {
	if (m.Count != "" || len(m.Prefer) > 0) && CountOf(q) == CountPeriod {
		return q.String() + "_period"
	}
	return q.String()
}
