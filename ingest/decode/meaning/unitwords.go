package meaning

import (
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Unit finds the UCUM unit of a word.
func Unit(word string) (string, bool) {
	switch word {
	case "in":
		return "[in_i]", true
	case "ft":
		return "[ft_i]", true
	case "inHg":
		return "[in_i'Hg]", true
	}
	unit, known := UnitWords[strings.ToLower(word)]
	return unit, known
}

// wholeSystems are words for units of all quantities at once.
var wholeSystems = map[string]string{"metric": "", "si": "", "imperial": "[degF]", "us": "[degF]", "us_customary": "[degF]"}

// IsUnit reports whether anybody knows a word as one for units.
func IsUnit(word string) bool {
	_, system := wholeSystems[strings.ToLower(strings.TrimSpace(word))]
	_, unit := Unit(word)
	return system || unit
}

// In gives the sense of a value whose unit a word beside it names. ok is false where nobody knows that unit, or it is none of
// the quantity's; a word that is perhaps about another value is then as none.
func In(s Sense, word string, sure bool) (Sense, bool) {
	low := strings.ToLower(strings.TrimSpace(word))
	if unit, whole := wholeSystems[low]; whole {
		if _, err := Conversion(unit, s.Quantity); err == nil && unit != "" {
			s.Unit = unit
		}
		return s, true
	}
	unit, known := Unit(word)
	if !known {
		return s, false
	}
	if s.Quantity == telemetry.Battery && (unit == "V" || unit == "mV") {
		return Sense{telemetry.BatteryVoltage, unit}, true
	}
	if _, err := Conversion(unit, s.Quantity); err != nil {
		return s, !sure
	}
	s.Unit = unit
	return s, true
}

// UnitWords are units at the end of a name, and as words of their own, in lower case.
var UnitWords = map[string]string{
	"c": "Cel", "degc": "Cel", "celsius": "Cel", "°c": "Cel", "cel": "Cel", "℃": "Cel",
	"f": "[degF]", "degf": "[degF]", "fahrenheit": "[degF]", "°f": "[degF]", "[degf]": "[degF]", "℉": "[degF]",
	"k": "K", "kelvin": "K",
	"degree celsius": "Cel", "degrees celsius": "Cel", "deg c": "Cel", "deg_c": "Cel", "º c": "Cel", "ºc": "Cel", "° c": "Cel",
	"degree fahrenheit": "[degF]", "degrees fahrenheit": "[degF]", "deg f": "[degF]", "deg_f": "[degF]", "ºf": "[degF]", "° f": "[degF]",
	"mg/m3": "mg/m3", "mg/m³": "mg/m3", "µg/m^3": "ug/m3", "ug/m^3": "ug/m3", "mbars": "mbar", "kilopascal": "kPa", "hectopascal": "hPa", "klx": "klx",
	"pct": "%", "percent": "%", "%": "%", "%rh": "%", "%el": "%", "percentage": "%", "/": "1",
	"ppm": "ppm", "ppb": "ppb", "µg/m³": "ug/m3", "μg/m³": "ug/m3", "ug/m3": "ug/m3", "µg/m3": "ug/m3",
	"hpa": "hPa", "mbar": "mbar", "pa": "Pa", "kpa": "kPa", "mmhg": "mm[Hg]", "bar": "bar", "inhg": "[in_i'Hg]",
	"lx": "lx", "lux": "lx", "m": "m", "cm": "cm", "mm": "mm", "mv": "mV", "v": "V", "volt": "V", "volts": "V", "millivolts": "mV",
	"db": "dB", "dba": "dB", "db(a)": "dB", "dbspl": "dB",
}
