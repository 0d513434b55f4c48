package decode

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestD3_Presses: what is a press and what is none, in the words of Zigbee2MQTT, deCONZ, ZHA, Tasmota, Shelly and Home Assistant.
// Finding D3.
func TestD3_Presses(t *testing.T) {
	presses := strings.Fields(`single double triple quadruple hold long on off toggle press on_press off_press up_press 1_single 2_double button_3_hold single_left
		both_double arrow_left_click arrow_right_hold brightness_up_click toggle_hold initial_press dots_1_initial_press left_press short_press long_press
		single_push double_push triple_push long_push SINGLE DOUBLE HOLD S L SS SL remote_button_short_press remote_button_double_press tap emergency many`)
	others := strings.Fields(`release on_press_release off_hold_release brightness_stop brightness_move_up brightness_step_down rotate_left rotate_right rotate_stop
		dial_rotate_left_step start_rotating stop_rotating recall_1 recall_scene_2 region_1_enter region_1_leave region_2_occupied region_2_unoccupied enter leave
		approach away short_release long_release arrow_left_release toggle_release btn_down btn_up clear CLEAR none idle color_temperature_move hue_stop shake slide
		flip90 fall wakeup vibration on_hold up_hold remote_button_short_release remote_button_long_release dots_1_short_release on_step`)
	for _, word := range presses {
		if !meaning.Press(word, false) {
			t.Errorf("%s is no press", word)
		}
	}
	for _, word := range others {
		if meaning.Press(word, false) {
			t.Errorf("%s is a press", word)
		}
	}
	if meaning.Press("quux", false) || !meaning.Press("quux", true) {
		t.Error("an unknown word of a maker is a press, or one of the user's own is none")
	}
}

// TestD3_OnePressIsOne: the messages of one press in one, by every way that a button is read.
func TestD3_OnePressIsOne(t *testing.T) {
	mapped := acme(t, model.Model{Otherwise: "ignore", Readings: []model.Field{{Path: "action", Quantity: telemetry.Button}, {Path: "battery", Quantity: telemetry.Battery}}})
	guessing := acme(t, model.Model{Otherwise: "ignore", Readings: []model.Field{{Path: "*", Auto: true}}})
	native := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	for name, tt := range map[string]struct {
		d     *Decoder
		topic string
		steps [][2]string
	}{
		"mapped": {mapped, "a/d1", [][2]string{{`{"action":"on_press","battery":90}`, "d1 button=1 on_press battery=90"}, {`{"action":"","battery":90}`, "d1 battery=90"},
			{`{"action":"on_press_release","battery":90}`, "d1 battery=90"}, {`{"action":"on_hold"}`, "nothing"}, {`{"action":0}`, "nothing"}, {`{"action":false}`, "nothing"}}},
		"guessed": {guessing, "a/d1", [][2]string{{`{"button":"press"}`, "d1 button=1 press"}, {`{"button":"release"}`, "nothing"}, {`{"button":"off"}`, "nothing"}, {`{"button":true}`, "d1 button=1 press"}}},
		"native":  {native, door, [][2]string{{`{"button":"single"}`, "door-1 button=1 single"}, {`{"button":"release"}`, "nothing"}, {`{"button":"hijau"}`, "door-1 button=1 hijau"}}},
	} {
		for _, s := range tt.steps {
			if got := outcome(tt.d, tt.topic, s[0]); got != s[1] {
				t.Errorf("%s %s: got %s, want %s", name, s[0], got, s[1])
			}
		}
	}
}

// TestD3_Announced: triggers and events that devices announce to Home Assistant.
func TestD3_Announced(t *testing.T) {
	d := announcing(t, nil)
	for _, s := range [][3]string{
		{"homeassistant/device_automation/r/a/config", `{"atype":"trigger","type":"action","stype":"on_press","pl":"on_press","t":"room/x","dev":{"ids":["Room-1"]}}`, "nothing"},
		{"homeassistant/device_automation/r/b/config", `{"atype":"trigger","type":"action","stype":"on_press_release","pl":"on_press_release","t":"room/x","dev":{"ids":["Room-1"]}}`, "nothing"},
		{"homeassistant/device_automation/r/c/config", `{"atype":"trigger","type":"button_short_release","stype":"button_1","t":"room/y","dev":{"ids":["Room-1"]}}`, "nothing"},
		{"homeassistant/event/r/e/config", `{"device_class":"button","state_topic":"room/e","event_types":["press","release"],"unique_id":"e1","dev":{"ids":["Room-1"]}}`, "nothing"},
		{"room/x", "on_press", "d1 button=1 on_press"},
		{"room/x", "on_press_release", "nothing"},
		{"room/y", "x", "unknown_topic"},
		{"room/e", `{"event_type":"press"}`, "d1 button=1 press @ e1"},
		{"room/e", `{"event_type":"release"}`, "nothing"},
	} {
		if got := outcome(d, s[0], s[1]); got != s[2] {
			t.Errorf("%s %s: got %s, want %s", s[0], s[1], got, s[2])
		}
	}
}
