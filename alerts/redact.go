package alerts

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// redactor is a slog.Handler that shortens every URL to its scheme and host. Receivers keep their secrets in URLs (a bot's
// token in the path, a key in the query, a password before the host), and libraries put URLs into errors.
type redactor struct{ slog.Handler }

var _ slog.Handler = redactor{}

var urlPattern = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^\s/"'@]*@)?([^\s/"'?#@\\]*)[^\s"'\\]*`)

func redact(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	return urlPattern.ReplaceAllString(s, "$1$2/...")
}

// Handle passes the record on with its message and attributes redacted.
func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs redacts the attributes at once.
func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		clean = append(clean, redactAttr(a))
	}
	return redactor{h.Handler.WithAttrs(clean)}
}

// WithGroup keeps the redaction.
func (h redactor) WithGroup(name string) slog.Handler { return redactor{h.Handler.WithGroup(name)} }

func redactAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, redact(v.String()))
	case slog.KindGroup:
		group := make([]any, 0, len(v.Group()))
		for _, g := range v.Group() {
			group = append(group, redactAttr(g))
		}
		return slog.Group(a.Key, group...)
	case slog.KindAny:
		if s := fmt.Sprint(v.Any()); strings.Contains(s, "://") {
			return slog.String(a.Key, redact(s))
		}
	}
	return slog.Attr{Key: a.Key, Value: v}
}
