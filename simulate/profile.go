package simulate

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// profile is how many people come at a share of the opening, relative to the mean: a few wait for the door, the morning is
// busiest, fewer come at lunch, and in the last hour hardly anybody.
var profile = []struct{ share, rate float64 }{
	{0, 0.7}, {0.10, 1.3}, {0.22, 1.7}, {0.40, 1.5}, {0.52, 0.75}, {0.62, 0.6}, {0.74, 1.1}, {0.88, 0.7}, {1, 0.15},
}

// rateAt is the profile at a share of the opening.
func rateAt(share float64) float64 {
	for i := 1; i < len(profile); i++ {
		if a, b := profile[i-1], profile[i]; share <= b.share {
			return a.rate + (b.rate-a.rate)*(share-a.share)/(b.share-a.share)
		}
	}
	return 0
}

// busiest is the profile's highest rate.
const busiest = 1.7

// Visits take a quarter of an hour to an hour.
const (
	shortestStay = 15 * time.Minute
	longestStay  = time.Hour
)

// someStay is how long a visit takes: most are short.
func someStay(r *rand.Rand) time.Duration {
	u := math.Pow((r.Float64()+r.Float64())/2, 1.4)
	return shortestStay + time.Duration(u*float64(longestStay-shortestStay))
}

// usualStay is the mean of someStay, nearly.
const usualStay = 33 * time.Minute

// beforeClosing is how long before closing the last visitor is let in, where the building does not say.
const beforeClosing = 20 * time.Minute

// arrivals are the times at which people come on an opening, in order. peak is how many of them are inside at the busiest time.
// They come more evenly than by chance alone, as with numbers and appointments: one at a random moment of each share of the
// profile that is worth one person.
func arrivals(r *rand.Rand, o facility.Opening, queueCloses time.Duration, peak float64) []time.Time {
	const step = 10 * time.Second
	length := o.Close.Sub(o.Open)
	last := o.Close.Add(-max(queueCloses, beforeClosing))
	// Some days are busier than others.
	perStep := peak / usualStay.Seconds() * step.Seconds() * (0.94 + 0.12*r.Float64())
	var all []time.Time
	for range 2 + r.IntN(3) {
		all = append(all, o.Open.Add(time.Duration(r.Float64()*float64(90*time.Second)))) // were waiting for the door
	}
	due, next := 0.0, r.Float64()
	for t := o.Open.Add(90 * time.Second); t.Before(last); t = t.Add(step) {
		due += perStep * rateAt(float64(t.Sub(o.Open))/float64(length)) / busiest
		for due >= next {
			all = append(all, t.Add(time.Duration(r.Float64()*float64(step))))
			next = math.Floor(next) + 1 + r.Float64()
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}
