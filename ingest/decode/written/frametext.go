package written

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Base64 appends the bytes of a frame that is written in base64, in the standard alphabet or that of URLs, with or without
// padding: converters between a device and the broker write all of them.
func Base64(dst, text []byte) ([]byte, error) {
	text = bytes.TrimRight(bytes.TrimSpace(text), "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	frame, err := encoding.AppendDecode(dst, text)
	if err == nil {
		return frame, nil
	}
	if at, ok := errors.AsType[base64.CorruptInputError](err); ok && int(at) < len(text) {
		return dst, fmt.Errorf("no base64 from character %d on: want A-Z, a-z, 0-9, + and /, or - and _", int(at)+1)
	}
	return dst, fmt.Errorf("cut off: %d characters are no base64", len(text))
}

// Hex appends the bytes of a frame that is written in hexadecimal, in capitals or not, with or without 0x before it and spaces,
// colons or dashes between bytes.
func Hex(dst, text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		text = text[2:]
	}
	if bytes.ContainsAny(text, " :-\t\r\n") {
		text = bytes.Map(func(r rune) rune {
			switch r {
			case ' ', ':', '-', '\t', '\r', '\n':
				return -1
			}
			return r
		}, text)
	}
	frame, err := hex.AppendDecode(dst, text)
	switch {
	case err == nil:
		return frame, nil
	case errors.Is(err, hex.ErrLength):
		return dst, fmt.Errorf("cut off: %d hexadecimal digits are no whole bytes", len(text))
	}
	return dst, errors.New("no hexadecimal: want an even number of the digits 0-9 and a-f")
}

// Frame reads the bytes of a frame that a person has as text: hexadecimal, or else base64.
func Frame(text []byte) ([]byte, error) {
	frame, err := Hex(nil, text)
	if err != nil {
		if other, wrong := Base64(nil, text); wrong == nil {
			return other, nil
		}
		return nil, err
	}
	return frame, nil
}
