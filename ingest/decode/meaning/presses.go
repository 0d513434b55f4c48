package meaning

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Buttons, remotes, dials and radars tell what happened in one word, each maker in its own: single, on_press_release,
// brightness_stop, rotate_left, region_1_enter. A press is counted once, when it happens: its release, what a dial or a radar says,
// and what a hold goes on to say after a press that was told are none.

// pressing are words of which a press has one, other those that make it something else.
var (
	pressing = written.SetOf("single", "double", "triple", "quadruple", "quad", "quintuple", "penta", "many", "multiple", "press", "pressed", "push", "pushed", "click", "clicked",
		"tap", "tapped", "short", "long", "hold", "held", "on", "off", "toggle", "emergency", "panic", "sos", "ring", "doorbell", "bell", "touch", "touched",
		"s", "l", "ss", "sss", "sl", "ls", "ll", "trigger", "triggered", "true", "yes", "1", "2", "3", "4", "5", "1x", "2x", "3x", "4x", "5x")
	other = written.SetOf("release", "released", "releasing", "stop", "stopped", "end", "ended", "rotate", "rotated", "rotation", "rotating", "dial", "wheel", "slide", "slid", "swipe",
		"recall", "scene", "store", "move", "moved", "step", "enter", "entered", "leave", "left_region", "region", "zone", "approach", "away", "presence", "absence",
		"occupied", "unoccupied", "idle", "none", "no", "not", "clear", "cleared", "timeout", "repeat", "shake", "flip", "flip90", "flip180", "fall", "wakeup", "wake",
		"vibration", "tilt", "drop", "up_region", "open", "close", "lock", "unlock", "arm", "disarm", "battery", "rotor", "color", "hue", "saturation", "level")
)

// Press reports whether a word tells a press. Where the words are the user's own (lenient) one that nobody knows is the kind of a
// press; a maker's that is not known is none.
func Press(word string, lenient bool) bool {
	words := written.Words(word)
	known := false
	for i, w := range words {
		if other[w] {
			return false
		}
		number := strings.Trim(w, "0123456789") == "" && len(words) > 1 // which button it is
		known = known || pressing[w] && !number
		// on_hold repeats while the button is down, after on_press.
		if w == "hold" && i == 1 && len(words) == 2 && dimmerKeys[words[0]] {
			return false
		}
	}
	return len(words) > 0 && (known || lenient)
}

// dimmerKeys are keys whose remotes tell each hold as a press before.
var dimmerKeys = written.SetOf("on", "off", "up", "down")

// PressKind gives the common kinds of press without allocating.
func PressKind(b []byte) string {
	switch string(b) {
	case "single":
		return "single"
	case "double":
		return "double"
	case "triple":
		return "triple"
	case "long":
		return "long"
	case "press":
		return "press"
	}
	return string(b)
}
