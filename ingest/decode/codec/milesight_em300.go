package codec

import "slices"

var msEM300Lines = []msLine{
	{
		name:  "milesight-em300-th",
		title: "Milesight EM300-TH (temperature, humidity)",
		// The last byte of a stored reading is not used.
		channels: append(slices.Clone(msAir), msHistory(0x20, 8, msTemperature(4), msHumidity(6))),
	},
	{
		name:  "milesight-em300-mcs",
		title: "Milesight EM300-MCS (EM300-TH and door contact)",
		channels: append(slices.Clone(msAir),
			msOf(0x06, 0x00, 1, msWord("magnet_status", 0, msMagnet)),
			msHistory(0x20, 8, msTemperature(4), msHumidity(6), msWord("magnet_status", 7, msMagnet))),
	},
	{
		name:  "milesight-em300-sld",
		title: "Milesight EM300-SLD, EM300-ZLD (EM300-TH and leak)",
		channels: append(slices.Clone(msAir),
			msOf(0x05, 0x00, 1, msWord("leakage_status", 0, msLeak)),
			msHistory(0x20, 8, msTemperature(4), msHumidity(6), msWord("leakage_status", 7, msLeak))),
	},
	{
		name:  "milesight-em300-mld",
		title: "Milesight EM300-MLD (leak)",
		channels: []msChannel{
			msBattery,
			msOf(0x05, 0x00, 1, msWord("leakage_status", 0, msLeak)),
			// It has no thermometer; what lies between time and state is not used.
			msHistory(0x20, 8, msWord("leakage_status", 7, msLeak)),
		},
	},
	{
		name:     "milesight-em300-di",
		title:    "Milesight EM300-DI (EM300-TH and a contact or pulses)",
		channels: slices.Concat(msAir, msEM300DI, []msChannel{msEM300DIHistory, msEM300WaterHistory(msTemperature(4), msHumidity(6))}),
		replies:  map[byte]int{0x79: 4},
	},
	{
		name:     "milesight-em300-di-hall",
		title:    "Milesight EM300-DI Hall (pulses of a water meter)",
		channels: slices.Concat([]msChannel{msBattery}, msEM300DI, msEM300Hall, []msChannel{msEM300WaterHistory()}),
		replies:  map[byte]int{0x79: 4},
	},
	{
		name:  "milesight-em300-cl",
		title: "Milesight EM300-CL (level of a liquid)",
		channels: []msChannel{
			msBattery,
			msOf(0x03, 0xed, 1, msWord("liquid", 0, msLiquid)),
			msOf(0x04, 0xee, 1, msWord("calibration_result", 0, msWords{0: "failed", 1: "success"})),
			msOf(0x83, 0xed, 2, msWord("liquid", 0, msLiquid),
				msWord("liquid_alarm", 1, msWords{0: "critical liquid level alarm release", 1: "critical liquid level alarm"})),
		},
	},
}

var msLiquid = msWords{0: "uncalibrated", 1: "full", 2: "critical liquid level alert", 255: "error"}

// msLevel is of a contact.
var msLevel = msWords{0: "low", 1: "high"}

// msWaterAlarm is by its number; on its own channel it is always one of the first four.
var msWaterAlarm = msWords{0: "none", 1: "water outage timeout alarm", 2: "water outage timeout alarm release",
	3: "water flow timeout alarm", 4: "water flow timeout alarm release", 5: "gpio alarm", 6: "gpio alarm release"}

// msWater is a count of pulses, turned into an amount by the factors that go before it.
func msWater(at int) []msField {
	return []msField{msU16("water_conv", at).per(10), msU16("pulse_conv", at+2).per(10), msF32("water", at+4)}
}

// msEM300DI says of its input whether it is high, or counts.
var msEM300DI = []msChannel{
	msOf(0x05, 0x00, 1, msWord("gpio", 0, msLevel)),
	msOf(0x05, 0xc8, 4, msU32("pulse", 0)),
	msOf(0x05, 0xe1, 8, msWater(0)...),
	msOf(0x85, 0x00, 2, msWord("gpio", 0, msLevel), msWord("gpio_alarm", 1, msWords{0: "gpio alarm release", 1: "gpio alarm"})),
	msOf(0x85, 0xe1, 9, msWaterAlarmed...),
}

// msEM300Hall is where the first firmware of the Hall device has its count.
var msEM300Hall = []msChannel{
	msOf(0x06, 0xe1, 8, msWater(0)...),
	msOf(0x86, 0xe1, 9, msWaterAlarmed...),
}

var msWaterAlarmed = append(msWater(0), msWord("water_alarm", 8, msWords{1: msWaterAlarm[1], 2: msWaterAlarm[2],
	3: msWaterAlarm[3], 4: msWaterAlarm[4]}))

// msEM300DIInput says what a stored reading has of the input: its level, or a count.
func msEM300DIInput(f *msFrame, data []byte, level int, count ...msField) {
	f.text("gpio_type", msWords{1: "gpio", 2: "counter"}.of(uint32(data[level-1])))
	switch data[level-1] {
	case 1:
		f.text("gpio", msLevel.of(uint32(data[level])))
	case 2:
		for i := range count {
			count[i].into(f, data)
		}
	}
}

var msEM300DIHistory = func() msChannel {
	c := msHistory(0x20, 13, msTemperature(4), msHumidity(6))
	pulse := msU32("pulse", 9)
	c.read = func(f *msFrame, data []byte) error { msEM300DIInput(f, data, 8, pulse); return nil }
	return c
}()

// msEM300WaterHistory is the stored readings of later firmware.
func msEM300WaterHistory(air ...msField) msChannel {
	c := msHistory(0x21, 18, append(air, msWord("alarm", 7, msWaterAlarm))...)
	water := msWater(10)
	c.read = func(f *msFrame, data []byte) error { msEM300DIInput(f, data, 9, water...); return nil }
	return c
}
