package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

func init() {
	register("dragino-lht65n-vib", "Dragino vibration: LHT65N-VIB", draginoVibration)
	register("dragino-lht52", "Dragino climate: LHT52", draginoLHT52)
	register("dragino-aqs01", "Dragino air quality: AQS01-L", draginoAir)
}

// draginoVibration reads LHT65N-VIB: battery (2 bytes), mode and flags (1), and what the mode measures (8).
func draginoVibration(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	switch up.Port {
	case draginoDevice:
		return draginoAbout(&f, out)
	case draginoConfig:
		f.take(1)
		return f.err
	case draginoEvents:
		// A burst of accelerations in 0.001 g, without a time.
		frameScaled(out, "Bat_V", f.big(2), 1000)
		return f.err
	case 9:
		frameScaled(out, "BatV", f.big(2), 1000)
		frameScaled(out, "max_acc_x_g", f.signedBig(2), 1000)
		frameScaled(out, "max_acc_y_g", f.signedBig(2), 1000)
		frameScaled(out, "max_acc_z_g", f.signedBig(2), 1000)
		return f.end()
	case draginoData:
	default:
		return frameUnknownPort("LHT65N-VIB", up.Port)
	}
	frameScaled(out, "BatV", f.big(2), 1000)
	flags := f.byte()
	mode := flags >> 2 & 7
	if mode == 1 || mode == 2 {
		out.Int("vib_count", f.big(4))
	}
	if mode == 2 || mode == 3 {
		draginoCelsius(out, "TempC_SHT", f.signedBig(2), 100)
		frameScaled(out, "Hum_SHT", f.big(2)&0x0FFF, 10)
	}
	if mode == 1 || mode == 3 {
		out.Int("work_min", f.big(4))
	}
	draginoWord(out, "Alarm", flags&1 != 0, "TRUE", "FALSE")
	draginoWord(out, "TDC", flags&2 != 0, "YES", "NO")
	return f.err
}

// draginoLHT52 reads LHT52: temperature (2 bytes), humidity (2), probe (2), kind of probe (1), time (4). A frame of another
// length on its port is sent after a reset and carries nothing.
func draginoLHT52(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	switch up.Port {
	case draginoDevice:
		f.take(3) // model and firmware
		f.take(2) // band
		out.Int("Bat_mV", f.big(2))
		return f.err
	case draginoStored, draginoConfig:
		f.take(1)
		return f.err
	case draginoData:
	default:
		return frameUnknownPort("LHT52", up.Port)
	}
	if len(up.Bytes) != lhtRecordSize {
		f.take(1)
		return f.err
	}
	draginoCelsius(out, "TempC_SHT", f.signedBig(2), 100)
	frameScaled(out, "Hum_SHT", f.big(2), 10)
	draginoCelsius(out, "TempC_DS", f.signedBig(2), 100)
	out.Int("Ext", f.big(1))
	out.Int("Systimestamp", f.big(4))
	return f.end()
}

// draginoAir reads AQS01-L: battery (2 bytes), temperature (2), humidity (2), pressure (2), CO2 (2), flags (1). Bit 4 of the flags
// says that the temperature is in hundredths, not tenths.
func draginoAir(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	switch up.Port {
	case draginoDevice:
		return draginoAbout(&f, out)
	case draginoConfig:
		f.take(1)
		return f.err
	case draginoStored:
		return draginoRecords(&f, lhtRecordSize, out, func(r *frame) {
			ppm, humidity, temperature, flags := r.big(2), r.big(2), r.signedBig(2), r.byte()
			draginoCelsius(out, "temperature", temperature, draginoScale(flags&1 != 0))
			frameScaled(out, "humidity", humidity, 10)
			frameCO2(out, "co2", ppm)
			out.Int("Systimestamp", r.big(4))
		})
	case draginoData:
	default:
		return frameUnknownPort("AQS01-L", up.Port)
	}
	volts, temperature, humidity, pressure, ppm, flags := f.big(2), f.signedBig(2), f.big(2), f.big(2), f.big(2), f.byte()
	frameScaled(out, "BatV", volts, 1000)
	draginoCelsius(out, "temperature", temperature, draginoScale(flags&0x10 != 0))
	frameScaled(out, "humidity", humidity, 10)
	frameScaled(out, "air_pressure", pressure, 10) // hPa
	frameCO2(out, "co2", ppm)
	draginoWord(out, "TEMPL_flag", flags&8 != 0, "True", "False")
	draginoWord(out, "TEMPH_flag", flags&4 != 0, "True", "False")
	draginoWord(out, "CO2L_flag", flags&2 != 0, "True", "False")
	draginoWord(out, "CO2H_flag", flags&1 != 0, "True", "False")
	return f.end()
}

func draginoScale(hundredths bool) float64 {
	if hundredths {
		return 100
	}
	return 10
}
