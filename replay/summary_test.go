package replay

import (
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A number that nobody knows is no extreme.
func TestTheSummaryTellsNoNumberThatNobodyKnows(t *testing.T) {
	var s Summary
	for i, sample := range []rules.Sample{{Persons: 90}, {Persons: 7, Known: true}, {Persons: 4, Known: true}, {Persons: 0}} {
		sample.Site, sample.At = "mall", telemetry.Instant(i+1)
		s.Sample(&sample)
	}
	if x := s.Sites[0]; x.Lowest.Persons != 4 || x.Highest.Persons != 7 {
		t.Errorf("got %v to %v, want 4 to 7", x.Lowest, x.Highest)
	}
}
