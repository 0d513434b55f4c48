package codec

import "testing"

func TestDraginoDoor(t *testing.T) {
	frameTable(t, "dragino-door", []frameCase{
		{name: "LDS02 open", port: 10, frame: "8c1c 01 00012c 00000f 01",
			want: `{"BAT_V":3.1,"MOD":1,"DOOR_OPEN_STATUS":1,"DOOR_OPEN_TIMES":300,"LAST_DOOR_OPEN_DURATION":15,"ALARM":1}`},
		{name: "LDS02 closed, on another port", port: 2, frame: "0c1c 01 00012c 00000f 00",
			want: `{"BAT_V":3.1,"MOD":1,"DOOR_OPEN_STATUS":0,"DOOR_OPEN_TIMES":300,"LAST_DOOR_OPEN_DURATION":15,"ALARM":0}`},
		{name: "LDS02 as leak sensor", port: 10, frame: "4c1c 02 000003 000001 00",
			want: `{"BAT_V":3.1,"MOD":2,"WATER_LEAK_STATUS":1,"WATER_LEAK_TIMES":3,"LAST_WATER_LEAK_DURATION":1}`},
		{name: "LDS02 as both", port: 10, frame: "cc1c 03 000000 000000 01", want: `{"BAT_V":3.1,"MOD":3,"DOOR_OPEN_STATUS":1,"WATER_LEAK_STATUS":1,"ALARM":1}`},
		{name: "LDS02 in a mode unknown", port: 10, frame: "0c1c 09 000000 000000 00", want: `{"BAT_V":3.1,"MOD":9}`},
		{name: "LDS02 counts events", port: 7, frame: "8c1c 00012c", want: `{"BatV":3.1,"edc_mod":"OPEN","times":300}`},
		{name: "LDS03A open", port: 2, frame: "03 000102 000003 65920080",
			want: `{"CMOD":"SUM","TDC":"NO","ALARM":"TRUE","DOOR_OPEN_STATUS":"OPEN","DOOR_OPEN_TIMES":258,"LAST_DOOR_OPEN_DURATION":3,"TIME":"2024-01-01T00:00:00Z"}`},
		{name: "DS03A-LB counts by frame", port: 2, frame: "0c 000002 000000 65920080",
			want: `{"CMOD":"PART","TDC":"YES","ALARM":"FALSE","DOOR_OPEN_STATUS":"CLOSE","DOOR_OPEN_TIMES":2,"LAST_DOOR_OPEN_DURATION":0,"TIME":"2024-01-01T00:00:00Z"}`},
		{name: "two doors", port: 2, frame: "01 000102 000003 65920080 02 000005 000006",
			want: `{"CMOD":"SUM","TDC":"NO","ALARM1":"FALSE","DOOR1_OPEN_STATUS":"OPEN","DOOR1_OPEN_TIMES":258,"LAST_DOOR1_OPEN_DURATION":3,"TIME":"2024-01-01T00:00:00Z","ALARM2":"TRUE","DOOR2_OPEN_STATUS":"CLOSE","DOOR2_OPEN_TIMES":5,"LAST_DOOR2_OPEN_DURATION":6}`},
		{name: "stored records", port: 3, frame: "01 000001 000000 65920080 00 000001 000002 659200bc",
			want: `{"DATALOG":[{"CMOD":"SUM","TDC":"NO","ALARM":"FALSE","DOOR_OPEN_STATUS":"OPEN","DOOR_OPEN_TIMES":1,"LAST_DOOR_OPEN_DURATION":0,"TIME":"2024-01-01T00:00:00Z"},` +
				`{"CMOD":"SUM","TDC":"NO","ALARM":"FALSE","DOOR_OPEN_STATUS":"CLOSE","DOOR_OPEN_TIMES":1,"LAST_DOOR_OPEN_DURATION":2,"TIME":"2024-01-01T00:01:00Z"}]}`},
		{name: "settings", port: 4, frame: "001c20 00 01 000a 00 0000 00"},
		{name: "about the device", port: 5, frame: "0a 0121 07 ff 0e10", want: `{"SENSOR_MODEL":"LDS03A","FIRMWARE_VERSION":"1.2.1","FREQUENCY_BAND":"AS923","BAT":3.6}`},
		{name: "about a device unknown", port: 5, frame: "ee 0100 7f 02 0c80", want: `{"FIRMWARE_VERSION":"1.0.0","SUB_BAND":2,"BAT":3.2}`},
		{name: "cut", port: 2, frame: "03 000102 0000", err: "port 2: got 6 bytes, want 10, 11 or 18", short: true},
		{name: "too long", port: 2, frame: "03 000102 000003 65920080 00", err: "byte 11: got 1 more bytes"},
		{name: "stored records cut", port: 3, frame: "01 000001 000000", err: "byte 0: got 7 more bytes, want 11", short: true},
		{name: "no stored records", port: 3, frame: "", err: "want records of 11", short: true},
	})
}

