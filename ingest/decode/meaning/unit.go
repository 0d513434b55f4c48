package meaning

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Linear is a conversion: value × Factor + Add.
type Linear struct{ Factor, Add float64 }

// conversions lists, by the unit of a quantity, the units (UCUM) that can be converted to it. The list is closed: an
// unknown unit is a mistake in a model, not something to guess.
func conversions(to string) map[string]Linear {
	switch to {
	case "Cel":
		return map[string]Linear{"Cel": {1, 0}, "[degF]": {5. / 9, -160. / 9}, "K": {1, -273.15}}
	case "%":
		return map[string]Linear{"%": {1, 0}, "1": {100, 0}, "[ppth]": {0.1, 0}}
	case "ppm":
		return map[string]Linear{"ppm": {1, 0}, "ppb": {1e-3, 0}, "%": {1e4, 0}, "1": {1e6, 0}}
	case "ppb":
		return map[string]Linear{"ppb": {1, 0}, "ppm": {1e3, 0}}
	case "ug/m3":
		return map[string]Linear{"ug/m3": {1, 0}, "mg/m3": {1e3, 0}}
	case "hPa":
		return map[string]Linear{"hPa": {1, 0}, "mbar": {1, 0}, "Pa": {1e-2, 0}, "kPa": {10, 0}, "bar": {1e3, 0},
			"mm[Hg]": {1.33322387415, 0}, "[in_i'Hg]": {33.8638815789, 0}, "atm": {1013.25, 0}}
	case "m":
		return map[string]Linear{"m": {1, 0}, "dm": {0.1, 0}, "cm": {1e-2, 0}, "mm": {1e-3, 0}, "[in_i]": {0.0254, 0}, "[ft_i]": {0.3048, 0}}
	case "V":
		return map[string]Linear{"V": {1, 0}, "mV": {1e-3, 0}}
	case "lx":
		return map[string]Linear{"lx": {1, 0}, "klx": {1e3, 0}}
	case "dB":
		return map[string]Linear{"dB": {1, 0}, "dB[SPL]": {1, 0}}
	}
	return map[string]Linear{to: {1, 0}}
}

// Conversion finds the conversion from a unit to that of q; an empty unit is q's own.
func Conversion(from string, q telemetry.Quantity) (Linear, error) {
	known := conversions(q.Unit())
	if from == "" {
		from = q.Unit()
	}
	c, ok := known[from]
	if !ok {
		return Linear{}, fmt.Errorf("unit %q does not convert to %s (%s): want %s", from, q.Unit(), q, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return c, nil
}

// Apply converts v. What a conversion or scale made of a short decimal number is a short decimal number again: digits
// behind the ninth are noise of the arithmetic.
func (c Linear) Apply(v float64) float64 {
	if c == (Linear{1, 0}) {
		return v
	}
	v = v*c.Factor + c.Add
	if r := math.Round(v*1e9) / 1e9; math.Abs(v) < 1e6 {
		return r
	}
	return v
}

// Then is the conversion that first applies c and then next.
func (c Linear) Then(next Linear) Linear {
	return Linear{c.Factor * next.Factor, c.Add*next.Factor + next.Add}
}
