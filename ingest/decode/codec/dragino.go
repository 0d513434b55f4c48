package codec

import (
	"fmt"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// What the frames of all Dragino sensors share: numbers are big-endian, port 5 tells of the device, port 3 brings stored
// records. Source: the maker's collection of decoders and the user manuals; the names are the decoders'.
//
// Where those write text for the eye it is written here so that a program can read it: a stored record is an object with the
// members of a live frame, a time is in UTC and says so.

const (
	draginoData   = 2
	draginoStored = 3
	draginoConfig = 4 // answers to a question for settings
	draginoDevice = 5
)

// draginoModels names the models by the first byte of a frame on port 5.
var draginoModels = map[byte]string{
	0x09: "LHT52", 0x0A: "LDS03A", 0x0B: "LHT65N", 0x14: "LWL03A", 0x1A: "LHT65N-PIR", 0x1B: "DS03A-LB", 0x1D: "WL03A-LB",
	0x36: "LWL04", 0x37: "AQS01-L", 0x3F: "LHT65N-VIB",
}

var draginoBands = [...]string{
	"", "EU868", "US915", "IN865", "AU915", "KZ865", "RU864", "AS923", "AS923_1", "AS923_2", "AS923_3", "CN470", "EU433", "KR920", "MA869", "AS923_4",
}

// draginoAbout reads port 5; it is the only frame of a door sensor LDS03A that tells of the battery.
func draginoAbout(f *frame, out *object.Writer) error {
	if model, ok := draginoModels[f.byte()]; ok {
		out.Text("SENSOR_MODEL", model)
	}
	version := f.big(2)
	out.Text("FIRMWARE_VERSION", fmt.Sprintf("%d.%d.%d", version>>8&0x0F, version>>4&0x0F, version&0x0F))
	if band := int(f.byte()); band > 0 && band < len(draginoBands) {
		out.Text("FREQUENCY_BAND", draginoBands[band])
	}
	if band := f.big(1); band != math.MaxUint8 {
		out.Int("SUB_BAND", band)
	}
	frameScaled(out, "BAT", f.big(2), 1000)
	return f.err
}

// draginoTime writes seconds since 1970.
func draginoTime(f *frame, name string, out *object.Writer) {
	out.Text(name, time.Unix(f.big(4), 0).UTC().Format(time.RFC3339))
}

// draginoCelsius writes a temperature in hundredths or tenths. All ones, with the sign or without, is a probe that is not
// there; -0.01 °C itself cannot be told from it.
func draginoCelsius(out *object.Writer, name string, raw int64, by float64) {
	if raw == -1 {
		out.Null(name)
		return
	}
	frameCelsius(out, name, raw, by)
}

// draginoRecords reads stored records of size bytes each into DATALOG.
func draginoRecords(f *frame, size int, out *object.Writer, record func(r *frame)) error {
	out.Array("DATALOG")
	for f.left() > 0 {
		r := frame{bytes: f.take(size)}
		if f.err != nil {
			return f.err
		}
		out.Object("")
		record(&r)
		out.End()
	}
	out.End()
	if len(f.bytes) == 0 {
		return fmt.Errorf("byte 0: got 0 bytes, want records of %d: %w", size, ErrShort)
	}
	return f.err
}

// draginoWord writes one of two words.
func draginoWord(out *object.Writer, name string, set bool, yes, no string) {
	if set {
		out.Text(name, yes)
	} else {
		out.Text(name, no)
	}
}
