package compliance

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// GapsOf finds the times in which nobody listened in what the gateway told a site about itself, in the order of the records. Records of other
// kinds are passed over.
func GapsOf(notes []telemetry.Record) []Gap {
	var all []Gap
	for i := range notes {
		s := notes[i].Service
		if notes[i].Kind != telemetry.KindService || s == nil {
			continue
		}
		at := notes[i].Received
		if n := len(all); n > 0 && all[n-1].Until == telemetry.Never {
			all[n-1].Until = max(at, all[n-1].From)
		}
		if s.Since != 0 && s.Since < at {
			all = append(all, Gap{s.Since, at})
		}
		if s.Deaf {
			all = append(all, Gap{s.DeafSince(at), telemetry.Never})
		}
	}
	return all
}
