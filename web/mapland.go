package web

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// coast is the land of Indonesia and around it: made of Natural Earth's 1:50m land (public domain, naturalearthdata.com), cut to
// 92–143° east and 14° south to 9° north and simplified to a fiftieth of a degree. A line is the outline of an island: the first point,
// then the way to each next one, in hundredths of a degree.
//
//go:embed coast.txt
var coast string

// land are the outlines of coast.
var land = sync.OnceValue(func() (all []outline) {
	for line := range strings.Lines(coast) {
		var o outline
		x, y := 0, 0
		fields := strings.Fields(line)
		for i := 0; i+1 < len(fields); i += 2 {
			dx, errX := strconv.Atoi(fields[i])
			dy, errY := strconv.Atoi(fields[i+1])
			if errX != nil || errY != nil {
				break // a comment
			}
			x, y = x+dx, y+dy
			o.add(float64(x)/100, float64(y)/100)
		}
		if len(o.points) > 2 {
			all = append(all, o)
		}
	}
	return all
})

// landKnown is where coast knows the land.
var landKnown = extent{92, -14, 143, 9}

// outline is an island, in degrees of longitude and latitude.
type outline struct {
	extent
	points [][2]float64
}

func (o *outline) add(lon, lat float64) {
	if len(o.points) == 0 {
		o.extent = extent{lon, lat, lon, lat}
	}
	o.extent = o.with(lon, lat)
	o.points = append(o.points, [2]float64{lon, lat})
}

// extent is a part of the Earth, in degrees: west, south, east, north.
type extent struct{ west, south, east, north float64 }

func (e extent) with(lon, lat float64) extent {
	return extent{min(e.west, lon), min(e.south, lat), max(e.east, lon), max(e.north, lat)}
}

func (e extent) meets(o extent) bool {
	return e.west <= o.east && o.west <= e.east && e.south <= o.north && o.south <= e.north
}

func (e extent) within(o extent) bool {
	return e.west >= o.west && e.east <= o.east && e.south >= o.south && e.north <= o.north
}

// around is the extent with a margin on each side, and not smaller than least degrees.
func (e extent) around(margin, least float64) extent {
	grow := func(from, to, floor, ceiling float64) (float64, float64) {
		half := max((to-from)*(.5+margin), least/2)
		mid := (from + to) / 2
		return max(mid-half, floor), min(mid+half, ceiling)
	}
	e.west, e.east = grow(e.west, e.east, -180, 180)
	e.south, e.north = grow(e.south, e.north, -90, 90)
	return e
}

// projection draws an extent in a box of a width and height: degrees of longitude are as long as they are in its middle.
type projection struct {
	extent
	width, height float64
	x, y          float64 // per degree
}

// mapWidth is the width of the drawing; its height follows from what is shown, within bounds.
const (
	mapWidth     = 1000
	mapLow       = 360
	mapHigh      = 720
	landStep     = .8 // the shortest way between two points of an outline that is drawn
	meridianStep = 5
)

// projected fits an extent: it grows where the box has another shape.
func projected(e extent) projection {
	squeeze := max(.2, math.Cos((e.south+e.north)/2*math.Pi/180))
	wide, high := (e.east-e.west)*squeeze, e.north-e.south
	height := math.Round(min(mapHigh, max(mapLow, mapWidth*high/max(wide, 1e-9))))
	scale := min(mapWidth/max(wide, 1e-9), height/max(high, 1e-9)) // per degree of latitude
	midX, midY := (e.west+e.east)/2, (e.south+e.north)/2
	e.west, e.east = midX-mapWidth/2/(scale*squeeze), midX+mapWidth/2/(scale*squeeze)
	e.south, e.north = midY-height/2/scale, midY+height/2/scale
	return projection{e, mapWidth, height, scale * squeeze, scale}
}

func (p *projection) at(lon, lat float64) (x, y float64) {
	return (lon - p.west) * p.x, (p.north - lat) * p.y
}

// outlines are the path data of the land that is seen; empty: none is known there.
func (p *projection) outlines() string {
	if !p.meets(landKnown) {
		return ""
	}
	var d strings.Builder
	for _, o := range land() {
		if !o.meets(p.extent) {
			continue
		}
		lastX, lastY, drawn := 0., 0., 0
		for i, point := range o.points {
			x, y := p.at(point[0], point[1])
			if i > 0 && math.Hypot(x-lastX, y-lastY) < landStep {
				continue
			}
			letter := "L"
			if drawn == 0 {
				letter = "M"
			}
			fmt.Fprintf(&d, "%s%s %s", letter, tenth(x), tenth(y))
			lastX, lastY = x, y
			drawn++
		}
		d.WriteByte('Z')
	}
	return d.String()
}

// grid are the path data of meridians and parallels, where the land is not known or too little of it is seen to know the place by.
func (p *projection) grid() string {
	step := float64(meridianStep)
	for step > .05 && (p.east-p.west)/step < 4 {
		step /= 2
	}
	for (p.east-p.west)/step > 16 {
		step *= 2
	}
	var d strings.Builder
	for lon := math.Ceil(p.west/step) * step; lon < p.east; lon += step {
		x, _ := p.at(lon, 0)
		fmt.Fprintf(&d, "M%s 0V%s", tenth(x), tenth(p.height))
	}
	for lat := math.Ceil(p.south/step) * step; lat < p.north; lat += step {
		_, y := p.at(0, lat)
		fmt.Fprintf(&d, "M0 %sH%s", tenth(y), tenth(p.width))
	}
	return d.String()
}

// tenth writes a coordinate of a drawing.
func tenth(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
