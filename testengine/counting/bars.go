package main

import (
	"fmt"
	"io"
	"runtime"
	"sync"
)

// The bars.
const (
	leastCovered  = 0.86
	mostCovered   = 0.96 // where half the interval is at least wideEnough
	wideEnough    = 3.0
	mostWidth     = 0.5 // of the linear one
	mostUnknown   = 0.05
	mostWrong     = 0.005
	leastOver     = 0.90
	leastInTime   = 0.95
	mostNear      = 0.25
	leastDays     = 0.85
	mostDays      = 0.95
	mostHalfWidth = 45.0
)

// measureAll runs each kind of mall with so many seeds, two at a time, in an order that does not matter.
func measureAll(all []setup, first uint64, seeds int, today bool) ([]figures, error) {
	sums := make([]figures, len(all))
	var mu sync.Mutex
	var failed error
	type job struct {
		setup int
		seed  uint64
	}
	jobs := make(chan job)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range jobs {
				m, err := newMall(&all[j.setup], first+j.seed)
				if err == nil {
					m.today = today
					err = m.run()
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = fmt.Errorf("mall %q with seed %d: %w", all[j.setup].name, first+j.seed, err)
				}
				if err == nil {
					sums[j.setup].add(&m.figures)
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		for seed := range seeds {
			jobs <- job{i, uint64(seed)}
		}
	}
	close(jobs)
	wg.Wait()
	return sums, failed
}

// bar is one figure against its bar.
type bar struct {
	name  string
	what  string
	value float64
	text  string
	ok    bool
	told  bool // the figure has no bar here
}

// barsOf lists the bars of one kind of mall.
func barsOf(s *setup, f *figures) []bar {
	var all []bar
	add := func(told bool, what string, value, least, most float64) {
		text := fmt.Sprintf("at least %v", least)
		if least == 0 {
			text = fmt.Sprintf("at most %v", most)
		} else if most != 0 {
			text = fmt.Sprintf("%v to %v", least, most)
		}
		all = append(all, bar{s.name, what, value, text, value >= least && (most == 0 || value <= most), told})
	}
	width := ratio(f.width, f.measured)
	most := 0.0
	if width >= wideEnough {
		most = mostCovered
	}
	add(false, "interval holds the truth", ratio(f.covered, f.known), leastCovered, most)
	add(false, "width against the linear one", ratio(f.width, f.linear), 0, mostWidth)
	if s.plain || s.over {
		add(!s.strict, "unknown though clear", ratio(f.unknown, f.clear), 0, mostUnknown)
		add(!s.strict, "wrong though clear", ratio(f.wrong, f.clear), 0, mostWrong)
	}
	if s.over {
		add(!s.strict, "breached when over", ratio(f.overTold, f.over), leastOver, 0)
		add(!s.strict, "alarm in time", ratio(f.inTime, f.cases), leastInTime, 0)
	}
	if s.turns != "" {
		add(true, "found, share of malls", ratio(f.found, f.malls), 0, 1)
		add(true, "found after closings", ratio(f.foundDays, f.found), 0, 0)
	}
	if s.hold > 0 {
		add(!s.strict, "near the limit while held", ratio(f.near, f.held), 0, mostNear)
	}
	return all
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// report prints the figures and then what the bars say; it gives the number of those missed.
func report(w io.Writer, all []setup, sums []figures) int {
	fmt.Fprintf(w, "%-46s %6s %6s %6s %6s | %6s %6s %5s | %7s %6s | %6s %6s | %6s\n", "malls", "holds", "below", "above", "known", "±", "linear", "ratio",
		"unknown", "wrong", "over", "alarm", "near")
	for i := range all {
		f := &sums[i]
		fmt.Fprintf(w, "%-46s %6.3f %6.3f %6.3f %6.3f | %6.2f %6.2f %5.2f | %7.4f %6.4f | %6s %6s | %6s\n", all[i].name, ratio(f.covered, f.known),
			ratio(f.tooLow, f.known), ratio(f.tooHigh, f.known), ratio(f.known, f.open), ratio(f.width, f.measured), ratio(f.linear, f.measured), ratio(f.width, f.linear),
			ratio(f.unknown, f.clear), ratio(f.wrong, f.clear), share(f.overTold, f.over), share(f.inTime, f.cases), share(f.near, f.held))
	}
	fmt.Fprintln(w)
	missed := 0
	for i := range all {
		for _, b := range barsOf(&all[i], &sums[i]) {
			missed += b.print(w)
		}
	}
	return missed
}

// print tells a bar; it gives 1 where it is missed.
func (b *bar) print(w io.Writer) int {
	word := "pass"
	switch {
	case b.told:
		word = "told"
	case !b.ok:
		word = "MISS"
	}
	fmt.Fprintf(w, "%s  %-46s %-28s %8.4f  %s\n", word, b.name, b.what, b.value, b.text)
	if word == "MISS" {
		return 1
	}
	return 0
}

func share(a, b float64) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", a/b)
}
