package facility_test

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/facility"
)

func ExampleHours_At() {
	loc, _ := facility.LoadLocation("Asia/Jakarta")
	opens, _ := facility.ParseTimeOfDay("08:00")
	closes, _ := facility.ParseTimeOfDay("15:30")
	var h facility.Hours
	h.Weekly[time.Monday] = []facility.Span{{Open: opens, Close: closes}}

	monday := time.Date(2026, 3, 2, 10, 0, 0, 0, loc.Location)
	opening, open := h.At(monday, loc.Location)
	fmt.Println(open, opening.Close.Format("15:04"))
	next, _ := h.Next(monday, loc.Location)
	fmt.Println(next.Open.Format(time.DateOnly))
	// Output:
	// true 15:30
	// 2026-03-09
}

// A time that clocks skip is the first instant that shows it or a later one; one that comes twice has two instants.
func ExampleParseTime() {
	berlin, _ := facility.LoadLocation("Europe/Berlin")
	skipped, _, _ := facility.ParseTime(time.DateTime, "2026-03-29 02:30:00", berlin.Location)
	first, again, _ := facility.ParseTime(time.DateTime, "2026-10-25 02:30:00", berlin.Location)
	fmt.Println(skipped.UTC().Format(time.TimeOnly), first.UTC().Format(time.TimeOnly), again.UTC().Format(time.TimeOnly))
	// Output: 01:00:00 00:30:00 01:30:00
}
