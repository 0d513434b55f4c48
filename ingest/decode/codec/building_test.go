package codec

// buildingFrameTests are frames, made up by the formats' documentation, of air monitors, weather stations and parking. Finding D5.
var buildingFrameTests = []makerFrame{
	{name: "three measurements", codec: "sensecap", port: 2, hex: "01 0110 d2f6ffff 01 0210 10ef0000 01 0410 30330b00 d881",
		want: `{"messages":[{"measurementId":4097,"measurementValue":-2.35},{"measurementId":4098,"measurementValue":61.2},{"measurementId":4100,"measurementValue":734}]}`},
	{name: "battery and interval", codec: "sensecap", port: 2, hex: "00 0700 6100 3c00 8c86", want: `{"messages":[{"measurementId":3000,"measurementValue":97}]}`},
	{name: "a checksum that is wrong", codec: "sensecap", port: 2, hex: "01 0310 60490600 b471", err: "byte 7: checksum"},
	{name: "a weather station", codec: "sensecap", port: 3, hex: "01 ffce 41 000003e8 0a 000f 02 005a 00000064 2710 03 5f",
		want: `{"messages":[{"measurementId":4097,"measurementValue":-5},{"measurementId":4098,"measurementValue":65},{"measurementId":4099,"measurementValue":1000},{"measurementId":4190,"measurementValue":1},{"measurementId":4105,"measurementValue":1.5},{"measurementId":4104,"measurementValue":90},{"measurementId":4113,"measurementValue":0.1},{"measurementId":4101,"measurementValue":100000},{"measurementId":3000,"measurementValue":95}]}`},
	{name: "an item nobody knows", codec: "sensecap", port: 3, hex: "4a 0001", err: "byte 0: unknown item"},
	{name: "MICA, warming up", codec: "inbiot", port: 1, hex: "01 0107 022b 02e4 0000 0040 0002 0003 0003 0005 ffff ffff ffff 0007 4d494341 00 28 46 1e 50 ff ff",
		want: `{"type":"MICA","temperature":26.3,"humidity":55.5,"co2":740,"tvoc":64,"pm2_5":3,"pm10":5,"counter":7}`},
	{name: "MINI", codec: "inbiot", port: 1, hex: "01 0107 022b ffff 0000 0040 0002 0003 0003 0005 ffff ffff ffff 0007 4d494e49 00 28 46 1e 50 05 2a",
		want: `{"type":"MINI","temperature":26.3,"humidity":55.5,"co2":null,"counter":7,"noise":42}`},
	{name: "another device's frame", codec: "inbiot", port: 1, hex: "01 0107 022b ffff 0000 0040 0002 0003 0003 0005 ffff ffff ffff 0007 4d494e00 00 28 46 1e 50 05 2a", err: "byte 27: no name"},
	{name: "what it is configured to", codec: "inbiot", port: 1, hex: "00 0a 00 01 00 05 00 01 01", want: ""},
	{name: "R719A, occupied", codec: "netvox", port: 6, hex: "01 59 01 23 01 000000000000", want: `{"Device":"R719A","Volt":3.5,"LowBattery":false,"CarOnOff":1}`},
}
