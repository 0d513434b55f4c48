package web

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What nobody measures is not judged, and what nobody counts is no zero: these say what there is.

// judgedView is a site with its verdicts. ErrNotFound: there is no such site. errVerdicts: the gateway does not come to them just now; a
// list without them would say that no rule judges anything.
func (s *Server) judgedView(site string) (*rules.View, error) {
	v, ok := s.opts.Live.View(site)
	switch {
	case !ok:
		return nil, ErrNotFound
	case v.Outline != nil:
		return nil, errVerdicts
	}
	return v, nil
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
	w, ok := v.Worst()
	return ok && w.NearOfSite() && v.Verdict == rules.Unknown
}
