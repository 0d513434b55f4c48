package transcode

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// pack is the reading of SenML JSON before its records are resolved.
type pack struct {
	tokens  *jsontext.Decoder
	records []record
}

// readPack reads the records of an array, of a single object, or of an object with "e", whose own labels become a first record.
func readPack(payload []byte) ([]record, error) {
	if !utf8.Valid(payload) {
		return nil, errorf(telemetry.ReasonEncoding, "the SenML is not UTF-8")
	}
	p := pack{tokens: jsontext.NewDecoder(bytes.NewBuffer(payload))}
	var err error
	switch p.tokens.PeekKind() {
	case '[':
		err = p.array()
	case '{':
		err = p.single()
	default:
		return nil, errorf(telemetry.ReasonSyntax, "the SenML is neither an array nor an object")
	}
	if err != nil {
		return nil, err
	}
	if _, err := p.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errorf(telemetry.ReasonSyntax, "something follows the SenML at byte %d", p.tokens.InputOffset())
	}
	return p.records, nil
}

// array reads an array of records.
func (p *pack) array() error {
	if _, err := p.tokens.ReadToken(); err != nil {
		return p.fault(err)
	}
	for p.tokens.PeekKind() != ']' {
		if k := p.tokens.PeekKind(); k != '{' {
			p.records = append(p.records, record{})
			return p.wrong("it", k, "an object")
		}
		if len(p.records) >= maxRecords {
			return errorf(telemetry.ReasonTooLarge, "more than %d records in one message", maxRecords)
		}
		p.records = append(p.records, record{})
		at := len(p.records) - 1
		if err := p.record(at, false); err != nil {
			return err
		}
	}
	_, err := p.tokens.ReadToken()
	return p.fault(err)
}

// single reads an object: one record, or the bases of the entries in its "e", which may stand before them.
func (p *pack) single() error {
	p.records = append(p.records, record{})
	return p.record(0, true)
}

// record reads one object into the record at; only the root may hold entries.
func (p *pack) record(at int, root bool) error {
	if _, err := p.tokens.ReadToken(); err != nil {
		return p.fault(err)
	}
	for p.tokens.PeekKind() == '"' {
		name, err := p.tokens.ReadToken()
		if err != nil {
			return p.fault(err)
		}
		if label := name.String(); root && label == "e" && p.tokens.PeekKind() == '[' {
			p.records[at].has |= hasEntries
			err = p.array()
		} else {
			err = p.member(&p.records[at], label)
		}
		if err != nil {
			return err
		}
	}
	_, err := p.tokens.ReadToken()
	return p.fault(err)
}

// member reads one labelled value.
func (p *pack) member(r *record, label string) error {
	switch label {
	case "bn":
		return p.text(r, label, &r.baseName, hasBaseName)
	case "bt":
		return p.number(r, label, &r.baseTime, hasBaseTime)
	case "bu":
		return p.text(r, label, &r.baseUnit, hasBaseUnit)
	case "bv":
		if k := p.tokens.PeekKind(); k == 't' || k == 'f' { // the boolean value of the drafts
			return p.boolean(r, label)
		}
		return p.number(r, label, &r.baseValue, hasBaseValue)
	case "bs":
		return p.number(r, label, &r.baseSum, hasBaseSum)
	case "bver", "ver":
		return p.number(r, label, &r.version, hasVersion)
	case "n":
		return p.text(r, label, &r.name, hasName)
	case "u":
		return p.text(r, label, &r.unit, hasUnit)
	case "v":
		return p.number(r, label, &r.value, hasValue)
	case "vs", "sv":
		return p.text(r, label, &r.text, hasText)
	case "vb":
		return p.boolean(r, label)
	case "vd":
		r.has |= hasData
	case "s":
		return p.number(r, label, &r.sum, hasSum)
	case "t":
		return p.number(r, label, &r.time, hasTime)
	default:
		if strings.HasSuffix(label, "_") {
			return errorf(telemetry.ReasonField, "record %d has a label that must be understood, and is not known", len(p.records))
		}
	}
	return p.fault(p.tokens.SkipValue())
}

// number reads a number; null sets nothing, but says that there is no value where it stands for one.
func (p *pack) number(r *record, label string, to *float64, bit labels) error {
	switch k := p.tokens.PeekKind(); k {
	case 'n':
		if bit == hasValue {
			r.has |= isNull
		}
		return p.fault(p.tokens.SkipValue())
	case '0':
	default:
		return p.wrong(label, k, "a number")
	}
	raw, err := p.tokens.ReadValue()
	if err != nil {
		return p.fault(err)
	}
	if *to, err = strconv.ParseFloat(string(raw), 64); err != nil {
		return errorf(telemetry.ReasonRange, "record %d: %s is a number that 64 bits cannot hold", len(p.records), label)
	}
	r.has |= bit
	return nil
}

func (p *pack) text(r *record, label string, to *string, bit labels) error {
	switch k := p.tokens.PeekKind(); k {
	case 'n':
		return p.fault(p.tokens.SkipValue())
	case '"':
	default:
		return p.wrong(label, k, "a string")
	}
	token, err := p.tokens.ReadToken()
	if err != nil {
		return p.fault(err)
	}
	*to = token.String()
	r.has |= bit
	return nil
}

func (p *pack) boolean(r *record, label string) error {
	switch k := p.tokens.PeekKind(); k {
	case 'n':
	case 't', 'f':
		r.flag = k == 't'
		r.has |= hasFlag
	default:
		return p.wrong(label, k, "true or false")
	}
	return p.fault(p.tokens.SkipValue())
}

// wrong says that a value is of another kind than it must be, or, where the JSON itself is broken there, that.
func (p *pack) wrong(what string, got jsontext.Kind, want string) error {
	if err := p.tokens.SkipValue(); err != nil {
		return p.fault(err)
	}
	return errorf(telemetry.ReasonField, "record %d: %s is %s, want %s", len(p.records), what, kindNames[got], want)
}

var kindNames = map[jsontext.Kind]string{'{': "an object", '[': "an array", '"': "a string", '0': "a number",
	't': "a boolean", 'f': "a boolean", 'n': "null"}

// fault says where the JSON broke, and repeats nothing of it.
func (p *pack) fault(err error) error {
	if err == nil {
		return nil
	}
	at := p.tokens.InputOffset()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = syntax.ByteOffset
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errorf(telemetry.ReasonSyntax, "the SenML ends too early, at byte %d", at)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errorf(telemetry.ReasonSyntax, "a label occurs twice in one object, at byte %d", at)
	}
	return errorf(telemetry.ReasonSyntax, "not JSON at byte %d", at)
}
