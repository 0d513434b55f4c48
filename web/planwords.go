package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/floorplan"
)

// planWords are what stands in the rooms of a plan: it is sent whenever a number changes, and is small.
type planWords struct {
	Box    string
	Labels []planLabel
}

// planLabel is what stands in a room.
type planLabel struct {
	Class string
	X     string // the middle of its lines
	Lines []planLine
	Icon  string // before the number, or alone where there is no room for words
	IconX string
	IconY string
	IconS string
}

type planLine struct{ Class, Y, Size, Text string }

// The sizes of what stands in a room, in thousandths of the width of the plan.
const (
	planType  = 15.5 // of a name, where there is room
	planSmall = 8.5  // below it nobody reads a name
	planIcon  = 15
)

// letter is how wide a letter is, in parts of its height; leading how high a line is.
const (
	letter  = .56
	leading = 1.28
)

// labelsOf says what stands in each room: its name, how many people are in it, and its state where that needs somebody.
func labelsOf(sc *scene, p *floorplan.Plan, named map[string]floorplan.Name) []planLabel {
	unit := p.Box.Width / 1000
	var all []planLabel
	for _, id := range p.IDs {
		n, ok := named[id]
		if !ok || n.Kind != floorplan.Zone {
			continue
		}
		z, _ := zoneByID(sc.view, n.ID)
		at, room := p.Spot(id)
		if !room {
			continue
		}
		look := roomChip(sc, z)
		number := ""
		if people := sc.persons(z.Persons); people.Counted {
			number = people.Number
			if !people.Known {
				number = "?"
			}
			if z.HasLimit {
				number += " / " + sc.Number(z.Limit, 0)
			}
		}
		word := ""
		if slices.Contains([]string{"breached", "near", "unknown"}, look.Class) {
			word = look.Word
		}
		all = append(all, labelOf(at, unit, z.Name, number, word, look))
	}
	return all
}

// labelOf fits words into a room: the name on one line or two, else the number alone, else only the shape of the state.
func labelOf(at floorplan.Box, unit float64, name, number, word string, look chip) planLabel {
	l := planLabel{Class: look.Class, X: planNumber(at.X)}
	shown := look.Icon
	if number == "" && word == "" {
		shown = "" // nothing is measured: the name, and the pattern of the room
	}
	size, lines := 0., []string(nil)
	for _, split := range [][]string{{name}, halved(name)} {
		if s := fitting(at, unit, split, number, word); s > size+.5*unit {
			size, lines = s, split
		}
	}
	if size < planSmall*unit {
		lines, word = nil, ""
		size = fitting(at, unit, nil, number, "")
	}
	if size < planSmall*unit && number != "" || number == "" && len(lines) == 0 {
		side := min(planIcon*unit, .8*at.Width, .8*at.Height)
		l.Icon, l.IconX, l.IconY, l.IconS = look.Icon, planNumber(at.X-side/2), planNumber(at.Y-side/2), planNumber(side)
		return l
	}
	total := size * leading * (float64(len(lines)) + weight(number, 1.25) + weight(word, 1))
	y := at.Y - total/2
	put := func(class, text string, s float64) float64 {
		middle := y + s*leading/2
		l.Lines = append(l.Lines, planLine{class, planNumber(middle), planNumber(s), text})
		y += s * leading
		return middle
	}
	for _, text := range lines {
		put("name", text, size)
	}
	if number != "" {
		s := 1.25 * size
		middle := put("number", number, s)
		if shown != "" {
			side := s * .95
			half := float64(len([]rune(number))) * s * letter / 2
			l.Icon, l.IconX, l.IconY, l.IconS = shown, planNumber(at.X-half-side*1.15), planNumber(middle-side/2), planNumber(side)
		}
	}
	if word != "" {
		put("word", word, size)
	}
	return l
}

func weight(text string, w float64) float64 {
	if text == "" {
		return 0
	}
	return w
}

// fitting is the greatest size in which some lines fit into a room.
func fitting(at floorplan.Box, unit float64, lines []string, number, word string) float64 {
	size := planType * unit
	high := float64(len(lines)) + weight(number, 1.25) + weight(word, 1)
	if high == 0 {
		return 0
	}
	size = min(size, .94*at.Height/(high*leading))
	for _, text := range append(slices.Clone(lines), word) {
		if n := len([]rune(text)); n > 0 {
			size = min(size, .94*at.Width/(float64(n)*letter))
		}
	}
	if n := len([]rune(number)); n > 0 { // with the shape before it
		size = min(size, .94*at.Width/((float64(n)*letter+1.2)*1.25))
	}
	return size
}

// halved breaks a name where both lines are about as long.
func halved(name string) []string {
	words := strings.Fields(name)
	if len(words) < 2 {
		return []string{name}
	}
	at := slices.MinFunc(between(1, len(words)), func(a, b int) int {
		longer := func(k int) int {
			return max(len([]rune(strings.Join(words[:k], " "))), len([]rune(strings.Join(words[k:], " "))))
		}
		return cmp.Compare(longer(a), longer(b))
	})
	return []string{strings.Join(words[:at], " "), strings.Join(words[at:], " ")}
}

func between(from, until int) []int {
	all := make([]int, 0, until-from)
	for i := from; i < until; i++ {
		all = append(all, i)
	}
	return all
}
