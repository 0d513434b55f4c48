package transcode

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxRecords bounds the records of one SenML pack.
const maxRecords = 1024

// SenML writes SenML JSON (RFC 8428) with all records resolved, in their order:
//
//	{"records": [{"name": "urn:dev:mac:1:co2", "bn": "urn:dev:mac:1:", "n": "co2", "unit": "ppm", "time": 1700000000, "value": 640}]}
//
// Base name, time, unit, value and sum are applied. bn and n are the two parts of the name, where they were sent: what a device
// has in its base is what devices of one model differ in. time is seconds since 1970: one below 2^28 counts from now, and one that
// neither base nor record gives is null. unit is as sent, null where there is none. value is a number, a boolean or a string; it
// is null where the sender wrote null and where there is only a sum, which is then a member "sum". Records of binary data, and
// those that only set a base, are left out.
//
// The forms before the RFC are read too: a single object instead of an array, and one whose entries stand in "e" behind bn, bt, bu
// and ver, with sv and bv for strings and booleans. A record that cannot be resolved (no name, no value, two values, a number in
// quotes, a label that must be understood, a later version) spoils the pack.
func SenML(payload []byte, now time.Time, l Limits, out *object.Writer) error {
	l = l.withDefaults()
	pack, err := readPack(payload)
	if err != nil {
		return err
	}
	r := resolver{now: float64(now.UnixMicro()) / 1e6, limits: l, out: out, budget: l.budget()}
	out.Array("records")
	for i := range pack {
		if err := r.record(&pack[i]); err != nil {
			err.Detail = "record " + ordinal(i) + ": " + err.Detail
			return err
		}
	}
	out.End()
	return nil
}

// recordValues is how many JSON values a record takes at most.
const recordValues = 8

// labels are the labels of a record, a bit each.
type labels uint32

const (
	hasBaseName labels = 1 << iota
	hasBaseTime
	hasBaseUnit
	hasBaseValue
	hasBaseSum
	hasVersion
	hasName
	hasUnit
	hasValue
	hasText
	hasFlag
	hasData
	hasSum
	hasTime
	isNull     // the value was written as null
	hasEntries // the object around the entries of a draft's pack
)

// baseLabels set something for the records behind them.
const baseLabels = hasBaseName | hasBaseTime | hasBaseUnit | hasBaseValue | hasBaseSum | hasVersion

// record is one SenML record as it was sent.
type record struct {
	has labels

	baseName, baseUnit           string
	baseTime, baseValue, baseSum float64
	version                      float64

	name, unit, text string
	value, sum, time float64
	flag             bool
}

// resolver applies bases.
type resolver struct {
	base   record
	now    float64
	limits Limits
	out    *object.Writer
	budget budget
}

// versions that RFC 8428 (10) and RFC 9100 (10 with feature 4, secondary units: 10 + 2^4) define. Below 10 are the drafts.
const (
	lastDraft        = 9
	plainVersion     = 10
	secondaryVersion = 26
)

func (r *resolver) record(rec *record) *Error {
	if err := r.rebase(rec); err != nil {
		return err
	}
	if rec.has != 0 && rec.has&^(baseLabels|hasEntries) == 0 || rec.has&hasData != 0 {
		return nil
	}
	name := r.base.baseName + rec.name
	switch {
	case name == "":
		return fieldFault("no name and no base name")
	case len(name) > maxName:
		return &Error{Reason: telemetry.ReasonTooLarge, Detail: "the name is too long"}
	case strings.ContainsFunc(name, unicode.IsControl):
		return fieldFault("a control character in the name")
	}
	value, err := r.value(rec)
	if err != nil {
		return err
	}
	sum, summed := r.base.baseSum+rec.sum, (rec.has|r.base.has)&(hasSum|hasBaseSum) != 0
	if value.kind == noScalar && !summed && rec.has&isNull == 0 {
		return fieldFault("no value and no sum")
	}
	at, timed := r.base.baseTime+rec.time, rec.has&hasTime != 0 || r.base.has&hasBaseTime != 0
	if at < 1<<28 {
		at += r.now
	}
	for _, v := range []float64{at, sum, value.number} {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return &Error{Reason: telemetry.ReasonRange, Detail: "a base and what is added to it are too large together"}
		}
	}
	if r.budget.left < recordValues {
		return &Error{Reason: telemetry.ReasonTooLarge, Detail: fmt.Sprintf("more than %d values in one message", r.budget.all)}
	}
	r.budget.left -= recordValues
	unit, given := rec.unit, rec.has&hasUnit != 0
	if !given {
		unit, given = r.base.baseUnit, r.base.has&hasBaseUnit != 0
	}
	o := r.out
	o.Object("")
	o.Text("name", name)
	if r.base.has&hasBaseName != 0 {
		o.Text("bn", r.base.baseName)
	}
	if rec.has&hasName != 0 {
		o.Text("n", rec.name)
	}
	scalar{kind: either(given, textScalar), text: []byte(unit)}.write("unit", maxName, o)
	scalar{kind: either(timed, numberScalar), number: at}.write("time", 0, o)
	value.write("value", r.limits.Text, o)
	if summed {
		o.Exact("sum", sum)
	}
	o.End()
	return nil
}

func either(there bool, kind scalarKind) scalarKind {
	if there {
		return kind
	}
	return noScalar
}

// rebase takes over the bases that a record sets.
func (r *resolver) rebase(rec *record) *Error {
	b := &r.base
	if rec.has&hasVersion != 0 {
		v := rec.version
		switch {
		case v != math.Trunc(v) || v < 0 || v > lastDraft && v != plainVersion && v != secondaryVersion:
			return fieldFault("a version of SenML other than 10 and 26, which are all that are known")
		case b.has&hasVersion != 0 && v != b.version:
			return fieldFault("another version than that of the records before")
		}
		b.version = v
	}
	b.has |= rec.has & baseLabels
	if rec.has&hasBaseName != 0 {
		b.baseName = rec.baseName
	}
	if rec.has&hasBaseTime != 0 {
		b.baseTime = rec.baseTime
	}
	if rec.has&hasBaseUnit != 0 {
		b.baseUnit = rec.baseUnit
	}
	if rec.has&hasBaseValue != 0 {
		b.baseValue = rec.baseValue
	}
	if rec.has&hasBaseSum != 0 {
		b.baseSum = rec.baseSum
	}
	return nil
}

// value gives the one value of a record; none may be right where there is a sum.
func (r *resolver) value(rec *record) (scalar, *Error) {
	switch rec.has & (hasValue | hasText | hasFlag) {
	case hasValue:
		return scalar{kind: numberScalar, number: r.base.baseValue + rec.value}, nil
	case hasText:
		return scalar{kind: textScalar, text: []byte(rec.text)}, nil
	case hasFlag:
		return scalar{kind: flagScalar, flag: rec.flag}, nil
	case 0:
		// A base value alone is a value, but neither beside a sum nor where the sender has none.
		if r.base.has&hasBaseValue != 0 && rec.has&(hasSum|isNull) == 0 {
			return scalar{kind: numberScalar, number: r.base.baseValue}, nil
		}
		return scalar{}, nil
	}
	return scalar{}, fieldFault("more than one value")
}

func fieldFault(detail string) *Error { return &Error{Reason: telemetry.ReasonField, Detail: detail} }
