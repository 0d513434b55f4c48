package decode_test

import (
	"fmt"
	"strings"
	"time"
)

var (
	ofTotal  = []string{"total"}
	ofPeriod = []string{"period"}
	ofBoth   = []string{"total", "period"}
)

var counters = []family{
	{
		name: "native totals", model: "native", topic: "gerbang/v1/mpp/d1", prefer: ofTotal,
		minute: func(c *counter) ([]string, string) {
			return ofTotal, fmt.Sprintf(`{"at":%q,"boot":"b%d","seq":%d,"people_in_total":%d,"people_out_total":%d}`, rfc3339(c.at), c.boot, c.sequence, c.all[0], c.all[1])
		},
	},
	{
		name: "native periods", model: "native", topic: "gerbang/v1/mpp/d1", prefer: ofPeriod,
		minute: func(c *counter) ([]string, string) {
			return ofPeriod, fmt.Sprintf(`{"at":%q,"boot":"b%d","seq":%d,"people_in":%d,"people_out":%d}`, rfc3339(c.at), c.boot, c.sequence, c.in, c.out)
		},
	},
	{
		name: "generic counter with lines", model: "generic-zone-counter", topic: "counters/" + serial + "/telemetry", prefer: ofBoth,
		minute: func(c *counter) ([]string, string) {
			return ofBoth, fmt.Sprintf(`{"sn":"ZC-7/%d","frame":%d,"end":%q,"lines":[{"name":"N","minute":{"in":%d,"out":%d},"total":{"in":%d,"out":%d}}]}`,
				c.boot, c.sequence, rfc3339(c.at), c.in, c.out, c.all[0], c.all[1])
		},
	},
	{
		name: "generic camera with events", model: "generic-entrance-camera", topic: "cameras/mpp/" + serial + "/events", prefer: ofPeriod,
		person: func(c *counter, way int) ([]string, string) {
			return ofPeriod, fmt.Sprintf(`{"id":%d,"ts":%d,"event":"crossing","direction":%q}`, c.sequence, c.at.UnixMilli(), direction(way, "in", "out"))
		},
	},
	{
		name: "Milesight with all it has", model: "milesight-people-counter-mqtt", topic: "push/milesight-people-counter-mqtt", prefer: []string{"total", "trigger", "period"},
		minute: func(c *counter) ([]string, string) { return ofBoth, milesight(c, milesightTotal(c)+milesightPeriod(c)) },
		person: milesightPerson,
	},
	{
		name: "Milesight with triggers and periods", model: "milesight-people-counter-mqtt", topic: "pasar/pintu/telemetry", prefer: []string{"trigger", "period"},
		minute: func(c *counter) ([]string, string) { return ofPeriod, milesight(c, milesightPeriod(c)) },
		person: milesightPerson,
	},
	{
		name: "Milesight with periods", model: "milesight-people-counter-mqtt", topic: "push/milesight-people-counter-mqtt", prefer: ofPeriod,
		minute: func(c *counter) ([]string, string) { return ofPeriod, milesight(c, milesightPeriod(c)) },
	},
	{
		name: "Milesight with triggers", model: "milesight-people-counter-mqtt", topic: "push/milesight-people-counter-mqtt", prefer: []string{"trigger"},
		person: milesightPerson,
	},
	{
		name: "Xovis 4, lines by the minute", model: "xovis", topic: "push/xovis", prefer: ofPeriod, minute: xovisContent,
	},
	{
		name: "Xovis 4, events", model: "xovis", topic: "push/xovis", prefer: []string{"event"}, person: xovisValues("LineCrossing", "LineCount", "ZoneExit"),
	},
	{
		name: "Xovis 4, crossings alone", model: "xovis", topic: "push/xovis", prefer: []string{"crossing"}, person: xovisValues("ZoneExit", "LineCrossing"),
	},
	{
		name: "Xovis 4, lines and events", model: "xovis", topic: "push/xovis", prefer: []string{"event", "period"}, minute: xovisContent, person: xovisValues("LineCount", "LineCrossing"),
	},
	{
		name: "Xovis 5, logics by the minute", model: "xovis", topic: "push/xovis", prefer: ofPeriod, minute: xovisLogics,
	},
	{
		name: "Xovis 5, crossings alone", model: "xovis", topic: "push/xovis", prefer: []string{"crossing"}, person: xovisLive(false),
	},
	{
		name: "Xovis 5, crossings and logics", model: "xovis", topic: "push/xovis", prefer: []string{"period", "crossing"}, minute: xovisLogics, person: xovisLive(false),
	},
	{
		name: "Xovis 5 with all it has", model: "xovis", topic: "push/xovis", prefer: []string{"total", "period", "crossing"}, minute: xovisLogics, person: xovisLive(true),
	},
	{
		name: "Axis retail data", model: "axis-people-counter", topic: "push/axis-people-counter", prefer: ofPeriod,
		minute: func(c *counter) ([]string, string) {
			return ofPeriod, fmt.Sprintf(`{"apiName":"Axis Retail Data","utcSent":%q,"data":{"measurements":[{"kind":"people-counts","utcFrom":%q,"utcTo":%q,"items":[{"direction":"in","count":%d,"adults":%d},{"direction":"out","count":%d}]}]},
				"sensor":{"name":"Pintu","serial":%q}}`, rfc3339(c.at.UTC()), rfc3339(c.at.Add(-time.Minute).UTC()), rfc3339(c.at.UTC()), c.in, c.in, c.out, serial)
		},
	},
	{
		name: "Axis running totals", model: "axis-people-counter", topic: "axis/" + serial, prefer: ofTotal,
		minute: func(c *counter) ([]string, string) {
			return ofTotal, fmt.Sprintf(`{"serial":%q,"name":"Pintu","timestamp":%q,"in":%d,"out":%d}`, serial, c.at.Format("20060102150405"), c.all[0], c.all[1])
		},
	},
	{
		name: "Hikvision since midnight", model: "hikvision-people-counter", topic: "push/hikvision-people-counter", prefer: ofTotal, both: true, person: hikvisionRealTime("+07:00"),
	},
	{
		name: "Hikvision with the wrong zone", model: "hikvision-people-counter", topic: "push/hikvision-people-counter", prefer: ofTotal, both: true, person: hikvisionRealTime("+08:00"),
	},
	{
		name: "Hikvision periods", model: "hikvision-people-counter", topic: "push/hikvision-people-counter", prefer: ofPeriod, minute: hikvisionTimeRange,
	},
	{
		name: "Hikvision both", model: "hikvision-people-counter", topic: "push/hikvision-people-counter", prefer: ofBoth, minute: hikvisionTimeRange, both: true, person: hikvisionRealTime("+07:00"),
	},
}

