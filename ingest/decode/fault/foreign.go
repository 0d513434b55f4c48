package fault

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Foreign is a text of a message that a fault repeats: a name, an address, a topic. How much of it is shown depends on who looks.
type Foreign struct {
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

// Quoted shows a foreign name on one line without anything a terminal or page could take for a command.
func Quoted(s string) Foreign { return Foreign{s, foreignName} }

// Address shows the address of a device that nobody configured.
func Address(address string) Foreign { return Foreign{address, foreignAddress} }

// Names shows which members an object has, told apart by ", ".
func Names(names string) Foreign { return Foreign{names, foreignNames} }

// Value shows a number and, behind a space, what is wrong with it.
func Value(text string) Foreign { return Foreign{text, foreignValue} }

// Said shows what somebody else's program says of the message.
func Said(text string) Foreign { return Foreign{text, foreignReason} }

// Topic shows a topic on which no device of ours speaks.
func Topic(topic string) Foreign { return Foreign{topic, foreignTopic} }

// show is the text for a person. Without a lexicon nothing is known.
func (f Foreign) show(l *redact.Lexicon, s redact.Sight) string {
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

// Said is what the fault says to whoever looks.
func (f *Fault) Said(l *redact.Lexicon, s redact.Sight) string {
	if len(f.Args) == 0 {
		return f.Format
	}
	args := make([]any, len(f.Args))
	for i, arg := range f.Args {
		switch arg := arg.(type) {
		case Foreign:
			args[i] = arg.show(l, s)
		case *Fault:
			args[i] = arg.Said(l, s)
		case []*Fault:
			all := make([]string, len(arg))
			for j := range arg {
				all[j] = arg[j].Said(l, s)
			}
			args[i] = strings.Join(all, "; ")
		default:
			args[i] = arg
		}
	}
	return fmt.Sprintf(f.Format, args...)
}
