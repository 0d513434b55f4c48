package redact

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Sight is who looks.
type Sight uint8

const (
	// Kept is for what is stored, logged and sent: the shape of whatever nobody knows.
	Kept Sight = iota
	// Heard is for New devices, in memory only: well-formed addresses of devices as well.
	Heard
	// Open is for the person whose message it is.
	Open
)

// Quote is Go's, with the … of a shape left as it is.
func Quote(s string) string {
	return strings.ReplaceAll(strconv.QuoteToASCII(written.Bounded(s, written.MaxShown)), `\u2026`, "…")
}

// Name is a name as it may be kept: what a format or the configuration knows stays; of the rest the length.
func (l *Lexicon) Name(name string) string {
	if l.knows(name) {
		return name
	}
	if len(name) > written.MaxWord || written.CountDigits([]byte(name)) > maxNameDigits {
		return ingest.Outline(name)
	}
	var b strings.Builder
	known := false
	for rest := name; rest != ""; {
		end := strings.IndexAny(rest, "_-. ")
		if end == 0 {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		if end < 0 {
			end = len(rest)
		}
		if piece := rest[:end]; len(piece) > 2 && l.knowsPiece(piece) && strings.Trim(piece, "0123456789") != "" {
			b.WriteString(piece)
			known = true
		} else {
			b.WriteString(ingest.Outline(piece))
		}
		rest = rest[end:]
	}
	if !known {
		return ingest.Outline(name)
	}
	return b.String()
}

// Topic is a topic as it may be kept: levels that models or the configuration know, and the shape of the others. address is of the
// device that it is about, where somebody knows.
func (l *Lexicon) Topic(topic string, s Sight, address string) string {
	if s == Open {
		return topic
	}
	var named []string
	if s == Heard && WellFormed(address) {
		named = strings.Split(address, "/")
	}
	levels := strings.Split(strings.ToValidUTF8(topic, "\uFFFD"), "/")
	digits, most := 0, maxNameDigits
	if s == Heard {
		most = maxDigits
	}
	for i, level := range levels {
		shown := level
		if !l.own[strings.ToLower(level)] && !slices.Contains(named, level) && (s != Heard || !wellFormedAlone(level)) {
			shown = l.Name(level)
			if level != "" && strings.Trim(level, "0123456789") == "" {
				// A level that only counts; a telephone number in parts is none.
				if digits += len(level); digits > most {
					shown = ingest.Outline(level)
				} else {
					shown = level
				}
			}
		}
		levels[i] = shown
	}
	return written.Bounded(strings.Join(levels, "/"), written.MaxTopic)
}

// WellFormed reports whether an address looks like one that a device has where a format says that a device's address stands: an
// identifier, and not like a person's number, name or mail.
func WellFormed(address string) bool {
	if len(address) == 0 || len(address) > written.MaxAddress || !written.Plain([]byte(address), "_-.:/") {
		return false
	}
	digits := written.CountDigits([]byte(address))
	if digits == 0 && strings.Trim(address, "abcdefghijklmnopqrstuvwxyz_-/") != "" {
		return false // Budi, budi.santoso
	}
	return digits < 10 || strings.Trim(address, "0123456789_-.:/") != ""
}

// wellFormedAlone is WellFormed of a text that nobody says to be an address: an EUI, a MAC, a maker's prefix with one behind it, a
// serial number of capitals and digits.
func wellFormedAlone(text string) bool {
	if !WellFormed(text) {
		return false
	}
	tail := text[strings.LastIndexAny(text, "_-")+1:]
	hex := strings.NewReplacer(":", "", "-", "").Replace(text)
	switch {
	case isEUI(strings.TrimPrefix(hex, "0x")), isEUI(tail) && len(tail) >= 6:
		return true
	}
	digits := written.CountDigits([]byte(text))
	return digits >= 4 && 2*digits >= len(text) && strings.ToUpper(text) == text && digits < len(text)
}

// isEUI reports whether a text is 6 to 16 hexadecimal digits, with letters and figures.
func isEUI(text string) bool {
	if len(text) < 6 || len(text) > 16 || len(text)%2 != 0 {
		return false
	}
	digits := written.CountDigits([]byte(text))
	return strings.Trim(text, "0123456789abcdefABCDEF") == "" && digits > 1 && digits < len(text)
}
