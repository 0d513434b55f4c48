package codec

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("oxobutton", "Oxon OXObutton Q, OXObutton 2 and button board", oxobutton)
}

// oxobutton reads the buttons of Oxon, whose first byte names the device. A frame comes because a button was pressed, as a
// heartbeat (hbIRQ, heartbeatEvent) or because a sensor saw something (accIRQ, the other events); press says that it is the
// first.
//
// Source: the device types oxon at github.com/akenza-io/device-type-library.
func oxobutton(up Uplink, out *object.Writer) error {
	const single, board, second = 0x30, 0x31, 0x39
	c := newCursor(up.Bytes)
	switch kind := c.u8(); kind {
	case single:
		button, heartbeat, moved := c.u8(), c.u8() != 0, c.u8() != 0
		out.Flag("press", !heartbeat && !moved)
		out.Int("buttonId", int64(button))
		out.Flag("hbIRQ", heartbeat)
		out.Flag("accIRQ", moved)
		out.Int("imageID", int64(c.u16()))
		oxobuttonState(c, out)
	case board:
		oxobuttonBoard(c, out)
	case second:
		oxobuttonSecond(c, out)
	default:
		if c.err == nil {
			return fmt.Errorf("byte 0: unknown device %#02x, want %#02x, %#02x or %#02x", kind, single, board, second)
		}
	}
	return c.err // what follows is of sensors that a device can be set to report
}

func oxobuttonBoard(c *cursor, out *object.Writer) {
	long := c.flag()
	c.flag()
	pressed := c.bits(6) // button 1 is the lowest bit
	out.Flag("longPressed", long)
	for i := 6; i >= 1; i-- {
		out.Flag(fmt.Sprintf("button%d", i), pressed>>(i-1)&1 == 1)
	}
	heartbeat, moved := c.u8() != 0, c.u8() != 0
	out.Flag("press", !heartbeat && !moved && pressed != 0)
	out.Flag("hbIRQ", heartbeat)
	out.Flag("accIRQ", moved)
	out.Int("appMode", int64(c.u8()))
	enabled := c.u8()
	for i := 6; i >= 1; i-- {
		out.Flag(fmt.Sprintf("button%dEnabled", i), enabled>>(i-1)&1 == 1)
	}
	oxobuttonState(c, out)
}

// oxobuttonState reads battery, the device's temperature and its acceleration, 2 g at the end of the scale.
func oxobuttonState(c *cursor, out *object.Writer) {
	out.Int("batteryLevel", int64(c.u8())) // %
	out.Int("temperature", int64(c.i8()))
	for _, name := range []string{"accX", "accY", "accZ"} {
		v := float64(c.i16())
		if v > 0 {
			v *= 2.0 / 8191
		} else {
			v *= 2.0 / 8192
		}
		out.Number(name, math.Round(v*1000)/1000)
	}
}

func oxobuttonSecond(c *cursor, out *object.Writer) {
	reasons, more := c.u8(), c.u8()
	out.Flag("press", reasons&0x0F != 0)
	for i, name := range []string{"button1", "button2", "button3", "button4", "heartbeatEvent"} {
		out.Flag(name, reasons>>i&1 == 1)
	}
	for i, name := range []string{"periodicUplink", "temperatureEvent", "humidityEvent", "ambientLightEvent"} {
		out.Flag(name, more>>i&1 == 1)
	}
	mode := "UNKNOWN"
	modes := []string{"SENSOR_DISPLAY", "GENERIC_BELL_IMAGE", "FIRE_ALARM_IMAGE", "SERVICE_REQUEST_IMAGE", "MEDICAL_INCIDENT_IMAGE",
		"TECHNICAL_ALERT_IMAGE"}
	if v := int(c.u8()); v < len(modes) {
		mode = modes[v]
	}
	out.Text("appMode", mode)
	out.Flag("acceptsDownlinks", c.u8() != 0)
	out.Int("batteryLevel", int64(c.u8()))
	out.Number("temperature", float64(c.i16())/100)
	out.Number("humidity", float64(c.u16())/100)
	out.Number("light", float64(c.u16())/100)
}
