package transcode

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Sparkplug writes a Sparkplug B payload (births and data alike) as
//
//	{"timestamp": 1700000000000, "seq": 7, "metrics": [
//	  {"name": "Inputs/A", "alias": 3, "timestamp": 1700000000000, "type": "Boolean", "historical": false, "value": true}],
//	 "skipped": 1}
//
// Times are milliseconds since 1970; a metric without one has the payload's. What was not sent is not written: timestamp, seq,
// alias, type. A value is null where the metric says that it is, where it has none, and where its property Quality, then written
// as "quality", is 0 (bad) or 500 (stale). Data sets, templates, arrays and bytes are not written, nor is a value that does not
// fit its type: skipped counts them where there are any.
//
// names are what the birth certificate of the same device has said (Aliases.Names); they give a metric its name by its alias, and
// its type. nil is a device whose birth was not seen. A metric that cannot be read without them is an error with ErrNoBirth.
func Sparkplug(payload []byte, names *Names, l Limits, out *object.Writer) error {
	l = l.withDefaults()
	head, err := readHead(payload)
	if err != nil {
		return err
	}
	if head.hasTime {
		out.Unsigned("timestamp", head.timestamp)
	}
	if head.hasSeq {
		out.Unsigned("seq", head.seq)
	}
	out.Array("metrics")
	budget, skipped := l.budget(), int64(0)
	err = eachMetric(payload, func(i int, m *metric) error {
		if err := m.complete(names); err != nil {
			err.Detail = "metric " + ordinal(i) + ": " + err.Detail
			return err
		}
		value := scalar{}
		if !m.null && m.value.field != 0 && !m.bad() {
			if value = m.value.as(m.datatype); value.kind == noScalar {
				skipped++
				return nil
			}
		} else if m.datatype > UUID {
			skipped++
			return nil
		}
		if !m.hasTime {
			m.timestamp, m.hasTime = head.timestamp, head.hasTime
		}
		if err := budget.take(8); err != nil {
			return err
		}
		m.write(value, l.Text, out)
		return nil
	})
	if err != nil {
		return err
	}
	out.End()
	if skipped > 0 {
		out.Int("skipped", skipped)
	}
	return nil
}

// payloadHead is what stands around the metrics.
type payloadHead struct {
	timestamp, seq  uint64
	hasTime, hasSeq bool
}

func readHead(payload []byte) (h payloadHead, err error) {
	err = payloadTypes.fields(payload, func(f wireField) error {
		switch f.number {
		case payloadTimestamp:
			h.timestamp, h.hasTime = f.scalar, true
		case payloadSeq:
			h.seq, h.hasSeq = f.scalar, true
		}
		return nil
	})
	return h, err
}

// SparkplugSequence gives the sequence number of a payload; false if it has none, as death certificates have.
func SparkplugSequence(payload []byte) (uint64, bool) {
	head, err := readHead(payload)
	return head.seq, err == nil && head.hasSeq
}

// metric is one metric as it was sent.
type metric struct {
	name      []byte // empty: not sent
	alias     uint64
	timestamp uint64
	datatype  DataType // Unknown: not sent
	value     wireValue
	quality   int64

	hasAlias, hasTime, hasQuality bool
	historical, null              bool
}

// eachMetric calls yield for every metric of a payload, counted from 0, until it fails.
func eachMetric(payload []byte, yield func(int, *metric) error) error {
	i := 0
	return payloadTypes.fields(payload, func(f wireField) error {
		if f.number != payloadMetrics {
			return nil
		}
		var m metric
		if err := m.read(f.content); err != nil {
			return err
		}
		i++
		return yield(i-1, &m)
	})
}

func (m *metric) read(message []byte) error {
	return metricTypes.fields(message, func(f wireField) error {
		switch f.number {
		case metricName:
			switch {
			case len(f.content) > maxName:
				return errorf(telemetry.ReasonTooLarge, "the name of a metric has %d bytes, want at most %d", len(f.content), maxName)
			case !utf8.Valid(f.content):
				return errorf(telemetry.ReasonEncoding, "the name of a metric is not UTF-8")
			}
			m.name = f.content
		case metricAlias:
			m.alias, m.hasAlias = f.scalar, true
		case metricTimestamp:
			m.timestamp, m.hasTime = f.scalar, true
		case metricDatatype:
			m.datatype = DataType(min(f.scalar, uint64(beyond)))
		case metricHistorical:
			m.historical = f.scalar != 0
		case metricNull:
			m.null = f.scalar != 0
		case metricProperties:
			return m.properties(f.content)
		case metricInt, metricLong, metricFloat, metricDouble, metricBoolean, metricString, metricBytes, metricDataSet,
			metricTemplate, metricExtension:
			m.value = wireValue{f.number, f.scalar, f.content}
		}
		return nil
	})
}

// properties reads the one property that the specification gives a meaning: keys and values are two lists of one length.
func (m *metric) properties(message []byte) error {
	keys, values, at := 0, 0, -1
	err := propertySetTypes.fields(message, func(f wireField) error {
		if f.number == propertyKeys {
			if string(f.content) == "Quality" {
				at = keys
			}
			keys++
		}
		return nil
	})
	if err != nil || at < 0 {
		return err
	}
	return propertySetTypes.fields(message, func(f wireField) error {
		if f.number != propertyValues {
			return nil
		}
		if values++; values-1 != at {
			return nil
		}
		return propertyTypes.fields(f.content, func(f wireField) error {
			if (f.number == propertyInt || f.number == propertyLong) && f.scalar <= math.MaxInt32 {
				m.quality, m.hasQuality = int64(f.scalar), true
			}
			return nil
		})
	})
}

// bad reports whether the sender itself does not believe its value.
func (m *metric) bad() bool {
	const bad, stale = 0, 500
	return m.hasQuality && (m.quality == bad || m.quality == stale)
}

// complete fills in name and type from the birth certificate.
func (m *metric) complete(names *Names) *Error {
	var born Metric
	known := false
	switch {
	case len(m.name) > 0:
		born, known = names.Named(string(m.name))
	case m.hasAlias:
		if born, known = names.Resolve(m.alias); !known {
			return noBirth("an alias that no birth certificate has explained")
		}
		m.name = []byte(born.Name)
	default:
		return &Error{Reason: telemetry.ReasonField, Detail: "neither name nor alias"}
	}
	if m.datatype == Unknown {
		m.datatype = born.Type
	}
	// Whether 255 is 255 or -1 nobody can say without the type.
	if m.datatype == Unknown && !known && (m.value.field == metricInt || m.value.field == metricLong) {
		return noBirth("an integer without its data type")
	}
	return nil
}

func noBirth(what string) *Error {
	return &Error{
		Reason: telemetry.ReasonUndecoded,
		Detail: what + ": the birth was not seen, and a rebirth has to be requested",
		Err:    ErrNoBirth,
	}
}

func (m *metric) write(value scalar, maxText int, out *object.Writer) {
	out.Object("")
	out.Text("name", string(m.name))
	if m.hasAlias {
		out.Unsigned("alias", m.alias)
	}
	if m.hasTime {
		out.Unsigned("timestamp", m.timestamp)
	}
	if m.datatype != Unknown {
		out.Text("type", m.datatype.String())
	}
	out.Flag("historical", m.historical)
	if m.hasQuality {
		out.Int("quality", m.quality)
	}
	value.write("value", maxText, out)
	out.End()
}

// ordinal counts from 1, as people do.
func ordinal(i int) string { return strconv.Itoa(i + 1) }
