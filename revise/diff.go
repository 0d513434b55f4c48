package revise

import (
	"slices"
	"strings"
)

// Line is a line of a comparison.
type Line struct {
	Sign byte // '+' it is new, '-' it goes, ' ' it stays, '@' some that stay are left out here
	// Number is that of the line in the file as it will be; of a line that goes, as it was. From 1; 0: lines are left out.
	Number int
	Text   string
}

const (
	// around is how many lines that stay are shown on both sides of a change.
	around = 2
	// mostCompared bounds the lines between the first and the last change that are laid beside each other; of more all go and all come.
	mostCompared = 1500
)

// Diff compares two texts line by line. Nothing: they are the same.
func Diff(before, after []byte) []Line {
	a, b := linesOf(before), linesOf(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	if head+tail == len(a) && len(a) == len(b) {
		return nil
	}
	var all []Line
	for i := range head {
		all = append(all, Line{' ', i + 1, a[i]})
	}
	all = append(all, between(a[head:len(a)-tail], b[head:len(b)-tail], head)...)
	for i := len(b) - tail; i < len(b); i++ {
		all = append(all, Line{' ', i + 1, b[i]})
	}
	return near(all)
}

func linesOf(text []byte) []string {
	s := strings.ReplaceAll(string(text), "\r\n", "\n")
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// between lays lines beside each other by their longest common subsequence. offset is how many lines stand before them.
func between(a, b []string, offset int) (all []Line) {
	if len(a) > mostCompared || len(b) > mostCompared {
		for i, s := range a {
			all = append(all, Line{'-', offset + i + 1, s})
		}
		for i, s := range b {
			all = append(all, Line{'+', offset + i + 1, s})
		}
		return all
	}
	longest := make([][]int16, len(a)+1) // of what begins at i and j
	for i := range longest {
		longest[i] = make([]int16, len(b)+1)
	}
	for i, s := range slices.Backward(a) {
		for j, t := range slices.Backward(b) {
			if s == t {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, Line{' ', offset + j + 1, b[j]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || longest[i+1][j] >= longest[i][j+1]):
			all = append(all, Line{'-', offset + i + 1, a[i]})
			i++
		default:
			all = append(all, Line{'+', offset + j + 1, b[j]})
			j++
		}
	}
	return all
}

// near leaves out what is far from all changes.
func near(all []Line) (out []Line) {
	show := make([]bool, len(all))
	for i := range all {
		if all[i].Sign != ' ' {
			for k := max(0, i-around); k <= min(len(all)-1, i+around); k++ {
				show[k] = true
			}
		}
	}
	for i := range all {
		switch {
		case show[i]:
			out = append(out, all[i])
		case len(out) == 0 || out[len(out)-1].Sign != '@':
			out = append(out, Line{Sign: '@'})
		}
	}
	return out
}
