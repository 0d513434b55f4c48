package frame_test

var tektelicFrames = []shippedFrame{
	{name: "VIVID, climate and battery", codec: "tektelic", port: 10, hex: "0367 00d4 0468 5b 00ba 0ce4", want: `{"ambient_temperature":21.2,"relative_humidity":45.5,"battery_voltage":3.3}`},
	{name: "COMFORT, below zero, old battery scale", codec: "tektelic", port: 10, hex: "0367 ffce 0468 78 00ff 0131", want: `{"ambient_temperature":-5,"relative_humidity":60,"battery_voltage":3.05}`},
	{name: "VIVID, motion", codec: "tektelic", port: 10, hex: "0a00 ff 0d04 0011", want: `{"motion_event_state":255,"motion_event_count":17}`},
	{name: "VIVID, motion is over", codec: "tektelic", port: 10, hex: "0a00 00", want: `{"motion_event_state":0}`},
	{name: "door, open", codec: "tektelic", port: 10, hex: "0100 ff 0804 0102", want: `{"reed_state":255,"reed_count":258}`},
	{name: "all of the housing", codec: "tektelic", port: 10, hex: "0502 0bb8 0771 0064 ff38 03e8 0c00 ff 0b67 0105 00d3 5a 0200 ff 1002 21 0600 00 0900 00",
		want: `{"impact_magnitude":3,"acceleration":{"xaxis":0.1,"yaxis":-0.2,"zaxis":1},"impact_alarm":255,"mcu_temperature":26.1,"remaining_battery_capacity":90,"light_detected":255,"light_intensity":33,"break_in":0,"moisture":0}`},
	{name: "external connector", codec: "tektelic", port: 10, hex: "0e00 ff 0f04 0003 1204 00010000 1102 fc18",
		want: `{"external_connector_state":255,"external_connector_count":3,"external_connector_total_count":65536,"external_connector_analog":-1}`},
	{name: "BREEZE", codec: "tektelic", port: 10, hex: "0be4 0320 0ee4 0334 0c73 2760 11d3 63",
		want: `{"co2_concentration_filtered":800,"co2_concentration_raw":820,"atmospheric_pressure":1008,"remaining_display_battery_capacity":99}`},
	{name: "without a port", codec: "tektelic", port: 0, hex: "0367 00d4", want: `{"ambient_temperature":21.2}`},
	{name: "settings", codec: "tektelic", port: 100, hex: "20 00000e10"},
	{name: "diagnosis", codec: "tektelic", port: 5, hex: "4006 01 00 00 00 00"},
	{name: "an unknown item behind known ones", codec: "tektelic", port: 10, hex: "0367 00d4 7f01 0000", want: `{"ambient_temperature":21.2,"unread":4}`},
	{name: "nothing known", codec: "tektelic", port: 10, hex: "7f01 0000", err: "byte 0: unknown type 0x7f01"},
	{name: "both scales of the battery", codec: "tektelic", port: 10, hex: "00ff 0131 00ba 0ce4", err: "byte 4: type 0xba a second time"},
}
