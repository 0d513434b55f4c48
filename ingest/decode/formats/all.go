// Package formats is how messages are written: each format is a file here, and a line of All. What a format is says reading.Format.
package formats

import "github.com/gerbang-iot/gerbang/ingest/decode/reading"

// All is every format that models may name.
func All() []reading.Format {
	return []reading.Format{
		nativeFormat(), jsonFormat(), valueFormat(), xmlFormat(), loRaWANFormat(), framedFormat(), homieFormat(), homeAssistantFormat(),
		sparkplugFormat(), lineFormat(), senMLFormat(),
	}
}
