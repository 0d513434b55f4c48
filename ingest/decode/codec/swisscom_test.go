package codec

var swisscomFrameTests = []makerFrame{
	{name: "button", codec: "swisscom-multisense", port: 3, hex: "02 00 40 aa", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"BUTTON_EVENT","buttonEvent":1}`},
	{name: "button, at the same time as life", codec: "swisscom-multisense", port: 3, hex: "02 00 42 aa", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"LIFECYCLE","buttonEvent":1}`},
	{name: "by the clock", codec: "swisscom-multisense", port: 3, hex: "01 00 80 a0 01 0834 02 5a 03 0123 04 0456 05 0010 fff0 0400",
		want: `{"payloadVersion":1,"mode":0,"batteryVoltage":3,"event":"TIMED_EVENT","temperature":21,"humidity":45,"reedCounter":291,"motionCounter":1110,"accX":16,"accY":-16,"accZ":1024}`},
	{name: "sign of life", codec: "swisscom-multisense", port: 0, hex: "02 00 02 aa", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"LIFECYCLE"}`},
	{name: "reed switch, below zero", codec: "swisscom-multisense", port: 3, hex: "02 00 20 aa 03 0a00 01 ff38",
		want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"REED_EVENT","reedCounter":2560,"temperature":-2}`},
	{name: "motion", codec: "swisscom-multisense", port: 3, hex: "02 00 04 aa 04 0007", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"MOTION_EVENT","motionCounter":7}`},
	{name: "use begins", codec: "swisscom-multisense", port: 3, hex: "02 01 80 aa", want: `{"payloadVersion":2,"mode":1,"batteryVoltage":3,"event":"USAGE_START_EVENT"}`},
	{name: "button of the mode that watches use", codec: "swisscom-multisense", port: 3, hex: "02 01 20 aa", want: `{"payloadVersion":2,"mode":1,"batteryVoltage":3,"event":"BUTTON_EVENT","buttonEvent":1}`},
	{name: "no reason", codec: "swisscom-multisense", port: 3, hex: "02 00 00 aa", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3}`},
	{name: "history", codec: "swisscom-multisense", port: 3, hex: "02 02 80 aa 06 0834 0833 0832 0831 0830 082f 082e 082d 07 5a 5b 5c 5d 5e 5f 60 61",
		want: `{"payloadVersion":2,"mode":2,"batteryVoltage":3,"event":"TIMED_EVENT","temperature":21,"tempHistory0":20.99,"tempHistory1":20.98,"tempHistory2":20.97,"tempHistory3":20.96,"tempHistory4":20.95,"tempHistory5":20.94,"tempHistory6":20.93,"humidity":45,"humHistory0":45.5,"humHistory1":46,"humHistory2":46.5,"humHistory3":47,"humHistory4":47.5,"humHistory5":48,"humHistory6":48.5}`},
	{name: "change of mode", codec: "swisscom-multisense", port: 100, hex: "02 00 00 aa 00 00 00 01"},
	{name: "an unknown item", codec: "swisscom-multisense", port: 3, hex: "02 00 80 aa 09 0001", want: `{"payloadVersion":2,"mode":0,"batteryVoltage":3,"event":"TIMED_EVENT","unread":3}`},
	{name: "a temperature that is in a history", codec: "swisscom-multisense", port: 3, hex: "02 02 80 aa 01 0834 06 0834 0833 0832 0831 0830 082f 082e 082d", err: "byte 7: type 0x1 a second time"},
}
