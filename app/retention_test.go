package app

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// A clock that shows the wrong century deletes nothing but what was due within as many days as it was believed for hours; a gateway that
// was off for a while catches up.
func TestRetentionBelievesAClockLittleByLittle(t *testing.T) {
	at := func(year int, month time.Month, d int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(year, month, d, 0, 0, 0, 0, time.UTC))
	}
	knew := at(2026, 3, 1)
	p := prudence{trusted: knew}
	var got telemetry.Instant
	for minute := range 60 {
		got = p.present(at(2099, 1, 1).Add(time.Duration(minute)*time.Minute), time.Duration(minute+1)*time.Minute)
	}
	if want := knew.Add(24 * time.Hour); got != want {
		t.Errorf("after an hour in 2099 the present is %v, want %v", got, want)
	}
	if got = p.present(at(2026, 3, 1).Add(time.Hour), 61*time.Minute); got != at(2026, 3, 1).Add(time.Hour) {
		t.Errorf("the clock is right again, and the present is %v", got)
	}
	// Off for ten days: ten hours later it is where the clock is.
	p = prudence{trusted: knew}
	back := knew.Add(10 * 24 * time.Hour)
	for hour := range 12 {
		got = p.present(back.Add(time.Duration(hour)*time.Hour), time.Duration(hour+1)*time.Hour)
	}
	if want := back.Add(11 * time.Hour); got != want {
		t.Errorf("twelve hours after ten days off the present is %v, want %v", got, want)
	}
	p = prudence{}
	if got := p.present(back, time.Minute); got != back {
		t.Errorf("an empty journal: the present is %v, want the clock's %v", got, back)
	}
}
