package codec

import "slices"

var msEM500Lines = []msLine{
	{
		name:  "milesight-em500-co2",
		title: "Milesight EM500-CO2 (CO2, temperature, humidity, pressure)",
		channels: append(slices.Clone(msAir),
			msOf(0x05, 0x7d, 2, msGas("co2", 0, 1)),
			msOf(0x06, 0x73, 2, msPressure(0)),
			msJump(msJumpAlarm),
			msHistory(0x20, 11, msGas("co2", 4, 1), msPressure(6), msTemperature(8), msHumidity(10))),
	},
	{
		name:  "milesight-em500-pt100",
		title: "Milesight EM500-PT100 (temperature of a probe)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x67, 2, msTemperature(0)),
			msJump(msJumpAlarm),
			msHistory(0x20, 6, msTemperature(4)),
		},
	},
	{
		name:  "milesight-em500-smtc",
		title: "Milesight EM500-SMTC (soil: temperature, moisture, conductivity)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x67, 2, msProbe(0)),
			msOf(0x04, 0x68, 1, msU8("moisture", 0).per(2).unless(msNone8)),
			msOf(0x04, 0xca, 2, msMoisture(0)),
			msOf(0x05, 0x7f, 2, msConductivity(0)),
			msJump(msWords{0: "threshold alarm release", 1: "threshold alarm", 2: "mutation alarm"}),
			msHistory(0x20, 10, msConductivity(4), msProbe(6), msMoisture(8)),
		},
	},
	{
		name:  "milesight-em500-lgt",
		title: "Milesight EM500-LGT (light)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x94, 4, msLux(0)),
			msHistory(0x20, 8, msLux(4)),
		},
	},
	{
		name:  "milesight-em500-pp",
		title: "Milesight EM500-PP (pressure in a pipe)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x7b, 2, msPipe(0)),
			msHistory(0x20, 6, msPipe(4)),
		},
	},
	{
		name:  "milesight-em500-swl",
		title: "Milesight EM500-SWL (depth of water)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x77, 2, msDepth(0)),
			msHistory(0x20, 6, msDepth(4)),
		},
	},
	{
		name:  "milesight-em500-udl",
		title: "Milesight EM500-UDL (distance)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0x82, 2, msDistance(0)),
			// The maker's decoder takes the distance of an alarm in tenths, and all others whole.
			msOf(0x83, 0xe9, 5, msDistance(0).per(10), msU16("distance_mutation", 2).per(10),
				msWord("distance_alarm", 4, msWords{0: "normal", 1: "threshold_alarm", 2: "mutation_alarm"})),
			msHistory(0x20, 6, msDistance(4)),
		},
	},
}

// msJumpAlarm is as the maker has it for CO2 and PT100; for soil it has the first two the other way round.
var msJumpAlarm = msWords{0: "threshold alarm", 1: "threshold alarm release", 2: "mutation alarm"}

// msJump is a temperature that rose or fell too fast, or is past its limit.
func msJump(alarm msWords) msChannel {
	return msOf(0x83, 0xd7, 5, msTemperature(0), msS16("temperature_mutation", 2).per(10), msWord("temperature_alarm", 4, alarm))
}

// msProbeFault is why a probe in the ground or the water gives nothing.
var msProbeFault = msWords{0xffff: "collection failed", 0xfffd: "out of range"}

func msProbe(at int) msField {
	return msTemperature(at).unless(msNoProbe).orWhy("temperature_error", msProbeFault)
}

// msMoisture is in hundredths of a percent.
func msMoisture(at int) msField {
	return msU16("moisture", at).per(100).unless(msNone16).orWhy("moisture_error", msProbeFault)
}

// msConductivity is in uS/cm.
func msConductivity(at int) msField {
	return msU16("electricity", at).unless(msNone16).orWhy("electricity_error", msProbeFault)
}

// msDepth is in cm.
func msDepth(at int) msField {
	return msU16("depth", at).unless(msNone16).orWhy("depth_error", msProbeFault)
}

// msLux is in lx.
func msLux(at int) msField { return msU32("illumination", at).unless(msNone32) }

// msPipe is in kPa.
func msPipe(at int) msField { return msS16("pressure", at) }
