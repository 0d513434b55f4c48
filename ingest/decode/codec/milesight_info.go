package codec

import (
	"encoding/hex"
	"strconv"
)

// msInfo is what a device says about itself when it joins or is asked; nearly all lines say it in this way.
var msInfo = []msChannel{
	msCall(0xff, 0x01, 1, func(f *msFrame, data []byte) error {
		f.text("ipso_version", "v"+strconv.Itoa(int(data[0]>>4))+"."+strconv.Itoa(int(data[0]&0x0f)))
		return nil
	}),
	msCall(0xff, 0x08, 6, msSerial),
	msCall(0xff, 0x16, 8, msSerial),
	msCall(0xff, 0x09, 2, func(f *msFrame, data []byte) error { // the low half of the second byte is not used
		f.text("hardware_version", "v"+strconv.FormatUint(uint64(data[0]), 16)+"."+strconv.Itoa(int(data[1]>>4)))
		return nil
	}),
	msCall(0xff, 0x0a, 2, func(f *msFrame, data []byte) error {
		f.text("firmware_version", "v"+strconv.FormatUint(uint64(data[0]), 16)+"."+strconv.FormatUint(uint64(data[1]), 16))
		return nil
	}),
	msVersion(0xff, 2, "tsl_version", "v"),
	// The byte says nothing: these are sent when the device is switched on, or was reset.
	msCall(0xff, 0x0b, 1, func(f *msFrame, _ []byte) error { f.text("device_status", "on"); return nil }),
	msCall(0xff, 0xfe, 1, func(f *msFrame, _ []byte) error { f.text("reset_event", "reset"); return nil }),
	msOf(0xff, 0x0f, 1, msWord("lorawan_class", 0, msWords{0: "Class A", 1: "Class B", 2: "Class C", 3: "Class CtoB"})),
}

// msSerial reads a serial number.
func msSerial(f *msFrame, data []byte) error {
	f.text("sn", hex.EncodeToString(data))
	return nil
}

// msVersion is a version of size numbers with dots between them.
func msVersion(typ byte, size int, name, before string) msChannel {
	return msCall(0xff, typ, size, func(f *msFrame, data []byte) error {
		text := []byte(before)
		for i, n := range data {
			if i > 0 {
				text = append(text, '.')
			}
			text = strconv.AppendUint(text, uint64(n), 10)
		}
		f.text(name, string(text))
		return nil
	})
}

// msCameraInfo is how VS121 and VS132 say what they are.
var msCameraInfo = []msChannel{
	msOf(0xff, 0x01, 1, msU8("protocol_version", 0)),
	msVersion(0x09, 2, "hardware_version", ""),
	msVersion(0x1f, 4, "firmware_version", ""),
}
