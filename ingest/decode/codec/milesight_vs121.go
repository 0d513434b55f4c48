package codec

import "strconv"

// msVS121 is a camera that sees a whole room: how many are in it, in which regions somebody is, how many are in each region,
// and how many went from one of four sides to another. A region is either counted or occupied, by the camera's settings; a
// frame with counts has all sixteen, also those that are not drawn. Each kind of record of history has one of these.
var msVS121 = func() []msChannel {
	people := func(at int) func(f *msFrame, data []byte) error {
		return func(f *msFrame, data []byte) error {
			data = data[at:]
			f.number("people_count_all", float64(data[0]))
			f.number("region_count", float64(data[1]))
			mask := uint16(data[2])<<8 | uint16(data[3]) // the one big-endian value
			for i := range min(int(data[1]), 16) {
				f.number("region_"+strconv.Itoa(i+1), float64(mask>>i&1))
			}
			return nil
		}
	}
	dwell := func(at int) []msField {
		return []msField{msU16("dwell_time_avg", at+1), msU16("dwell_time_max", at+3)} // the first byte is the region
	}
	pair := func(in, out string, at int) []msField { return []msField{msU16(in, at), msU16(out, at+2)} }

	channels := []msChannel{
		msCall(0x04, 0xc9, 4, people(0)),
		msOf(0x05, 0xcc, 4, msS16("people_in", 0), msS16("people_out", 2)), // signed here, not in the history
		msOf(0x06, 0xcd, 1, msU8("people_count_max", 0)),
		msOf(0x07, 0xd5, 8, msRegions(0, 1, 8, "")...),
		msOf(0x08, 0xd5, 8, msRegions(0, 9, 8, "")...),
		msOf(0x0d, 0xcc, 4, pair("people_total_in", "people_total_out", 0)...),
		msOf(0x0e, 0xe4, 5, dwell(0)...),
		msOf(0x0f, 0x85, 4, msTimestamp),
		msOf(0x10, 0xf7, 4, pair("line_in", "line_out", 0)...),
	}
	kinds := map[byte]msLayout{
		0x01: {size: 9, read: people(5)},
		0x02: {size: 9, fields: pair("people_in", "people_out", 5)},
		0x03: {size: 6, fields: []msField{msU8("people_count_max", 5)}},
		0x10: {size: 9, fields: pair("people_total_in", "people_total_out", 5)},
		0x11: {size: 10, fields: dwell(5)},
		0x12: {size: 9, fields: pair("line_in", "line_out", 5)},
	}
	for quarter := range 4 {
		kinds[byte(0x04+quarter)] = msLayout{size: 9, fields: msRegions(5, 1+4*quarter, 4, "")}
	}
	const sides = "abcd"
	for i, from := range sides {
		var flow []msField
		for j, to := range sides {
			flow = append(flow, msU16(string(from)+"_to_"+string(to), 2*j))
		}
		channels = append(channels, msOf(byte(0x09+i), 0xda, 8, flow...))
		for half := range 2 {
			from, to := flow[2*half].name, flow[2*half+1].name
			kinds[byte(0x08+2*i+half)] = msLayout{size: 9, fields: pair(from, to, 5)}
		}
	}
	return append(channels, msHistories(0x20, kinds))
}()
