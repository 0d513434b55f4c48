package web

import (
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What nobody measures is not judged, and what nobody counts is no zero: these say what there is.

// bounds are the whole people between which an estimate lies.
func bounds(e rules.Estimate) (low, high float64) {
	if e.Low != 0 || e.High != 0 || e.Error == 0 && e.Persons == 0 {
		return e.Low, e.High
	}
	low, high = math.Max(0, math.Ceil(e.Persons-e.Error)), math.Floor(e.Persons+e.Error)
	if low > high {
		low = math.Round(e.Persons)
		high = low
	}
	return low, high
}

// sampleBounds are those of a sample; samples of an older journal have only their error.
func sampleBounds(s *rules.Sample) (low, high float64) {
	return bounds(rules.Estimate{Persons: s.Persons, Error: s.Error, Low: s.Low, High: s.High})
}

// judged reports whether any rule judges a subject.
func judged(v *rules.View, kind rules.SubjectKind, id string) bool {
	return slices.ContainsFunc(v.Verdicts, func(w rules.VerdictView) bool { return w.Subject.Kind == kind && w.Subject.ID == id })
}

// passed reports whether a counter has counted anybody through a zone's doors.
func passed(v *rules.View, z *rules.ZoneView) bool {
	return z.InToday != 0 || z.OutToday != 0 || slices.ContainsFunc(v.Doors, func(d rules.DoorView) bool {
		return d.LastCount != 0 && (d.From == z.ID || d.To == z.ID)
	})
}

// screens reports whether a thermometer stands at a door.
func screens(v *rules.View, d *rules.DoorView) bool {
	return d.Screened != 0 || slices.ContainsFunc(v.Devices, func(x rules.DeviceView) bool {
		return x.Place == facility.Place{Kind: facility.AtDoor, ID: d.ID} && slices.ContainsFunc(x.Readings, func(r rules.LastValue) bool {
			return r.Quantity == telemetry.BodyTemperature
		})
	})
}

// nearSite reports whether the worst about a site is that people are near a limit.
func nearSite(v *rules.View) bool {
	w, ok := worst(v)
	return ok && w.Near && v.Verdict == rules.Unknown
}
