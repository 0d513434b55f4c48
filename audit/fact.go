package audit

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Fact is an entry as it is read.
type Fact struct {
	Version int
	Kind    Kind
	Site    string
	// At is when it happened: RFC 3339 in UTC. Empty: it says none.
	At     string
	Source Source
	// Members are all members of the entry as they stand there, also those above.
	Members map[string]json.RawMessage
}

// ErrEntry says that bytes are no entry of a log.
var ErrEntry = errors.New("it is no entry of a log")

// Parse reads an entry. One of a kind that this version does not know is read; one of another version of the format is an ErrEntry, as is all
// that two readers could understand differently.
func Parse(entry []byte) (*Fact, error) {
	if len(entry) > MostBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are possible", ErrEntry, len(entry), MostBytes)
	}
	if !utf8.Valid(entry) {
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrEntry)
	}
	f := &Fact{}
	var err error
	if f.Members, err = members(entry); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if err := json.Unmarshal(f.Members["v"], &f.Version); err != nil || f.Version != Version {
		return nil, fmt.Errorf("%w: its version is %.20q, this program reads %d", ErrEntry, f.Members["v"], Version)
	}
	f.Kind, f.Site, f.At = Kind(f.Text("kind")), f.Text("site"), f.Text("at")
	if f.Kind == "" {
		return nil, fmt.Errorf("%w: it has no kind", ErrEntry)
	}
	if text := f.Members["source"]; text != nil {
		if err := f.Source.parse(text); err != nil {
			return nil, fmt.Errorf("%w: its source: %w", ErrEntry, err)
		}
	}
	return f, nil
}

// Text is a member that is a text; empty: there is none.
func (f *Fact) Text(key string) string {
	var s string
	_ = json.Unmarshal(f.Members[key], &s) // what is no text is none
	return s
}

// Number is a member that is a whole number; false: there is none.
func (f *Fact) Number(key string) (int64, bool) {
	n, err := strconv.ParseInt(f.Text(key), 10, 64)
	return n, err == nil
}

// errOther says that bytes are not those that an entry speaks of, ErrErased that nobody can tell any more.
var errOther = errors.New("it is not what the entry of the log says")

// ErrErased says that the salt of an entry was erased: what it spoke of cannot be proven any more, that it is in the log can.
var ErrErased = errors.New("the salt of the entry was erased")

// Holds compares the stored body of the row that the entry speaks of with the entry. The salt is that of the entry, where its source is sealed.
func (f *Fact) Holds(body, salt []byte) error {
	var got [sha256.Size]byte
	want := f.Source.SHA256
	switch {
	case f.Source.Table == "":
		return errors.New("the entry speaks of no row")
	case f.Source.Sealed == "":
		got = sha256.Sum256(body)
	case len(salt) == 0:
		return ErrErased
	default:
		want, got = f.Source.Sealed, Seal(salt, body)
	}
	sum, err := hex.DecodeString(want)
	if err != nil || subtle.ConstantTimeCompare(sum, got[:]) != 1 {
		return errOther
	}
	return nil
}

func (s *Source) parse(text []byte) error {
	all, err := members(text)
	if err != nil {
		return err
	}
	var row string
	for key, target := range map[string]*string{"table": &s.Table, "row": &row, "sha256": &s.SHA256, "sealed": &s.Sealed} {
		if all[key] == nil {
			continue
		}
		if err := json.Unmarshal(all[key], target); err != nil {
			return fmt.Errorf("%s is no text", key)
		}
	}
	if s.Row, err = strconv.ParseInt(row, 10, 64); err != nil {
		return fmt.Errorf("row %.20q is no whole number", row)
	}
	if s.Table == "" || (s.SHA256 == "") == (s.Sealed == "") {
		return errors.New("expected a table, and either sha256 or sealed")
	}
	return nil
}

// members reads an object of which no name stands twice, and behind which nothing stands.
func members(text []byte) (map[string]json.RawMessage, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text)) // of a buffer it reads without copying; it refuses names that stand twice
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errors.New("expected a JSON object")
	}
	all := make(map[string]json.RawMessage, 16)
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, unread(err)
		}
		key := t.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, unread(err)
		}
		all[key] = json.RawMessage(value.Clone())
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, unread(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind it")
	}
	return all, nil
}

// unread says why an object cannot be read, without what stands in it.
func unread(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("a name stands there twice")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the object does not end")
	}
	return errors.New("it is no JSON")
}

// skimmer looks whether entries can be understood, without keeping what they say: whoever verifies a log looks at millions. It is for one goroutine.
type skimmer struct {
	text bytes.Reader
	d    *jsontext.Decoder
}

// skim is the kind of an entry. Its error is an ErrEntry, where Parse has one about the object, its version or its kind; about its source Parse says more.
func (s *skimmer) skim(entry []byte) (kind Kind, err error) {
	s.text.Reset(entry)
	if s.d == nil {
		s.d = jsontext.NewDecoder(&s.text)
	} else {
		s.d.Reset(&s.text)
	}
	if t, err := s.d.ReadToken(); err != nil || t.Kind() != '{' || len(entry) > MostBytes {
		return "", fmt.Errorf("%w: expected a JSON object of at most %d bytes", ErrEntry, MostBytes)
	}
	version := false
	for s.d.PeekKind() != '}' {
		t, err := s.d.ReadToken()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrEntry, unread(err))
		}
		isVersion, isKind := t.String() == "v", t.String() == "kind"
		value, err := s.d.ReadValue()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrEntry, unread(err))
		}
		switch {
		case isVersion:
			version = string(value) == "1"
		case isKind && value.Kind() == '"':
			text, _ := jsontext.AppendUnquote(nil, value) // it was read as one
			kind = Kind(text)
		}
	}
	if _, err := s.d.ReadToken(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrEntry, unread(err))
	}
	switch _, err := s.d.ReadToken(); {
	case !errors.Is(err, io.EOF):
		return "", fmt.Errorf("%w: something stands behind it", ErrEntry)
	case !version:
		return "", fmt.Errorf("%w: it is not of version %d", ErrEntry, Version)
	case kind == "":
		return "", fmt.Errorf("%w: it has no kind", ErrEntry)
	}
	return kind, nil
}
