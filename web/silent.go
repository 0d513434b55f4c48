package web

import "github.com/gerbang-iot/gerbang/rules"

// unheard are the devices of a site that nobody should rely on: never heard, or found silent or implausible by a rule about
// sensors. A button that no rule watches is not among them, and neither is a thermometer that was not needed today.
func unheard(v *rules.View) map[string]bool {
	found := map[string]bool{}
	for i := range v.Devices {
		if v.Devices[i].LastSeen == 0 {
			found[v.Devices[i].ID] = true
		}
	}
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		if w.Subject.Kind == rules.SubjectDevice && w.Class == rules.ClassSensor && w.Verdict != rules.Within {
			found[w.Subject.ID] = true
		}
	}
	return found
}
