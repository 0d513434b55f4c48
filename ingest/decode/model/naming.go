package model

import "github.com/gerbang-iot/gerbang/telemetry"

// NameOf is the quantity's name among the lines: where a model knows people by period and by total, a period says that it is one.
func (m *Mapping) NameOf(q telemetry.Quantity) string {
	if (m.Count != "" || len(m.Prefer) > 0) && CountOf(q) == CountPeriod {
		return q.String() + "_period"
	}
	return q.String()
}
