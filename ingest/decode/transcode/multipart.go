package transcode

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/textproto"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Part reads a multipart body (multipart/form-data, multipart/mixed) and gives its first part that is XML or JSON, at most
// limit bytes. Everything else, pictures above all, is read over and not kept, also what follows the part: a camera that still
// sends would take a refused rest for a failure.
//
// boundary is that of the content type; where it is empty the first line of the body that can be a boundary is. The reader is
// lenient as mime/multipart is not, for cameras repeat the boundary line, leave out the empty line before a part's content,
// or give a part no content type: a part without one, or of text/plain, is taken by its first character.
//
// An error of body itself is in the chain of the error.
func Part(body io.Reader, boundary string, limit int) ([]byte, error) {
	if len(boundary) > maxBoundary {
		return nil, errorf(telemetry.ReasonSyntax, "a multipart boundary of %d bytes, want at most %d", len(boundary), maxBoundary)
	}
	s := scanner{lines: bufio.NewReaderSize(body, 4096), limit: limit}
	if boundary != "" {
		s.boundary = []byte("--" + boundary)
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	switch {
	case !s.done:
		return nil, errorf(telemetry.ReasonField, "the multipart body has no part that is XML or JSON")
	case len(s.part) > limit:
		return nil, s.tooLarge()
	}
	return s.part, nil
}

// maxBoundary is RFC 2046's.
const maxBoundary = 70

// maxHeader bounds the header lines of all parts of one body.
const maxHeader = 256

// scanner goes through a multipart body line by line.
type scanner struct {
	lines    *bufio.Reader
	boundary []byte // with its two dashes; nil: not known yet
	limit    int

	at      place
	kind    kind   // of the part under way
	headers int    // header lines so far
	part    []byte // the content wanted, with the line end that belongs to the next boundary
	done    bool   // part is whole
}

// place is where in the body a line stands.
type place uint8

const (
	outside place = iota // before the first boundary or behind the last
	header
	content
)

// kind says what is done with a part's content.
type kind uint8

const (
	byContent kind = iota // its first character decides
	wanted
	dropped
)

func (s *scanner) run() error {
	begin := true // of a line; a line longer than the buffer comes in pieces
	for {
		piece, err := s.lines.ReadSlice('\n')
		if fault := s.line(piece, begin); fault != nil {
			return fault
		}
		switch {
		case errors.Is(err, io.EOF):
			s.finish() // the last boundary is missing where a camera was in a hurry
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			begin = false
		case err != nil:
			return &Error{Reason: telemetry.ReasonSyntax, Detail: "the multipart body could not be read to its end", Err: fmt.Errorf("reading a multipart body: %w", err)}
		default:
			begin = true
		}
	}
}

func (s *scanner) line(line []byte, begin bool) error {
	if begin && s.border(line) {
		return nil
	}
	switch s.at {
	case header:
		return s.header(line, begin)
	case content:
		return s.content(line)
	}
	return nil
}

// border reports whether line is a boundary, and goes over it.
func (s *scanner) border(line []byte) bool {
	text := bytes.TrimRight(line, " \t\r\n")
	if s.boundary == nil {
		if s.at != outside || len(text) < 3 || len(text) > maxBoundary+2 || !bytes.HasPrefix(text, []byte("--")) {
			return false
		}
		s.boundary = bytes.Clone(text)
	}
	rest, ok := bytes.CutPrefix(text, s.boundary)
	if !ok || len(rest) > 0 && string(rest) != "--" {
		return false
	}
	s.finish()
	if s.at = header; len(rest) > 0 {
		s.at = outside
	}
	s.kind = byContent
	return true
}

// finish ends the part under way.
func (s *scanner) finish() {
	if s.at != content || s.kind != wanted || s.done {
		return
	}
	s.part = bytes.TrimRight(s.part, "\r\n")
	if s.done = len(bytes.TrimSpace(s.part)) > 0; !s.done {
		s.part = nil
	}
}

func (s *scanner) header(line []byte, begin bool) error {
	text := bytes.TrimSpace(line)
	switch {
	case len(text) == 0 && begin:
		s.at = content
		return nil
	case begin && begins(text):
		s.at = content
		return s.content(line)
	case !begin: // the rest of a header that is longer than any that matters
		return nil
	}
	if s.headers++; s.headers > maxHeader {
		return errorf(telemetry.ReasonTooLarge, "more than %d header lines in a multipart body", maxHeader)
	}
	name, value, ok := strings.Cut(string(text), ":")
	if !ok || textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) != "Content-Type" {
		return nil
	}
	// A parameter that cannot be read says nothing about the type.
	if media, _, err := mime.ParseMediaType(value); err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
		s.kind = kindOf(media)
	}
	return nil
}

func kindOf(media string) kind {
	family, sub, _ := strings.Cut(media, "/")
	switch {
	case sub == "json", sub == "xml", strings.HasSuffix(sub, "+json") && family != "image", strings.HasSuffix(sub, "+xml") && family != "image":
		return wanted
	case media == "text/plain", media == "text/html", media == "application/octet-stream", media == "":
		return byContent
	}
	return dropped
}

func (s *scanner) content(line []byte) error {
	if s.done || s.kind == dropped {
		return nil
	}
	if s.kind == byContent {
		text := bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
		if len(text) == 0 {
			return nil
		}
		if !begins(text) {
			s.kind = dropped
			return nil
		}
		s.kind = wanted
	}
	if len(s.part)+len(line) > s.limit+len("\r\n") {
		return s.tooLarge()
	}
	s.part = append(s.part, line...)
	return nil
}

// begins reports whether text, which is not empty, can be the begin of XML or JSON.
func begins(text []byte) bool { return text[0] == '<' || text[0] == '{' || text[0] == '[' }

func (s *scanner) tooLarge() error {
	return errorf(telemetry.ReasonTooLarge, "a part that is XML or JSON has more than %d bytes, want at most that", s.limit)
}
