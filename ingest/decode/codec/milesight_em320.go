package codec

import "slices"

var msEM320Lines = []msLine{
	{
		name:  "milesight-em310-udl",
		title: "Milesight EM310-UDL (distance)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x82, 2, msDistance(0)),
			msOf(0x04, 0x00, 1, msWord("position", 0, msPosition)),
		},
	},
	{
		name:  "milesight-em310-tilt",
		title: "Milesight EM310-TILT (tilt)",
		channels: []msChannel{msBattery, msCall(0x03, 0xcf, 7, func(f *msFrame, data []byte) error {
			for i, axis := range []string{"x", "y", "z"} {
				angle := msS16("angle_"+axis, 2*i).per(100)
				angle.into(f, data)
				f.text("threshold_"+axis, msOverLimit.of(uint32(data[6])>>i&1))
			}
			return nil
		})},
	},
	{
		name:  "milesight-em320-tilt",
		title: "Milesight EM320-TILT (tilt)",
		// The lowest bit of each angle says whether it is past its limit.
		channels: []msChannel{msBattery, msCall(0x03, 0xd4, 6, func(f *msFrame, data []byte) error {
			for i, axis := range []string{"x", "y", "z"} {
				raw := msInt16.raw(data[2*i:])
				f.number("angle_"+axis, float64(int16(raw)>>1)/100)
				f.text("threshold_"+axis, msOverLimit.of(raw&1))
			}
			return nil
		})},
	},
	{
		name:     "milesight-em320-th",
		title:    "Milesight EM320-TH (temperature, humidity)",
		channels: append(slices.Clone(msAir), msHistory(0x20, 7, msTemperature(4), msHumidity(6))),
	},
	{
		name:     "milesight-em320-th-v2",
		title:    "Milesight EM320-TH of the second generation (temperature, humidity)",
		channels: msEM320V2,
		extended: map[byte]int{0x0b: 7, 0x0c: 4, 0x39: 2, 0x63: 4, 0x66: 1, 0x69: 1, 0xc9: 1, 0xd9: 1},
	},
	{
		name:  "milesight-em400",
		title: "Milesight EM400-MUD, EM400-TLD, EM400-UDL (distance, temperature)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x67, 2, msTemperature(0)),
			msOf(0x04, 0x82, 2, msDistance(0)),
			msOf(0x05, 0x00, 1, msWord("position", 0, msPosition)),
			msOf(0x83, 0x67, 3, msTemperature(0), msWord("temperature_alarm", 2, msThreshold)),
			msOf(0x84, 0x82, 3, msDistance(0), msWord("distance_alarm", 2, msThreshold)),
		},
	},
}

// msDistance is in mm.
func msDistance(at int) msField { return msU16("distance", at).unless(msNone16) }

var (
	msPosition  = msWords{0: "normal", 1: "tilt"}
	msThreshold = msWords{0: "threshold_alarm_release", 1: "threshold_alarm"}
	msOverLimit = msWords{0: "normal", 1: "trigger"}
)

// msEM320V2 has tenths of humidity on type 9a, halves on 68, by its settings. Where a value cannot be had the maker's decoder
// puts a word in its place; here it is null, and a channel of its own (b3, b4) has the word.
var msEM320V2 = func() []msChannel {
	tenths := func(name string, at int) msField { return msU16(name, at).per(10).unless(msNone16) }
	alarm := msWords{1: "Below alarm", 2: "Above alarm", 3: "Between alarm", 4: "Outside alarm",
		6: "Below alarm clear", 7: "Above alarm clear", 8: "Between alarm clear", 9: "Outside alarm clear"}
	errors := msWords{1: "collection_err", 2: "lower_range_err", 3: "over_range_err"}
	jump := func(at int, what string) msField { return msWord("alarm_type", at, msWords{0: what + " mutation"}) }
	const humidity, change = "relative_humidity", "relative_humidity_change"
	return []msChannel{
		msBattery,
		msOf(0x03, 0x67, 2, msTemperature(0)),
		msOf(0x04, 0x9a, 2, tenths("humidity", 0)),
		msOf(0x04, 0x68, 1, msHumidity(0)),
		msOf(0x05, 0x6b, 1, msWord("trigger_type", 0, msWords{1: "external_trigger"})),
		msOf(0x05, 0x9c, 1, msWord("storage_status", 0, msWords{1: "sufficient", 2: "less_than_10_percent", 3: "full", 4: "overwritten"})),
		msIn("temperature_threshold_alarm", 0x83, 0x67, 3, msTemperature(0), msWord("alarm_type", 2, alarm)),
		msIn("temperature_mutation_alarm", 0x93, 0x67, 5, msTemperature(0), msS16("temperature_change", 2).per(10), jump(4, "Temperature")),
		msIn("humidity_threshold_alarm", 0x84, 0x9a, 3, tenths(humidity, 0), msWord("alarm_type", 2, alarm)),
		msIn("humidity_mutation_alarm", 0x94, 0x9a, 5, tenths(humidity, 0), msS16(change, 2).per(10), jump(4, "Humidity")),
		msIn("humidity_threshold_alarm", 0x84, 0x68, 2, msU8(humidity, 0).per(2).unless(msNone8), msWord("alarm_type", 1, alarm)),
		msIn("humidity_mutation_alarm", 0x94, 0x68, 3, msU8(humidity, 0).per(2).unless(msNone8), msU8(change, 1).per(2), jump(2, "Humidity")),
		msOf(0xb3, 0x67, 2, msWord("temperature_error", 0, errors)),
		msOf(0xb4, 0x68, 2, msWord("humidity_error", 0, msWords{1: errors[1]})),
		msOf(0xb4, 0x9a, 2, msWord("humidity_error", 0, msWords{1: errors[1]})),
		msHistory(0x20, 9, msTemperature(4), tenths("humidity", 6), msWord("record_type", 8, msEM320Record)),
	}
}()

// msEM320Record says why a reading was stored.
var msEM320Record = msWords{
	1: "periodic_report", 2: "manual_operation_report",
	3: "temperature_below", 4: "temperature_above", 5: "temperature_within", 6: "temperature_below_or_above",
	7: "temperature_mutation_alarm", 8: "temperature_below_clear", 9: "temperature_above_clear", 10: "temperature_within_clear",
	11: "temperature_below_or_above_clear", 12: "temperature_over_range_upper", 13: "temperature_over_range_lower",
	14: "temperature_collection_err",
	15: "humidity_below", 16: "humidity_above", 17: "humidity_within", 18: "humidity_below_or_above",
	19: "humidity_mutation_alarm", 20: "humidity_below_clear", 21: "humidity_above_clear", 22: "humidity_within_clear",
	23: "humidity_below_or_above_clear", 24: "humidity_collection_err",
}
