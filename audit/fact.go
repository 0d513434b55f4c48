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
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("expected a JSON object")
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("expected the name of a member")
		}
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("%.40q stands there twice", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("member %.40q is no JSON", key)
		}
		all[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("the object does not end")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind it")
	}
	return all, nil
}
