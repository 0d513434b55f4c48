package codec

import "testing"

func TestMerryIoT(t *testing.T) {
	frameTable(t, "merryiot", []frameCase{
		{name: "DW10 open", port: 120, frame: "0d 0f 1a 37 2c01 010203",
			want: `{"battery_volt":3.6,"temperature":26,"humi":55,"open":1,"button":0,"tamper":1,"tilt":1,"time":300,"count":197121}`},
		{name: "DW10 of newer firmware", port: 120, frame: "02 0e 0a01 37 2c01 010203",
			want: `{"battery_volt":3.5,"temperature":26.6,"humi":55,"open":0,"button":1,"tamper":0,"tilt":0,"time":300,"count":197121}`},
		{name: "MS10 below zero", port: 122, frame: "01 09 fb 37 0000 0a0000",
			want: `{"battery_volt":3,"temperature":-5,"humi":55,"motion":1,"button":0,"tamper":0,"time":0,"count":10}`},
		{name: "MS10 of newer firmware below zero", port: 122, frame: "06 09 ceff 37 0000 0a0000",
			want: `{"battery_volt":3,"temperature":-5,"humi":55,"motion":0,"button":1,"tamper":1,"time":0,"count":10}`},
		{name: "WL10", port: 126, frame: "05 09 1a 64", want: `{"battery_volt":3,"temperature":26,"humi":100,"water":1,"button":0,"tamper":1}`},
		{name: "WL10 of newer firmware", port: 126, frame: "00 09 0401 ff", want: `{"battery_volt":3,"temperature":26,"humi":null,"water":0,"button":0,"tamper":0}`},
		{name: "CD10", port: 127, frame: "11 0f 1b 3c b004",
			want: `{"battery_volt":3.6,"temperature":27,"humi":60,"trigger":1,"button":0,"co2threshold":1,"co2calibration":0,"co2_ppm":1200}`},
		{name: "CD10 of newer firmware", port: 127, frame: "00 0f 0e01 3c 2602",
			want: `{"battery_volt":3.6,"temperature":27,"humi":60,"trigger":0,"button":0,"co2threshold":0,"co2calibration":0,"co2_ppm":550}`},
		{name: "CD10 in the ten minutes after a join", port: 127, frame: "02 0f ff7f 3c 0000",
			want: `{"battery_volt":3.6,"temperature":null,"humi":60,"trigger":0,"button":1,"co2threshold":0,"co2calibration":0,"co2_ppm":null}`},
		{name: "CD10 is calibrated", port: 127, frame: "20 0f 0e01 3c 2602",
			want: `{"battery_volt":3.6,"temperature":27,"humi":60,"trigger":0,"button":0,"co2threshold":0,"co2calibration":1,"co2_ppm":null}`},
		{name: "CD10 beyond its range", port: 127, frame: "10 0f 0e01 3c 50c3",
			want: `{"battery_volt":3.6,"temperature":27,"humi":60,"trigger":0,"button":0,"co2threshold":1,"co2calibration":0,"co2_ppm":null}`},
		{name: "versions after a join", port: 120, frame: "01 04200000 7ff1f102"},
		{name: "an answer to a command", port: 204, frame: "00580200"},
		{name: "another port", port: 121, frame: "00 0f 1a 37", err: "port 121 is none of MerryIoT"},
		{name: "cut", port: 127, frame: "11 0f 1b 3c b0", err: "got 5 bytes, want 6 or 7", short: true},
		{name: "too long", port: 126, frame: "05 09 1a 64 00 00", err: "got 6 bytes, want 4 or 5"},
		{name: "empty", port: 127, frame: "", err: "got 0 bytes", short: true},
	})
}
