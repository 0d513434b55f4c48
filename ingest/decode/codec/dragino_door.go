package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("dragino-door", "Dragino doors: LDS01, LDS02, LDS03A, DS03A-LB", func(up Uplink, out *object.Writer) error {
		return draginoContact(up, draginoDoorWords, out)
	})
	register("dragino-leak", "Dragino water leaks: LWL01, LWL02, LWL03A, LWL04, WL03A-LB", func(up Uplink, out *object.Writer) error {
		return draginoContact(up, draginoLeakWords, out)
	})
}

// draginoWords is what a contact means. A frame of the newer generation does not say whether it is of a door or of water.
type draginoWords struct {
	status, times, duration string // of the only contact
	yes, no                 string
}

var (
	draginoDoorWords = draginoWords{"DOOR_OPEN_STATUS", "DOOR_OPEN_TIMES", "LAST_DOOR_OPEN_DURATION", "OPEN", "CLOSE"}
	draginoLeakWords = draginoWords{"WATER_LEAK_STATUS", "WATER_LEAK_TIMES", "LAST_WATER_LEAK_DURATION", "LEAK", "NO LEAK"}
)

// Ports and lengths of contacts: the first generation (LDS01, LDS02, LWL01, LWL02) sends 10 bytes, or 5 on port 7 where it
// counts events alone; the second (LDS03A, LWL03A and later) 11 bytes, or 18 with a second contact.
const (
	draginoEvents      = 7
	draginoOldSize     = 10
	draginoContactSize = 11
	draginoTwoSize     = 18
)

// draginoContact reads doors and water leaks of both generations.
func draginoContact(up Uplink, words draginoWords, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	switch {
	case up.Port == draginoStored:
		return draginoRecords(&f, draginoContactSize, out, func(r *frame) { draginoOne(r, words, out) })
	case up.Port == draginoConfig:
		f.take(1)
		return f.err
	case up.Port == draginoDevice:
		return draginoAbout(&f, out)
	case up.Port == draginoEvents:
		b := f.big(2)
		frameScaled(out, "BatV", b&0x3FFF, 1000)
		draginoWord(out, "edc_mod", b&0x8000 != 0, "OPEN", "CLOSE")
		out.Int("times", f.big(3))
	case len(up.Bytes) == draginoOldSize:
		draginoOld(&f, out)
	case len(up.Bytes) == draginoTwoSize:
		draginoTwo(&f, out)
	case len(up.Bytes) < draginoOldSize:
		return fmt.Errorf("port %d: got %d bytes, want %d, %d or %d: %w", up.Port, len(up.Bytes), draginoOldSize, draginoContactSize, draginoTwoSize, ErrShort)
	default:
		draginoOne(&f, words, out)
	}
	return f.end()
}

// draginoOld reads the first generation: battery in mV with the contacts in its two upper bits, mode, count and minutes of the
// last event, alarm.
func draginoOld(f *frame, out *object.Writer) {
	b, mode := f.big(2), f.big(1)
	times, duration, alarm := f.big(3), f.big(3), f.big(1)&1
	frameScaled(out, "BAT_V", b&0x3FFF, 1000)
	out.Int("MOD", mode)
	door, leak := b>>15, b>>14&1
	switch mode {
	case 1:
		out.Int("DOOR_OPEN_STATUS", door)
		out.Int("DOOR_OPEN_TIMES", times)
		out.Int("LAST_DOOR_OPEN_DURATION", duration) // min
		out.Int("ALARM", alarm)
	case 2:
		out.Int("WATER_LEAK_STATUS", leak)
		out.Int("WATER_LEAK_TIMES", times)
		out.Int("LAST_WATER_LEAK_DURATION", duration)
	case 3:
		out.Int("DOOR_OPEN_STATUS", door)
		out.Int("WATER_LEAK_STATUS", leak)
		out.Int("ALARM", alarm)
	}
}

// draginoOne reads one contact of the second generation: flags, count, duration of the last event, time. CMOD tells whether
// the count is a total (SUM) or since the frame before (PART).
func draginoOne(f *frame, words draginoWords, out *object.Writer) {
	b := f.byte()
	draginoWord(out, "CMOD", b&8 != 0, "PART", "SUM")
	draginoWord(out, "TDC", b&4 != 0, "YES", "NO") // sent because it was time
	draginoWord(out, "ALARM", b&2 != 0, "TRUE", "FALSE")
	draginoWord(out, words.status, b&1 != 0, words.yes, words.no)
	out.Int(words.times, f.big(3))
	out.Int(words.duration, f.big(3)) // min
	draginoTime(f, "TIME", out)
}

// draginoTwo reads two contacts, which are doors.
func draginoTwo(f *frame, out *object.Writer) {
	b := f.byte()
	draginoWord(out, "CMOD", b&8 != 0, "PART", "SUM")
	draginoWord(out, "TDC", b&4 != 0, "YES", "NO")
	draginoWord(out, "ALARM1", b&2 != 0, "TRUE", "FALSE")
	draginoWord(out, "DOOR1_OPEN_STATUS", b&1 != 0, "OPEN", "CLOSE")
	out.Int("DOOR1_OPEN_TIMES", f.big(3))
	out.Int("LAST_DOOR1_OPEN_DURATION", f.big(3))
	draginoTime(f, "TIME", out)
	b = f.byte()
	draginoWord(out, "ALARM2", b&2 != 0, "TRUE", "FALSE")
	draginoWord(out, "DOOR2_OPEN_STATUS", b&1 != 0, "OPEN", "CLOSE")
	out.Int("DOOR2_OPEN_TIMES", f.big(3))
	out.Int("LAST_DOOR2_OPEN_DURATION", f.big(3))
}
