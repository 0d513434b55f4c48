package decode_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/testengine"
)

// foreignFrames are uplinks of devices that no shipped model is for, made up by the formats of their makers: weather stations,
// trackers, meters, soil, tanks, parking, keys and test firmware.
var foreignFrames = []struct {
	name string
	port uint8
	hex  string
}{
	{"weather station, temperature, humidity, wind, rain", 3, "4a0085 4d 00000f47 00 0015 4b 007f 00000000 26ee 4c 64"},
	{"weather station of fixed fields", 2, "010a 00e1 3a 27a5 0012 00b4 0000 0b54"},
	{"weather station, little-endian", 1, "e100 3a00 a527 1200 b400 0000 540b"},
	{"weather station, floats", 1, "41b40000 42680000 447d2000 3f800000"},
	{"weather station, packed bits", 5, "7f3c21a90e4411d2"},
	{"ultrasonic wind", 2, "0b45 0000 0112 0087 00"},
	{"rain gauge pulses", 2, "0d1c 0000002a 00 01"},
	{"tracker, latitude and longitude", 2, "00 f9b1a43c 06624f19 5a 0b"},
	{"tracker, floats and battery", 1, "4229999a c1400000 0e74 03"},
	{"tracker, access points", 2, "2b0153 a4c138112233c0 0c2a3b4c5d6ebe"},
	{"tracker, heartbeat", 1, "06 64 0000 1a"},
	{"tracker, status", 136, "12 fb 2b 11 00 0000"},
	{"field tester", 1, "01c9b1d9 2aee15 0b64 05 0a"},
	{"water meter", 1, "0c06 0027 9a31 0201 0000"},
	{"water meter with totals", 2, "00004e20 00001388 0000 0b2a"},
	{"water meter, M-Bus", 2, "44ae0c78563412010 7 7a55000000 0c13 27045500"},
	{"heat meter", 2, "2f2f0406a500000004134e1a00000259d31002 5d7c0b"},
	{"electricity meter", 3, "000186a0 00000912 0908 0029 03e8"},
	{"electricity meter, DLMS", 1, "e6e700db08 4f53 4854 0011 2233"},
	{"gas meter", 10, "07e6 0705 0100 00003039 5c"},
	{"pulse counter", 1, "01 00000539 0000 0e10 64"},
	{"soil moisture", 2, "0ccf 0000 09c4 07d0 012c 10"},
	{"soil, three depths", 1, "0213 0234 0250 00c8 00be 00b4 0e"},
	{"leaf wetness", 2, "0d2b 0000 00fa 0105 00"},
	{"tank level, ultrasonic", 2, "0c8a 03e8 00 0000 01"},
	{"tank level, radar", 1, "01 04b0 5f 1a 00"},
	{"parking", 1, "01 5b 3c"},
	{"parking with temperature", 102, "01 24 1a"},
	{"manhole", 3, "03 01 0c1c 00 1388"},
	{"leak cable", 2, "0ba1 02 000012 0000"},
	{"smoke", 1, "00 0e74 1a 00"},
	{"pest trap", 1, "05 01 00000003 63"},
	{"cold chain logger", 2, "fe70 fe66 fe5c fe52 0b"},
	{"cattle collar", 1, "b1 0a 3f 22 01 07 5c"},
	{"street lamp", 1, "01 64 00e6 0193 000f4240"},
	{"relay", 1, "02 01 00 00"},
	{"valve", 2, "04 32 00a5 0e"},
	{"radon", 1, "0033 0029 00d2 01f4 0b"},
	{"geiger counter", 1, "00000107 0249f0 10c0 16"},
	{"noise and dust, own format", 1, "012c 0019 0028 0bb8 00"},
	{"key fob", 1, "ff 01"},
	{"test firmware: a counter", 1, "00000001"},
	{"test firmware: text", 1, "48656c6c6f2c20776f726c6421"},
	{"test firmware: JSON", 1, "7b2274223a32332e357d"},
	{"test firmware: ascending", 1, "000102030405060708090a0b"},
	{"zeros", 1, "0000000000000000"},
	{"ones", 2, "ffffffffffffffffffff"},
	{"one byte", 1, "01"},
	{"two bytes", 2, "0164"},
	{"time request", 1, "62d3a8f0"},
	{"vibration spectrum", 1, "0a1b2c3d4e5f60718293a4b5c6d7e8f9 00112233445566778899aabbccddeeff"},
	{"modbus answer", 1, "01030400e1023a7b2c"},
	{"4 to 20 mA", 2, "0c1c 0e38 0000 04"},
	{"thermocouple", 1, "2710 0bb8 01"},
	{"scales", 1, "00007530 0e10 00"},
	{"door lock", 5, "10 01 00002711 3c"},
	{"hot water tap", 1, "0a 02ee 01"},
	{"snow height", 2, "0b9f 07d0 00c8"},
	{"river level", 1, "04d2 00 5a 0e10"},
	{"elevator", 4, "01 03 00012345 00"},
}

