package recompute

import "math"

// Conservation, from counts alone: what the counters of a building say must add up from one closing to the next, in each zone that they
// enclose. docs/counting.md, section 6, and the comment of the rule.

// Closed is what each counter said in a day that began and ended with nobody inside.
type Closed struct {
	In, Out []float64 // by counter
}

// Zone says how counters stand to a zone: 1 where people come in through them, −1 where they leave, 0 elsewhere.
type Zone struct {
	ID    string
	Signs []float64
}

// Balance is what does not add up in a zone, from the day on from which it stands out most.
type Balance struct {
	Zone                                   Zone
	First                                  int // of the days that are counted
	Passages, Residual, Deviation, Allowed float64
	Off                                    bool

	days      []Closed
	residuals []float64 // people who were missed going in, less those going out, and less what is missed in both directions alike
	misses    float64   // by the accuracy
	scale     float64   // how much more than that, as learned
}

// Balances finds them for counters that all miss a share of those who pass.
func Balances(zones []Zone, days []Closed, misses float64) (all []*Balance) {
	for _, z := range zones {
		b := &Balance{Zone: z, misses: misses, days: days}
		b.learn()
		b.find()
		all = append(all, b)
	}
	return all
}

// passages are those of a day in the zone.
func (b *Balance) passages(day Closed) (n float64) {
	for k, sign := range b.Zone.Signs {
		n += math.Abs(sign) * (day.In[k] + day.Out[k])
	}
	return n
}

// learn follows the residuals from day to day: the drift of each counter by a Kalman filter, and how much more they miss by chance than
// their accuracy says.
func (b *Balance) learn() {
	n := len(b.Zone.Signs)
	drift, p := make([]float64, n), make([][]float64, n)
	for i := range p {
		p[i] = make([]float64, n)
		p[i][i] = b.misses / 2 * b.misses / 2
	}
	b.scale = 1
	weight := 2.0
	for _, day := range b.days {
		x, net := make([]float64, n), 0.0
		for k, sign := range b.Zone.Signs {
			x[k] = math.Abs(sign) * (day.In[k] + day.Out[k])
			net += sign * (day.In[k] - day.Out[k])
			p[k][k] += 0.0015 * 0.0015
		}
		both := math.Round(1e6*min(1.25*b.misses*b.scale, 0.05)) / 1e6
		b.residuals = append(b.residuals, hundredths(-net)-hundredths(both*net))
		expected, chance := both*net, b.scale*b.misses*b.passages(day)
		along, v := make([]float64, n), 0.25+chance
		for i := range n {
			expected += drift[i] * x[i]
			for k := range n {
				along[i] += p[i][k] * x[k]
				v += p[i][k] * x[i] * x[k]
			}
		}
		u := max(-3*math.Sqrt(v), min(3*math.Sqrt(v), -net-expected))
		for i := range n {
			drift[i] += along[i] * u / v
			for k := range n {
				p[i][k] -= along[i] * along[k] / v
			}
		}
		b.scale = max(0.025, b.scale+b.scale*chance/v*(u*u/v-1)/(weight+1))
		weight = min(25, weight+1)
	}
}

// sum adds up from a day on.
func (b *Balance) sum(first int) Balance {
	x := *b
	x.First, x.Passages, x.Residual, x.Allowed = first, 0, 0, 0
	chance := 0.0
	for d := first; d < len(b.days); d++ {
		n := b.passages(b.days[d])
		chance += b.misses*n*b.scale + 0.25
		x.Passages, x.Residual, x.Allowed = x.Passages+n, x.Residual+b.residuals[d], x.Allowed+b.misses*n/2
	}
	// Or as far apart as the days lie from what their passages and their mean share say.
	if k := float64(len(b.days) - first); k > 1 {
		apart := 0.0
		for d := first; d < len(b.days); d++ {
			off := b.residuals[d] - x.Residual/x.Passages*b.passages(b.days[d])
			apart += off * off
		}
		chance = max(chance, apart*k/(k-1))
	}
	x.Deviation = math.Sqrt(chance)
	x.Off = math.Abs(x.Residual)-2.576*x.Deviation > x.Allowed
	return x
}

// find looks for the day from which on it is off most clearly, of five days at least; else it takes all.
func (b *Balance) find() {
	best := b.sum(0)
	clear := 0.0
	for first := 0; first+5 <= len(b.days); first++ {
		if x := b.sum(first); x.Off && math.Abs(x.Residual)/x.Deviation > clear {
			best, clear = x, math.Abs(x.Residual)/x.Deviation
		}
	}
	best.Off = clear > 0
	*b = best
}

// Beyond is by how much the share that does not add up is above what is allowed, for certain.
func (b *Balance) Beyond() float64 {
	return (math.Abs(b.Residual) - 2.576*b.Deviation - b.Allowed) / b.Passages
}

// Bias is what a counter misses going in more than going out, of those who pass, give or take a deviation.
type Bias struct{ Share, Deviation float64 }

// Blame solves for the biases of all counters at once: least squares over the days since a zone is off, in all zones, where a bias of which
// nothing is known is 0 ± 0.25. The zones share what their counters miss by chance, so that their residuals are weighed together.
func Blame(all []*Balance, off *Balance) []Bias {
	n, scale := len(off.Zone.Signs), 0.0
	for _, b := range all {
		x := b.sum(off.First)
		scale = max(scale, b.scale, x.Deviation*x.Deviation/(2*x.Allowed))
	}
	normal, right := unit(n, 1/0.0625), make([]float64, n)
	for d := off.First; d < len(off.days); d++ {
		day := off.days[d]
		s := unit(len(all), 0.25)
		for i, a := range all {
			for j, b := range all {
				for k := range n {
					s[i][j] += a.Zone.Signs[k] * b.Zone.Signs[k] * scale * off.misses * (day.In[k] + day.Out[k])
				}
			}
		}
		weights := invert(s)
		for i, a := range all {
			for j, b := range all {
				for k := range n {
					row := a.Zone.Signs[k] * (day.In[k] + day.Out[k])
					right[k] += row * weights[i][j] * b.residuals[d]
					for l := range n {
						normal[k][l] += row * weights[i][j] * b.Zone.Signs[l] * (day.In[l] + day.Out[l])
					}
				}
			}
		}
	}
	variance := invert(normal)
	biases := make([]Bias, n)
	for k := range n {
		for l := range n {
			biases[k].Share += variance[k][l] * right[l]
		}
		biases[k].Deviation = math.Sqrt(variance[k][k])
	}
	return biases
}

// unit is the unit matrix, times v.
func unit(n int, v float64) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = v
	}
	return m
}

// invert inverts a matrix that is symmetric and positive.
func invert(of [][]float64) [][]float64 {
	n := len(of)
	m, to := make([][]float64, n), unit(n, 1)
	for i := range m {
		m[i] = append([]float64(nil), of[i]...)
	}
	for i := range n {
		by := m[i][i]
		for k := range n {
			m[i][k], to[i][k] = m[i][k]/by, to[i][k]/by
		}
		for r := range n {
			if f := m[r][i]; r != i {
				for k := range n {
					m[r][k], to[r][k] = m[r][k]-f*m[i][k], to[r][k]-f*to[i][k]
				}
			}
		}
	}
	return to
}
