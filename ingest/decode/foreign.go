package decode

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
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

// quoted shows a foreign name on one line without anything a terminal or page could take for a command.
func quoted(s string) foreign { return foreign{s, foreignName} }

// shownAddress shows the address of a device that nobody configured.
func shownAddress(address string) foreign { return foreign{address, foreignAddress} }

func quotedTopic(topic string) foreign { return foreign{topic, foreignTopic} }

// show is the text for a person. Without a lexicon nothing is known.
func (f foreign) show(l *redact.Lexicon, s redact.Sight) string {
	if s == redact.Open {
		switch f.kind {
		case foreignReason, foreignValue:
			return f.text
		case foreignNames:
			return membersOf(f.text)
		}
		return redact.Quote(f.text)
	}
	switch f.kind {
	case foreignTopic:
		return redact.Quote(l.Topic(f.text, s, ""))
	case foreignAddress:
		if s == redact.Heard && redact.WellFormed(f.text) {
			return redact.Quote(f.text)
		}
	case foreignNames:
		names := strings.Split(f.text, ", ")
		for i, name := range names {
			if name != "…" && name != "?" {
				names[i] = l.Name(name)
			}
		}
		return membersOf(strings.Join(names, ", "))
	case foreignValue:
		// It is no value of what it stands for; a long one may be of anything else.
		number, wrong, _ := strings.Cut(f.text, " ")
		if written.CountDigits([]byte(number)) > redact.MaxKeptDigits+1 {
			number = "a number of that size"
		}
		return number + " " + wrong
	case foreignReason:
		return fmt.Sprintf("(a text of %d characters)", utf8.RuneCountInString(f.text))
	}
	return redact.Quote(l.Name(f.text))
}

// membersOf says which members an object has.
func membersOf(names string) string {
	if names == "" {
		return "no members at all"
	}
	return "the members " + names
}

// said is what the fault says to whoever looks.
func (f *fault) said(l *redact.Lexicon, s redact.Sight) string {
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
