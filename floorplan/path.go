package floorplan

import (
	"errors"
	"strings"
)

// arguments is how many numbers a step of a path takes.
var arguments = map[byte]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'S': 4, 'Q': 4, 'T': 2, 'A': 7, 'Z': 0}

var errPath = errors.New("no path")

// path reads the data of a path, writes it anew, and gives the corners of its first part: those of its longest subpath, curves by their ends.
func path(text string) (written string, outline []point, err error) {
	if len(text) > MaxFile/2 {
		return "", nil, errPath
	}
	s := &steps{rest: text}
	var out strings.Builder
	var at, begin point
	var part []point
	command, count := byte(0), 0
	for {
		next, ok := s.command(command)
		if !ok {
			break
		}
		if out.Len() == 0 && next != 'M' && next != 'm' {
			return "", nil, errPath
		}
		command = next
		upper := command &^ 0x20
		v, ok := s.take(upper)
		if count++; !ok || count > maxPath {
			return "", nil, errPath
		}
		out.WriteByte(command)
		out.WriteString(join(v))
		relative := command != upper
		to := at
		switch n := len(v); upper {
		case 'Z':
			to = begin
		case 'H':
			to.x = v[0] + offset(relative, at.x)
		case 'V':
			to.y = v[0] + offset(relative, at.y)
		default:
			to = point{v[n-2] + offset(relative, at.x), v[n-1] + offset(relative, at.y)}
		}
		at = to
		if upper == 'M' {
			if len(part) > len(outline) {
				outline = part
			}
			begin, part = at, nil
			// What follows a move without a letter of its own are lines.
			command = 'L' | command&0x20
		}
		part = append(part, at)
	}
	if len(part) > len(outline) {
		outline = part
	}
	if s.rest != "" || out.Len() == 0 {
		return "", nil, errPath
	}
	return out.String(), outline, nil
}

func offset(relative bool, at float64) float64 {
	if relative {
		return at
	}
	return 0
}

// steps is what is left of a path.
type steps struct{ rest string }

func (s *steps) blanks() {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n,")
}

// command is the next one: a letter, or the one before where numbers go on.
func (s *steps) command(before byte) (command byte, ok bool) {
	s.blanks()
	if s.rest == "" {
		return 0, false
	}
	if c := s.rest[0]; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		if _, known := arguments[c&^0x20]; !known {
			return 0, false
		}
		s.rest = s.rest[1:]
		return c, true
	}
	if before == 0 || before&^0x20 == 'Z' {
		return 0, false
	}
	return before, true
}

// take reads the numbers of one step. The two flags of an arc may stand without a blank behind them.
func (s *steps) take(upper byte) ([]float64, bool) {
	all := make([]float64, 0, 7)
	for i := range arguments[upper] {
		s.blanks()
		n := s.number()
		if upper == 'A' && (i == 3 || i == 4) {
			n = min(1, len(s.rest))
			if n == 0 || s.rest[0] != '0' && s.rest[0] != '1' {
				return nil, false
			}
		}
		v, ok := finite(s.rest[:n])
		if !ok {
			return nil, false
		}
		all = append(all, v)
		s.rest = s.rest[n:]
	}
	return all, true
}

// number is how long the number is with which the rest begins.
func (s *steps) number() int {
	i, dot, exponent := 0, false, false
	for ; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c >= '0' && c <= '9':
		case (c == '-' || c == '+') && (i == 0 || s.rest[i-1]|0x20 == 'e'):
		case c == '.' && !dot && !exponent:
			dot = true
		case c|0x20 == 'e' && i > 0 && !exponent:
			exponent = true
		default:
			return i
		}
	}
	return i
}
