package decode

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// pressOf is the kind of press that a value tells without a model's words for it; none: it tells no press.
func pressOf(n *node, lenient bool) (kind string, f *fault) {
	switch n.kind {
	case 't':
		return "press", nil
	case 'f':
		return "", notPress
	case '0':
		if v, ok := n.number(); ok && v == 0 {
			return "", notPress
		}
		return "press", nil
	case '"':
		switch word := strings.ToLower(string(n.raw)); {
		case word == "" || word == "0" || word == "false":
			return "", notPress
		case !written.PlainName(n.raw):
			return "", faultf(telemetry.ReasonField, "%s, want the kind of press", kindName(n.kind))
		case !meaning.Press(word, lenient):
			return "", notPress
		case word == "1" || word == "true" || word == "yes" || word == "pressed":
			return "press", nil
		}
		return meaning.PressKind(n.raw), nil
	}
	return "", faultf(telemetry.ReasonField, "%s, want the kind of press", kindName(n.kind))
}

// notPress is the answer for a word that is understood and tells no press: a release, the turn of a dial.
var notPress = &fault{format: "no press"}
