package codec

import "testing"

func TestIMBuildings(t *testing.T) {
	const (
		eui   = "0004a30b00aabb01"
		imei  = "c0ffee010203"
		euiID = `"device_id":"` + eui + `"`
		id    = `"device_id":"` + imei + `"`
	)
	frameTable(t, "imbuildings", []frameCase{
		{name: "people", port: 1, frame: "0206" + eui + "0a 016d 000c 0007 22 fffe 01f4 80",
			want: `{"payload_type":2,"payload_variant":6,` + euiID + `,"device_status":10,"battery_voltage":3.65,"counter_a":12,"counter_b":7,"sensor_status":34,"total_counter_a":65534,"total_counter_b":500,"payload_counter":128}`},
		{name: "people, data alone", port: 26, frame: "00 016d 000c 0007 00 0100 01f4 05",
			want: `{"payload_type":2,"payload_variant":6,"device_status":0,"battery_voltage":3.65,"counter_a":12,"counter_b":7,"sensor_status":0,"total_counter_a":256,"total_counter_b":500,"payload_counter":5}`},
		{name: "people, data alone, that looks like a button", port: 26, frame: "03 016d 000c 0007 00 0100 01f4 05",
			want: `{"payload_type":2,"payload_variant":6,"device_status":3,"battery_voltage":3.65,"counter_a":12,"counter_b":7,"sensor_status":0,"total_counter_a":256,"total_counter_b":500,"payload_counter":5}`},
		{name: "totals", port: 1, frame: "0207" + eui + "80 0102 0304",
			want: `{"payload_type":2,"payload_variant":7,` + euiID + `,"sensor_status":128,"total_counter_a":258,"total_counter_b":772}`},
		{name: "totals of firmware 1.35, which names the wrong variant", port: 1, frame: "0206" + eui + "80 0102 0304",
			want: `{"payload_type":2,"payload_variant":7,` + euiID + `,"sensor_status":128,"total_counter_a":258,"total_counter_b":772}`},
		{name: "totals, data alone", port: 27, frame: "00 0102 0304",
			want: `{"payload_type":2,"payload_variant":7,"sensor_status":0,"total_counter_a":258,"total_counter_b":772}`},
		{name: "status", port: 1, frame: "0208" + eui + "08 00f9 a0",
			want: `{"payload_type":2,"payload_variant":8,` + euiID + `,"device_status":8,"battery_voltage":2.49,"sensor_status":160}`},
		{name: "status, data alone", port: 28, frame: "08 00f9 a0",
			want: `{"payload_type":2,"payload_variant":8,"device_status":8,"battery_voltage":2.49,"sensor_status":160}`},
		{name: "people over NB-IoT", frame: "0209" + eui + "00 016d 0001 0002 00 0003 0004 05 9f 01",
			want: `{"payload_type":2,"payload_variant":9,` + euiID + `,"device_status":0,"battery_voltage":3.65,"counter_a":1,"counter_b":2,"sensor_status":0,"total_counter_a":3,"total_counter_b":4,"payload_counter":5,"rssi":-97,"ce_level":1}`},
		{name: "people over NB-IoT with a time", frame: "0204" + imei + "00 010b 8f 20240229 235958 0003 0004 04",
			want: `{"payload_type":2,"payload_variant":4,` + id + `,"device_status":0,"battery_voltage":2.67,"rssi":-113,"datetime":"2024-02-29T23:59:58Z","counter_a":3,"counter_b":4,"sensor_status":4}`},
		{name: "a modem and a clock that have no reading", frame: "0204" + imei + "00 010b 63 00000000 000000 0003 0004 04",
			want: `{"payload_type":2,"payload_variant":4,` + id + `,"device_status":0,"battery_voltage":2.67,"rssi":null,"datetime":null,"counter_a":3,"counter_b":4,"sensor_status":4}`},
		{name: "small counts over NB-IoT", frame: "0202" + imei + "00 010b 8f ff 01 00",
			want: `{"payload_type":2,"payload_variant":2,` + id + `,"device_status":0,"battery_voltage":2.67,"rssi":-113,"counter_a":255,"counter_b":1,"sensor_status":0}`},
		{name: "counts over NB-IoT", frame: "0203" + imei + "00 010b 8f 0100 0001 00",
			want: `{"payload_type":2,"payload_variant":3,` + id + `,"device_status":0,"battery_voltage":2.67,"rssi":-113,"counter_a":256,"counter_b":1,"sensor_status":0}`},
		{name: "counts without totals", port: 1, frame: "0205" + eui + "00 016d 0100 0001 00 07",
			want: `{"payload_type":2,"payload_variant":5,` + euiID + `,"device_status":0,"battery_voltage":3.65,"counter_a":256,"counter_b":1,"sensor_status":0,"payload_counter":7}`},
		{name: "activity, data alone", port: 212, frame: "00 016d 00 003c 0e10",
			want: `{"payload_type":2,"payload_variant":12,"device_status":0,"battery_voltage":3.65,"sensor_status":0,"sensor_activity":{"on":60,"off":3600}}`},
		{name: "comfort", port: 1, frame: "0103" + eui + "00 015e 0a28 1450 02bc 01",
			want: `{"payload_type":1,"payload_variant":3,` + euiID + `,"device_status":0,"battery_voltage":3.5,"temperature":26,"humidity":52,"CO2":700,"presence":true}`},
		{name: "comfort below zero, without CO2, data alone", port: 13, frame: "fe0c 1450 0000 00",
			want: `{"payload_type":1,"payload_variant":3,"temperature":-5,"humidity":52,"CO2":null,"presence":false}`},
		{name: "comfort over NB-IoT", frame: "0101" + imei + "00 015e a6 0a28 1450 02bc 00",
			want: `{"payload_type":1,"payload_variant":1,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"temperature":26,"humidity":52,"CO2":700,"presence":false}`},
		{name: "comfort over NB-IoT with a time", frame: "0102" + imei + "00 015e a6 20240101 000000 0a28 1450 02bc 00",
			want: `{"payload_type":1,"payload_variant":2,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"datetime":"2024-01-01T00:00:00Z","temperature":26,"humidity":52,"CO2":700,"presence":false}`},
		{name: "temperatures", frame: "0104" + imei + "00 015e a6 ff38 0a28 07d0",
			want: `{"payload_type":1,"payload_variant":4,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"min_temperature":-2,"max_temperature":26,"current_temperature":20}`},
		{name: "presence event", frame: "0105" + imei + "00 015e a6 01",
			want: `{"payload_type":1,"payload_variant":5,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"presence_event":1}`},
		{name: "motion event", port: 1, frame: "0106" + eui + "00 015e 01",
			want: `{"payload_type":1,"payload_variant":6,` + euiID + `,"device_status":0,"battery_voltage":3.5,"event":1}`},
		{name: "motion event, data alone", port: 16, frame: "02", want: `{"payload_type":1,"payload_variant":6,"event":2}`},
		{name: "desk, share of the interval", port: 17, frame: "32", want: `{"payload_type":1,"payload_variant":7,"percentage":50}`},
		{name: "desk, minutes", port: 18, frame: "0f", want: `{"payload_type":1,"payload_variant":8,"minutes":15}`},
		{name: "desk over NB-IoT", frame: "010b" + eui + "00 015e 0f a6 02",
			want: `{"payload_type":1,"payload_variant":11,` + euiID + `,"device_status":0,"battery_voltage":3.5,"minutes":15,"rssi":-90,"ce_level":2}`},
		{name: "button", port: 1, frame: "0303" + eui + "00 015e 12",
			want: `{"payload_type":3,"payload_variant":3,` + euiID + `,"device_status":0,"battery_voltage":3.5,"button_pressed":true,"button":{"a":false,"b":true,"c":false,"d":false,"e":true}}`},
		{name: "button at rest, data alone", port: 33, frame: "00",
			want: `{"payload_type":3,"payload_variant":3,"button_pressed":false,"button":{"a":false,"b":false,"c":false,"d":false,"e":false}}`},
		{name: "Moodbox", port: 1, frame: "0304" + eui + "00 015e 0001 0002 0003 0004 0105",
			want: `{"payload_type":3,"payload_variant":4,` + euiID + `,"device_status":0,"battery_voltage":3.5,"button":{"a":1,"b":2,"c":3,"d":4,"e":261}}`},
		{name: "Moodbox, data alone", port: 34, frame: "0001 0002 0003 0004 0105",
			want: `{"payload_type":3,"payload_variant":4,"button":{"a":1,"b":2,"c":3,"d":4,"e":261}}`},
		{name: "button over NB-IoT", frame: "0301" + imei + "00 015e a6 01",
			want: `{"payload_type":3,"payload_variant":1,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"button_pressed":true,"button":{"a":true,"b":false,"c":false,"d":false,"e":false}}`},
		{name: "button over NB-IoT with a time", frame: "0302" + imei + "00 015e a6 20240101 120000 01",
			want: `{"payload_type":3,"payload_variant":2,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"datetime":"2024-01-01T12:00:00Z","button_pressed":true,"button":{"a":true,"b":false,"c":false,"d":false,"e":false}}`},
		{name: "button with the network", frame: "0305" + eui + "00 015e 01 a6 00",
			want: `{"payload_type":3,"payload_variant":5,` + euiID + `,"device_status":0,"battery_voltage":3.5,"button_pressed":true,"button":{"a":true,"b":false,"c":false,"d":false,"e":false},"rssi":-90,"CELevel":0}`},
		{name: "Moodbox with the network", frame: "0306" + eui + "00 015e 0001 0002 0003 0004 0005 a6 00",
			want: `{"payload_type":3,"payload_variant":6,` + euiID + `,"device_status":0,"battery_voltage":3.5,"button":{"a":1,"b":2,"c":3,"d":4,"e":5},"rssi":-90,"CELevel":0}`},
		{name: "pulses", frame: "0401" + imei + "00 015e a6 20240101 120000 09",
			want: `{"payload_type":4,"payload_variant":1,` + id + `,"device_status":0,"battery_voltage":3.5,"rssi":-90,"datetime":"2024-01-01T12:00:00Z","counter":9}`},
		{name: "an answer to a setting", port: 10, frame: "f101 031e05"},
		{name: "no answer on the port of answers", port: 10, frame: "0001", err: "port 10: got type 0, want 241"},
		{name: "a variant that does not exist", port: 1, frame: "0263" + eui, err: "got type 2, variant 99 of 10 bytes on port 1"},
		{name: "data alone of another length", port: 26, frame: "00 016d 000c", err: "got type 0, variant 1 of 5 bytes on port 26"},
		{name: "cut", port: 1, frame: "0206" + eui + "0a 016d 000c 00", err: "type 2, variant 6, 23 bytes", short: true},
		{name: "too long", port: 1, frame: "0208" + eui + "08 00f9 a0 00", err: "want the frame to end"},
		{name: "empty", port: 1, frame: "", err: "byte 0: got 0 more bytes, want 1", short: true},
	})
}

// TestIMBuildingsFormats finds two formats that cannot be told apart.
func TestIMBuildingsFormats(t *testing.T) {
	seen := make(map[[2]byte]bool)
	ports := make(map[int]bool)
	for _, d := range imbFormats {
		key := [2]byte{d.kind, d.variant}
		if seen[key] || ports[d.port()] || d.port() == imbDownlinkPort {
			t.Errorf("type %d, variant %d, port %d: got it twice", d.kind, d.variant, d.port())
		}
		seen[key], ports[d.port()] = true, true
	}
}