// inEnvelope wraps a frame as ChirpStack would, in an uplink of a device whose maker nobody knows.
func inEnvelope(t testing.TB, frame []byte, port uint8) (topic string, payload []byte) {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e", "time": "2022-07-05T01:15:00Z",
		"deviceInfo": map[string]any{"deviceName": "dev", "devEui": "0011223344556677", "deviceProfileName": "profile"}, "devAddr": "20000001", "fCnt": 4, "fPort": port, "data": frame})
	if err != nil {
		t.Fatal(err)
	}
	return "application/1/device/0011223344556677/event/up", payload
}

// invented is what the best guess reads in a frame; empty: nobody guesses a reading.
func invented(t testing.TB, d *decode.Decoder, frame []byte, port uint8, bare bool) string {
	t.Helper()
	q := decode.Query{Payload: frame, Frame: true, Port: port, Received: time.Date(2022, 7, 5, 1, 15, 1, 0, time.UTC)}
	if !bare {
		q.Frame = false
		q.Topic, q.Payload = inEnvelope(t, frame, port)
	}
	for _, c := range d.Recognise(q) {
		if len(c.Quantities) > 0 {
			q.Model = c.Model
			return fmt.Sprint(c.Model, d.One(q).Lines)
		}
	}
	return ""
}

// TestD6_ForeignFrames: on frames of devices that no model is for, at most one guess in fifty invents readings; and the same holds for
// every family of our own when its models are taken away. Finding D6.
func TestD6_ForeignFrames(t *testing.T) {
	if testengine.Racing {
		t.Skip("pure computation over all frames there are: CI does it without the detector")
	}
	models := shippedModels(t)
	all, err := decode.New(decode.Options{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	tried, wrong := 0, 0
	try := func(d *decode.Decoder, name string, port uint8, frame []byte) {
		for _, bare := range []bool{false, true} {
			tried++
			if got := invented(t, d, frame, port, bare); got != "" {
				wrong++
				t.Logf("%s on port %d (bare: %t): %s", name, port, bare, got)
			}
		}
	}
	for _, f := range foreignFrames {
		frame, err := hex.DecodeString(strings.ReplaceAll(f.hex, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		try(all, f.name, f.port, frame)
	}
	report := func(what string) {
		t.Logf("%s: %d of %d invented", what, wrong, tried)
		if 50*wrong > tried {
			t.Errorf("%s: %d of %d guesses invent readings, want at most 1 in 50", what, wrong, tried)
		}
		tried, wrong = 0, 0
	}
	report("foreign devices")
	source := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		frame := make([]byte, 3+source.IntN(30))
		for j := range frame {
			frame[j] = byte(source.Uint64())
			if i%2 == 0 && source.IntN(2) == 0 {
				frame[j] &= 0x0F
			}
		}
		try(all, fmt.Sprintf("random %x", frame), []uint8{1, 2, 3, 5, 6, 8, 10, 85, 100, 136}[source.IntN(10)], frame)
	}
	report("random bytes")
	for family, frames := range samplesByFamily(t, models) {
		var others []decode.Model
		for _, m := range models {
			if familyOf(m) != family {
				others = append(others, m)
			}
		}
		d, err := decode.New(decode.Options{Models: others})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			try(d, f.model+": "+f.name, f.port, f.frame)
		}
	}
	report("families without their own models")
}

// TestD6_OwnFramesAreGuessed: the frames of the shipped samples are still recognised where they say enough.
func TestD6_OwnFramesAreGuessed(t *testing.T) {
	if testengine.Racing {
		t.Skip("pure computation over all frames there are: CI does it without the detector")
	}
	models := shippedModels(t)
	d, err := decode.New(decode.Options{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	count := map[bool][3]int{}
	for _, frames := range samplesByFamily(t, models) {
		for _, f := range frames {
			if !f.reads {
				continue
			}
			for _, bare := range []bool{false, true} {
				n := count[bare]
				n[0]++
				q := decode.Query{Payload: f.frame, Frame: true, Port: f.port, Received: time.Date(2022, 7, 5, 1, 15, 1, 0, time.UTC)}
				if !bare {
					q.Frame = false
					q.Topic, q.Payload = inEnvelope(t, f.frame, f.port)
				}
				found := d.Recognise(q)
				switch {
				case len(found) == 0 || len(found[0].Quantities) == 0:
					t.Logf("not guessed (bare: %t): %s: %s", bare, f.model, f.name)
				case f.same(d, found[0].Model):
					n[1]++
				default:
					n[2]++
					t.Logf("guessed as %s (bare: %t): %s: %s", found[0].Model, bare, f.model, f.name)
				}
				count[bare] = n
			}
		}
	}
	t.Logf("of frames in an envelope, of an unknown maker's address: %d; guessed rightly %d, as something else %d", count[false][0], count[false][1], count[false][2])
	for bare, n := range count {
		if 100*n[1] < 65*n[0] || 100*n[2] > 4*n[0] {
			t.Errorf("bare: %t: of %d frames %d are guessed rightly and %d as something else, want 65 %% at least and 4 %% at most", bare, n[0], n[1], n[2])
		}
	}
	t.Logf("of bare frames: %d; guessed rightly %d, as something else %d", count[true][0], count[true][1], count[true][2])
}

// sampled is a frame of a shipped sample.
type sampled struct {
	model, name string
	port        uint8
	frame       []byte
	reads       bool
}

// same reports whether a model reads of the frame nothing that its own does not read.
func (s *sampled) same(d *decode.Decoder, model string) bool {
	read := func(model string) map[string]bool {
		set := map[string]bool{}
		for _, l := range d.One(decode.Query{Model: model, Payload: s.frame, Frame: true, Port: s.port, Received: time.Date(2022, 7, 5, 1, 15, 1, 0, time.UTC)}).Lines {
			if l.Counted == nil && l.Value != nil {
				set[fmt.Sprint(strings.TrimSuffix(l.Quantity, "_period"), *l.Value)] = true
			}
		}
		return set
	}
	if model == s.model {
		return true
	}
	own, other := read(s.model), read(model)
	shared := 0
	for k := range other {
		if own[k] {
			shared++
		}
	}
	return shared > 0 && 2*shared >= len(other)
}

func familyOf(m decode.Model) string {
	family, _, _ := strings.Cut(m.Codec, "-")
	switch family {
	case "merryiot", "browan": // one maker
		return "browan"
	case "": // what reads names reads no bytes
		return m.ID
	}
	return family
}

func samplesByFamily(t testing.TB, models []decode.Model) map[string][]sampled {
	t.Helper()
	found := map[string][]sampled{}
	for _, m := range models {
		if m.Format != "lorawan" || m.Codec == "" {
			continue
		}
		for _, s := range m.Samples {
			frame, err := hex.DecodeString(strings.ReplaceAll(s.Frame, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if len(frame) > 0 {
				found[familyOf(m)] = append(found[familyOf(m)], sampled{m.ID, s.Name, s.Port, frame, len(s.Expect) > 0})
			}
		}
	}
	return found
}
