package floorplan

import "math"

// Spot is where in the face of a named element there is most room for words that are wider than high: its middle, in the units of the drawing,
// with the width and height that are free there. false: there is no such element, or it has no face.
func (p *Plan) Spot(id string) (Box, bool) {
	e := p.named[id]
	if e == nil {
		return Box{}, false
	}
	face := e.face()
	if len(face.shape) < 3 {
		return Box{}, false
	}
	return roomiest(face.shape)
}

// wordy is how much wider than high words are.
const wordy = 2.4

// raster is in how many places of each direction is looked.
const raster = 25

// roomiest looks in a raster for the place where the free width and height are greatest.
func roomiest(shape []point) (best Box, ok bool) {
	low, high := bounds(shape)
	value, most := 0., 0.
	for i := range raster {
		for k := range raster {
			at := point{low.x + (high.x-low.x)*(float64(i)+.5)/raster, low.y + (high.y-low.y)*(float64(k)+.5)/raster}
			left, right, inside := free(shape, at)
			if !inside {
				continue
			}
			up, down, _ := free(turned(shape), point{at.y, at.x})
			w, h := 2*min(left, right), 2*min(up, down)
			// Of places with as much room the one in the middle.
			v, a := min(w/wordy, h), w*h
			if v > value*(1+1e-9) || v > value*(1-1e-9) && a > most {
				value, most, best, ok = v, a, Box{at.x, at.y, w, h}, true
			}
		}
	}
	return best, ok
}

// free is how far it is from a place to the outline on both sides; false: it lies outside.
func free(shape []point, at point) (left, right float64, inside bool) {
	left, right = math.Inf(1), math.Inf(1)
	crossings := 0
	for i, a := range shape {
		b := shape[(i+1)%len(shape)]
		if (a.y > at.y) == (b.y > at.y) {
			continue
		}
		x := a.x + (b.x-a.x)*(at.y-a.y)/(b.y-a.y)
		if x > at.x {
			crossings++
			right = min(right, x-at.x)
		} else {
			left = min(left, at.x-x)
		}
	}
	return left, right, crossings%2 == 1 && !math.IsInf(left, 1)
}

func turned(shape []point) []point {
	all := make([]point, len(shape))
	for i, p := range shape {
		all[i] = point{p.y, p.x}
	}
	return all
}

func bounds(shape []point) (low, high point) {
	low, high = shape[0], shape[0]
	for _, p := range shape {
		low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
	}
	return low, high
}

// area is that of a polygon.
func area(shape []point) float64 {
	sum := 0.
	for i, a := range shape {
		b := shape[(i+1)%len(shape)]
		sum += a.x*b.y - b.x*a.y
	}
	return math.Abs(sum) / 2
}
