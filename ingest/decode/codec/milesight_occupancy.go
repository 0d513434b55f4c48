package codec

import "strconv"

var msOccupancyLines = []msLine{
	{
		name:     "milesight-vs321",
		title:    "Milesight VS321 (camera that counts people at rest)",
		channels: msVS321,
		replies:  map[byte]int{0x65: 1},
	},
	{name: "milesight-vs330", title: "Milesight VS330 (occupancy of a washroom)", channels: msVS330},
	{name: "milesight-vs340", title: "Milesight VS340, VS341 (occupancy of a desk or seat)", channels: msVS340},
	{
		name:     "milesight-vs370",
		title:    "Milesight VS370 (radar and PIR occupancy of a room)",
		channels: msVS370,
		replies:  map[byte]int{0x8f: 1},
	},
	{name: "milesight-vs373", title: "Milesight VS373 (radar that watches for falls)", channels: msVS373},
}

var (
	msOccupied = msWords{0: "vacant", 1: "occupied"}
	msEnabled  = msWords{0: "disable", 1: "enable"}
)

var msVS330 = []msChannel{
	msBattery,
	msOf(0x02, 0x82, 2, msU16("distance", 0).unless(msNone16)), // mm
	msOf(0x03, 0x8e, 1, msWord("occupancy", 0, msOccupied)),
	msOf(0x04, 0x8e, 1, msWord("calibration_status", 0, msWords{0: "failed", 1: "success"})),
}

var msVS340 = []msChannel{
	msBattery,
	msOf(0x03, 0x00, 1, msWord("occupancy", 0, msOccupied)),
}

var msVS370 = []msChannel{
	msBattery,
	msOf(0x03, 0x00, 1, msWord("occupancy", 0, msOccupied)),
	msOf(0x04, 0x00, 1, msWord("illuminance", 0, msWords{0: "dim", 1: "bright", 254: "disable"})),
}

// msVS321 counts the people in its view and says of up to ten regions whether one is in use.
var msVS321 = func() []msChannel {
	failed, alarm := msWords{0xffff: "read_failed", 0xff: "read_failed"}, msWords{0: "threshold_alarm_release", 1: "threshold_alarm"}
	noSensor := func(raw uint32) bool { return raw == 0xffff || msNoDegrees(raw) }
	temperature := msTemperature(0).unless(noSensor)
	return []msChannel{
		msBattery,
		msOf(0x03, 0x67, 2, temperature.orWhy("temperature_sensor_status", failed)),
		msOf(0x04, 0x68, 1, msHumidity(0).orWhy("humidity_sensor_status", failed)),
		msOf(0x83, 0x67, 3, temperature, msWord("temperature_alarm", 2, alarm)),
		msOf(0x84, 0x68, 2, msHumidity(0), msWord("humidity_alarm", 1, alarm)),
		msOf(0x05, 0xfd, 2, msU16("people_total_counts", 0)),
		msCall(0x06, 0xfe, 4, msVS321Regions(0)),
		msOf(0x07, 0xff, 1, msWord("illuminance_status", 0, msWords{0: "dim", 1: "bright"})),
		msOf(0x08, 0xf4, 2, msWord("detection_status", 1, msWords{0: "normal", 1: "unavailable"})),
		msOf(0x0a, 0xef, 4, msTimestamp),
		msHistories(0x20, map[byte]msLayout{
			0: {size: 7, fields: []msField{msU16("people_total_counts", 5)}},
			1: {size: 9, read: msVS321Regions(5)},
		}),
	}
}()

// msVS321Regions reads which regions are drawn and which are in use. The maker's decoder calls a region that is not drawn
// vacant; nobody looks there, so here it is null.
func msVS321Regions(at int) func(f *msFrame, data []byte) error {
	return func(f *msFrame, data []byte) error {
		drawn, used := msUint16.raw(data[at:]), msUint16.raw(data[at+2:])
		for i := range 10 {
			name := "region_" + strconv.Itoa(i+1)
			f.text(name+"_enable", msEnabled.of(drawn>>i&1))
			if drawn>>i&1 == 0 {
				f.null(name)
				continue
			}
			f.text(name, msOccupied.of(used>>i&1))
		}
		return nil
	}
}

