package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// blame finds which counters the imbalance of a zone comes from: by least squares over the closings since it began, of all zones
// that have doors in common. What one door misses is in two balances, with opposite signs, and that is reckoned with: the
// deviations of the balances are not independent. Doors that nothing tells apart have deviations so large that none is named.
func (l *ledger) blame(z *zoneBalance, books []*ledger) {
	graph, counters := connected(l, books)
	f := &fit{counters: counters}
	if len(counters) <= mostGraph && len(graph) <= mostGraph && !slices.ContainsFunc(graph, func(g *ledger) bool { return len(g.closings[0].by) != len(g.counters) }) {
		f.solve(graph, z.since)
	}
	for _, d := range l.counters {
		k := slices.Index(counters, d)
		if f.bias == nil || !f.seen[k] {
			continue
		}
		p := proposal{d.counterID(), f.bias[k], f.deviation(k)}
		if math.Abs(p.drift)-float64(sureOf*p.deviation) > firstDrift*d.missedShare() {
			z.proposals = append(z.proposals, p)
			z.suspects = append(z.suspects, p.id)
		}
	}
	if len(z.suspects) > 0 {
		return
	}
	// Those that are certainly within what is allowed are none of them.
	for _, d := range l.counters {
		k := slices.Index(counters, d)
		cleared := f.bias != nil && f.seen[k] && math.Abs(f.bias[k])+float64(bothSides*f.deviation(k)) <= firstDrift*d.missedShare()
		if !cleared {
			z.suspects = append(z.suspects, d.counterID())
		}
	}
	if len(z.suspects) == 0 {
		for _, d := range l.counters {
			z.suspects = append(z.suspects, d.counterID())
		}
	}
}

// connected are the ledgers that have counters in common with one, directly or through others, and all their counters.
func connected(l *ledger, books []*ledger) (graph []*ledger, counters []*deviceState) {
	graph, counters = []*ledger{l}, slices.Clone(l.counters)
	for grown := true; grown; {
		grown = false
		for _, b := range books {
			if slices.Contains(graph, b) || !slices.ContainsFunc(b.counters, func(d *deviceState) bool { return slices.Contains(counters, d) }) {
				continue
			}
			graph, grown = append(graph, b), true
			for _, d := range b.counters {
				if !slices.Contains(counters, d) {
					counters = append(counters, d)
				}
			}
		}
	}
	slices.SortFunc(counters, func(a, b *deviceState) int { return a.index - b.index })
	return graph, counters
}

// fit is what is known of the biases of some counters: people who are missed going in at the door, less those going out, per passage.
type fit struct {
	counters []*deviceState
	bias     []float64
	variance []float64 // a square matrix
	seen     []bool    // they counted somebody
}

func (f *fit) deviation(k int) float64 { return root(f.variance[k*len(f.counters)+k]) }

// solve takes the closings from a time on, one time after another.
func (f *fit) solve(graph []*ledger, since telemetry.Instant) {
	n := len(f.counters)
	f.bias, f.variance, f.seen = make([]float64, n), make([]float64, n*n), make([]bool, n)
	for i := range n {
		f.variance[i*n+i] = square(anyBias)
	}
	var times []telemetry.Instant
	scale := 0.0
	for _, g := range graph {
		scale = max(scale, g.noise(since))
		for _, c := range g.closings {
			if c.at >= since {
				times = append(times, c.at)
			}
		}
	}
	slices.Sort(times)
	for _, at := range slices.Compact(times) {
		// Of what each door misses by chance, each balance has its part.
		rows := make([][]float64, 0, len(graph))
		residuals := make([]float64, 0, len(graph))
		chance := make([]float64, n)
		for _, g := range graph {
			i, ok := slices.BinarySearchFunc(g.closings, at, func(c closed, t telemetry.Instant) int { return cmp.Compare(c.at, t) })
			if !ok {
				continue
			}
			row := make([]float64, n)
			for k, passages := range g.closings[i].by {
				at := slices.Index(f.counters, g.counters[k])
				row[at] = g.signs[k] * passages
				chance[at] = scale * g.counters[k].missedShare() * passages
				f.seen[at] = f.seen[at] || passages > 0
			}
			rows, residuals = append(rows, row), append(residuals, g.closings[i].residual)
		}
		f.take(rows, residuals, chance)
	}
}

// noise is how much more a zone's counters miss by chance than their accuracy says: as learned, or as the closings show.
func (l *ledger) noise(since telemetry.Instant) float64 {
	from := slices.IndexFunc(l.closings, func(c closed) bool { return c.at >= since })
	if from < 0 {
		return l.scale
	}
	z := l.sum(from)
	return max(l.scale, square(z.deviation)/max(1e-9, 2*z.allowed))
}

// take is one step of least squares with the balances of several zones at one time, whose deviations are not independent.
func (f *fit) take(rows [][]float64, residuals, chance []float64) {
	n, m := len(f.counters), len(rows)
	along := make([]float64, n*m) // variance × rowsᵀ
	for i := range n {
		for z, row := range rows {
			for k := range n {
				along[i*m+z] += float64(f.variance[i*n+k] * row[k])
			}
		}
	}
	total := make([]float64, m*m)
	news := slices.Clone(residuals)
	for z, row := range rows {
		for k := range n {
			news[z] -= float64(row[k] * f.bias[k])
		}
		for y, other := range rows {
			for k := range n {
				total[z*m+y] += float64(row[k] * along[k*m+y])
				if row[k] != 0 && other[k] != 0 {
					total[z*m+y] += float64(math.Copysign(1, row[k]) * math.Copysign(1, other[k]) * chance[k])
				}
			}
		}
		total[z*m+z] += anchorNoise
	}
	inverse := inverted(total, m)
	if inverse == nil {
		return
	}
	gain := make([]float64, n*m)
	for i := range n {
		for z := range m {
			for y := range m {
				gain[i*m+z] += float64(along[i*m+y] * inverse[y*m+z])
			}
		}
	}
	for i := range n {
		for z := range m {
			f.bias[i] += float64(gain[i*m+z] * news[z])
		}
		for k := range n {
			for z := range m {
				f.variance[i*n+k] -= float64(gain[i*m+z] * along[k*m+z])
			}
		}
	}
}

// inverted is the inverse of a symmetric positive n × n matrix; nil: it has none.
func inverted(a []float64, n int) []float64 {
	m := slices.Clone(a)
	to := make([]float64, n*n)
	for i := range n {
		to[i*n+i] = 1
	}
	for i := range n {
		p := m[i*n+i]
		if p <= 0 {
			return nil
		}
		for k := range n {
			m[i*n+k] /= p
			to[i*n+k] /= p
		}
		for r := range n {
			if r == i {
				continue
			}
			by := m[r*n+i]
			for k := range n {
				m[r*n+k] -= float64(by * m[i*n+k])
				to[r*n+k] -= float64(by * to[i*n+k])
			}
		}
	}
	return to
}
