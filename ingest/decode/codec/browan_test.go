package codec

import "testing"

func TestBrowan(t *testing.T) {
	frameTable(t, "browan", []frameCase{
		{name: "TBDW100 opens", port: 100, frame: "01 fb 3a 0500 0102 01",
			want: `{"battery_volt":3.6,"temperature":26,"door_doorst":1,"door_time":5,"door_count":66049}`},
		{name: "TBDW100 closed in the cold", port: 100, frame: "00 0a 1e ffff ffff ff",
			want: `{"battery_volt":3.5,"temperature":-2,"door_doorst":0,"door_time":65535,"door_count":16777215}`},
		{name: "TBMS100", port: 102, frame: "01 0b b8 0001 1000 00",
			want: `{"battery_volt":3.6,"temperature":24,"mot_motionst":1,"mot_times":256,"mot_counts":16}`},
		{name: "TBHH100, without gases", port: 103, frame: "08 0b 3b d8 ffff ffff",
			want: `{"battery_volt":3.6,"temperature":27,"humidity":88,"thh_type":1,"CO2":null,"VOC":null}`},
		{name: "TBHV110", port: 103, frame: "71 0b 3c 37 7a03 0200 8c00 3b",
			want: `{"battery_volt":3.6,"temperature_pcb":28,"humidity":55,"iaq_type":0,"iaq_stat":1,"temp_trig":1,"rh_trig":1,"iaq_trig":1,"CO2":890,"VOC":2,"IAQ":140,"temperature_env":27}`},
		{name: "TBHV110, nothing measured", port: 103, frame: "00 00 ff ff ffff ffff ffff 7f",
			want: `{"battery_volt":null,"temperature_pcb":null,"humidity":null,"iaq_type":0,"iaq_stat":0,"temp_trig":0,"rh_trig":0,"iaq_trig":0,"CO2":null,"VOC":null,"IAQ":null,"temperature_env":null}`},
		{name: "TBAM100", port: 104, frame: "22 0f 38 a08601",
			want: `{"battery_volt":null,"temperature":24,"dark_chag":0,"light_chag":1,"light_stat":0,"light_keep":1,"light_lux":1000}`},
		{name: "TBSL100", port: 105, frame: "01 0b 38 46", want: `{"battery_volt":3.6,"temperature":24,"sound_trig":1,"sound_db":70}`},
		{name: "TBWL100", port: 106, frame: "71 0b 38 32 3a",
			want: `{"battery_volt":3.6,"temperature_pcb":24,"water_detect":1,"water_interpt":1,"water_thchg":1,"water_rhchg":1,"humidity":50,"temperature_env":26}`},
		{name: "TBWL100 of older firmware", port: 106, frame: "00 0b 38 32",
			want: `{"battery_volt":3.6,"temperature_pcb":24,"water_detect":0,"water_interpt":0,"water_thchg":0,"water_rhchg":0,"humidity":50}`},
		{name: "probe below zero", port: 112, frame: "00 0b 38 3008", want: `{"battery_volt":3.6,"temp_pcb":24,"temp_probe":-6}`},
		{name: "no probe", port: 112, frame: "00 0b 38 ffff", want: `{"battery_volt":3.6,"temp_pcb":24,"temp_probe":null}`},
		{name: "a locator keeps its position", port: 136, frame: "0b 0b 38 01020304 05060708",
			want: `{"battery_volt":3.6,"temperature":24,"obj_button":1,"obj_move":1,"obj_gnsfix":1,"obj_gnserr":0}`},
		{name: "TBPB100", port: 147, frame: "01 0b 38", want: `{"battery_volt":3.6,"status":1,"temperatureBoard":24}`},
		{name: "an answer to a command", port: 204, frame: "00100e"},
		{name: "versions after a join", port: 222, frame: "01 06000000 00160000 7ff1f102 e2d4f6ee"},
		{name: "zeros after a join", port: 102, frame: "00 00 00 0000 0000 00"},
		{name: "another port", port: 99, frame: "01 0b 38", err: "port 99 is none of TABS"},
		{name: "cut", port: 100, frame: "01 fb 3a 0500 0102", err: "byte 5: got 2 more bytes, want 3", short: true},
		{name: "climate between its two lengths", port: 103, frame: "71 0b 3c 37 7a03 0200 8c00", err: "byte 10", short: true},
		{name: "too long", port: 105, frame: "01 0b 38 46 00", err: "byte 4: got 1 more bytes"},
		{name: "empty", port: 105, frame: "", err: "byte 0", short: true},
	})
}
