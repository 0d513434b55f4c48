package model

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Checked gives v as a value of q: finite, within the physical range, whole where people or things are counted.
func Checked(q telemetry.Quantity, v float64) (float64, *fault.Fault) {
	def := q.Definition()
	if why := q.Refuse(v); why != "" {
		f := fault.New(telemetry.ReasonRange, "%s", fault.Value(why)).Alone()
		f.Warming = v == 0 && (q == telemetry.CO2 || q == telemetry.Humidity || q == telemetry.Pressure)
		return 0, f
	}
	switch def.Form {
	case telemetry.Period, telemetry.Total, telemetry.Present, telemetry.Flag:
		if v != math.Trunc(v) {
			return 0, fault.New(telemetry.ReasonField, "%s", fault.Value(fmt.Sprintf("%v is not a whole number", v)))
		}
	}
	if v == 0 {
		return 0, nil // never -0
	}
	return v, nil
}
