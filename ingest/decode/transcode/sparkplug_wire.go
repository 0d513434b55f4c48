package transcode

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Field numbers of org.eclipse.tahu.protobuf.Payload as the Sparkplug specification gives them (chapter 6, "Google Protocol
// Buffer Schema"), as far as they are read.
const (
	payloadTimestamp protowire.Number = 1
	payloadMetrics   protowire.Number = 2
	payloadSeq       protowire.Number = 3

	metricName       protowire.Number = 1
	metricAlias      protowire.Number = 2
	metricTimestamp  protowire.Number = 3
	metricDatatype   protowire.Number = 4
	metricHistorical protowire.Number = 5
	metricNull       protowire.Number = 7
	metricProperties protowire.Number = 9
	metricInt        protowire.Number = 10
	metricLong       protowire.Number = 11
	metricFloat      protowire.Number = 12
	metricDouble     protowire.Number = 13
	metricBoolean    protowire.Number = 14
	metricString     protowire.Number = 15
	metricBytes      protowire.Number = 16
	metricDataSet    protowire.Number = 17
	metricTemplate   protowire.Number = 18
	metricExtension  protowire.Number = 19

	propertyKeys   protowire.Number = 1
	propertyValues protowire.Number = 2
	propertyInt    protowire.Number = 3
	propertyLong   protowire.Number = 4
)

// wireField is one field of a protobuf message.
type wireField struct {
	number  protowire.Number
	kind    protowire.Type
	scalar  uint64 // of a varint, fixed32 or fixed64
	content []byte // of a string, bytes or message; points into the payload
}

// fields calls yield for every field of a message until it fails. Groups, which protobuf gave up before Sparkplug began, are
// refused: what has one is something else.
func fields(message []byte, yield func(wireField) error) error {
	for rest := message; len(rest) > 0; {
		f := wireField{}
		var n int
		f.number, f.kind, n = protowire.ConsumeTag(rest)
		if n < 0 {
			return notProtobuf(len(message) - len(rest))
		}
		value := rest[n:]
		switch f.kind {
		case protowire.VarintType:
			f.scalar, n = protowire.ConsumeVarint(value)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(value)
			f.scalar = uint64(v)
		case protowire.Fixed64Type:
			f.scalar, n = protowire.ConsumeFixed64(value)
		case protowire.BytesType:
			f.content, n = protowire.ConsumeBytes(value)
		default:
			n = -1
		}
		if n < 0 {
			return notProtobuf(len(message) - len(rest))
		}
		if err := yield(f); err != nil {
			return err
		}
		rest = value[n:]
	}
	return nil
}

func notProtobuf(at int) error {
	return errorf(telemetry.ReasonSyntax, "not protobuf at byte %d", at)
}

// wireTypes are the wire types that the known fields of one message must have, by field number; 0 is a field that is not known.
type wireTypes []wireType

// wireType is a protowire.Type plus one.
type wireType int8

const (
	scalarField  = wireType(protowire.VarintType) + 1
	doubleField  = wireType(protowire.Fixed64Type) + 1
	contentField = wireType(protowire.BytesType) + 1
	floatField   = wireType(protowire.Fixed32Type) + 1
)

var (
	payloadTypes = wireTypes{
		payloadTimestamp: scalarField, payloadMetrics: contentField, payloadSeq: scalarField,
	}
	metricTypes = wireTypes{
		metricName: contentField, metricAlias: scalarField, metricTimestamp: scalarField,
		metricDatatype: scalarField, metricHistorical: scalarField, metricNull: scalarField,
		metricProperties: contentField, metricInt: scalarField, metricLong: scalarField,
		metricFloat: floatField, metricDouble: doubleField, metricBoolean: scalarField,
		metricString: contentField, metricBytes: contentField, metricDataSet: contentField,
		metricTemplate: contentField, metricExtension: contentField,
	}
	propertySetTypes = wireTypes{propertyKeys: contentField, propertyValues: contentField}
	propertyTypes    = wireTypes{propertyInt: scalarField, propertyLong: scalarField}
)

// fields is the function fields for a message whose known fields have these types; with another type it is none of Sparkplug's.
func (t wireTypes) fields(message []byte, yield func(wireField) error) error {
	return fields(message, func(f wireField) error {
		if int(f.number) < len(t) {
			if want := t[f.number]; want != 0 && f.kind != protowire.Type(want-1) {
				return errorf(telemetry.ReasonSyntax, "not Sparkplug: field %d has wire type %d, want %d", f.number, f.kind, want-1)
			}
		}
		return yield(f)
	})
}
