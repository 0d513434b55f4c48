package codec

var miromicoFrameTests = []makerFrame{
	{name: "Insight, climate twice", codec: "miromico", port: 15, hex: "07 01 6608 5a 70fe 5b", want: `{"temperature":[21.5,-4],"humidity":[45,45.5],"latest":{"temperature":-4,"humidity":45.5}}`},
	{name: "Insight, CO2 and battery", codec: "miromico", port: 15, hex: "04 01 6608 5a 05 02 2003 8403 03 09 4501",
		want: `{"temperature":[21.5],"humidity":[45],"co2":[800,900],"battery_voltage":3.25,"latest":{"temperature":21.5,"humidity":45,"co2":900}}`},
	{name: "Insight, sensors failed", codec: "miromico", port: 15, hex: "04 01 ffffff 03 02 0000",
		want: `{"temperature":[null],"humidity":[null],"co2":[null],"latest":{"temperature":null,"humidity":null,"co2":null}}`},
	{name: "Insight, older battery", codec: "miromico", port: 3, hex: "02 0a 79 05 0b 01020304", want: `{"battery_voltage":2.91}`},
	{name: "Insight, settings", codec: "miromico", port: 15, hex: "05 05 b0040100 07 06 0000 2000 8001"},
	{name: "Insight, a structure that is cut", codec: "miromico", port: 15, hex: "07 01 6608 5a 70", err: "byte 2: 4 bytes are left, want 6"},
	{name: "Insight, a structure without a type", codec: "miromico", port: 15, hex: "00 01", err: "byte 0: a structure without a type"},
	{name: "Click, pressed", codec: "miromico-button", port: 15, hex: "04 01 21 0700 05 02 e8030000",
		want: `{"btnWpressed":0,"btnSpressed":0,"btnEpressed":1,"btnNpressed":0,"btnWfirst":0,"btnSfirst":0,"btnEfirst":0,"btnNfirst":1,"buttonCount":7,"usedCharges":1000,"press":true}`},
	{name: "Click, sign of life", codec: "miromico-button", port: 15, hex: "05 02 e8030000 03 03 7d 16 05 04 0f 01 7800", want: `{"usedCharges":1000,"batteryVoltage":2.95,"internalTemp":22,"press":false}`},
	{name: "Click, firmware", codec: "miromico-button", port: 15, hex: "05 05 01020304"},
	{name: "Click, cut", codec: "miromico-button", port: 15, hex: "03 01 21 07", err: "byte 3: 1 bytes are left, want 2"},
	{name: "Insight, a structure twice", codec: "miromico", port: 15, hex: "03 02 2003 03 02 8403", err: "byte 4: a structure of type 2 a second time"},
}
