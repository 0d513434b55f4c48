package codec

var decentlabDevices = []decentlabDevice{
	{"iam", "DL-IAM indoor ambiance monitor", []decentlabGroup{
		decentlabBattery, decentlabSHT35, decentlabBarometer,
		{2, []decentlabValue{
			decentlabWord("ambient_light_visible_infrared", "", 0),
			decentlabWord("ambient_light_infrared", "", 1),
			{"illuminance", "lx", decentlabIlluminance},
		}},
		{3, []decentlabValue{
			decentlabSigned("co2_concentration", "ppm", 0, 1),
			decentlabWord("co2_sensor_status", "", 1),
			decentlabWord("raw_ir_reading", "", 2),
		}},
		{1, []decentlabValue{decentlabWord("activity_counter", "", 0)}},
		{1, []decentlabValue{decentlabWord("total_voc", "ppb", 0)}},
	}},
	{"lp8p", "DL-LP8P CO2, temperature, humidity and pressure", []decentlabGroup{
		decentlabSHT21,
		{2, []decentlabValue{
			{"barometer_temperature", "°C", func(w []uint16) float64 { return (float64(w[0]) - 5000) / 100 }},
			decentlabLinear("barometric_pressure", "Pa", 1, 2, 0),
		}},
		{8, []decentlabValue{
			decentlabSigned("co2_concentration", "ppm", 0, 1),
			decentlabSigned("co2_concentration_lpf", "ppm", 1, 1),
			decentlabSigned("co2_sensor_temperature", "°C", 2, 100),
			decentlabLinear("capacitor_voltage_1", "V", 3, 0.001, 0),
			decentlabLinear("capacitor_voltage_2", "V", 4, 0.001, 0),
			decentlabWord("co2_sensor_status", "", 5),
			decentlabWord("raw_ir_reading", "", 6),
			decentlabWord("raw_ir_reading_lpf", "", 7),
		}},
		decentlabBattery,
	}},
	{"pm", "DL-PM particulate matter", []decentlabGroup{
		decentlabBattery,
		{10, []decentlabValue{
			decentlabLinear("pm1_0_mass_concentration", "µg⋅m⁻³", 0, 0.1, 0),
			decentlabLinear("pm2_5_mass_concentration", "µg⋅m⁻³", 1, 0.1, 0),
			decentlabLinear("pm4_mass_concentration", "µg⋅m⁻³", 2, 0.1, 0),
			decentlabLinear("pm10_mass_concentration", "µg⋅m⁻³", 3, 0.1, 0),
			decentlabWord("typical_particle_size", "nm", 4),
			decentlabLinear("pm0_5_number_concentration", "1⋅cm⁻³", 5, 0.1, 0),
			decentlabLinear("pm1_0_number_concentration", "1⋅cm⁻³", 6, 0.1, 0),
			decentlabLinear("pm2_5_number_concentration", "1⋅cm⁻³", 7, 0.1, 0),
			decentlabLinear("pm4_number_concentration", "1⋅cm⁻³", 8, 0.1, 0),
			decentlabLinear("pm10_number_concentration", "1⋅cm⁻³", 9, 0.1, 0),
		}},
		decentlabSHT21, decentlabBarometer,
	}},
	{"sht35", "DL-SHT35 temperature and humidity", []decentlabGroup{decentlabSHT35, decentlabBattery}},
	{"sht21", "DL-SHT21 temperature and humidity", []decentlabGroup{decentlabSHT21, decentlabBattery}},
	{"rhc", "DL-RHC humidity and temperature, calibrated", []decentlabGroup{
		{4, []decentlabValue{
			decentlabLong("sensor_id", 0),
			decentlabLinear("air_humidity", "%", 2, 0.01, 0),
			decentlabSigned("air_temperature", "°C", 3, 100),
		}},
		decentlabBattery,
	}},
	{"ds18", "DL-DS18 temperature of a surface or liquid", []decentlabGroup{
		{1, []decentlabValue{decentlabSigned("temperature", "°C", 0, 16)}},
		decentlabBattery,
	}},
	{"itst", "DL-ITST infrared thermometer", []decentlabGroup{
		{2, []decentlabValue{
			{"temperature_target", "°C", func(w []uint16) float64 { return (float64(w[0]) - 1000) / 10 }},
			{"temperature_head", "°C", func(w []uint16) float64 { return (float64(w[1]) - 1000) / 10 }},
		}},
		decentlabBattery,
	}},
	{"mbx", "DL-MBX ultrasonic distance and level", []decentlabGroup{
		{2, []decentlabValue{
			decentlabOfSamples(decentlabWord("distance", "mm", 0), 1),
			decentlabWord("number_of_valid_samples", "", 1),
		}},
		decentlabBattery,
	}},
	{"lid", "DL-LID laser distance and level", []decentlabGroup{
		{11, append(decentlabDistances(9), decentlabWord("number_of_samples", "", 9), decentlabLinear("total_acquisition_time", "ms", 10, 1/1.024, 0))},
		decentlabBattery,
	}},
	{"lid2", "DL-LID2 laser distance and level", []decentlabGroup{
		{12, append(decentlabDistances(9),
			decentlabWord("number_of_valid_samples", "", 9),
			decentlabLinear("total_acquisition_time", "ms", 10, 1/1.024, 0),
			decentlabWord("number_of_total_samples", "", 11))},
		decentlabBattery,
	}},
	{"rad", "DL-RAD radar distance and level", []decentlabGroup{
		{4, []decentlabValue{
			decentlabWord("distance", "mm", 0),
			decentlabSigned("temperature", "°C", 1, 100),
			decentlabSigned("reliability", "dB", 2, 100),
			decentlabWord("status", "", 3),
		}},
		decentlabBattery,
	}},
	{"dlr2-002", "DL-DLR2-002 pulse counter", []decentlabGroup{decentlabPulses(""), decentlabBattery}},
	{"dlr2-003", "DL-DLR2-003 digital input", []decentlabGroup{{1, []decentlabValue{decentlabWord("input", "", 0)}}, decentlabBattery}},
	{"dlr2-010", "DL-DLR2-010 two pulse counters", []decentlabGroup{decentlabPulses("ch0_"), decentlabPulses("ch1_"), decentlabBattery}},
	{"dlr2-011", "DL-DLR2-011 two digital inputs", []decentlabGroup{
		{1, []decentlabValue{decentlabWord("ch0_input", "", 0)}},
		{1, []decentlabValue{decentlabWord("ch1_input", "", 0)}},
		decentlabBattery,
	}},
}

