package redact

import (
	"bytes"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// xml keeps the elements of a document and what redaction keeps of the text in them, each by the name of its element. Of
// attributes, comments and instructions nothing stays. Like json it must cope with anything.
func (r *redactor) xml() {
	r.name = unnamed
	for i := 0; i < len(r.src) && len(r.out) < r.limit; {
		if r.src[i] != '<' {
			end := i + 1 + bytes.IndexByte(r.src[i+1:], '<')
			if end == i {
				end = len(r.src)
			}
			r.text(r.src[i:end], end == len(r.src))
			i = end
			continue
		}
		length := bytes.IndexByte(r.src[i:], '>')
		if length < 0 {
			r.out = append(r.out, "<…"...) // cut: nobody knows what it was
			return
		}
		r.tag(r.src[i+1 : i+length])
		i += length + 1
	}
}

// tag handles what stands between < and >.
func (r *redactor) tag(inner []byte) {
	closing := bytes.HasPrefix(inner, []byte("/"))
	name := bytes.TrimPrefix(inner, []byte("/"))
	if end := bytes.IndexAny(name, " \t\r\n/"); end >= 0 {
		name = name[:end]
	}
	r.name = unnamed
	local := name[bytes.LastIndexByte(name, ':')+1:]
	switch {
	case len(local) == 0 || local[0] == '!' || local[0] == '?':
		r.out = append(r.out, "<…>"...)
		return
	case !closing && r.known.knows(string(local)):
		r.name = strings.ToLower(string(local))
	}
	name = []byte(r.known.Name(string(local)))
	r.out = append(r.out, '<')
	if closing {
		r.out = append(r.out, '/')
	}
	r.out = append(r.out, name...)
	if bytes.HasSuffix(inner, []byte("/")) {
		r.out = append(r.out, '/')
		r.name = unnamed
	}
	r.out = append(r.out, '>')
}

// text handles what stands between two tags; last: nothing follows, so that it may be cut.
func (r *redactor) text(text []byte, last bool) {
	trimmed := bytes.TrimSpace(text)
	_, numeric := written.Float(trimmed)
	switch {
	case len(trimmed) == 0:
	case numeric:
		r.number(trimmed, last)
	case last:
		r.out = append(r.out, "…"...)
	default:
		r.value(trimmed)
	}
}
