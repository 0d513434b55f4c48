package simulate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Mall is one hall behind counted doors, told in minutes: it knows how many people are inside, which no counter does, and what
// its counters say. Days begin at opening and end some time after closing, when everybody has left.
type Mall struct {
	Visitors  float64                      // a day, on average
	Open      int                          // minutes from opening to closing
	Stay      func(rng *rand.Rand) float64 // minutes
	Doors     []MallDoor                   // the share of each is what it is of the sum
	Uncounted float64                      // the share of passages through a door that nobody counts
	Exodus    bool                         // half of those inside go to lunch within ten minutes, and half of them come back
	Hold      int                          // guards let nobody in while so many are inside; 0: there are none
}

// MallDoor is a door with a counter.
type MallDoor struct {
	Share float64
	// Miss gives the shares of people going in and out that the counter does not see, on a day counted from 0. Negative ones are
	// seen twice.
	Miss func(day int) (in, out float64)
	// Swapped reports whether the counter takes in for out on that day.
	Swapped func(day int) bool
}

// MallDay is one day of a mall by minutes.
type MallDay struct {
	Inside []int      // the truth at the end of each minute
	In     [][]uint16 // what each counter said of each minute, by door
	Out    [][]uint16
}

// afterClosing is how long a day goes on for those who are late to leave.
const afterClosing = 20

// Peak is the most that were inside.
func (d *MallDay) Peak() int { return slices.Max(d.Inside) }

// Days simulates so many days. The same seed gives the same people, whatever the counters miss.
func (m *Mall) Days(seed uint64, n int) []MallDay {
	days := make([]MallDay, n)
	for i := range days {
		days[i] = m.day(i, rand.New(rand.NewPCG(seed, uint64(i)*2)), rand.New(rand.NewPCG(seed, uint64(i)*2+1)))
	}
	return days
}

// day lets people draw their chances from people and counters from errors.
func (m *Mall) day(day int, people, errors *rand.Rand) MallDay {
	length := m.Open + afterClosing
	d := MallDay{Inside: make([]int, length), In: make([][]uint16, len(m.Doors)), Out: make([][]uint16, len(m.Doors))}
	for i := range m.Doors {
		d.In[i], d.Out[i] = make([]uint16, length), make([]uint16, length)
	}
	arrive, leave := make([]int, length), make([]int, 2*length)
	for range poisson(people, m.Visitors*(0.85+0.3*people.Float64())) {
		// Most come in the first half: the mean of two uniform numbers, bent towards the morning.
		share := math.Pow((people.Float64()+people.Float64())/2, 1.25)
		arrive[int(share*float64(m.Open-20))]++
	}
	lunch := -1
	if m.Exodus {
		lunch = m.Open/2 + people.IntN(20)
	}
	inside, waiting := 0, 0
	for minute := range length {
		out := min(leave[minute], inside)
		if minute >= m.Open {
			// Who is still there is sent out, within a few minutes.
			out = max(out, int(math.Ceil(float64(inside)*0.25)))
			if minute == length-1 {
				out = inside
			}
		}
		if lunch >= 0 && minute >= lunch && minute < lunch+10 {
			for later := minute + 1; later < len(leave); later++ {
				for range leave[later] {
					if people.Float64() >= 0.07 {
						continue
					}
					leave[later]--
					out++
					if people.Float64() < 0.5 {
						arrive[min(minute+30+people.IntN(30), m.Open-1)]++
					}
				}
			}
		}
		inside -= out
		m.pass(&d, minute, day, -1, out, people, errors)
		waiting += arrive[minute]
		in := waiting
		if m.Hold > 0 {
			in = max(0, min(waiting, m.Hold-inside))
		}
		if minute >= m.Open {
			in = 0
		}
		waiting -= in
		for range in {
			stay := max(1, int(math.Round(m.Stay(people))))
			leave[min(minute+stay, 2*length-1)]++
		}
		inside += in
		m.pass(&d, minute, day, 1, in, people, errors)
		d.Inside[minute] = inside
	}
	return d
}

// pass sends n people through doors and lets the counters make their mistakes.
func (m *Mall) pass(d *MallDay, minute, day, direction, n int, people, errors *rand.Rand) {
	total := 0.0
	for i := range m.Doors {
		total += m.Doors[i].Share
	}
	for range n {
		at := people.Float64() * total
		i := 0
		for i < len(m.Doors)-1 && at >= m.Doors[i].Share {
			at -= m.Doors[i].Share
			i++
		}
		uncounted, mistake := people.Float64() < m.Uncounted, errors.Float64()
		if uncounted {
			continue
		}
		door := &m.Doors[i]
		miss, missOut := door.Miss(day)
		if direction < 0 {
			miss = missOut
		}
		seen := uint16(1)
		if mistake < math.Abs(miss) {
			seen = 0
			if miss < 0 {
				seen = 2
			}
		}
		if in := direction > 0; in != (door.Swapped != nil && door.Swapped(day)) {
			d.In[i][minute] += seen
		} else {
			d.Out[i][minute] += seen
		}
	}
}

// poisson draws a whole number with a mean.
func poisson(rng *rand.Rand, mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	n, p, end := 0, 1.0, math.Exp(-mean)
	for {
		if p *= rng.Float64(); p < end {
			return n
		}
		n++
	}
}
