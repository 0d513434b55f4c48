package facility

import (
	"fmt"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Direction is what somebody said of how a people counter hangs, from a time on. Since is from when on it was counted the wrong way
// until then; the same as From: it was not.
type Direction struct {
	From  telemetry.Instant `json:"from"`
	Since telemetry.Instant `json:"since"`
	Swap  bool              `json:"swap"` // it takes in for out, whatever is configured
}

// AcceptedDirection reads from a record what somebody said of how a counter hangs: which device (and channel, that hangs apart; empty:
// the device itself), and what was configured of it at that time. false: the record says nothing of that.
func AcceptedDirection(rec *telemetry.Record) (device, channel string, d Direction, configured, ok bool) {
	e := rec.Entry
	if rec.Kind != telemetry.KindEntry || e == nil || e.Kind != telemetry.EntryDirection || e.Value != 0 && e.Value != 1 {
		return "", "", Direction{}, false, false
	}
	d = Direction{From: rec.Received, Since: rec.Received, Swap: e.Value == 1}
	var since int64
	var swap int
	if n, _ := fmt.Sscanf(e.Text, "swap=%d since=%d", &swap, &since); n == 2 && since > 0 && since < int64(rec.Received)/1e9 {
		d.Since = telemetry.Instant(since * 1e9)
	}
	device, channel, _ = strings.Cut(strings.Clone(e.Subject), "/")
	return device, channel, d, swap == 1, true
}

// DirectionText is the text of an entry about a counter that is configured with or without swap, and was counted the wrong way since a
// time, in whole seconds; 0: it was not.
func DirectionText(configured bool, since telemetry.Instant) string {
	swap := 0
	if configured {
		swap = 1
	}
	return fmt.Sprintf("swap=%d since=%d", swap, int64(since)/1e9)
}