func rfc3339(at time.Time) string { return at.Format(time.RFC3339) }

func direction(way int, in, out string) string {
	if way == 0 {
		return in
	}
	return out
}

func milesight(c *counter, parts string) string {
	return fmt.Sprintf(`{"device_info":{"device_sn":%q,"device_mac":"24:E1:24:00:12:AB","running_time":%d},%s"time_info":{"start_time":%q,"end_time":%q,"time_zone":"UTC+7:00 Indochina Time (ICT)"}}`,
		serial, c.sequence, parts, rfc3339(c.at.Add(-time.Minute)), rfc3339(c.at))
}

func milesightTotal(c *counter) string {
	return fmt.Sprintf(`"line_total_data":[{"line":1,"line_name":"Line1","total":{"in_counted":%d,"out_counted":%d,"capacity_counted":%d}}],`, c.all[0], c.all[1], c.all[0]-c.all[1])
}

func milesightPeriod(c *counter) string {
	return fmt.Sprintf(`"line_periodic_data":[{"line":1,"line_name":"Line1","total":{"in":%d,"out":%d},"children":{"in":%d,"out":0}}],`, c.in, c.out, c.in/2)
}

func milesightPerson(c *counter, way int) ([]string, string) {
	return []string{"trigger"}, fmt.Sprintf(`{"device_info":{"device_sn":%q},"line_trigger_data":[{"line":1,"line_name":"Line1","total":{"in":%d,"out":%d}}],"time_info":{"trigger_time":%q,"time_zone":"UTC+7:00"}}`,
		serial, 1-way, way, rfc3339(c.at))
}

func xovisContent(c *counter) ([]string, string) {
	from, to := rfc3339(c.at.Add(-time.Minute)), rfc3339(c.at)
	return ofPeriod, fmt.Sprintf(`{"sensor-time":{"time":%q},"content":{"element":[{"element-id":0,"element-name":"Line 0","data-type":"LINE","from":%q,"to":%q,"measurement":[{"from":%q,"to":%q,
		"value":[{"value":%d,"label":"fw"},{"value":%d,"label":"bw"}]}]}]},"sensor-info":{"serial-number":%q}}`, to, from, to, from, to, c.in, c.out, serial)
}

