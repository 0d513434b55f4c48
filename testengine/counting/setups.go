package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gerbang-iot/gerbang/simulate"
)

// turnDay is the day on which a door swaps, where one does.
const turnDay = 12

// Days simulated of each mall, and the first that width is measured on: by then the counters have been learned.
const (
	simulated = 20
	learned   = 10
)

const openMinutes = 480 // 08:00 to 16:00

// setup is a kind of mall. What is not the same in all malls of the kind is drawn from the seed.
type setup struct {
	name     string
	mall     func(rng *rand.Rand) simulate.Mall
	accuracy float64 // as configured; 0: the default
	limit    float64 // relative to the usual peak
	hold     float64 // guards let in up to this share of the limit; 0: none
	swap     int     // the door whose counter is configured as swapped; −1: none
	turns    string  // the device of the door that swaps on turnDay; empty: none
	// strict setups have misses of at most 2 %, and so the bars of verdicts; in the others those figures are only told.
	strict bool
	plain  bool // all is as usual: the bars of unknown and wrong verdicts apply
	over   bool // the truth is over the limit for part of the day
}

// stays are 15 to 90 minutes on average or for everybody, in different shapes.
func stays(rng *rand.Rand) func(*rand.Rand) float64 {
	mean := 15 * math.Pow(6, rng.Float64())
	switch rng.IntN(4) {
	case 0:
		return func(r *rand.Rand) float64 { return 15 + 75*r.Float64() }
	case 1:
		return func(r *rand.Rand) float64 { return mean * (0.3 + 0.7*r.ExpFloat64()) }
	case 2:
		return func(r *rand.Rand) float64 { return mean / 2 * (r.ExpFloat64() + r.ExpFloat64()) }
	}
	return func(r *rand.Rand) float64 { return 40 * r.ExpFloat64() }
}

// always misses the same shares of those who go in and out.
func always(in, out float64) func(int) (float64, float64) {
	return func(int) (float64, float64) { return in, out }
}

// grows lets a share grow from 1 % to 5 % over the days.
func grows(day int) float64 { return 0.01 + 0.04*float64(day)/(simulated-1) }

// twoDoors is a mall with a main door and a side door.
func twoDoors(rng *rand.Rand, visitors float64, main, side func(int) (float64, float64)) simulate.Mall {
	return simulate.Mall{Visitors: visitors, Open: openMinutes, Stay: stays(rng), Doors: []simulate.MallDoor{{Share: 0.7, Miss: main}, {Share: 0.3, Miss: side}}}
}

func setups() []setup {
	var all []setup
	add := func(s setup) {
		if s.limit == 0 {
			s.limit = 1.2
		}
		if s.swap == 0 {
			s.swap = -1
		} else {
			s.swap--
		}
		all = append(all, s)
	}
	symmetric := func(visitors, miss float64) func(*rand.Rand) simulate.Mall {
		return func(rng *rand.Rand) simulate.Mall {
			return twoDoors(rng, visitors, always(miss, miss), always(miss, miss))
		}
	}
	around := func(visitors float64) func(*rand.Rand) simulate.Mall {
		return func(rng *rand.Rand) simulate.Mall {
			share := func() float64 { return 0.01 + 0.02*rng.Float64() }
			return twoDoors(rng, visitors, always(share(), share()), always(share(), share()))
		}
	}
	changed := func(m func(*rand.Rand) simulate.Mall, change func(*simulate.Mall)) func(*rand.Rand) simulate.Mall {
		return func(rng *rand.Rand) simulate.Mall {
			mall := m(rng)
			change(&mall)
			return mall
		}
	}
	for _, visitors := range []float64{35, 200, 500, 1000} {
		for _, miss := range []float64{0.01, 0.02, 0.05} {
			add(setup{name: fmt.Sprintf("%v visitors, misses %v %%", visitors, miss*100), mall: symmetric(visitors, miss), accuracy: 1 - miss, strict: miss <= 0.02, plain: true})
		}
	}
	for _, visitors := range []float64{200, 500} {
		add(setup{name: fmt.Sprintf("%v visitors, misses 2 ± 1 %%", visitors), mall: around(visitors), strict: true, plain: true})
	}
	add(setup{name: "misses 5 %, configured as 2 %", mall: symmetric(500, 0.05), plain: true})
	add(setup{name: "misses 5 % going in at one door", plain: true, mall: func(rng *rand.Rand) simulate.Mall {
		return twoDoors(rng, 500, always(0.05, 0), always(0.01, 0.01))
	}})
	add(setup{name: "misses 5 % going out at one door", plain: true, mall: func(rng *rand.Rand) simulate.Mall {
		return twoDoors(rng, 500, always(0, 0.05), always(0.01, 0.01))
	}})
	add(setup{name: "misses going in grow 1 to 5 %", plain: true, mall: func(rng *rand.Rand) simulate.Mall {
		return twoDoors(rng, 500, func(day int) (float64, float64) { return grows(day), 0.01 }, always(0.01, 0.01))
	}})
	add(setup{name: "misses going out grow 1 to 5 %", plain: true, mall: func(rng *rand.Rand) simulate.Mall {
		return twoDoors(rng, 500, func(day int) (float64, float64) { return 0.01, grows(day) }, always(0.01, 0.01))
	}})
	add(setup{name: "side door mounted the other way, swap: true", strict: true, plain: true, swap: 2, mall: changed(symmetric(500, 0.02), func(m *simulate.Mall) {
		m.Doors[1].Swapped = func(int) bool { return true }
	})})
	add(setup{name: "side door swaps on day 12", turns: "door1", mall: changed(symmetric(500, 0.02), func(m *simulate.Mall) {
		m.Doors[1].Swapped = func(day int) bool { return day >= turnDay }
	})})
	add(setup{name: "main door swaps on day 12", turns: "door0", mall: changed(symmetric(500, 0.02), func(m *simulate.Mall) {
		m.Doors[0].Swapped = func(day int) bool { return day >= turnDay }
	})})
	add(setup{name: "lunch exodus", strict: true, plain: true, mall: changed(around(500), func(m *simulate.Mall) { m.Exodus = true })})
	add(setup{name: "staff, 2 % through an uncounted door", strict: true, plain: true, mall: changed(symmetric(500, 0.01), func(m *simulate.Mall) { m.Uncounted = 0.02 })})
	for _, visitors := range []float64{200, 500, 1000} {
		for _, miss := range []float64{0.01, 0.02, 0.05} {
			add(setup{name: fmt.Sprintf("over the limit: %v visitors, misses %v %%", visitors, miss*100), mall: symmetric(visitors, miss), accuracy: 1 - miss, limit: 0.7, strict: miss <= 0.02, over: true})
		}
	}
	for _, miss := range []float64{0.01, 0.02, 0.05} {
		add(setup{name: fmt.Sprintf("guards hold at 80 %%: 500 visitors, misses %v %%", miss*100), mall: symmetric(500, miss), accuracy: 1 - miss, limit: 0.9, hold: 0.8, strict: miss <= 0.02})
	}
	return all
}