func TestDraginoLeak(t *testing.T) {
	frameTable(t, "dragino-leak", []frameCase{
		{name: "LWL02", port: 10, frame: "4c1c 02 000003 000001 00",
			want: `{"BAT_V":3.1,"MOD":2,"WATER_LEAK_STATUS":1,"WATER_LEAK_TIMES":3,"LAST_WATER_LEAK_DURATION":1}`},
		{name: "LWL03A", port: 2, frame: "01 000002 000000 65920080",
			want: `{"CMOD":"SUM","TDC":"NO","ALARM":"FALSE","WATER_LEAK_STATUS":"LEAK","WATER_LEAK_TIMES":2,"LAST_WATER_LEAK_DURATION":0,"TIME":"2024-01-01T00:00:00Z"}`},
		{name: "WL03A-LB dry, stored", port: 3, frame: "04 000002 000009 65920080",
			want: `{"DATALOG":[{"CMOD":"SUM","TDC":"YES","ALARM":"FALSE","WATER_LEAK_STATUS":"NO LEAK","WATER_LEAK_TIMES":2,"LAST_WATER_LEAK_DURATION":9,"TIME":"2024-01-01T00:00:00Z"}]}`},
	})
}

func TestDraginoLHT65(t *testing.T) {
	frameTable(t, "dragino-lht65", []frameCase{
		{name: "probe", port: 2, frame: "cc1c 0a28 0226 01 09c4 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Ext_sensor":"Temperature Sensor","TempC_DS":25}`},
		{name: "below zero", port: 2, frame: "4c1c fe0c 0226 01 f63c 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":1,"TempC_SHT":-5,"Hum_SHT":55,"Ext_sensor":"Temperature Sensor","TempC_DS":-25}`},
		{name: "no probe", port: 2, frame: "cc1c 0a28 0226 01 7fff 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Ext_sensor":"Temperature Sensor","TempC_DS":null}`},
		{name: "probe broken", port: 2, frame: "cc1c ffff 0226 02 ffff 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":null,"Hum_SHT":55,"Ext_sensor":"Temperature Sensor","TempC_TMP117":null}`},
		{name: "cable cut", port: 2, frame: "cc1c 0a28 0226 81 7fff 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"No_connect":"Sensor no connection","Ext_sensor":"Temperature Sensor","TempC_DS":null}`},
		{name: "nothing on the cable", port: 2, frame: "cc1c 0a28 0226 00 7fff 7fff", tail: 4,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Ext_sensor":"No external sensor"}`},
		{name: "first firmware", port: 2, frame: "cc1c 0a28 0226 00",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Ext_sensor":"No external sensor"}`},
		{name: "interrupt", port: 2, frame: "cc1c 0a28 0226 04 01 00 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"Interrupt Sensor send","Exti_pin_level":"High","Exti_status":"False"}`},
		{name: "interrupt with a counter", port: 2, frame: "cc1c 0a28 0226 04 00 01 000102 000003",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"Interrupt Sensor send","Exti_pin_level":"Low","Exti_status":"True","Exit_count":258,"Exit_duration":3}`},
		{name: "light", port: 2, frame: "cc1c 0a28 0226 05 01f4 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"Illumination Sensor","ILL_lx":500}`},
		{name: "light, cable cut", port: 2, frame: "cc1c 0a28 0226 85 01f4 ffff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"No_connect":"Sensor no connection","Work_mode":"Illumination Sensor","ILL_lx":null}`},
		{name: "voltage", port: 2, frame: "cc1c 0a28 0226 06 04b0 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"ADC Sensor","ADC_V":1.2}`},
		{name: "counter of 16 bits", port: 2, frame: "cc1c 0a28 0226 07 0100 7fff", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"Interrupt Sensor count","Exit_count":256}`},
		{name: "counter of 32 bits", port: 2, frame: "cc1c 0a28 0226 08 ffffffff",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"Interrupt Sensor count","Exit_count":4294967295}`},
		{name: "probe in the place of the battery", port: 2, frame: "ff38 0a28 c226 09 65920080",
			want: `{"TempC_DS":-2,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"DS18B20 & timestamp","Systimestamp":1704067200}`},
		{name: "TMP117 in the place of the battery", port: 2, frame: "7fff 0a28 c226 0a 65920080",
			want: `{"TempC_TMP117":null,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"TMP117 & timestamp","Systimestamp":1704067200}`},
		{name: "second climate", port: 2, frame: "cc1c 0a28 0226 0b fe0c 0190",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"SHT31 Sensor","Ext_TempC_SHT":-5,"Ext_Hum_SHT":40}`},
		{name: "second climate, cable cut", port: 2, frame: "cc1c 0a28 0226 8b 7fff 7fff",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"No_connect":"Sensor no connection","Work_mode":"SHT31 Sensor","Ext_TempC_SHT":null,"Ext_Hum_SHT":null}`},
		{name: "second climate with its number", port: 2, frame: "cc1c 01020304 10 fe0c 0190",
			want: `{"BatV":3.1,"Bat_status":3,"Work_mode":"SHT31 Sensor","Ext_TempC_SHT":-5,"Ext_Hum_SHT":40}`},
		{name: "movement", port: 2, frame: "cc1c 0a28 0226 0e 01 000102",
			want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55,"Work_mode":"PIR Sensor","Exti_pin_level":"Activity","Move_count":258}`},
		{name: "number of a DS18B20", port: 2, frame: "cc1c 28010203 0f 04050607", tail: 4, want: `{"BatV":3.1,"Bat_status":3,"Work_mode":"DS18B20ID"}`},
		{name: "TMP117 with its number", port: 2, frame: "cc1c 01020304 20 09c4 0506", tail: 2,
			want: `{"BatV":3.1,"Bat_status":3,"Work_mode":"NE117ID","TempC_TMP117":25}`},
		{name: "an extension of later", port: 2, frame: "cc1c 0a28 0226 0c 01020304", tail: 4, want: `{"BatV":3.1,"Bat_status":3,"TempC_SHT":26,"Hum_SHT":55}`},
		{name: "records asked for", port: 3, frame: "09c4 0a28 0226 41 65920080 7fff fe0c 0226 41 659200bc",
			want: `{"DATALOG":[{"TempC_DS":25,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200},{"TempC_DS":null,"TempC_SHT":-5,"Hum_SHT":55,"Systimestamp":1704067260}]}`},
		{name: "a record sent again", port: 2, frame: "09c4 0a28 0226 82 65920080",
			want: `{"DATALOG":[{"TempC_TMP117":25,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200}]}`},
		{name: "records of what hangs on the cable", port: 3, frame: "01f4 0a28 0226 45 65920080 04b0 0a28 0226 46 65920080 0005 0a28 0226 47 65920080 0005 0a28 0226 4e 65920080 ff38 0a28 0226 4b 65920080",
			want: `{"DATALOG":[{"ILL_lx":500,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200},{"ADC_V":1.2,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200},` +
				`{"Exit_count":5,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200},{"Move_count":5,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200},{"Ext_TempC_SHT":-2,"TempC_SHT":26,"Hum_SHT":55,"Systimestamp":1704067200}]}`},
		{name: "a row of temperatures", port: 3, frame: "0c1c 01 09c4 ff38 7fff", want: `{"bat":3100,"sensor":"ds18b20","Temp":[25,-2,null]}`},
		{name: "about the device", port: 5, frame: "0b 0141 01 ff 0c1c", want: `{"SENSOR_MODEL":"LHT65N","FIRMWARE_VERSION":"1.4.1","FREQUENCY_BAND":"EU868","BAT":3.1}`},
		{name: "without values", port: 2, frame: "0c1c 0000 0000 00 01"},
		{name: "settings", port: 4, frame: "01"},
		{name: "cut", port: 2, frame: "cc1c 0a28 0226 01 09c4", err: "got 9 bytes, want 7, 11 or 15", short: true},
		{name: "first firmware with a probe it cannot have", port: 2, frame: "cc1c 0a28 0226 01", err: "byte 7", short: true},
		{name: "too long", port: 2, frame: "cc1c 0a28 0226 01 09c4 7fff 000000000000", err: "got 17 bytes, want 7, 11 or 15"},
		{name: "a row cut", port: 3, frame: "0c1c 01 09c4 ff", err: "byte 5", short: true},
		{name: "empty", port: 2, frame: "", err: "got 0 bytes", short: true},
	})
}

func TestDraginoVibration(t *testing.T) {
	frameTable(t, "dragino-lht65n-vib", []frameCase{
		{name: "vibrations and time", port: 2, frame: "0c1c 05 01020304 00000005",
			want: `{"BatV":3.1,"vib_count":16909060,"work_min":5,"Alarm":"TRUE","TDC":"NO"}`},
		{name: "vibrations and climate", port: 2, frame: "0c1c 0a 00000001 fe0c 0226",
			want: `{"BatV":3.1,"vib_count":1,"TempC_SHT":-5,"Hum_SHT":55,"Alarm":"FALSE","TDC":"YES"}`},
		{name: "climate and time", port: 2, frame: "0c1c 0c 0a28 0226 00000005",
			want: `{"BatV":3.1,"TempC_SHT":26,"Hum_SHT":55,"work_min":5,"Alarm":"FALSE","TDC":"NO"}`},
		{name: "acceleration", port: 9, frame: "0c1c 03e8 fc18 0000", want: `{"BatV":3.1,"max_acc_x_g":1,"max_acc_y_g":-1,"max_acc_z_g":0}`},
		{name: "burst", port: 7, frame: "0c1c 03e8fc180000", tail: 6, want: `{"Bat_V":3.1}`},
		{name: "about the device", port: 5, frame: "3f 0130 0f 01 0c1c", want: `{"SENSOR_MODEL":"LHT65N-VIB","FIRMWARE_VERSION":"1.3.0","FREQUENCY_BAND":"AS923_4","SUB_BAND":1,"BAT":3.1}`},
		{name: "another port", port: 8, frame: "00", err: "port 8 is none of LHT65N-VIB"},
		{name: "cut", port: 2, frame: "0c1c 0c 0a28 02", err: "byte 5", short: true},
	})
}

func TestDraginoLHT52(t *testing.T) {
	frameTable(t, "dragino-lht52", []frameCase{
		{name: "probe", port: 2, frame: "0a28 0226 f63c 01 65920080",
			want: `{"TempC_SHT":26,"Hum_SHT":55,"TempC_DS":-25,"Ext":1,"Systimestamp":1704067200}`},
		{name: "no probe", port: 2, frame: "ffff 0226 7fff 01 65920080",
			want: `{"TempC_SHT":null,"Hum_SHT":55,"TempC_DS":null,"Ext":1,"Systimestamp":1704067200}`},
		{name: "after a reset", port: 2, frame: "0c1c"},
		{name: "number of the probe", port: 4, frame: "2801020304050607"},
		{name: "about the device", port: 5, frame: "09 0100 01 ff 0c1c", want: `{"Bat_mV":3100}`},
		{name: "another port", port: 6, frame: "00", err: "port 6 is none of LHT52"},
		{name: "empty", port: 2, frame: "", err: "byte 0", short: true},
	})
}

func TestDraginoAir(t *testing.T) {
	frameTable(t, "dragino-aqs01", []frameCase{
		{name: "in tenths", port: 2, frame: "0c1c 0104 0226 2774 02ee 05",
			want: `{"BatV":3.1,"temperature":26,"humidity":55,"air_pressure":1010,"co2":750,"TEMPL_flag":"False","TEMPH_flag":"True","CO2L_flag":"False","CO2H_flag":"True"}`},
		{name: "in hundredths, below zero", port: 2, frame: "0c1c fe0c 0226 2774 ffff 1a",
			want: `{"BatV":3.1,"temperature":-5,"humidity":55,"air_pressure":1010,"co2":null,"TEMPL_flag":"True","TEMPH_flag":"False","CO2L_flag":"True","CO2H_flag":"False"}`},
		{name: "stored records", port: 3, frame: "02ee 0226 0104 80 65920080 02ee 0226 0a28 81 659200bc",
			want: `{"DATALOG":[{"temperature":26,"humidity":55,"co2":750,"Systimestamp":1704067200},{"temperature":26,"humidity":55,"co2":750,"Systimestamp":1704067260}]}`},
		{name: "settings", port: 4, frame: "01"},
		{name: "about the device", port: 5, frame: "37 0130 07 ff 0c1c", want: `{"SENSOR_MODEL":"AQS01-L","FIRMWARE_VERSION":"1.3.0","FREQUENCY_BAND":"AS923","BAT":3.1}`},
		{name: "another port", port: 6, frame: "00", err: "port 6 is none of AQS01-L"},
		{name: "cut", port: 2, frame: "0c1c 0104 0226 2774 02ee", err: "byte 10", short: true},
	})
}
