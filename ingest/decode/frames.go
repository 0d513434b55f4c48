package decode

import "github.com/gerbang-iot/gerbang/ingest/decode/written"

// ParseFrame reads the bytes of a frame that a person has as text: hexadecimal, or else base64.
func ParseFrame(text []byte) ([]byte, error) { return written.Frame(text) }