// xovisValues tells a person in events of these types.
func xovisValues(types ...string) func(*counter, int) ([]string, string) {
	var ways []string
	for _, name := range types {
		switch name {
		case "LineCount":
			ways = append(ways, "event")
		case "LineCrossing":
			ways = append(ways, "crossing")
		}
	}
	if len(ways) > 1 {
		ways = []string{"event"} // the crossing is never the best
	}
	return func(c *counter, way int) ([]string, string) {
		var events []string
		for _, name := range types {
			events = append(events, fmt.Sprintf(`{"timestamp":%d,"type":%q,"serial":%q,"direction":%q,"object":{"id":%d},"countItem":{"id":0,"name":"Line 0"},"objectType":"PERSON"}`,
				c.at.UnixMilli(), name, serial, direction(way, "forward", "backward"), c.sequence))
		}
		return ways, `{"values":[` + strings.Join(events, ",") + `]}`
	}
}

func xovisLogics(c *counter) ([]string, string) {
	return ofPeriod, fmt.Sprintf(`{"logics_data":{"package_info":{"id":%d},"sensor_info":{"serial_number":%q},"logics":[{"id":1,"name":"Pintu","info":"XLT_4X_LINE_IN_OUT_COUNT","records":[{"from":%d,"to":%d,
		"counts":[{"name":"fw","value":%d},{"name":"bw","value":%d},{"name":"fw-male","value":%d}]}]}]}}`, c.sequence, serial, c.at.Add(-time.Minute).UnixMilli(), c.at.UnixMilli(), c.in, c.out, c.in)
}

// xovisLive tells a person's crossing, and with counted what the counter then says.
func xovisLive(counted bool) func(*counter, int) ([]string, string) {
	return func(c *counter, way int) ([]string, string) {
		ways := []string{"crossing"}
		events := fmt.Sprintf(`{"category":"SCENE","type":%q,"attributes":{"track_id":7,"geometry_name":"Line 0"}}`, direction(way, "LINE_CROSS_FORWARD", "LINE_CROSS_BACKWARD"))
		if counted {
			ways = append(ways, "total")
			events += fmt.Sprintf(`,{"category":"COUNT","type":"COUNT_INCREMENT","attributes":{"track_id":7,"logic_name":"Pintu","counter_name":%q,"counter_value":%d}}`, direction(way, "fw", "bw"), c.all[way])
		}
		return ways, fmt.Sprintf(`{"live_data":{"package_info":{"id":%d},"sensor_info":{"serial_number":%q},"frames":[{"framenumber":%d,"time":%d,"tracked_objects":[{"track_id":7,"type":"PERSON"}],"events":[%s]}]}}`,
			c.sequence, serial, c.sequence, c.at.UnixMilli(), events)
	}
}

func hikvision(c *counter, zone, method, times string, in, out int) string {
	return fmt.Sprintf(`<EventNotificationAlert version="2.0"><macAddress>%s</macAddress><channelID>1</channelID><dateTime>%s%s</dateTime><eventType>PeopleCounting</eventType><peopleCounting><statisticalMethods>%s</statisticalMethods>%s
		<enter>%d</enter><exit>%d</exit><pass>%d</pass><regionsID>1</regionsID></peopleCounting><childCounting><enter>1</enter><exit>0</exit></childCounting></EventNotificationAlert>`,
		serial, c.at.Format("2006-01-02T15:04:05"), zone, method, times, in, out, in+out)
}

// hikvisionRealTime tells the totals at every person; both, whoever passed.
func hikvisionRealTime(zone string) func(*counter, int) ([]string, string) {
	return func(c *counter, _ int) ([]string, string) {
		at := c.at.Format("2006-01-02T15:04:05") + zone
		return ofTotal, hikvision(c, zone, "realTime", "<RealTime><time>"+at+"</time></RealTime>", c.all[0], c.all[1])
	}
}

func hikvisionTimeRange(c *counter) ([]string, string) {
	return ofPeriod, hikvision(c, "+07:00", "timeRange", "<TimeRange><startTime>"+rfc3339(c.at.Add(-time.Minute))+"</startTime><endTime>"+rfc3339(c.at)+"</endTime></TimeRange>", c.in, c.out)
}
