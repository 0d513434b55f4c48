package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"unicode"
	"unicode/utf8"
)

// legible writes text for a terminal. Whatever could move the cursor, colour, rename or turn round what is read is shown as an escape:
// topics, names and payloads come from devices that nobody knows. Lines and tabs stay. It is safe for concurrent
// use.
type legible struct {
	to   io.Writer
	mu   sync.Mutex
	rest []byte // the beginning of a character whose end has not come
}

// shown makes a writer legible.
func shown(w io.Writer) io.Writer {
	if w == nil || w == io.Discard {
		return w
	}
	return &legible{to: w}
}

// plainly is the writer behind a legible one, for text of our own that moves the cursor. It shares the legible one's lock: progress
// and messages come from different goroutines.
func plainly(w io.Writer) io.Writer {
	if l, ok := w.(*legible); ok {
		return plain{l}
	}
	return w
}

// plain writes past a legible's escapes.
type plain struct{ past *legible }

func (p plain) Write(text []byte) (int, error) {
	p.past.mu.Lock()
	defer p.past.mu.Unlock()
	return p.past.to.Write(text)
}

// isTerminal tells whether somebody looks at what is written.
func isTerminal(w io.Writer) bool {
	switch v := w.(type) {
	case plain:
		return isTerminal(v.past.to)
	case *legible:
		return isTerminal(v.to)
	case *os.File:
		info, err := v.Stat()
		return err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return false
}

// Write escapes p.
func (l *legible) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := p
	if len(l.rest) > 0 {
		text = append(l.rest, p...)
		l.rest = nil
	}
	var out []byte
	kept := 0 // of text, that is in out; nothing is copied as long as nothing is escaped
	for i := 0; i < len(text); {
		c, n := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			if !utf8.FullRune(text[i:]) {
				out = append(out, text[kept:i]...)
				l.rest = append([]byte(nil), text[i:]...)
				kept = len(text)
				break
			}
			c, n = utf8.DecodeRune(text[i:])
		}
		switch {
		case c == utf8.RuneError && n == 1:
			out = fmt.Appendf(append(out, text[kept:i]...), `\x%02x`, text[i])
			kept = i + n
		case c == '\n' || c == '\t' || c > 0x1f && c < 0x7f:
		case c < 0x80:
			out = fmt.Appendf(append(out, text[kept:i]...), `\x%02x`, c)
			kept = i + n
		case unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp):
			out = fmt.Appendf(append(out, text[kept:i]...), `\u%04x`, c)
			kept = i + n
		}
		i += n
	}
	if kept == 0 {
		out = text
	} else {
		out = append(out, text[kept:]...)
	}
	if _, err := l.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
