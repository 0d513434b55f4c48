package decode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// foreign is a text of a message that a fault repeats: a name, an address, a topic. How much of it is shown depends on who looks.
type foreign struct {
	text string
	kind foreignKind
}

type foreignKind uint8

const (
	foreignName    foreignKind = iota // of a member, an entity, a task: shown where it is known
	foreignAddress                    // of a device
	foreignTopic
	foreignNames  // of members, which are already told apart by ", "
	foreignValue  // a number, and what is wrong with it behind a space
	foreignReason // what somebody else's program says of the message
)

// sight is who looks.
type sight uint8

const (
	// kept is for what is stored, logged and sent: the shape of whatever nobody knows.
	kept sight = iota
	// heard is for New devices, in memory only: well-formed addresses of devices as well.
	heard
	// open is for the person whose message it is.
	open
)

// quoted shows a foreign name on one line without anything a terminal or page could take for a command.
func quoted(s string) foreign { return foreign{s, foreignName} }

// shownAddress shows the address of a device that nobody configured.
func shownAddress(address string) foreign { return foreign{address, foreignAddress} }

func quotedTopic(topic string) foreign { return foreign{topic, foreignTopic} }

// show is the text for a person. Without a lexicon nothing is known.
func (f foreign) show(l *lexicon, s sight) string {
	if s == open {
		switch f.kind {
		case foreignReason, foreignValue:
			return f.text
		case foreignNames:
			return membersOf(f.text)
		}
		return quote(f.text)
	}
	switch f.kind {
	case foreignTopic:
		return quote(l.topic(f.text, s, ""))
	case foreignAddress:
		if s == heard && wellFormed(f.text) {
			return quote(f.text)
		}
	case foreignNames:
		names := strings.Split(f.text, ", ")
		for i, name := range names {
			if name != "…" && name != "?" {
				names[i] = l.name(name)
			}
		}
		return membersOf(strings.Join(names, ", "))
	case foreignValue:
		// It is no value of what it stands for; a long one may be of anything else.
		number, wrong, _ := strings.Cut(f.text, " ")
		if written.CountDigits([]byte(number)) > maxKeptDigits+1 {
			number = "a number of that size"
		}
		return number + " " + wrong
	case foreignReason:
		return fmt.Sprintf("(a text of %d characters)", utf8.RuneCountInString(f.text))
	}
	return quote(l.name(f.text))
}

// membersOf says which members an object has.
func membersOf(names string) string {
	if names == "" {
		return "no members at all"
	}
	return "the members " + names
}

// quote is Go's, with the … of a shape left as it is.
func quote(s string) string {
	return strings.ReplaceAll(strconv.QuoteToASCII(written.Bounded(s, written.MaxShown)), `\u2026`, "…")
}

// said is what the fault says to whoever looks.
func (f *fault) said(l *lexicon, s sight) string {
	if len(f.args) == 0 {
		return f.format
	}
	args := make([]any, len(f.args))
	for i, arg := range f.args {
		switch arg := arg.(type) {
		case foreign:
			args[i] = arg.show(l, s)
		case *fault:
			args[i] = arg.said(l, s)
		case []*fault:
			all := make([]string, len(arg))
			for j := range arg {
				all[j] = arg[j].said(l, s)
			}
			args[i] = strings.Join(all, "; ")
		default:
			args[i] = arg
		}
	}
	return fmt.Sprintf(f.format, args...)
}

// name is a name as it may be kept: what a format or the configuration knows stays; of the rest the length.
func (l *lexicon) name(name string) string {
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

// topic is a topic as it may be kept: levels that models or the configuration know, and the shape of the others. address is of the
// device that it is about, where somebody knows.
func (l *lexicon) topic(topic string, s sight, address string) string {
	if s == open {
		return topic
	}
	var named []string
	if s == heard && wellFormed(address) {
		named = strings.Split(address, "/")
	}
	levels := strings.Split(strings.ToValidUTF8(topic, "\uFFFD"), "/")
	digits, most := 0, maxNameDigits
	if s == heard {
		most = maxDigits
	}
	for i, level := range levels {
		shown := level
		if !l.own[strings.ToLower(level)] && !slices.Contains(named, level) && (s != heard || !wellFormedAlone(level)) {
			shown = l.name(level)
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

// wellFormed reports whether an address looks like one that a device has where a format says that a device's address stands: an
// identifier, and not like a person's number, name or mail.
func wellFormed(address string) bool {
	if len(address) == 0 || len(address) > written.MaxAddress || !written.Plain([]byte(address), "_-.:/") {
		return false
	}
	digits := written.CountDigits([]byte(address))
	if digits == 0 && strings.Trim(address, "abcdefghijklmnopqrstuvwxyz_-/") != "" {
		return false // Budi, budi.santoso
	}
	return digits < 10 || strings.Trim(address, "0123456789_-.:/") != ""
}

// wellFormedAlone is wellFormed of a text that nobody says to be an address: an EUI, a MAC, a maker's prefix with one behind it, a
// serial number of capitals and digits.
func wellFormedAlone(text string) bool {
	if !wellFormed(text) {
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
