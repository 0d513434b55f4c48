package frame_test

var terabeeFrames = []shippedFrame{
	{name: "L-XL", port: 1, codec: "terabee", hex: "00000129 ffffffff 00", want: `{"count_in":297,"count_out":4294967295,"flags":{}}`},
	{name: "L-XL, stuck", port: 1, codec: "terabee", hex: "00000129 00000100 f6", want: `{"count_in":297,"count_out":256,"flags":{"TPC_STUCK":1,"MULTI_DEV_ISSUE":1}}`},
	{name: "L-XL, all flags", port: 1, codec: "terabee", hex: "00000000 00000000 0f",
		want: `{"count_in":0,"count_out":0,"flags":{"TPC_STOPPED":1,"TPC_STUCK":1,"MULTI_DEV_ISSUE":1,"WIFI_AP_ENABLED":1}}`},
	{name: "M", port: 82, codec: "terabee", hex: "00000001 00000002 0f", want: `{"count_in":1,"count_out":2,"flags":{"TPC_STOPPED":1,"TPC_STUCK":1,"NETWORK_ON":1}}`},
	{name: "occupancy", port: 83, codec: "terabee", hex: "0c 05 02 03 00 ff ff ff ff ff",
		want: `{"flags":{"WIFI_ACCESS_POINT_ON":1,"WARMUP":1},"zone_global":5,"zone_0":2,"zone_1":3,"zone_2":0,"zone_3":null,"zone_4":null,"zone_5":null,"zone_6":null,"zone_7":null}`},
	{name: "counts without a port", codec: "terabee", hex: "00000129 00000100 00", want: `{"count_in":297,"count_out":256,"flags":{}}`},
	{name: "occupancy without a port", codec: "terabee", hex: "00 01 01 ff ff ff ff ff ff ff",
		want: `{"flags":{},"zone_global":1,"zone_0":1,"zone_1":null,"zone_2":null,"zone_3":null,"zone_4":null,"zone_5":null,"zone_6":null,"zone_7":null}`},
	{name: "an answer with totals", port: 2, codec: "terabee", hex: "02 00000129 00000100"},
	{name: "an acknowledgement", port: 100, codec: "terabee", hex: "ff8100"},
	{name: "an empty answer", port: 2, codec: "terabee", hex: "", err: "byte 0", short: true},
	{name: "cut", port: 1, codec: "terabee", hex: "00000129 000001", err: "byte 4: 3 bytes are left, want 4", short: true},
	{name: "without flags", port: 82, codec: "terabee", hex: "00000129 00000100", err: "byte 8", short: true},
	{name: "too long", port: 1, codec: "terabee", hex: "00000129 00000100 00 00", err: "byte 9: 1 bytes are left"},
	{name: "another port", port: 9, codec: "terabee", hex: "00000129 00000100 00", err: "port 9 is none of Terabee"},
}
