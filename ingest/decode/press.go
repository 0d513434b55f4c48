package decode

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// pressOf is the kind of press that a value tells without a model's words for it; none: it tells no press.
func pressOf(n *document.Node, lenient bool) (kind string, f *fault.Fault) {
	switch n.Kind {
	case 't':
		return "press", nil
	case 'f':
		return "", fault.NotPress
	case '0':
		if v, ok := n.Number(); ok && v == 0 {
			return "", fault.NotPress
		}
		return "press", nil
	case '"':
		switch word := strings.ToLower(string(n.Raw)); {
		case word == "" || word == "0" || word == "false":
			return "", fault.NotPress
		case !written.PlainName(n.Raw):
			return "", fault.New(telemetry.ReasonField, "%s, want the kind of press", document.KindName(n.Kind))
		case !meaning.Press(word, lenient):
			return "", fault.NotPress
		case word == "1" || word == "true" || word == "yes" || word == "pressed":
			return "press", nil
		}
		return meaning.PressKind(n.Raw), nil
	}
	return "", fault.New(telemetry.ReasonField, "%s, want the kind of press", document.KindName(n.Kind))
}