// The sensors that several devices have.
var (
	decentlabBattery   = decentlabGroup{1, []decentlabValue{decentlabLinear("battery_voltage", "V", 0, 0.001, 0)}}
	decentlabBarometer = decentlabGroup{1, []decentlabValue{decentlabLinear("barometric_pressure", "Pa", 0, 2, 0)}}

	decentlabSHT35 = decentlabGroup{2, []decentlabValue{
		{"air_temperature", "°C", func(w []uint16) float64 { return 175*float64(w[0])/65535 - 45 }},
		{"air_humidity", "%", func(w []uint16) float64 { return 100 * float64(w[1]) / 65535 }},
	}}
	decentlabSHT21 = decentlabGroup{2, []decentlabValue{
		{"air_temperature", "°C", func(w []uint16) float64 { return 175.72*float64(w[0])/65536 - 46.85 }},
		{"air_humidity", "%", func(w []uint16) float64 { return 125*float64(w[1])/65536 - 6 }},
	}}
)

// decentlabPulses counts the pulses since the frame before, over so many seconds, and all since the battery was put in.
func decentlabPulses(channel string) decentlabGroup {
	return decentlabGroup{4, []decentlabValue{
		decentlabWord(channel+"pulse_count", "", 0),
		decentlabWord(channel+"pulse_interval", "s", 1),
		decentlabLong(channel+"cumulative_pulse_count", 2),
	}}
}

// decentlabDistances are the statistics over the samples that a laser took; the word samples counts the valid ones.
func decentlabDistances(samples int) []decentlabValue {
	var values []decentlabValue
	for i, name := range []string{"average", "minimum", "maximum", "median", "10th_percentile", "25th_percentile",
		"75th_percentile", "90th_percentile", "most_frequent_value"} {
		values = append(values, decentlabOfSamples(decentlabWord("distance_"+name, "mm", i), samples))
	}
	return values
}

// decentlabIlluminance is the maker's formula for the sensor's two diodes, one of which sees only infrared.
func decentlabIlluminance(w []uint16) float64 {
	all, infrared := float64(w[0]), float64(w[1])
	return max(all-1.64*infrared, 0.59*all-0.86*infrared, 0) * 1.5504
}
