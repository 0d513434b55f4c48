package frame_test

var hktFrames = []shippedFrame{
	{name: "counts", codec: "hkt", port: 0, hex: "686b74 0009 07 0005 0003 00001f40 00001f3f", want: `{"counterA":5,"counterB":3,"absCountA":8000,"absCountB":7999}`},
	{name: "state", codec: "hkt", port: 2, hex: "686b74 0001 01 01 03 03 58 04 03 05 000f 06 0032 83 00 86 01d2",
		want: `{"hwVersion":1,"swVersion":3,"batteryLevel":88,"reportingPattern":"TIME_INTERVAL_PLUS_COUNTS","threshold":50,"infraredError":false}`},
	{name: "eye covered", codec: "hkt", port: 2, hex: "686b74 0002 83 01", want: `{"infraredError":true}`},
	{name: "taken down", codec: "hkt", port: 2, hex: "686b74 0003 84 00", want: `{"installed":false}`},
	{name: "door open", codec: "hkt", port: 2, hex: "686b74 0004 08 01", want: `{"open":true}`},
	{name: "door shut, with its settings", codec: "hkt", port: 2, hex: "686b74 0005 08 00 22 01 23 07001200 24 003c 25 01 03 50",
		want: `{"open":false,"mode":1,"countingHours":"7:0-18:0","countingInterval":60,"lifecycleInterval":12,"batteryLevel":80}`},
	{name: "door counts", codec: "hkt", port: 2, hex: "686b74 0006 26 0004 0005 00000190 00000191", want: `{"nrOpenings":4,"nrClosings":5,"absOpenings":400,"absClosings":401}`},
	{name: "reporting pattern of no kind", codec: "hkt", port: 2, hex: "686b74 0007 04 09 25 02", want: `{"reportingPattern":"UNKNOWN","lifecycleInterval":8}`},
	{name: "an unknown item behind a known one", codec: "hkt", port: 2, hex: "686b74 0008 03 58 99 01", want: `{"batteryLevel":88,"unread":2}`},
	{name: "an unknown item", codec: "hkt", port: 2, hex: "686b74 0008 99 01", err: "byte 5: unknown type 0x99"},
	{name: "of another maker", codec: "hkt", port: 2, hex: "686b75 0008 03 58", err: "byte 0: found 0x686b75, want 0x686b74"},
	{name: "an item twice", codec: "hkt", port: 2, hex: "686b74 0008 03 58 03 59", err: "byte 7: type 0x3 a second time"},
}
