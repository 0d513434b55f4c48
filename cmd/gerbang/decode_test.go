package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestD7_DecodeWithoutAModel: whatever form a message has in a file, its model is guessed or said not to be known. Finding D7.
func TestD7_DecodeWithoutAModel(t *testing.T) {
	tests := []struct {
		name, file, content, topic string
		code                       int
		out                        []string // in the output, in order
		err                        string
	}{
		{"a sequence", "press.seq.json", `[{"topic":"zigbee2mqtt/saklar","payload":{"action":"on_press","battery":90}},{"topic":"zigbee2mqtt/saklar","payload":{"action":"on_press_release","battery":90}}]`, "", 0,
			[]string{`"text":"on_press"`, `"battery"`, `"battery"`}, "read as zigbee2mqtt (guessed"},
		{"an announcement and its value", "ha.seq.json", `[{"topic":"homeassistant/sensor/r/t/config","retained":true,"payload":{"device_class":"temperature","state_topic":"ruang/state","unit_of_measurement":"°F","value_template":"{{ value_json.t }}","unique_id":"r-t","device":{"identifiers":["r1"]}}},
			{"topic":"ruang/state","payload":{"t":78.8}}]`, "", 0, []string{`"value":26,`}, "read as homeassistant (guessed"},
		{"a sequence of frames", "frames.seq.json", `[{"hex":"03670d01046877077d9402"},{"payload":"0367 0d01 0468 77 077d 9402"}]`, "", 0, []string{`"value":26.9`}, "read as milesight-"},
		{"an empty sequence", "none.seq.json", `[]`, "", 2, nil, "empty list"},
		{"a single message", "one.json", `{"contact":false,"battery":91}`, "zigbee2mqtt/pintu", 0, []string{`"contact_open"`}, "read as zigbee2mqtt"},
		{"hexadecimal", "frame.hex", "03 67 0d 01 04 68 77 07 7d 94 02", "", 0, []string{`"value":26.9`, `"humidity"`, `"co2"`}, "read as milesight-"},
		{"hexadecimal in a text", "frame.txt", "0x03670d01046877077d9402", "", 0, []string{`"value":26.9`}, "read as milesight-"},
		{"base64", "frame.txt", "A2cNAQRodwd9lAI", "", 0, []string{`"value":26.9`}, "read as milesight-"},
		{"a frame that may be anybody's", "frame.hex", "0102030405060708", "", 2, nil, "no model is known"},
		{"what was refused", "one.json", `{"temperature":-327.68,"humidity":58}`, "zigbee2mqtt/ruang", 0, []string{`"humidity"`}, "refused (range)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(file, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"decode", file}
			if tt.topic != "" {
				args = append(args, "--topic", tt.topic)
			}
			code, out, errs := run(t, "", args...)
			if code != tt.code || !strings.Contains(errs, tt.err) {
				t.Errorf("got code %d, %q and %q, want %d and %q", code, out, errs, tt.code, tt.err)
			}
			rest := out
			for _, want := range tt.out {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("got %s, want %s in this order", out, tt.out)
					break
				}
				rest = after
			}
		})
	}
}
