package rules

import "math"

// people is a number of people in millionths. Whole numbers, so that sums do not depend on the order in which readings
// arrive: a replay of shuffled records gives the same estimate, bit for bit.
type people int64

const person people = 1_000_000

// mostPeople bounds one count, so that no sum of accepted counts overflows.
const mostPeople = 1e9

func peopleOf(v float64) people {
	return people(math.Round(math.Max(-mostPeople, math.Min(mostPeople, v)) * float64(person)))
}

// number is p in persons.
func (p people) number() float64 { return float64(p) / float64(person) }

// ppm are parts per million: the share of passages a counter gets wrong.
type ppm int64

// defaultAccuracy is that of a people counter whose configuration says nothing: 2 % one-sided error (domain figures: 400
// visitors a day at 2 % are 8 people at closing).
const defaultAccuracy = 0.98

func errorRate(accuracy float64) ppm {
	if accuracy <= 0 || accuracy > 1 {
		accuracy = defaultAccuracy
	}
	return ppm(math.Round((1 - accuracy) * 1e6))
}

// presentSpread is the variance of an absolute count whose error bar holds nine times in ten, people².
func presentSpread(err float64) people {
	deviation := math.Max(0, math.Min(1e6, err)) / bothSides
	return people(math.Round(deviation * deviation * float64(person)))
}

// of is the share r of p. Taking it back gives the same with the other sign.
func (r ppm) of(p people) people { return p / 1000 * people(r) / 1000 }
