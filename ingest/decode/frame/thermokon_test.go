package frame_test

var thermokonFrames = []shippedFrame{
	{name: "climate and light", codec: "thermokon", port: 2, hex: "10 00d7 11 2d 12 0320 40 01f4", want: `{"TEMP":21.5,"RHUM":45,"CO2":800,"VISIBLE_LIGHT":500}`},
	{name: "below zero, battery", codec: "thermokon", port: 2, hex: "10 ffce 54 b4 8540 0e10", want: `{"TEMP":-5,"VBAT":3600,"VBAT_HI_RES":3600}`},
	{name: "occupied", codec: "thermokon", port: 2, hex: "41 0f", want: `{"OCCU0_STATE":1,"OCCU0_CNT":7}`},
	{name: "settings and a door", codec: "thermokon", port: 2, hex: "c000 0001 50 0e c103 01 c106 000a", want: `{"REED0_STATE":0,"REED0_CNT":7}`},
	{name: "settings alone", codec: "thermokon", port: 2, hex: "c000 0001 c106 000a"},
	{name: "pressure and air", codec: "thermokon", port: 2, hex: "30 03f0 31 fff6 32 0064 13 0123", want: `{"ATM_P":1008,"DP":-10,"FLOW":100,"VOC":291}`},
	{name: "condensation and others", codec: "thermokon", port: 2, hex: "51 8123 9410 03 9500 02 63 fe",
		want: `{"CONDENSATION_STATE":1,"CONDENSATION_RAW":291,"OCCU1_STATE":1,"OCCU1_CNT":1,"REED1_STATE":0,"REED1_CNT":1,"SETPOINT":-2}`},
	{name: "condensation alone", codec: "thermokon", port: 2, hex: "9510 fff0", want: `{"CONDENSATION_RAW":-16}`},
	{name: "registers", codec: "thermokon", port: 4, hex: "01f4 00d7 01f5 002d 01f9 0320 0064 0001 0068 0002", want: `{"TEMP":21.5,"RHUM":45,"CO2":800,"OCCU":1}`},
	{name: "an unknown item behind a known one", codec: "thermokon", port: 2, hex: "10 00d7 77 01", want: `{"TEMP":21.5,"unread":2}`},
	{name: "an unknown item", codec: "thermokon", port: 2, hex: "77 01", err: "byte 0: unknown type 0x77"},
	{name: "an unknown register", codec: "thermokon", port: 4, hex: "0999 0001", err: "byte 0: unknown type 0x999"},
	{name: "an item twice", codec: "thermokon", port: 2, hex: "51 8123 9510 0123", err: "byte 3: type 0x9510 a second time"},
}
