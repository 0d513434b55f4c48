// Package meaning knows what names, units and words for presses mean, where nobody but the sender has chosen them.
package meaning

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Where users choose the names of what they send (a decoder of one's own on a network server, ESPHome, SenML), a name is all
// there is. The tables below hold the names that have one meaning wherever they are seen. What has several (a contact that is
// true, a distance without a unit, a level) is not in them: such a device needs a model that says what it means.

// Sense is what a name means.
type Sense struct {
	Quantity telemetry.Quantity
	Unit     string // UCUM, where the name tells it; empty: the quantity's own
}

// Senses are meanings by name: lower case, words joined by _. A * stands for further words, which then name the channel.
var Senses = func() map[string]Sense {
	table := map[string]Sense{}
	for quantity, names := range map[telemetry.Quantity]string{
		telemetry.Temperature: "temperature temp temperature_* temp_* *_temperature *_temp air_temperature ambient_temperature room_temperature " +
			"indoor_temperature temperature_sensor temp_sensor temp_sht",
		telemetry.DeviceTemperature: "device_temperature chip_temperature internal_temperature cpu_temperature mcu_temperature board_temperature " +
			"processor_temperature esp_temperature esp32_temperature die_temperature temperature_internal temperature_chip temperature_cpu soc_temperature cpu_temp " +
			"*_device_temperature *_chip_temperature *_internal_temperature *_cpu_temperature *_mcu_temperature *_board_temperature *_esp_temperature " +
			"*_esp32_temperature *_processor_temperature *_cpu_temp *_internal_temp",
		telemetry.BodyTemperature: "body_temperature body_temp skin_temperature forehead_temperature face_temperature temperature_body temp_body " +
			"*_body_temperature *_skin_temperature *_forehead_temperature",
		telemetry.Humidity: "humidity hum rh relative_humidity humidity_sensor air_humidity ambient_humidity room_humidity indoor_humidity hum_sht rel_humidity " +
			"humidity_rh *_humidity",
		telemetry.CO2:            "co2 carbon_dioxide co2_concentration co2_level co2_sensor co2_* *_co2 carbondioxide *_carbon_dioxide",
		telemetry.TVOC:           "tvoc total_voc voc tvoc_ppb *_tvoc",
		telemetry.PM25:           "pm25 pm2_5 pm_2_5 pm25_concentration *_pm25 *_pm2_5 *_pm_2_5",
		telemetry.PM10:           "pm10 pm_10 pm_10_0 pm10_concentration *_pm10 *_pm_10_0",
		telemetry.Pressure:       "pressure barometric_pressure air_pressure atmospheric_pressure barometer pressure_sensor *_pressure",
		telemetry.Illuminance:    "illuminance illumination lux illuminance_lux light_lux light_intensity illumination_lux *_illuminance *_lux",
		telemetry.Noise:          "noise noise_level sound_level sound_pressure",
		telemetry.Occupied:       "occupied presence occupancy room_occupied is_occupied desk_occupied human_presence presence_detected *_presence *_occupancy *_occupied",
		telemetry.Motion:         "motion pir motion_detected movement pir_motion pir_status motion_status *_motion *_pir",
		telemetry.MotionCount:    "motion_count motion_events",
		telemetry.ContactOpen:    "contact_open door_open window_open is_open opened door_is_open door_open_status",
		telemetry.Button:         "button button_event button_press press button_pressed",
		telemetry.Tamper:         "tamper tamper_detected tamper_status tamper_alarm",
		telemetry.PeopleIn:       "people_in people_in_period period_in in_period",
		telemetry.PeopleOut:      "people_out people_out_period period_out out_period",
		telemetry.PeopleInTotal:  "people_in_total total_in people_total_in total_people_in",
		telemetry.PeopleOutTotal: "people_out_total total_out people_total_out total_people_out",
		telemetry.PeoplePresent: "people_present people_count person_count people number_of_people occupancy_count people_inside people_counter " +
			"*_people_count *_person_count *_people_counter",
		telemetry.MaskWorn:       "mask_worn mask_count",
		telemetry.MaskMissing:    "mask_missing no_mask no_mask_count",
		telemetry.FillLevel:      "fill_level fill_level_percent dispenser_level",
		telemetry.Dispensed:      "dispensed dispense_count",
		telemetry.Battery:        "battery battery_level battery_percent battery_percentage battery_pct bat_pct batt_pct battery_charge bat_level battery_soc *_battery *_battery_level",
		telemetry.BatteryVoltage: "battery_voltage bat_v batt_v batv vbat v_bat vbatt battery_v batteryvoltage bat_voltage vdd battery_volt *_battery_voltage",
		telemetry.VehiclesIn:     "vehicles_in vehicle_count_in",
	} {
		for name := range strings.FieldsSeq(names) {
			table[name] = Sense{Quantity: quantity}
		}
	}
	return table
}()

// qualifying are words in a name that make it something else than a reading: a limit, a statistic, a property of the radio.
var qualifying = written.SetOf("min", "max", "avg", "average", "mean", "minimum", "maximum", "threshold", "limit", "alarm", "alert", "setpoint", "target",
	"offset", "calibration", "delta", "change", "rssi", "snr", "lqi", "signal", "interval", "status", "state", "id", "unit", "version", "config",
	"mode", "enable", "enabled", "error", "raw", "low", "high", "dew", "point", "dewpoint", "feels", "index", "heat", "absolute", "time",
	"timestamp", "water", "boiler", "pool", "tank", "fridge", "freezer", "pipe", "tire", "tyre", "sea", "sealevel", "no", "timeout", "type", "name", "rating", "trend", "flag", "valid", "history", "moisture", "color", "kelvin", "duration", "object")

// Of is what a field called name and measured in unit (a word, may be empty) is; not ok: its name has no one meaning.
// rest is what the name says beside, to tell channels apart.
func Of(name, unit string) (s Sense, rest string, ok bool) {
	words := written.Words(name)
	if len(words) == 0 || len(words) > 8 {
		return Sense{}, "", false
	}
	if s, rest, ok = OfWords(words); !ok && len(words) > 1 {
		// A unit at the end of the name.
		if u, known := UnitWords[words[len(words)-1]]; known {
			if s, rest, ok = OfWords(words[:len(words)-1]); ok {
				s.Unit = u
			}
		}
	} else if ok && len(words) > 1 && rest != "" {
		if u, known := UnitWords[rest]; known {
			s.Unit, rest = u, ""
		}
	}
	if !ok {
		return Sense{}, "", false
	}
	if unit = strings.ToLower(strings.TrimSpace(unit)); unit != "" {
		u, known := UnitWords[unit]
		if !known {
			return Sense{}, "", false
		}
		s.Unit = u
	}
	if _, err := Conversion(s.Unit, s.Quantity); err != nil {
		return Sense{}, "", false
	}
	return s, rest, true
}

// OfWords looks words up: as they are, or with a * for the first or the last of them.
func OfWords(words []string) (s Sense, rest string, ok bool) {
	if s, ok = Senses[strings.Join(words, "_")]; ok {
		return s, "", true
	}
	for n := len(words) - 1; n > 0; n-- {
		head, tail := strings.Join(words[:n], "_"), words[n:]
		if s, ok = Senses[head+"_*"]; ok && !isQualifying(tail) {
			return s, strings.Join(tail, "_"), true
		}
		if number(tail) {
			if s, ok = Senses[head]; ok {
				return s, strings.Join(tail, "_"), true
			}
		}
	}
	for n := 1; n < len(words); n++ {
		head, tail := words[:n], strings.Join(words[n:], "_")
		if s, ok = Senses["*_"+tail]; ok && !isQualifying(head) {
			return s, strings.Join(head, "_"), true
		}
	}
	return Sense{}, "", false
}

func isQualifying(words []string) bool {
	for _, w := range words {
		if qualifying[w] {
			return true
		}
	}
	return false
}

// number reports whether the words only number a thing: the 2 of temperature_2.
func number(words []string) bool {
	return len(words) == 1 && len(words[0]) <= 2 && strings.Trim(words[0], "0123456789") == ""
}

// FlagWords are words that devices use for yes and no.
var FlagWords = map[string]float64{
	"on": 1, "true": 1, "yes": 1, "open": 1, "opened": 1, "occupied": 1, "busy": 1, "detected": 1, "active": 1, "present": 1, "1": 1, "trigger": 1,
	"triggered": 1, "pressed": 1, "motion": 1,
	"off": 0, "false": 0, "no": 0, "closed": 0, "close": 0, "vacant": 0, "free": 0, "clear": 0, "inactive": 0, "absent": 0, "0": 0, "idle": 0,
	"normal": 0, "unoccupied": 0, "no_motion": 0, "none": 0, "not detected": 0,
}

// IsQuantity reports whether a name is that of a quantity.
func IsQuantity(name string) bool {
	_, err := telemetry.ParseQuantity(name)
	return err == nil
}

// IsQuantityOfUnits reports whether values of q have a unit that a word may name: no counts, no flags, no presses.
func IsQuantityOfUnits(q telemetry.Quantity) bool { return q.Unit() != "1" }
