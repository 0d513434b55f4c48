package codec

import (
	"errors"
	"strings"
	"testing"
)

// What is easily got wrong: values that come twice, replies to commands, lists in pieces.
func TestMilesightTraps(t *testing.T) {
	for _, c := range []msCase{
		{"milesight-vs350", "a value and its alarm are one member, the later", "0367 2c01 0175 50 8367 2d01 01",
			`{"temperature":30.1,"battery":80,"temperature_alarm":"threshold alarm"}`},
		{"milesight-vs350", "a count and its alarm are one member, the later", "04cc 0a00 0900 84cc 0b00 0a00 01",
			`{"total_in":11,"total_out":10,"total_count_alarm":"threshold alarm"}`},
		{"milesight-vs350", "stored readings lie apart", "20ce 80a1c465 00 0300 0200 0175 50 20ce 04a3c465 00 0400 0100",
			`{"battery":80,"history":[{"timestamp":1707385216,"period_in":3,"period_out":2},{"timestamp":1707385604,"period_in":4,"period_out":1}]}`},
		{"milesight-vs360", "two lists lie mixed", "20ce 80a1c465 00 0300 0200 03f4 00 01 20ce 04a3c465 00 0400 0100 03f4 00 00",
			`{"history":[{"timestamp":1707385216,"period_in":3,"period_out":2},{"timestamp":1707385604,"period_in":4,"period_out":1}],` +
				`"event":[{"type":"counting_anomaly","status":"alarm"},{"type":"counting_anomaly","status":"alarm_release"}]}`},
		{"milesight-ws101", "two presses in one frame are the later", "ff2e 01 0175 50 ff2e 03",
			`{"battery":80,"button_event":{"status":"double press"}}`},
		{"milesight-ws101", "a setting of the button is no press", "fe2e 01", `{}`},
		{"milesight-vs350", "a reply to a command leaves nothing", "ff8e 00 3c00", `{}`},
		{"milesight-vs350", "a key leaves nothing", "ff35 00112233445566778899", ``},
		{"milesight-vs350", "values after replies", "fe10 ff ff35 0011223344556677 f910 00 f810 00 00 0175 50", `{"battery":80}`},
		{"milesight-vs350", "the set time is no time of a reading", "fe11 00b2c465 0175 50", `{"battery":80}`},
		{"milesight-vs350", "a reply that the device did not obey", "f810 01 02 0175 50", `{"battery":80}`},
		{"milesight-vs350", "a reply longer than elsewhere", "ffac 01 1e 00 01 00 0175 50", `{"battery":80}`},
		{"milesight-vs121", "an extended reply shorter than elsewhere", "f888 02 00 06cd 03", `{"people_count_max":3}`},
		{"milesight-vs133", "an extended reply longer than elsewhere", "f888 02 04 00 05cc 0100 0200", `{"line_1_period_in":1,"line_1_period_out":2}`},
		{"milesight-am107", "calibration by hand has a value", "ff1a 02 9001 0175 50", `{"battery":80}`},
		{"milesight-am107", "calibration otherwise has none", "ff1a 03 0175 50", `{"battery":80}`},
		{"milesight-am102", "a schedule of two entries", "ff3a 02 50 5a 0a00 01 02 5a 64 0a00 01 02 0175 50", `{"battery":80}`},
		{"milesight-am307", "the same reply has another length", "ff3a 0a00 0175 50", `{"battery":80}`},
		{"milesight-am319", "and another here", "ff39 01 0175 50", `{"battery":80}`},
		{"milesight-em300-di", "a device without a value for its input", "0175 50 ff79 01000000", `{"battery":80}`},
		{"milesight-vs340", "an empty frame", "", `{}`},
		{"milesight-vs340", "an unknown state", "0300 07", `{"occupancy":"unknown"}`},
		{"milesight-vs350", "on mains power", "0175 ff", `{"battery":null}`},
		{"milesight-em300-th", "no thermometer", "0367 ff7f 0468 ff", `{"temperature":null,"humidity":null}`},
		{"milesight-em300-th", "a tenth below zero is a temperature", "0367 ffff", `{"temperature":-0.1}`},
		{"milesight-em500-smtc", "where it stands for a broken probe", "0367 ffff", `{"temperature":null,"temperature_error":"collection failed"}`},
	} {
		t.Run(c.codec+"/"+c.name, func(t *testing.T) {
			out, err := msRead(t, c.codec, msBytes(t, c.frame))
			if c.want == "" {
				if err == nil || !out.Empty() {
					t.Errorf("got %v and %s, want an error and nothing", err, out.JSON())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if out.Empty() != (c.want == "{}") {
				t.Errorf("empty: got %v, want %v", out.Empty(), c.want == "{}")
			}
			if got := string(out.JSON()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// One channel and type, many meanings: why there is a codec for each line.
func TestMilesightLinesDiffer(t *testing.T) {
	for codec, want := range map[string]string{
		"milesight-vs340": `{"occupancy":"occupied"}`,
		"milesight-vs370": `{"occupancy":"occupied"}`,
		"milesight-ws202": `{"pir":"trigger"}`,
		"milesight-ws301": `{"magnet_status":"open"}`,
		"milesight-ws303": `{"leakage_status":"leak"}`,
	} {
		out, err := msRead(t, codec, msBytes(t, "0300 01"))
		if got := string(out.JSON()); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", codec, got, err, want)
		}
	}
}

// What cannot be read is an error that says where and what, and nothing is written.
func TestMilesightErrors(t *testing.T) {
	for _, c := range []struct {
		codec, name, frame, want string
		short                    bool
	}{
		{"milesight-vs350", "unknown channel", "0175 50 0967 0000",
			"channel 0x09 type 0x67 at byte 3: unknown to codec milesight-vs350, so the rest of the frame cannot be read", false},
		{"milesight-vs350", "known channel of another type", "0375 50",
			"channel 0x03 type 0x75 at byte 0: unknown to codec milesight-vs350, so the rest of the frame cannot be read", false},
		{"milesight-vs132", "channel of another line", "06d2 01000000",
			"channel 0x06 type 0xd2 at byte 0: unknown to codec milesight-vs132, so the rest of the frame cannot be read", false},
		{"milesight-vs350", "channel without a type", "0175 50 04", "channel 0x04 at byte 3 has no type: the frame ends too early", true},
		{"milesight-vs350", "value cut off", "0175 50 04cc 0a00 09",
			"channel 0x04 type 0xcc at byte 3: the frame ends too early: want 4 bytes of data, got 3", true},
		{"milesight-vs350", "record without a kind", "20ce 80a1c465",
			"channel 0x20 type 0xce at byte 0: the frame ends too early: want 5 bytes of data, got 4", true},
		{"milesight-vs350", "record of an unknown kind", "20ce 80a1c465 02 0300 0200",
			"channel 0x20 type 0xce at byte 0: record of unknown kind 0x02, want one of 00 01", false},
		{"milesight-vs350", "unknown command", "fe01 00",
			"channel 0xfe type 0x01 at byte 0: reply to an unknown command, so the rest of the frame cannot be read", false},
		{"milesight-vs350", "unknown extended command", "f901 00",
			"channel 0xf9 type 0x01 at byte 0: reply to an unknown command, so the rest of the frame cannot be read", false},
		{"milesight-vs350", "extended reply without its result", "f810 00",
			"channel 0xf8 type 0x10 at byte 0: the frame ends too early: want 2 bytes of data, got 1", true},
		{"milesight-am107", "calibration without a mode", "ff1a",
			"channel 0xff type 0x1a at byte 0: the frame ends too early: want 1 bytes of data, got 0", true},
		{"milesight-am102", "schedule shorter than it says", "ff3a ff 00",
			"channel 0xff type 0x3a at byte 0: the frame ends too early: want 1531 bytes of data, got 2", true},
		{"milesight-ws302", "unknown weighting", "055b 03 0000 0000 0000",
			"channel 0x05 type 0x5b at byte 0: unknown weighting 0x03, want Z, A or C and impulse, fast or slow", false},
		{"milesight-vs340", "longer than a frame can be", strings.Repeat("0300 01 ", 81),
			"a frame of 243 bytes, want at most the 242 that LoRaWAN allows", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := msRead(t, c.codec, msBytes(t, c.frame))
			if err == nil || err.Error() != c.want || errors.Is(err, ErrShort) != c.short {
				t.Errorf("got  %v, short: %v\nwant %s, short: %v", err, errors.Is(err, ErrShort), c.want, c.short)
			}
			if !out.Empty() {
				t.Errorf("wrote %s, want nothing", out.JSON())
			}
		})
	}
}
