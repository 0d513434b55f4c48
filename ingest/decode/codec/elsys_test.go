package codec

import (
	"strings"
	"testing"
)

func TestELSYS(t *testing.T) {
	frameTable(t, "elsys", []frameCase{
		{name: "ERS CO2", port: 5, frame: "010103 0237 04015e 0503 0602d9 070e1a",
			want: `{"temperature":25.9,"humidity":55,"light":350,"motion":3,"co2":729,"vdd":3610}`},
		{name: "below zero", port: 5, frame: "01ff9c 0c8300 223000", // 0x8300 is far below, but not the end of the range
			want: `{"temperature":-10,"externalTemperature":-3200,"setpoint":1228.8}`},
		{name: "ERS Eye", port: 5, frame: "0100f5 1101 0500 13 15 " + strings.Repeat("0a", 64),
			want: `{"temperature":24.5,"motion":0,"occupancy":1,"grideye":[` + strings.Repeat("22,", 63) + `22]}`},
		{name: "ERS Sound, VOC and pressure", port: 5, frame: "15 4a 2f 1c 012c 14 000f6b38",
			want: `{"pressure":1010.488,"soundPeak":74,"soundAvg":47,"tvoc":300}`},
		{name: "EMS Door", port: 5, frame: "03 3f 00 c1 0d01 0f02 0b fffffffe",
			want: `{"x":63,"y":0,"z":-63,"pulseAbs":4294967294,"digital":1,"accMotion":2}`},
		{name: "EMS leak and inputs", port: 5, frame: "1203 1a01 0a0007 160008 1700000009 08 0fa0 18 0fa1 1b fffffc18",
			want: `{"analog1":4000,"pulse1":7,"waterleak":3,"pulse2":8,"pulseAbs2":9,"analog2":4001,"digital2":1,"analogUv":-1000}`},
		{name: "ELT distance and infrared", port: 5, frame: "0e 05dc 10 00d7 ff38", want: `{"distance":1500,"irInternalTemperature":21.5,"irExternalTemperature":-20}`},
		{name: "position, south of the equator", port: 5, frame: "09 10d8ff 38750f", want: `{"lat":-1.0224,"long":101.3048}`},
		{name: "one probe on the wire", port: 5, frame: "19 00c8", want: `{"externalTemperature2":20}`},
		{name: "three probes on the wire", port: 5, frame: "19 00c8 19 ff9c 19 7fff", want: `{"externalTemperature2":[20,-10,null]}`},
		{name: "displays", port: 5, frame: "1d40 1e01 1fff 20fffe 2103 2200d2 2305 2432",
			want: `{"iaq":64,"genericBool":true,"genericInt8":-1,"genericInt16":-2,"view":3,"setpoint":21,"speed":5,"externalHumidity":50}`},
		{name: "text, CRC and debug are passed over", port: 5, frame: "3b 02 0102 3c 01020304 3d 01020304 0230", want: `{"humidity":48}`},
		{name: "the last value of a type counts", port: 5, frame: "0100c8 0100d2", want: `{"temperature":21}`},
		{name: "values that waited for the network", port: 5, frame: "0100f0 4100f13c 8100f2010e 4200ff c200000102 5901ff3c 0237",
			want: `{"temperature":24,"humidity":55,"history":[{"offset":60,"temperature":24.1},{"offset":270,"temperature":24.2},{"offset":255,"humidity":0},{"offset":258,"humidity":0},{"offset":60,"externalTemperature2":51.1}]}`},
		{name: "not fitted", port: 5, frame: "017fff 02ff 0c8000 06ffff", want: `{"temperature":null,"humidity":null,"co2":null,"externalTemperature":null}`},
		{name: "CO2 that still warms up", port: 5, frame: "060000", want: `{"co2":null}`},
		{name: "a type that a later sensor appends", port: 5, frame: "0100c8 2a 010203", tail: 4, want: `{"temperature":20,"unread":4}`},
		{name: "settings at the start", port: 6, frame: "3e 0b 0701 0805 1400000258 fb00e5"},
		{name: "not of ELSYS", port: 5, frame: "2a 0102", err: "byte 0: got 0x2a, want a type of ELSYS"},
		{name: "reserved", port: 5, frame: "00 0102", err: "byte 0: got 0x00"},
		{name: "empty", port: 5, frame: "", err: "got 0 bytes", short: true},
		{name: "cut inside a value", port: 5, frame: "0100c8 0602", err: "byte 4: got 1 more bytes, want 2", short: true},
		{name: "cut inside an age", port: 5, frame: "8100c8 01", err: "byte 3: got 1 more bytes, want 2", short: true},
		{name: "text longer than the frame", port: 5, frame: "3b ff 01", err: "byte 2", short: true},
	})
}
