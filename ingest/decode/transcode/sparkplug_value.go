package transcode

import (
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// DataType is a Sparkplug data type (specification, chapter 6, "Data Types").
type DataType uint32

// The data types whose values are written. DataSet (16), Bytes (17), File (18), Template (19) and the arrays (22 to 34) are not:
// the specification's own examples of arrays contradict its byte order, and the others are no single values.
const (
	Unknown  DataType = 0
	Int8     DataType = 1
	Int16    DataType = 2
	Int32    DataType = 3
	Int64    DataType = 4
	UInt8    DataType = 5
	UInt16   DataType = 6
	UInt32   DataType = 7
	UInt64   DataType = 8
	Float    DataType = 9
	Double   DataType = 10
	Boolean  DataType = 11
	String   DataType = 12
	DateTime DataType = 13
	Text     DataType = 14
	UUID     DataType = 15
)

// beyond stands for all numbers that the specification has not given away.
const beyond DataType = 35

var dataTypes = [...]string{"Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float",
	"Double", "Boolean", "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template"}

// String is the name that the specification has for the type.
func (t DataType) String() string {
	if int(t) < len(dataTypes) {
		return dataTypes[t]
	}
	return "type " + strconv.FormatUint(uint64(t), 10)
}

// wireValue is the value of a metric as it was sent: the field of the oneof and its bits.
type wireValue struct {
	field protowire.Number // 0: no value
	bits  uint64
	text  []byte
}

// scalar is a value that JSON can hold.
type scalar struct {
	kind   scalarKind
	number float64
	whole  uint64 // two's complement where it is signed
	flag   bool
	text   []byte
}

type scalarKind uint8

const (
	noScalar scalarKind = iota // what the value is cannot be said
	numberScalar
	signedScalar
	unsignedScalar
	flagScalar
	textScalar
)

func (s scalar) write(name string, maxText int, out *object.Writer) {
	switch s.kind {
	case numberScalar:
		out.Exact(name, s.number)
	case signedScalar:
		out.Int(name, int64(s.whole))
	case unsignedScalar:
		out.Unsigned(name, s.whole)
	case flagScalar:
		out.Flag(name, s.flag)
	case textScalar:
		if len(s.text) <= maxText {
			out.Text(name, string(s.text))
			return
		}
		out.Null(name)
	default:
		out.Null(name)
	}
}

// as reads the value as one of type t. A number may stand in another field than its type's where it means the same: encoders
// differ, and nothing is gained by losing it. It is no scalar where it does not fit.
func (v wireValue) as(t DataType) scalar {
	switch t {
	case Int8:
		return v.signed(8)
	case Int16:
		return v.signed(16)
	case Int32:
		return v.signed(32)
	case Int64:
		return v.signed(64)
	case UInt8:
		return v.unsigned(8)
	case UInt16:
		return v.unsigned(16)
	case UInt32:
		return v.unsigned(32)
	case UInt64, DateTime:
		return v.unsigned(64)
	case Float, Double:
		return v.floating()
	case Boolean:
		switch v.field {
		case metricBoolean, metricInt, metricLong:
			if v.bits <= 1 {
				return scalar{kind: flagScalar, flag: v.bits == 1}
			}
		}
	case String, Text, UUID:
		if v.field == metricString {
			return scalar{kind: textScalar, text: v.text}
		}
	case Unknown:
		return v.natural()
	}
	return scalar{}
}

// natural reads the value as the type of its field; an integer's sign is that of the field's width.
func (v wireValue) natural() scalar {
	switch v.field {
	case metricInt:
		return v.signed(32)
	case metricLong:
		return v.signed(64)
	case metricFloat, metricDouble:
		return v.floating()
	case metricBoolean:
		return v.as(Boolean)
	case metricString:
		return v.as(String)
	}
	return scalar{}
}

// signed reads two's complement of so many bits. Encoders widen a negative number to the 32 bits of the field, to 64, or not at
// all; all three are unambiguous once the type is known.
func (v wireValue) signed(bits uint) scalar {
	switch v.field {
	case metricInt, metricLong:
		whole := int64(v.bits<<(64-bits)) >> (64 - bits)
		if v.bits == uint64(whole) || v.bits == uint64(uint32(whole)) || v.bits == uint64(whole)&(math.MaxUint64>>(64-bits)) {
			return scalar{kind: signedScalar, whole: uint64(whole)}
		}
	case metricFloat, metricDouble:
		limit := math.Ldexp(1, int(bits)-1)
		if f := v.floating().number; f == math.Trunc(f) && f >= -limit && f < limit {
			return scalar{kind: signedScalar, whole: uint64(int64(f))}
		}
	}
	return scalar{}
}

func (v wireValue) unsigned(bits uint) scalar {
	switch v.field {
	case metricInt, metricLong:
		if v.bits <= math.MaxUint64>>(64-bits) {
			return scalar{kind: unsignedScalar, whole: v.bits}
		}
	case metricFloat, metricDouble:
		if f := v.floating().number; f == math.Trunc(f) && f >= 0 && f < math.Ldexp(1, int(bits)) {
			return scalar{kind: unsignedScalar, whole: uint64(f)}
		}
	}
	return scalar{}
}

// floating reads a number. One of 32 bits is the shortest decimal that means it: 12.1 and not 12.100000381469727.
func (v wireValue) floating() scalar {
	s := scalar{kind: numberScalar}
	switch v.field {
	case metricFloat:
		s.number = shortest(math.Float32frombits(uint32(v.bits)))
	case metricDouble:
		s.number = math.Float64frombits(v.bits)
	case metricInt:
		return v.signed(32)
	case metricLong:
		return v.signed(64)
	default:
		return scalar{}
	}
	return s
}

func shortest(f float32) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return float64(f)
	}
	return v
}
