package codec

import (
	"slices"
	"strconv"
)

var msPeopleLines = []msLine{
	{
		name:     "milesight-vs121",
		title:    "Milesight VS121 (camera over a room)",
		channels: slices.Concat(msCameraInfo, msVS121),
		extended: map[byte]int{0x88: 1},
	},
	{
		name:     "milesight-vs132",
		title:    "Milesight VS132 (counter over a door)",
		channels: slices.Concat(msCameraInfo, msVS132),
	},
	{
		name:     "milesight-vs133",
		title:    "Milesight VS133, VS135 (counters with lines and regions)",
		channels: msVS133,
		extended: map[byte]int{0x88: 2},
	},
	{
		name:     "milesight-vs350",
		title:    "Milesight VS350, VS351 (counters of a passage)",
		channels: slices.Concat(msVS350, msPassage("threshold alarm")),
		replies:  map[byte]int{0x8f: 2, 0xac: 5},
	},
	{
		name:     "milesight-vs360",
		title:    "Milesight VS360 (counter of a light barrier)",
		channels: slices.Concat(msVS360, msPassage("threshold_alarm")),
	},
}

// msVS132 counts who passes its one line. The totals run since the device was switched on or told to begin anew.
var msVS132 = []msChannel{
	msOf(0x03, 0xd2, 4, msU32("total_counter_in", 0)),
	msOf(0x04, 0xd2, 4, msU32("total_counter_out", 0)),
	msOf(0x05, 0xcc, 4, msU16("periodic_counter_in", 0), msU16("periodic_counter_out", 2)),
}

// msVS350 is what VS350 and VS351 send beside the counts of a passage.
var msVS350 = []msChannel{
	msBattery,
	msOf(0x03, 0x67, 2, msTemperature(0)),
	msOf(0x83, 0x67, 3, msTemperature(0), msWord("temperature_alarm", 2, msPassageAlarm)),
	msOf(0x81, 0xee, 1, msU8("current_sensitivity", 0)),
	msOf(0xff, 0xcc, 1, msWord("power_status", 0, msWords{0: "battery supply", 1: "external power supply", 2: "battery charging"})),
}

var msPassageAlarm = msWords{0: "threshold alarm release", 1: "threshold alarm", 3: "high temperature alarm", 4: "high temperature alarm release"}

// msVS360 is a pair of devices, one on each side of the passage.
var msVS360 = []msChannel{
	msOf(0x01, 0x75, 1, msU8("battery_main", 0).unless(msNoPercent)),
	msOf(0x02, 0x75, 1, msU8("battery_node", 0).unless(msNoPercent)),
	msEach("event", 0x03, 0xf4, 2,
		msWord("type", 0, msWords{0: "counting_anomaly", 1: "node_device_without_response", 2: "devices_misaligned"}),
		msWord("status", 1, msWords{0: "alarm_release", 1: "alarm"})),
}

// msPassage is how VS350, VS351 and VS360 count. A period and a total have channels of their own, which come together or
// alone; a count past a limit comes at once, on a channel that has the alarm besides. The words differ by line.
func msPassage(alarm string) []msChannel {
	words := msWords{1: alarm}
	if alarm == msPassageAlarm[1] {
		words = msPassageAlarm
	}
	in := func(what string, at int) []msField { return []msField{msU16(what+"_in", at), msU16(what+"_out", at+2)} }
	return []msChannel{
		msOf(0x04, 0xcc, 4, in("total", 0)...),
		msOf(0x05, 0xcc, 4, in("period", 0)...),
		msOf(0x84, 0xcc, 5, append(in("total", 0), msWord("total_count_alarm", 4, words))...),
		msOf(0x85, 0xcc, 5, append(in("period", 0), msWord("period_count_alarm", 4, words))...),
		msOf(0x0a, 0xef, 4, msTimestamp),
		msHistories(0x20, map[byte]msLayout{
			0: {size: 9, fields: in("period", 5)},
			1: {size: 13, fields: append(in("period", 5), in("total", 9)...)},
		}),
	}
}

// msVS133 counts on four lines and in four regions, all persons and children apart. Channels of a line follow each other by
// three: in, out, and the period's in and out. A record of history is of the kind of its channel.
var msVS133 = func() []msChannel {
	channels := []msChannel{
		msVersion(0x09, 2, "hardware_version", "v"),
		msVersion(0x1f, 4, "firmware_version", "v"),
		msCall(0x50, 0xfc, 3, func(f *msFrame, data []byte) error {
			node := "master"
			if data[1] != 0 {
				node = "node_" + strconv.Itoa(int(data[1]))
			}
			f.text(node+"_occlusion_alarm", msWords{0: "alarm_released", 1: "alarm_triggered"}.of(uint32(data[2])))
			return nil
		}),
	}
	kinds := make(map[byte]msLayout)
	for _, who := range []struct {
		name                     string
		lines, count, dwell, max byte // first channel of lines, channel of counts, of dwell times, and kind of longest dwell times
	}{
		{"", 0x03, 0x0f, 0x10, 0x20},
		{"_child", 0x11, 0x1d, 0x1e, 0x3c},
	} {
		for line := range byte(4) {
			in, name := who.lines+3*line, "line_"+strconv.Itoa(int(line)+1)+who.name
			total := func(at int, way string) msField { return msU32(name+"_total_"+way, at) }
			period := func(at int) []msField {
				return []msField{msU16(name+"_period_in", at), msU16(name+"_period_out", at+2)}
			}
			channels = append(channels,
				msOf(in, 0xd2, 4, total(0, "in")),
				msOf(in+1, 0xd2, 4, total(0, "out")),
				msOf(in+2, 0xcc, 4, period(0)...))
			kinds[in] = msLayout{size: 9, fields: []msField{total(5, "in")}}
			kinds[in+1] = msLayout{size: 9, fields: []msField{total(5, "out")}}
			kinds[in+2] = msLayout{size: 9, fields: period(5)}
		}
		channels = append(channels,
			msOf(who.count, 0xe3, 4, msRegions(0, 1, 4, who.name)...),
			msCall(who.dwell, 0xe4, 5, func(f *msFrame, data []byte) error {
				region := "region_" + strconv.Itoa(int(data[0])) + who.name
				f.number(region+"_avg_dwell", float64(msUint16.raw(data[1:])))
				f.number(region+"_max_dwell", float64(msUint16.raw(data[3:])))
				return nil
			}))
		kinds[who.count] = msLayout{size: 9, fields: msRegions(5, 1, 4, who.name)}
		dwell := func(what string) func(f *msFrame, data []byte) error {
			return func(f *msFrame, data []byte) error {
				f.number("region_"+strconv.Itoa(int(data[5]))+who.name+what, float64(msUint16.raw(data[6:])))
				return nil
			}
		}
		kinds[who.dwell] = msLayout{size: 8, read: dwell("_avg_dwell")}
		kinds[who.max] = msLayout{size: 8, read: dwell("_max_dwell")}
	}
	return append(channels, msHistories(0x20, kinds))
}()

// msRegions are the counts of n regions from first on, a byte each.
func msRegions(at, first, n int, who string) []msField {
	fields := make([]msField, n)
	for i := range fields {
		fields[i] = msU8("region_"+strconv.Itoa(first+i)+who+"_count", at+i)
	}
	return fields
}
