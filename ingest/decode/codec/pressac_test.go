package codec

var pressacFrameTests = []makerFrame{
	{name: "all sensors", codec: "pressac", port: 1, hex: "05 20 14 03 3f 80 5a 0401808020 54 0190 0258 4069",
		want: `{"productId":"0x5","message":{"type":"Sensor data message","rev":0},"batteryVoltage":3.8,"dataAge":3,"isSensorsAvailable":{"pir":false,"soundLevel":true,"lux":true,"pm":true,"co2":true,"tvoc":true,"temphumid":true},"temperature":{"value":22,"units":"°C"},"humidity":{"value":45,"units":"%"},"particulateMatter":{"pm10":8,"pm4":6,"pm2_5":4,"pm1_0":2,"units":"µg/m³"},"soundLevel":{"value":42,"units":"dBA"},"illumination":{"value":400,"units":"lx"},"co2":{"value":600,"units":"PPM"},"voc":{"value":105,"units":"TVOC ppb"}}`},
	{name: "climate, below zero, mains", codec: "pressac", port: 1, hex: "05 20 00 00 01 14 c8",
		want: `{"productId":"0x5","message":{"type":"Sensor data message","rev":0},"batteryVoltage":null,"dataAge":0,"isSensorsAvailable":{"pir":false,"soundLevel":false,"lux":false,"pm":false,"co2":false,"tvoc":false,"temphumid":true},"temperature":{"value":-5,"units":"°C"},"humidity":{"value":100,"units":"%"}}`},
	{name: "nothing is connected", codec: "pressac", port: 1, hex: "05 20 ff 00 3f ff ff fffffffff0 ff ffff ffff ffff",
		want: `{"productId":"0x5","message":{"type":"Sensor data message","rev":0},"batteryVoltage":null,"dataAge":0,"isSensorsAvailable":{"pir":false,"soundLevel":true,"lux":true,"pm":true,"co2":true,"tvoc":true,"temphumid":true},"temperature":{"value":null,"units":"°C"},"humidity":{"value":null,"units":"%"},"particulateMatter":{"pm10":null,"pm4":null,"pm2_5":null,"pm1_0":null,"units":"µg/m³"},"soundLevel":{"value":null,"units":"dBA"},"illumination":{"value":null,"units":"lx"},"co2":{"value":null,"units":"PPM"},"voc":{"value":null,"units":"Reserved"}}`},
	{name: "compounds by mass", codec: "pressac", port: 1, hex: "05 20 10 00 02 012c",
		want: `{"productId":"0x5","message":{"type":"Sensor data message","rev":0},"batteryVoltage":3,"dataAge":0,"isSensorsAvailable":{"pir":false,"soundLevel":false,"lux":false,"pm":false,"co2":false,"tvoc":true,"temphumid":false},"voc":{"value":300,"units":"TVOC μg/m3"}}`},
	{name: "compounds as an index", codec: "pressac", port: 1, hex: "05 20 10 00 02 8064",
		want: `{"productId":"0x5","message":{"type":"Sensor data message","rev":0},"batteryVoltage":3,"dataAge":0,"isSensorsAvailable":{"pir":false,"soundLevel":false,"lux":false,"pm":false,"co2":false,"tvoc":true,"temphumid":false},"voc":{"value":100,"units":"VOC Index"}}`},
	{name: "room occupied", codec: "pressac", port: 0, hex: "06 30 11 02 01",
		want: `{"productId":"0x6","message":{"type":"Occupancy data message","rev":0},"batteryVoltage":3.2,"dataAge":2,"occupancyDetected":"Occupied"}`},
	{name: "room vacant", codec: "pressac", port: 0, hex: "06 30 11 00 00",
		want: `{"productId":"0x6","message":{"type":"Occupancy data message","rev":0},"batteryVoltage":3.2,"dataAge":0,"occupancyDetected":"Vacant"}`},
	{name: "boot", codec: "pressac", port: 1, hex: "05 10 14 1200 01 00 01 15 14 0a"},
	{name: "message of no kind", codec: "pressac", port: 1, hex: "05 70 14 00 00", err: "byte 1: unknown message type 7"},
	{name: "more at the end", codec: "pressac", port: 1, hex: "06 31 11 02 01 aa",
		want: `{"productId":"0x6","message":{"type":"Occupancy data message","rev":1},"batteryVoltage":3.2,"dataAge":2,"occupancyDetected":"Occupied","unread":1}`},
}
