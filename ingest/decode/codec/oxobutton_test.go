package codec

var oxobuttonFrameTests = []makerFrame{
	{name: "Q, pressed", codec: "oxobutton", port: 1, hex: "30 01 00 00 0007 5f 16 0010 fff0 1000",
		want: `{"press":true,"buttonId":1,"hbIRQ":false,"accIRQ":false,"imageID":7,"batteryLevel":95,"temperature":22,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "Q, heartbeat", codec: "oxobutton", port: 1, hex: "30 00 01 00 0007 5f fb 0010 fff0 1000",
		want: `{"press":false,"buttonId":0,"hbIRQ":true,"accIRQ":false,"imageID":7,"batteryLevel":95,"temperature":-5,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "Q, moved", codec: "oxobutton", port: 1, hex: "30 00 00 01 0007 5f 16 0010 fff0 1000",
		want: `{"press":false,"buttonId":0,"hbIRQ":false,"accIRQ":true,"imageID":7,"batteryLevel":95,"temperature":22,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "board, long press of the second", codec: "oxobutton", port: 1, hex: "31 82 00 00 01 3f 5f 16 0010 fff0 1000",
		want: `{"longPressed":true,"button6":false,"button5":false,"button4":false,"button3":false,"button2":true,"button1":false,"press":true,"hbIRQ":false,"accIRQ":false,"appMode":1,"button6Enabled":true,"button5Enabled":true,"button4Enabled":true,"button3Enabled":true,"button2Enabled":true,"button1Enabled":true,"batteryLevel":95,"temperature":22,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "board, heartbeat", codec: "oxobutton", port: 1, hex: "31 00 01 00 01 3f 5f 16 0010 fff0 1000",
		want: `{"longPressed":false,"button6":false,"button5":false,"button4":false,"button3":false,"button2":false,"button1":false,"press":false,"hbIRQ":true,"accIRQ":false,"appMode":1,"button6Enabled":true,"button5Enabled":true,"button4Enabled":true,"button3Enabled":true,"button2Enabled":true,"button1Enabled":true,"batteryLevel":95,"temperature":22,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "board, with more", codec: "oxobutton", port: 1, hex: "31 01 00 00 01 3f 5f 16 0010 fff0 1000 0001 5001 28",
		want: `{"longPressed":false,"button6":false,"button5":false,"button4":false,"button3":false,"button2":false,"button1":true,"press":true,"hbIRQ":false,"accIRQ":false,"appMode":1,"button6Enabled":true,"button5Enabled":true,"button4Enabled":true,"button3Enabled":true,"button2Enabled":true,"button1Enabled":true,"batteryLevel":95,"temperature":22,"accX":0.004,"accY":-0.004,"accZ":1}`},
	{name: "2, pressed", codec: "oxobutton", port: 1, hex: "39 04 00 03 01 5f 08fc 1194 0a28",
		want: `{"press":true,"button1":false,"button2":false,"button3":true,"button4":false,"heartbeatEvent":false,"periodicUplink":false,"temperatureEvent":false,"humidityEvent":false,"ambientLightEvent":false,"appMode":"SERVICE_REQUEST_IMAGE","acceptsDownlinks":true,"batteryLevel":95,"temperature":23,"humidity":45,"light":26}`},
	{name: "2, heartbeat, below zero", codec: "oxobutton", port: 1, hex: "39 10 00 00 00 5f ff9c 1194 0000",
		want: `{"press":false,"button1":false,"button2":false,"button3":false,"button4":false,"heartbeatEvent":true,"periodicUplink":false,"temperatureEvent":false,"humidityEvent":false,"ambientLightEvent":false,"appMode":"SENSOR_DISPLAY","acceptsDownlinks":false,"batteryLevel":95,"temperature":-1,"humidity":45,"light":0}`},
	{name: "2, by the clock", codec: "oxobutton", port: 1, hex: "39 00 01 09 00 5f 08fc 1194 0000",
		want: `{"press":false,"button1":false,"button2":false,"button3":false,"button4":false,"heartbeatEvent":false,"periodicUplink":true,"temperatureEvent":false,"humidityEvent":false,"ambientLightEvent":false,"appMode":"UNKNOWN","acceptsDownlinks":false,"batteryLevel":95,"temperature":23,"humidity":45,"light":0}`},
	{name: "of no kind", codec: "oxobutton", port: 1, hex: "32 00 01", err: "byte 0: unknown device 0x32"},
}
