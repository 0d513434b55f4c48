package decode

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxDetail and maxShown bound what a rejection says, and how much of one foreign name it repeats, in bytes.
const (
	maxDetail = 400
	maxShown  = 80
)

// reject makes the record of a message that was not understood.
func (w *Worker) reject(msg *ingest.Message, b *binding, f *fault) telemetry.Record {
	topic, raw, device := msg.Topic, msg.Payload, b.device
	if w.sight != open {
		l := w.d.lexicon()
		topic, raw, device = l.topic(topic, kept, ""), l.redact(raw), l.name(device)
	}
	return telemetry.Record{
		Kind: telemetry.KindRejection,
		Site: b.site,
		At:   msg.Received, Received: msg.Received,
		Rejection: &telemetry.Rejection{
			Topic:  bounded(topic, maxTopic),
			Device: device,
			Reason: f.reason,
			Detail: bounded(w.said(f), maxDetail),
			Size:   len(msg.Payload),
			Raw:    cut(raw, telemetry.MaxRaw),
		},
	}
}

// bounded is s as valid UTF-8 of at most n bytes; what was cut is marked.
func bounded(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	cut := n - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// identifier reports whether an address looks like one, and not like a person's name or address.
func identifier(address string) bool {
	return !strings.ContainsFunc(address, func(r rune) bool { return r == '@' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// validID reports whether s can be the id of a site, device or task: [a-z0-9][a-z0-9_-]{0,63}.
func validID(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] == '_' || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
