package frame_test

var cayenneFrames = []shippedFrame{
	{name: "temperature, humidity and light", codec: "cayenne-lpp", port: 1, hex: "03 67 ffec 04 68 7b 05 65 0120 01 66 01",
		want: `{"temperature_3":-2,"relative_humidity_4":61.5,"luminosity_5":288,"presence_1":1}`},
	{name: "a sensor hub", codec: "cayenne-lpp", port: 2, hex: "01 67 010a 02 70 0263 03 73 2788 23 7d 02bc 01 74 0172 05 88 000000000000000000",
		want: `{"temperature_1":26.6,"relative_humidity_2":61.1,"barometric_pressure_3":1012,"concentration_35":700,"voltage_1":3.7}`},
	{name: "a type nobody knows", codec: "cayenne-lpp", port: 1, hex: "03 67 010a 04 ff 01", err: "byte 5: unknown type"},
	{name: "humidity in two precisions", codec: "cayenne-lpp", port: 1, hex: "01 68 64 01 70 01f4", err: "a second time"},
}
