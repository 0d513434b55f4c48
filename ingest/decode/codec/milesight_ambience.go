package codec

import "slices"

var msAmbienceLines = []msLine{
	{
		name:     "milesight-am102",
		title:    "Milesight AM102, AM102L (temperature, humidity)",
		channels: append(slices.Clone(msAir), msHistory(0x20, 7, msTemperature(4), msHumidity(6))),
		replies:  msAM100Replies,
	},
	{
		name:     "milesight-am103",
		title:    "Milesight AM103, AM103L (temperature, humidity, CO2)",
		channels: append(slices.Clone(msAir), msCO2, msHistory(0x20, 9, msTemperature(4), msHumidity(6), msGas("co2", 7, 1))),
		replies:  msAM100Replies,
	},
	{
		name:     "milesight-am107",
		title:    "Milesight AM104, AM107 (air, light, activity)",
		channels: slices.Concat(msAir, msAM107),
		replies:  msAM100Replies,
	},
	{
		name:     "milesight-am307",
		title:    "Milesight AM307, AM307L (air, light, PIR)",
		channels: slices.Concat(msAir, msAM300, msAM300History(0x20)),
		replies:  msAM300Replies,
	},
	{
		name:     "milesight-am308",
		title:    "Milesight AM308, AM308L (AM307 and dust)",
		channels: slices.Concat(msAir, msAM300, msAM300History(0x20, msDust("pm2_5", 16), msDust("pm10", 18))),
		replies:  msAM300Replies,
	},
	{
		name:  "milesight-am319",
		title: "Milesight AM319 HCHO (AM308 and formaldehyde)",
		channels: slices.Concat(msAir, msAM300,
			msAM300History(0x20, msDust("pm2_5", 16), msDust("pm10", 18), msGas("hcho", 20, 100)),
			msAM300History(0x22, msDust("pm2_5", 16), msGas("hcho", 18, 1000))), // of the second kind of sensor
		replies: msAM319Replies,
	},
	{
		name:  "milesight-am319-o3",
		title: "Milesight AM319 O3 (AM308 and ozone)",
		channels: slices.Concat(msAir, msAM300,
			msAM300History(0x20, msDust("pm2_5", 16), msDust("pm10", 18), msGas("o3", 20, 100))),
		replies: msAM319Replies,
	},
}

// Commands that AM100 and AM300 answer at other lengths than the rest.
var (
	msAM100Replies = map[byte]int{0x3a: msSchedule, 0x75: 7}
	msAM300Replies = map[byte]int{0x3a: 2, 0x65: 2}
	msAM319Replies = map[byte]int{0x39: 1, 0x3a: 2, 0x65: 2}
)

// msAir is what every ambience sensor measures.
var msAir = []msChannel{
	msBattery,
	msOf(0x03, 0x67, 2, msTemperature(0)),
	msOf(0x04, 0x68, 1, msHumidity(0)),
}

var msCO2 = msOf(0x07, 0x7d, 2, msGas("co2", 0, 1))

// msAM107 sends tvoc in ppb; AM300 does not.
var msAM107 = []msChannel{
	msOf(0x05, 0x6a, 2, msU16("activity", 0)),
	msOf(0x06, 0x65, 6, // lx, and two raw values of the light sensor
		msU16("illumination", 0).unless(msNone16), msU16("infrared_and_visible", 2).unless(msNone16), msU16("infrared", 4).unless(msNone16)),
	msCO2,
	msOf(0x08, 0x7d, 2, msGas("tvoc", 0, 1)),
	msOf(0x09, 0x73, 2, msPressure(0)),
}

// msAM300 is all that the series measures; each device sends some of it. Two things are called tvoc: an index of air quality in
// hundredths on type 7d, ug/m3 on type e6. Formaldehyde comes from one of two kinds of sensor, in mg/m3 and in ppm.
var msAM300 = []msChannel{
	msOf(0x05, 0x00, 1, msWord("pir", 0, msTriggered)),
	msOf(0x06, 0xcb, 1, msU8("light_level", 0).unless(msNone8)),
	msCO2,
	msOf(0x08, 0x7d, 2, msGas("tvoc", 0, 100)),
	msOf(0x08, 0xe6, 2, msGas("tvoc", 0, 1)),
	msOf(0x09, 0x73, 2, msPressure(0)),
	msOf(0x0a, 0x7d, 2, msGas("hcho", 0, 100)),
	msOf(0x0b, 0x7d, 2, msDust("pm2_5", 0)),
	msOf(0x0c, 0x7d, 2, msDust("pm10", 0)),
	msOf(0x0d, 0x7d, 2, msGas("o3", 0, 100)), // ppm
	msOf(0x0e, 0x01, 1, msWord("buzzer_status", 0, msWords{0: "off", 1: "on"})),
	msOf(0x0f, 0x7d, 2, msGas("hcho", 0, 1000)),
}

var msTriggered = msWords{0: "idle", 1: "trigger"}

// msDust is in ug/m3.
func msDust(name string, at int) msField { return msGas(name, at, 1) }

// msAM300History is the stored readings on channel id, and on the next one those with tvoc in ug/m3. What a device has beside
// the common values follows these, two bytes each.
func msAM300History(id byte, more ...msField) []msChannel {
	of := func(id byte, tvoc float64) msChannel {
		return msHistory(id, 16+2*len(more), append([]msField{
			msTemperature(4),
			msU16("humidity", 6).per(2).unless(msNone16),
			msWord("pir", 8, msTriggered),
			msU8("light_level", 9).unless(msNone8),
			msGas("co2", 10, 1),
			msGas("tvoc", 12, tvoc),
			msPressure(14),
		}, more...)...)
	}
	return []msChannel{of(id, 100), of(id+1, 1)}
}
