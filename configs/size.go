package configs

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Size is a number of bytes. It is written with a unit: 64KiB, 8GiB, 500MB.
type Size int64

// The binary units.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

// sizePattern matches every size that UnmarshalText reads.
const sizePattern = `^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$`

var (
	sizeForm  = regexp.MustCompile(sizePattern)
	sizeUnits = map[string]float64{
		"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	}
)

// UnmarshalText reads a size with its unit.
func (s *Size) UnmarshalText(b []byte) error {
	part := sizeForm.FindSubmatch(b)
	if part == nil {
		return fmt.Errorf("size %q: want a number with a unit, such as 64KiB or 8GiB", b)
	}
	f, err := strconv.ParseFloat(string(part[1]), 64)
	if err != nil || f*sizeUnits[string(part[2])] >= math.MaxInt64 {
		return fmt.Errorf("size %q: want less than 8 EiB", b)
	}
	*s = Size(f * sizeUnits[string(part[2])])
	return nil
}

// String is the size in the largest binary unit that leaves a whole number.
func (s Size) String() string {
	for _, u := range []struct {
		size Size
		name string
	}{{GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if s != 0 && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText writes String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wanted says what a configuration takes.
func (Size) Wanted() string { return "a number with a unit, such as 64KiB or 8GiB" }