// msVS373 watches one person in a room. Its second firmware sends the same values on channels of their own, with more bits.
var msVS373 = func() []msChannel {
	target := func(time func(name string, at int) msField, width int) []msField {
		return []msField{
			msWord("detection_status", 0, msWords{0: "normal", 1: "vacant", 2: "in_bed", 3: "out_of_bed", 4: "fall"}),
			msWord("target_status", 1, msWords{0: "normal", 1: "motionless", 2: "abnormal", 3: "lying_down"}),
			time("use_time_now", 2),
			time("use_time_today", 2+width),
		}
	}
	regions := func(first, n, width int, field func(i, at int) msField) []msField {
		fields := make([]msField, n)
		for i := range fields {
			fields[i] = field(first+i, width*i)
		}
		return fields
	}
	region := func(i int, what string) string { return "region_" + strconv.Itoa(i) + what }
	return []msChannel{
		msOf(0x03, 0xf8, 6, target(msU16, 2)...),
		msOf(0x07, 0xb0, 8, target(msU24, 3)...),
		// Of this channel only 1 is vacant, the other way round than elsewhere.
		msCall(0x04, 0xf9, 4, func(f *msFrame, data []byte) error {
			for i, b := range data {
				word := "occupied"
				if b == 1 {
					word = "vacant"
				}
				f.text(region(i+1, "_occupancy"), word)
			}
			return nil
		}),
		msCall(0x0a, 0xb3, 5, func(f *msFrame, data []byte) error {
			used := msUint32.raw(data[1:])
			for i := range min(int(data[0]), 32) {
				f.text(region(i+1, "_occupancy"), msOccupied.of(used>>i&1))
			}
			return nil
		}),
		msOf(0x09, 0xb2, 6, regions(1, 6, 1, func(i, at int) msField {
			return msWord(region(i, "_type"), at, msWords{0: "custom", 1: "bed", 2: "door", 3: "ignore", 255: "unset"})
		})...),
		msOf(0x05, 0xfa, 8, regions(1, 4, 2, func(i, at int) msField { return msU16(region(i, "_out_of_bed_time"), at) })...),
		msOf(0x0b, 0xb4, 9, regions(1, 3, 3, func(i, at int) msField { return msU24(region(i, "_out_of_bed_time"), at) })...),
		msOf(0x0c, 0xb4, 9, regions(4, 3, 3, func(i, at int) msField { return msU24(region(i, "_out_of_bed_time"), at) })...),
		msOf(0x08, 0xb1, 3,
			msWord("respiratory_status", 0, msWords{1: "no_data_input", 2: "normal", 3: "tachypnea", 4: "bradypnea", 5: "undetectable"}),
			msU16("respiratory_rate", 1).per(100).unless(msNone16)),
		{id: 0x06, typ: 0xfb, group: "events", array: true, msLayout: msLayout{size: 5, read: msVS373Event}},
		{id: 0x20, typ: 0xce, group: "history", array: true, msLayout: msLayout{size: 9, fields: []msField{msTimestamp},
			read: func(f *msFrame, data []byte) error { return msVS373Event(f, data[4:]) }}},
	}
}()

// msVS373Event reads an alarm: its number, what it is about, what became of it, and for some the region.
func msVS373Event(f *msFrame, data []byte) error {
	f.number("alarm_id", float64(msUint16.raw(data)))
	f.text("alarm_type", msWords{0: "fall", 1: "motionless", 2: "dwell", 3: "out_of_bed", 4: "occupied", 5: "vacant", 6: "bradynea",
		7: "tachypnea", 8: "lying_down"}.of(uint32(data[2])))
	f.text("alarm_status", msWords{1: "alarm_triggered", 2: "alarm_deactivated", 3: "alarm_ignored",
		4: "respiratory_status"}.of(uint32(data[3])))
	if data[2] == 3 || data[2] == 6 || data[2] == 7 {
		f.number("region_id", float64(data[4]))
	}
	return nil
}
